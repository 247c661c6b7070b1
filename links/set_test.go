package links

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func TestTrafficMovesWhileTheConnectionIsOpen(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	for i := range uint64(3) {
		b.ping(c)
		if got, want := b.counts(), (broker.LinkTraffic{Requests: 4 * (i + 1), Replies: 4 * (i + 1), Open: 1, Made: 1}); got != want {
			t.Fatalf("traffic %+v, want %+v", got, want)
		}
	}
	c.Close()
	for end := time.Now().Add(soon); time.Now().Before(end); {
		if b.traffic().Open == 0 {
			return
		}
	}
	t.Error("a closed connection still counts as open")
}

func TestImpairmentsAddUpAndUndoInAnyOrder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	slow := b.impair(broker.Impairment{Requests: broker.Half{Delay: 40 * ms}})
	slower := b.impair(broker.Impairment{Requests: broker.Half{Delay: 60 * ms}})
	if d := b.ping(c); d < 100*ms {
		t.Errorf("both: %v", d)
	}
	hold := b.impair(broker.Impairment{Requests: broker.Half{Hold: true}})
	slow()
	if _, err := exchange(c, []byte("ping"), 120*ms); err == nil {
		t.Error("an undo of a delay has healed a hold")
	}
	hold()
	slow() // once more: nothing happens
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if d := b.fastest(c); d < 60*ms || d > 100*ms {
		t.Errorf("one of two delays is left, and a round trip takes %v", d)
	}
	slower()
	if d := b.fastest(c); d > 40*ms {
		t.Errorf("healed: %v", d)
	}
}

func TestContradictionChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	undo := b.impair(broker.Both(broker.Half{Hold: true}))
	_, back, err := b.set.Impair(t.Context(), broker.Impairment{Replies: broker.Half{Drop: true}}, b.link)
	if err == nil || !strings.Contains(err.Error(), "producers -> b1 (client): replies: cannot hold and drop") {
		t.Fatal(err)
	}
	if err := back(t.Context()); err != nil {
		t.Fatal(err)
	}
	undo()
	b.ping(c)
}

func TestUndoWorksAfterTheRunWasCancelled(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, undo, err := b.set.Impair(ctx, broker.Impairment{Refuse: true}, b.link)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := undo(ctx); err != nil {
		t.Fatal(err)
	}
	b.ping(b.dial())
}

func TestForeignLinksAndNames(t *testing.T) {
	t.Parallel()
	b, other := newBed(t), newBed(t)
	_, undo, err := b.set.Impair(t.Context(), broker.Impairment{Refuse: true}, b.link, other.link)
	if err == nil || undo == nil {
		t.Fatalf("a link of another cluster was taken: %v", err)
	}
	b.ping(b.dial())
	if err := b.server.Apply(t.Context(), map[string][]broker.Impairment{"p": {{Refuse: true}}, "q": {}}); err == nil {
		t.Error("an unknown proxy was taken")
	}
	b.ping(b.dial())
	if _, err := b.server.Add("p", "127.0.0.1:0", b.addr); err == nil {
		t.Error("a name was taken twice")
	}
}

// A sender that goes on after its receiver has gone leaves nothing behind; goleak looks at the end.
func TestReceiverGone(t *testing.T) {
	t.Parallel()
	gone := serve(t, func(c net.Conn) {
		_ = c.(*net.TCPConn).SetLinger(0)
		_, _ = c.Read(make([]byte, 1))
	})
	b := newBed(t)
	addr, err := b.server.Add("gone", "127.0.0.1:0", gone)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range 200 {
				if _, err := c.Write(make([]byte, 1<<14)); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	b.noneOpen("gone")
}

// So does one whose receiver takes nothing for longer than we are patient, and goes while the sender still waits to go on.
func TestReceiverStallsAndGoes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	leave := make(chan struct{})
	addr, err := b.server.Add("gone", "127.0.0.1:0", serve(t, func(c net.Conn) {
		_ = c.(*net.TCPConn).SetLinger(0)
		<-leave
	}))
	if err != nil {
		t.Fatal(err)
	}
	b.addr = addr
	c := b.dial()
	_ = c.SetWriteDeadline(time.Now().Add(4 * patience))
	if n, err := c.Write(make([]byte, 64<<20)); err == nil {
		t.Fatalf("%d bytes were taken by nobody", n)
	}
	close(leave)
	b.noneOpen("gone")
}

// noneOpen waits until no connection through a proxy is open.
func (b *bed) noneOpen(proxy string) {
	b.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(20 * ms) {
		if all, _ := b.server.Traffic(b.Context()); all[proxy].Open == 0 {
			return
		}
	}
	b.Error("connections to a receiver that has gone are still open")
}

// Everything at once, for the race detector.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	sent, done := chatter(b.dial(), 2<<20)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				imp := broker.Both(broker.Half{Delay: time.Duration(i) * ms, Hold: i%2 == 0})
				_, undo, err := b.set.Impair(t.Context(), imp, b.link)
				if err != nil {
					t.Error(err)
				}
				if _, err := b.link.Traffic(t.Context()); err != nil {
					t.Error(err)
				}
				if err := undo(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, err := done(); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back, or others: %v", len(got), len(sent), err)
	}
	if d := b.fastest(b.dial()); d > 50*ms {
		t.Errorf("healed: %v", d)
	}
}
