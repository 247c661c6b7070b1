package links

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/seed-228c25e4/squall/broker"
)

// A conn is one connection through a proxy.
type conn struct {
	proxy  *proxy
	number uint64 // how many connections the proxy had accepted before
	client *net.TCPConn
	now    atomic.Pointer[order]
	gone   chan struct{} // closed when it is cut

	// Guarded by proxy.mu.
	upstream *net.TCPConn // nil until the broker has answered
	halves   int          // that have not ended
	over     bool
	resetAt  time.Time // zero: no reset is due
	timer    *time.Timer
}

// An order is what is done to a connection until changed is closed. It is never changed itself.
type order struct {
	broker.Impairment
	tallies []*tally // whom to tell what passes
	changed chan struct{}
}

// due is when bytes that came at t may leave, as far as the delay is concerned. What varies by chance here is timing alone, so it needs no seed.
func due(h broker.Half, t time.Time, random func(time.Duration) time.Duration) time.Time {
	if h.Delay == 0 {
		return t
	}
	t = t.Add(h.Delay)
	if h.Jitter > 0 {
		t = t.Add(random(2*h.Jitter) - h.Jitter)
	}
	return t
}

// follow makes the connection follow a new order. proxy.mu is held. It never waits: the halves follow as soon as their goroutines are woken.
func (c *conn) follow(next *order) {
	old := c.now.Swap(next)
	close(old.changed)
	switch {
	case next.Refuse:
		c.cut(false)
	case dropped(old.Requests, next.Requests) || dropped(old.Replies, next.Replies):
		c.cut(true)
	default:
		c.schedule(next)
	}
}

func dropped(old, next broker.Half) bool { return old.Drop && !next.Drop }

// schedule has the connection reset when its time has come: of two resets, at the earlier. proxy.mu is held.
func (c *conn) schedule(o *order) {
	if !o.Reset {
		c.unschedule()
		return
	}
	at := time.Now().Add(o.After)
	if !c.resetAt.IsZero() && !at.Before(c.resetAt) {
		return
	}
	c.unschedule()
	if o.After == 0 {
		c.cut(true)
		return
	}
	c.resetAt = at
	c.timer = time.AfterFunc(o.After, func() {
		c.proxy.mu.Lock()
		defer c.proxy.mu.Unlock()
		if c.now.Load().Reset { // else it was called off in the last moment
			c.cut(true)
		}
	})
}

func (c *conn) unschedule() {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer, c.resetAt = nil, time.Time{}
}

// cut ends the connection at once, on both sides; with reset, as if its machine had never known of it. proxy.mu is held.
func (c *conn) cut(reset bool) {
	if c.over {
		return
	}
	for _, t := range c.now.Load().tallies {
		t.cut.Add(1)
	}
	if reset {
		_ = c.client.SetLinger(0)
		if c.upstream != nil {
			_ = c.upstream.SetLinger(0)
		}
	}
	c.end()
}

// end closes both sides. proxy.mu is held.
func (c *conn) end() {
	c.over = true
	c.unschedule()
	close(c.gone)
	c.client.Close()
	if c.upstream != nil {
		c.upstream.Close()
	}
	if c.halves == 0 {
		delete(c.proxy.conns, c)
	}
}

// connect dials the broker, and has Toxiproxy pass on what comes from either side.
func (c *conn) connect() {
	ctx, cancel := context.WithTimeout(context.Background(), patiently)
	defer cancel()
	go func() {
		select {
		case <-c.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	up, err := new(net.Dialer).DialContext(ctx, "tcp", c.proxy.Upstream)
	p := c.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c.over:
		if err == nil {
			up.Close()
		}
	case err != nil: // nobody is there: the client learns of it by the end of its connection
		c.end()
	default:
		c.upstream, c.halves = up.(*net.TCPConn), 2
		p.starting = c
		name := fmt.Sprint(c.number)
		p.Toxics.StartLink(p.api, name+" requests", c.client, up, stream.Upstream)
		p.Toxics.StartLink(p.api, name+" replies", up, c.client, stream.Downstream)
	}
}

// halfOpen reports whether one of the two halves has ended. Then Toxiproxy closes what the other one reads from.
func (c *conn) halfOpen() bool {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.halves < 2
}

// halfEnded notes that one of the two halves has nothing more to pass on.
func (c *conn) halfEnded() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if c.halves--; c.halves == 0 {
		c.unschedule()
		delete(c.proxy.conns, c)
	}
}
