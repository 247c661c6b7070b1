package links

import (
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A half is one direction of a proxy: what is done to its bytes now, and what has passed. All connections of the proxy share it.
type half struct {
	now    atomic.Pointer[order]
	passed atomic.Uint64 // bytes
	made   atomic.Uint64 // connections
	open   atomic.Int64  // connections
}

// An order is what a half has to do until changed is closed. It is never changed itself.
type order struct {
	broker.Half
	// Connections made in an older epoch end at once. A new one begins when a drop ends and when connections are refused.
	epoch   uint64
	changed chan struct{}
}

func newHalf() *half {
	h := new(half)
	h.now.Store(&order{changed: make(chan struct{})})
	return h
}

// set makes every connection follow a new order. It must not be called twice at the same time. It never waits: a connection follows as soon as
// its goroutine is woken.
func (h *half) set(want broker.Half, refuse bool) {
	old := h.now.Load()
	next := &order{Half: want, epoch: old.epoch, changed: make(chan struct{})}
	if refuse || old.Drop && !want.Drop {
		next.epoch++
	}
	if next.Half == old.Half && next.epoch == old.epoch {
		return
	}
	h.now.Store(next)
	close(old.changed)
}

// due is when bytes that came at t may leave, as far as the delay is concerned. What varies by chance here is timing alone, so it needs no seed.
func (o *order) due(t time.Time, random func(time.Duration) time.Duration) time.Time {
	if o.Delay == 0 {
		return t
	}
	t = t.Add(o.Delay)
	if o.Jitter > 0 {
		t = t.Add(random(2*o.Jitter) - o.Jitter)
	}
	return t
}
