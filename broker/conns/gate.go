// Package conns holds what drivers need of their clients' connections, whatever is spoken over them: to hold them, to cut them, to know why they
// broke, and to end a client with them. It knows no protocol and no client library.
package conns

import (
	"net"
	"sync"
	"sync/atomic"
)

// A Gate holds a client's connections. The zero value is open.
type Gate struct {
	mu     sync.Mutex
	closed atomic.Pointer[chan struct{}] // nil: open; the channel ends when it opens
}

// Hold closes the gate.
func (g *Gate) Hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed.Load() == nil {
		c := make(chan struct{})
		g.closed.Store(&c)
	}
}

// Release opens it.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.closed.Swap(nil); c != nil {
		close(*c)
	}
}

// Held reports whether the gate is closed: who waits for an answer then has no time that counts.
func (g *Gate) Held() bool { return g.closed.Load() != nil }

// Pass waits until the gate is open; net.ErrClosed says that gone ended first.
func (g *Gate) Pass(gone <-chan struct{}) error {
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
