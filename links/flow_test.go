package links

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A pair is two nodes that share their connections, whoever dialled them, each with proxies on a side of its own.
type pair struct {
	*testing.T
	set          *Set
	there, back  broker.Link // b1 -> b2 and b2 -> b1
	dialed, took [2]net.Conn // the ends of two connections: one that b1 dialled, and one that b2 dialled
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{T: t, set: NewSet()}
	var ways [2]Way
	for i := range ways {
		accepted := make(chan net.Conn, 1)
		over := make(chan struct{})
		server := NewServer()
		addr, err := server.Add("peer", "127.0.0.1:0", serve(t, func(c net.Conn) {
			accepted <- c
			<-over
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			close(over)
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
		if p.dialed[i], err = net.DialTimeout("tcp", addr, soon); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.dialed[i].Close() })
		p.took[i] = <-accepted
		ways[i] = Way{Proxy: "peer", Control: server}
	}
	back := ways
	ways[1].Back, back[0].Back = true, true
	p.there = p.set.AddFlow("b1", "b2", broker.PlaneData, ways[:]...)
	p.back = p.set.AddFlow("b2", "b1", broker.PlaneData, back[:]...)
	return p
}

// says sends from one end, and reports whether the other gets it.
func says(t *testing.T, from, to net.Conn, patience time.Duration) bool {
	t.Helper()
	if _, err := from.Write([]byte("news")); err != nil {
		t.Fatal(err)
	}
	_ = to.SetReadDeadline(time.Now().Add(patience))
	n, err := to.Read(make([]byte, 4))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return n == 4
}

// Whoever dialled: while b1 cannot reach b2, b2 hears nothing of b1 on any connection, and b1 everything of b2.
func TestFlowHoldsWhoeverDialled(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	_, undo, err := p.set.Impair(t.Context(), broker.Both(broker.Half{Hold: true}), p.there)
	if err != nil {
		t.Fatal(err)
	}
	if says(t, p.dialed[0], p.took[0], 200*ms) || says(t, p.took[1], p.dialed[1], 200*ms) {
		t.Error("b2 hears of b1")
	}
	if !says(t, p.took[0], p.dialed[0], soon) || !says(t, p.dialed[1], p.took[1], soon) {
		t.Error("b1 does not hear of b2")
	}
	p.passed(p.there, 0)
	p.passed(p.back, 8)
	if err := undo(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, end := range []net.Conn{p.took[0], p.dialed[1]} {
		_ = end.SetReadDeadline(time.Now().Add(soon))
		if n, err := end.Read(make([]byte, 4)); n != 4 {
			t.Errorf("what was held on connection %d did not arrive: %v", i, err)
		}
	}
	p.passed(p.there, 8)
}

// passed waits until so many bytes have passed a link, all of them requests.
func (p *pair) passed(l broker.Link, want uint64) {
	p.Helper()
	var got broker.LinkTraffic
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(fresh) {
		var err error
		if got, err = l.Traffic(p.Context()); err != nil {
			p.Fatal(err)
		}
		if got.Requests == want && got.Replies == 0 && got.Open == 2 && got.Made == 2 {
			return
		}
	}
	p.Fatalf("%s -> %s: %+v, want %d bytes of requests on 2 connections", l.From(), l.To(), got, want)
}

// What lasts on one way and on the other adds up on the proxies that both pass, and is undone apart.
func TestFlowsOfOnePairAddUp(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	impair := func(l broker.Link) func() {
		_, undo, err := p.set.Impair(t.Context(), broker.Both(broker.Half{Hold: true}), l)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := undo(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	healThere, healBack := impair(p.there), impair(p.back)
	healThere()
	if !says(t, p.dialed[0], p.took[0], soon) || !says(t, p.took[1], p.dialed[1], soon) {
		t.Error("healed, and b2 does not hear of b1")
	}
	if says(t, p.dialed[1], p.took[1], 200*ms) {
		t.Error("one way was healed, and the other was as well")
	}
	healBack()
}

// A connection has no halves: what is refused one way is refused whoever dials.
func TestFlowRefusesWhoeverDials(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	e, undo, err := p.set.Impair(t.Context(), broker.Impairment{Refuse: true}, p.there)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range p.dialed {
		_ = c.SetReadDeadline(time.Now().Add(soon))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d lives on", i)
		}
	}
	if got, err := e.Links[0].Traffic(t.Context()); err != nil || got.Open != 0 || got.Cut != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := undo(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestFlowHasNoReplies(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	_, _, err := p.set.Impair(t.Context(), broker.Impairment{Replies: broker.Half{Hold: true}}, p.there)
	if err == nil || !strings.Contains(err.Error(), "name b2 -> b1") {
		t.Error(err)
	}
	if !broker.OneWay(p.there) {
		t.Error("a flow is no flow")
	}
}
