package conns

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A Dialer makes the connections of one client and knows them, so that they can be held, and cut at once. Its exported fields are set before it is used.
type Dialer struct {
	Gate Gate
	TLS  *tls.Config // nil: none, or the client library sees to it
	Tap  func() Tap  // called for each connection; nil: nobody reads along

	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	timeout time.Duration
	life    context.Context // ends when it is cut
	end     context.CancelFunc
	quiet   atomic.Bool
	made    atomic.Uint64

	mu   sync.Mutex
	open map[*Conn]struct{}
}

// NewDialer returns a dialer of an endpoint, whose attempts take no longer than timeout.
func NewDialer(e broker.Endpoint, timeout time.Duration) *Dialer {
	d := &Dialer{dial: e.Dial, timeout: timeout, open: map[*Conn]struct{}{}}
	d.life, d.end = context.WithCancel(context.Background())
	if d.dial == nil {
		d.dial = (&net.Dialer{}).DialContext
	}
	return d
}

// DialContext makes a connection, which is a *Conn, when it is neither held nor cut.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer context.AfterFunc(d.life, cancel)()
	if err := d.Gate.Pass(ctx.Done()); err != nil {
		return nil, err
	}
	nc, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	secured, err := Secure(ctx, nc, addr, d.TLS)
	if err != nil {
		nc.Close()
		return nil, refused(nc, err)
	}
	c := &Conn{Conn: secured, dialer: d, gone: make(chan struct{})}
	if d.Tap != nil {
		c.tap = d.Tap()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		nc.Close()
		return nil, net.ErrClosed
	}
	d.open[c] = struct{}{}
	d.made.Add(1)
	return c, nil
}

// Made is how many connections were made so far.
func (d *Dialer) Made() uint64 { return d.made.Load() }

// Secure makes TLS of a connection to addr; with no configuration it returns the connection as it is. After an error the connection is still the caller's to
// close.
func Secure(ctx context.Context, nc net.Conn, addr string, with *tls.Config) (net.Conn, error) {
	if with == nil {
		return nc, nil
	}
	config := with.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	tc := tls.Client(nc, config)
	return tc, tc.HandshakeContext(ctx)
}

// Hush says that the client is closing: what happens to its connections from now on is no news.
func (d *Dialer) Hush() { d.quiet.Store(true) }

// Hushed reports whether the client is closing, or cut.
func (d *Dialer) Hushed() bool { return d.quiet.Load() }

// Cut closes every connection and lets no new one be made. It hushes the dialer.
func (d *Dialer) Cut() {
	d.Hush()
	d.mu.Lock()
	d.end()
	d.mu.Unlock()
	d.Break()
}

// Break closes every connection that there is; new ones can be made. It is for a client whose library holds on to one over which nothing comes any more.
func (d *Dialer) Break() {
	d.mu.Lock()
	open := make([]*Conn, 0, len(d.open))
	for c := range d.open {
		open = append(open, c)
	}
	d.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}
