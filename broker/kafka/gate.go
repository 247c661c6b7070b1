package kafka

import (
	"net"
	"sync"
	"sync/atomic"
)

// A gate holds a client's connections.
type gate struct {
	mu     sync.Mutex
	closed atomic.Pointer[chan struct{}] // nil: open; the channel ends when it opens
}

func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed.Load() == nil {
		c := make(chan struct{})
		g.closed.Store(&c)
	}
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.closed.Swap(nil); c != nil {
		close(*c)
	}
}

// pass waits until the gate is open; an error says that gone ended first.
func (g *gate) pass(gone <-chan struct{}) error {
	c := g.closed.Load()
	if c == nil {
		return nil
	}
	select {
	case <-*c:
		return nil
	case <-gone:
		return net.ErrClosed
	}
}
