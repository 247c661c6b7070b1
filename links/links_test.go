package links

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const ms = time.Millisecond

func TestDelay(t *testing.T) {
	t.Parallel()
	for name, imp := range map[string]broker.Impairment{
		"requests": {Requests: broker.Half{Delay: 60 * ms}},
		"replies":  {Replies: broker.Half{Delay: 60 * ms}},
		"both":     broker.Both(broker.Half{Delay: 30 * ms}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			c := b.dial()
			b.ping(c)
			undo := b.impair(imp)
			if d := b.fastest(c); d < 60*ms || d > 160*ms {
				t.Errorf("the fastest round trip took %v, want 60 ms and little more", d)
			}
			undo()
			if d := b.fastest(c); d > 50*ms {
				t.Errorf("healed, the fastest round trip takes %v", d)
			}
		})
	}
}

// A delay is no limit: many messages are on their way at once.
func TestDelayKeepsThroughputAndOrder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.impair(broker.Both(broker.Half{Delay: 50 * ms, Jitter: 40 * ms}))
	start := time.Now()
	sent, done := chatter(b.dial(), 4<<20)
	got, err := done()
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back, or others: %v", len(got), len(sent), err)
	}
	if d := time.Since(start); d > 20*time.Second { // chunk by chunk it would take minutes
		t.Errorf("4 MiB took %v", d)
	}
}

func TestJitterVaries(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.impair(broker.Impairment{Requests: broker.Half{Delay: 30 * ms, Jitter: 30 * ms}})
	least, most := time.Hour, time.Duration(0)
	for range 15 {
		d := b.ping(c)
		least, most = min(least, d), max(most, d)
	}
	if most-least < 10*ms {
		t.Errorf("round trips between %v and %v: hardly any jitter", least, most)
	}
}

// A held link loses nothing, resets nothing and hides even the end of a connection, however often it is cut under load.
func TestHold(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	sent, done := chatter(b.dial(), 8<<20)
	for range 5 {
		undo := b.impair(broker.Both(broker.Half{Hold: true}))
		time.Sleep(20 * ms)
		before := b.traffic()
		time.Sleep(30 * ms)
		if after := b.traffic(); before != after {
			t.Errorf("held, and yet something passed: %+v, then %+v", before, after)
		}
		undo()
		time.Sleep(5 * ms)
	}
	if got, err := done(); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back, or others: %v", len(got), len(sent), err)
	}
}

func TestHoldOneHalf(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	was := b.traffic()
	undo := b.impair(broker.Impairment{Replies: broker.Half{Hold: true}})
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b.silent(c, 50*ms)
	if now := b.traffic(); now.Requests != was.Requests+5 || now.Replies != was.Replies {
		t.Errorf("traffic %+v, then %+v: want 5 bytes there and none back", was, now)
	}
	undo()
	got := make([]byte, 5)
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
		t.Fatalf("after the heal: %q, %v", got, err)
	}
}

func TestHoldLetsConnect(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	undo := b.impair(broker.Both(broker.Half{Hold: true}))
	c := b.dial()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b.silent(c, 50*ms)
	undo()
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// What is dropped never arrives, and every connection that saw the drop ends with it: also one that had nothing to say.
func TestDrop(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	busy, idle := b.dial(), b.dial()
	b.ping(busy)
	b.ping(idle)
	undo := b.impair(broker.Impairment{Requests: broker.Half{Drop: true}})
	during := b.dial()
	if _, err := busy.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	b.silent(busy, 50*ms)
	b.silent(during, 10*ms)
	undo()
	b.ends(busy)
	b.ends(idle)
	b.ends(during)
	b.ping(b.dial())
	if got := b.traffic().Requests; got != 12 {
		t.Errorf("%d bytes passed, want those of three pings", got)
	}
}

// What a delay still keeps when a drop begins is dropped too: a dead machine's last words do not arrive.
func TestDropSwallowsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	b.impair(broker.Impairment{Requests: broker.Half{Delay: 500 * ms}})
	if _, err := c.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * ms)
	undo := b.impair(broker.Impairment{Requests: broker.Half{Drop: true}})
	time.Sleep(600 * ms)
	undo()
	if got := b.traffic().Requests; got != 4 {
		t.Errorf("%d bytes passed, want those of the ping", got)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	undo := b.impair(broker.Impairment{Refuse: true})
	b.ends(c)
	if n, err := net.Dial("tcp", b.addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial while refused: %v, %v", n, err)
	}
	undo()
	b.ping(b.dial())
}

// A port that is refused is given to no other proxy meanwhile, also not to another squall's: clients would talk to a broker that is not theirs. Afterwards
// it is free.
func TestRefusedPortIsNotGivenAway(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	another := func() error {
		s := NewServer()
		p, err := newProxy(s.api, "p", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		s.proxies["p"] = p
		p.claim, err = claimAt(b.addr, p.acceptAt)
		return errors.Join(err, s.Close())
	}
	undo := b.impair(broker.Impairment{Refuse: true})
	if err := another(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another proxy takes the port: %v", err)
	}
	undo()
	b.ping(b.dial())
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := another(); err != nil {
		t.Errorf("the port is not free afterwards: %v", err)
	}
}

// Bytes that wait in a cut connection are given up when the connection is refused.
func TestRefuseWhileHeld(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	heal := b.impair(broker.Both(broker.Half{Hold: true}))
	if _, err := c.Write(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
	accept := b.impair(broker.Impairment{Refuse: true})
	b.ends(c)
	accept()
	heal()
	b.ping(b.dial())
	if got := b.traffic(); got.Requests != 8 || got.Open != 1 || got.Made != 2 {
		t.Errorf("traffic %+v, want 8 bytes, one open connection of two", got)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	undo := b.impair(broker.Impairment{Replies: broker.Half{Rate: 200_000}})
	start := time.Now()
	if _, err := exchange(c, make([]byte, 100_000), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	limited := time.Since(start)
	if limited < 450*ms || limited > 2*time.Second {
		t.Errorf("100 kB at 200 kB/s took %v, want half a second", limited)
	}
	undo()
	start = time.Now()
	if _, err := exchange(c, make([]byte, 100_000), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > limited/2 {
		t.Errorf("healed, 100 kB take %v", d)
	}
}

// Ten slices have nine pauses between them, and every byte comes, in order; whole again, none is waited for.
func TestSlice(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	message := []byte("0123456789abcdefghijABCDEFGHIJ")
	undo := b.impair(broker.Impairment{Requests: broker.Half{Slice: 3, Pause: 20 * ms}})
	start := time.Now()
	if got, err := exchange(c, message, 5*time.Second); err != nil || string(got) != string(message) {
		t.Fatalf("%q, %v", got, err)
	}
	if d := time.Since(start); d < 180*ms || d > 2*time.Second {
		t.Errorf("ten slices took %v, want nine pauses of 20ms", d)
	}
	undo()
	if d := b.fastest(c); d > 20*ms {
		t.Errorf("healed, a round trip takes %v", d)
	}
}

// A reset is one that TCP calls so, in both directions, and meets new connections as well, while it lasts.
func TestReset(t *testing.T) {
	t.Parallel()
	ends := make(chan error, 3)
	server := serve(t, func(c net.Conn) {
		_, err := io.Copy(c, c)
		ends <- err
	})
	b := newBed(t)
	addr, err := b.server.Add("q", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	b.addr, b.link = addr, b.set.Add(broker.Producers, "b2", broker.PlaneClient, "q", b.server)
	c := b.dial()
	b.ping(c)
	undo := b.impair(broker.Impairment{Reset: true})
	b.reset(c)
	if err := <-ends; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server's side ended with %v", err)
	}
	b.resetNew()
	undo()
	b.ping(b.dial())
	if got := b.traffic(); got.Cut != 2 || got.Open != 1 {
		t.Errorf("traffic %+v, want two that were cut and one open", got)
	}
}

// A connection lives as long as it is given, from its own beginning, whatever else is done to it meanwhile; of two resets the earlier comes.
func TestResetAfterAWhile(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.dial()
	b.ping(c)
	start := time.Now()
	undo := b.impair(broker.Impairment{Reset: true, After: 600 * ms})
	time.Sleep(400 * ms)
	began := time.Now()
	late := b.dial()
	b.ping(late)
	b.impair(broker.Impairment{Requests: broker.Half{Delay: ms}})
	b.reset(c)
	if d := time.Since(start); d < 600*ms || d > 5*time.Second {
		t.Errorf("reset after %v, want 600ms", d)
	}
	b.reset(late) // so it lived on when the other was reset
	if d := time.Since(began); d < 600*ms {
		t.Errorf("the later connection was reset after %v", d)
	}
	spared := b.dial()
	undo()
	time.Sleep(700 * ms)
	b.ping(spared)
}

// So many bytes pass, not one more, and then the connection ends; the next has a budget of its own.
func TestLimit(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	old := b.dial()
	b.ping(old)
	undo := b.impair(broker.Impairment{Requests: broker.Half{Limit: 10}})
	for _, c := range []net.Conn{old, b.dial()} {
		got, err := exchange(c, []byte("0123456789abcdef"), 2*time.Second)
		if err == nil || len(got) > 10 {
			t.Errorf("%q came back, %v", got, err)
		}
		b.ends(c)
	}
	undo()
	if got := b.traffic(); got.Requests != 24 || got.Cut != 2 {
		t.Errorf("traffic %+v, want the ping's 4 bytes and twice 10, of two that were cut", got)
	}
	b.ping(b.dial())
}

// The end of a connection comes later, and what was said before it comes at once.
func TestSlowClose(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	heard := make(chan time.Time, 2)
	addr, err := b.server.Add("q", "127.0.0.1:0", serve(t, func(c net.Conn) {
		for buf := make([]byte, 10); ; {
			_, err := c.Read(buf)
			heard <- time.Now()
			if err != nil {
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	b.addr, b.link = addr, b.set.Add(broker.Producers, "b2", broker.PlaneClient, "q", b.server)
	c := b.dial()
	b.impair(broker.Impairment{Requests: broker.Half{Close: 200 * ms}})
	if _, err := c.Write([]byte("bye")); err != nil {
		t.Fatal(err)
	}
	<-heard
	closed := time.Now()
	c.Close()
	if d := (<-heard).Sub(closed); d < 200*ms || d > 5*time.Second {
		t.Errorf("the end came %v after it was said, want 200ms", d)
	}
	if got := b.traffic(); got.Requests != 3 || got.Late != 1 {
		t.Errorf("traffic %+v, want 3 bytes and one late end", got)
	}
}

// The same seed draws the same connections, of those there were and of those to come; the others notice nothing, and what passes them is not counted.
func TestShare(t *testing.T) {
	t.Parallel()
	hit := func(seed uint64) []bool {
		b := newBed(t)
		var all []net.Conn
		for range 20 {
			all = append(all, b.dial())
			b.ping(all[len(all)-1])
		}
		effect, undo, err := b.set.Impair(t.Context(), broker.Impairment{Requests: broker.Half{Delay: 60 * ms}, Share: 0.4, Seed: seed}, b.link)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			all = append(all, b.dial())
		}
		hit := make([]bool, len(all))
		var slow atomic.Int64
		var asking sync.WaitGroup
		for i, c := range all {
			asking.Go(func() {
				if hit[i] = b.fastest(c) > 50*ms; hit[i] {
					slow.Add(1)
				}
			})
		}
		asking.Wait()
		n := uint64(slow.Load())
		time.Sleep(fresh + ms)
		got, err := effect.Links[0].Traffic(t.Context())
		if err != nil || got.Open != n || got.RequestsKept.Pieces != 8*n || got.RequestsKept.Sum < time.Duration(8*n)*60*ms {
			t.Errorf("of the share passed %+v, %v; want what eight pings on %d connections said", got, err, n)
		}
		if n < 6 || n > 26 {
			t.Errorf("%d of 40 connections are slow, want 16 or so", n)
		}
		if err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if b.fastest(c) > 50*ms {
				t.Error("healed, a connection is slow")
			}
		}
		return hit
	}
	first := hit(7)
	if again := hit(7); !slices.Equal(first, again) {
		t.Errorf("one seed drew %v, then %v", first, again)
	}
	if other := hit(8); slices.Equal(first, other) {
		t.Errorf("two seeds drew %v", first)
	}
}

// A share that is refused is closed at once, and the listener stays for the others.
func TestShareRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.impair(broker.Impairment{Refuse: true, Share: 0.5, Seed: 3})
	served := 0
	for range 20 {
		c := b.dial()
		if _, err := exchange(c, []byte("ping"), 2*time.Second); err == nil {
			served++
		}
	}
	if got := b.traffic(); served < 3 || served > 17 || got.Made != uint64(served) || got.Cut != uint64(20-served) {
		t.Errorf("%d of 20 were served; traffic %+v", served, got)
	}
}

// A receiver that takes nothing holds up neither a change nor its end.
func TestChangesUnderBackPressure(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	release := make(chan struct{})
	addr, err := b.server.Add("q", "127.0.0.1:0", serve(t, func(net.Conn) { <-release }))
	if err != nil {
		t.Fatal(err)
	}
	b.addr, b.link = addr, b.set.Add(broker.Producers, "b2", broker.PlaneClient, "q", b.server)
	c := b.dial()
	_ = c.SetWriteDeadline(time.Now().Add(200 * ms))
	if n, err := c.Write(make([]byte, 64<<20)); err == nil {
		t.Fatalf("%d bytes were taken by nobody", n)
	}
	for _, imp := range []broker.Impairment{
		{Requests: broker.Half{Delay: ms}}, {Requests: broker.Half{Rate: 100}}, {Requests: broker.Half{Slice: 10}},
		{Requests: broker.Half{Hold: true}}, {Requests: broker.Half{Limit: 1 << 40}}, {Reset: true},
	} {
		start := time.Now()
		b.impair(imp)()
		if d := time.Since(start); d > time.Second {
			t.Errorf("%+v and its end took %v", imp, d)
		}
	}
	b.reset(c)
	close(release)
}
