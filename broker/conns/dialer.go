package conns

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/seed-228c25e4/squall/broker"
)

// A Dialer makes the connections of one client and knows them, so that they can be held, and cut at once.
type Dialer struct {
	Gate Gate
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu   sync.Mutex
	cut  bool
	gone chan struct{} // closed when it is cut
	open map[*conn]struct{}
}

// NewDialer returns a dialer of an endpoint.
func NewDialer(e broker.Endpoint) *Dialer {
	d := &Dialer{dial: e.Dial, gone: make(chan struct{}), open: map[*conn]struct{}{}}
	if d.dial == nil {
		d.dial = (&net.Dialer{}).DialContext
	}
	return d
}

// DialContext makes a connection, when it is neither held nor cut.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := d.Gate.Pass(d.gone); err != nil {
		return nil, err
	}
	nc, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, dialer: d, gone: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		nc.Close()
		return nil, net.ErrClosed
	}
	d.open[c] = struct{}{}
	return c, nil
}

// Cut closes every connection and lets no new one be made.
func (d *Dialer) Cut() {
	d.mu.Lock()
	if !d.cut {
		d.cut = true
		close(d.gone)
	}
	open := make([]*conn, 0, len(d.open))
	for c := range d.open {
		open = append(open, c)
	}
	d.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// A conn is a connection that its dialer can hold and cut.
type conn struct {
	net.Conn
	dialer *Dialer
	closed atomic.Bool
	gone   chan struct{} // closed with the connection
}

func (c *conn) Write(b []byte) (int, error) {
	if err := c.dialer.Gate.Pass(c.gone); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if held := c.dialer.Gate.Pass(c.gone); held != nil { // what came while it was held is read when it is released
		return 0, held
	}
	return n, err
}

func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	close(c.gone)
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
