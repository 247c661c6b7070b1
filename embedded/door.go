package embedded

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/seed-228c25e4/squall/links"
)

// A door is where a node's connections come in. For kfake it is a listener that never fails; to the outside it opens and closes on one address.
type door struct {
	node string
	lies *lies // what is told in the place of the node
	// secure is how connections are secured; nil: they are not.
	secure *tls.Config
	addr   net.Addr
	claim  io.Closer // keeps the address while the door is shut, for a dead node must find it free again
	in     chan net.Conn
	gone   chan struct{} // closed for good

	mu     sync.Mutex
	closed bool
	ln     net.Listener // nil: closed for now
	conns  map[*guest]struct{}
	work   sync.WaitGroup

	frozen atomic.Pointer[chan struct{}] // nil: awake; closed when the node wakes up
}

func newDoor(node string, l *lies, secure *tls.Config) (*door, error) {
	d := &door{node: node, lies: l, secure: secure, in: make(chan net.Conn), gone: make(chan struct{}), conns: map[*guest]struct{}{}}
	_, claim, err := links.ClaimPort("127.0.0.1", func(addr string) error {
		d.addr = net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))
		return d.open()
	})
	if err != nil {
		return nil, err
	}
	d.claim = claim
	return d, nil
}

// open lets connections in.
func (d *door) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.ln != nil {
		return nil
	}
	ln, err := net.Listen("tcp", d.addr.String())
	if err != nil {
		return err
	}
	d.ln = ln
	d.work.Go(func() { d.receive(ln) })
	return nil
}

func (d *door) receive(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		if d.secure != nil {
			nc = tls.Server(nc, d.secure)
		}
		g := newGuest(nc, d)
		d.mu.Lock()
		in := d.ln == ln
		if in {
			d.conns[g] = struct{}{}
		}
		d.mu.Unlock()
		if !in {
			nc.Close()
			continue
		}
		select {
		case d.in <- g:
		case <-g.gone:
		case <-d.gone:
			g.Close()
		}
	}
}

// shut refuses new connections and ends those that there are.
func (d *door) shut() {
	d.mu.Lock()
	if d.ln != nil {
		d.ln.Close()
		d.ln = nil
	}
	guests := make([]*guest, 0, len(d.conns))
	for g := range d.conns {
		guests = append(guests, g)
	}
	d.mu.Unlock()
	for _, g := range guests {
		g.Close()
	}
	d.work.Wait()
}

func (d *door) isOpen() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ln != nil
}

// freeze stops everything that passes; connections can still be made, as with a process whose threads all stand still.
func (d *door) freeze() {
	awake := make(chan struct{})
	d.frozen.CompareAndSwap(nil, &awake)
}

func (d *door) thaw() {
	if awake := d.frozen.Swap(nil); awake != nil {
		close(*awake)
	}
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	select {
	case nc := <-d.in:
		return nc, nil
	case <-d.gone:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (d *door) Addr() net.Addr { return d.addr }

// Close implements net.Listener.
func (d *door) Close() error {
	d.mu.Lock()
	first := !d.closed
	if first {
		d.closed = true
		close(d.gone)
	}
	d.mu.Unlock()
	d.thaw()
	d.shut()
	if first {
		return d.claim.Close()
	}
	return nil
}
