package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// dialTimeout is franz-go's own.
const dialTimeout = 10 * time.Second

// A dialer makes a client's connections and knows them, so that they can be cut at once.
type dialer struct {
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	tls   *tls.Config
	tally *tally // nil: nobody counts attempts
	gate  conns.Gate
	quiet atomic.Bool // the client is closing: what happens to its connections is no news

	mu   sync.Mutex
	cut  bool
	open map[*conn]struct{}
}

func newDialer(e broker.Endpoint, t *tally) *dialer {
	d := &dialer{dial: e.Dial, tls: e.TLS, tally: t, open: map[*conn]struct{}{}}
	if d.dial == nil {
		d.dial = (&net.Dialer{}).DialContext
	}
	return d
}

func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := d.gate.Pass(ctx.Done()); err != nil || d.isCut() {
		return nil, net.ErrClosed
	}
	nc, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	sc, err := d.secure(ctx, nc, addr)
	if err != nil {
		return nil, refused(nc, err)
	}
	nc = sc
	c := &conn{Conn: nc, dialer: d, gone: make(chan struct{})}
	if d.tally != nil {
		c.tap = newTap(d.tally)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		nc.Close()
		return nil, net.ErrClosed
	}
	d.open[c] = struct{}{}
	return c, nil
}

func (d *dialer) secure(ctx context.Context, nc net.Conn, addr string) (net.Conn, error) {
	if d.tls == nil {
		return nc, nil
	}
	config := d.tls.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	tc := tls.Client(nc, config)
	if err := tc.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return tc, nil
}

func (d *dialer) isCut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut
}

// cutAll closes every connection and lets no new one be made.
func (d *dialer) cutAll() {
	d.quiet.Store(true)
	d.mu.Lock()
	d.cut = true
	open := make([]*conn, 0, len(d.open))
	for c := range d.open {
		open = append(open, c)
	}
	d.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

var errNobody = errors.New("accepted, and closed before anybody answered")

// refused makes a failed dial of what ended a connection on which nobody has said a word. Published ports and proxies accept for a process that is gone,
// and hang up. To franz-go that is a hiccup: it asks the same node again for as long as it asks at all, and a group whose coordinator has died goes on
// asking the dead until its session is over. The machine of a dead process refuses at once, and then the client looks for who has taken over.
func refused(nc net.Conn, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return &net.OpError{Op: "dial", Net: nc.RemoteAddr().Network(), Addr: nc.RemoteAddr(), Err: errNobody}
	}
	return err
}

// A conn is a connection that remembers why it broke.
type conn struct {
	net.Conn
	dialer *dialer
	tap    *tap        // nil: nobody counts attempts
	heard  atomic.Bool // the other side has said something
	closed atomic.Bool
	gone   chan struct{}         // closed with the connection
	cause  atomic.Pointer[error] // the first error that was not our own doing
}

func (c *conn) Write(b []byte) (int, error) {
	if err := c.dialer.gate.Pass(c.gone); err != nil {
		return 0, err
	}
	if c.tap != nil {
		c.tap.request(b)
	}
	n, err := c.Conn.Write(b)
	return n, c.note(err)
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if held := c.dialer.gate.Pass(c.gone); held != nil { // what came while it was held is read when it is released
		return 0, held
	}
	if n > 0 {
		c.heard.Store(true)
		if c.tap != nil {
			c.tap.answer(b[:n])
		}
	}
	return n, c.note(err)
}

// note returns the error as the client is to see it.
func (c *conn) note(err error) error {
	if err == nil || c.closed.Load() {
		return err
	}
	if !c.heard.Load() {
		err = refused(c.Conn, err)
	}
	c.cause.CompareAndSwap(nil, &err)
	return err
}

func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	close(c.gone)
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	err := c.Conn.Close()
	if c.tap != nil {
		c.tap.lost()
	}
	return err
}

// A listener makes events of what happens to a client's connections.
type listener struct {
	driver *driver
	dialer *dialer
	client string
	tell   func(broker.ClientEvent)
}

var (
	_ kgo.HookBrokerConnect    = (*listener)(nil)
	_ kgo.HookBrokerDisconnect = (*listener)(nil)
)

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (l *listener) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		l.event(broker.Lost, l.driver.nodeOf(meta), err.Error())
		return
	}
	l.event(broker.Connected, l.driver.nodeOf(meta), "")
}

// OnBrokerDisconnect implements kgo.HookBrokerDisconnect. A connection that the client closed by itself, such as an idle one, is no news.
func (l *listener) OnBrokerDisconnect(meta kgo.BrokerMetadata, nc net.Conn) {
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	if cause := c.cause.Load(); cause != nil {
		l.event(broker.Lost, l.driver.nodeOf(meta), (*cause).Error())
	}
}

func (l *listener) event(kind broker.ClientEventKind, node, detail string) {
	if l == nil || l.tell == nil || l.dialer.quiet.Load() {
		return
	}
	l.tell(broker.ClientEvent{At: l.driver.clock.Now(), Client: l.client, Kind: kind, Node: node, Detail: detail})
}
