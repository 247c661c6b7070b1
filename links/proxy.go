package links

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"

	"github.com/seed-228c25e4/squall/broker"
)

// A proxy accepts connections and dials the broker itself; what passes between the two goes through Toxiproxy's links, with our toxic on both halves.
// Toxiproxy's own way in gives away neither the sockets, without which nothing can be reset, nor which connection is which.
type proxy struct {
	*toxiproxy.Proxy
	api   *toxiproxy.ApiServer
	total tally
	work  sync.WaitGroup // the accept loop, and connections that are being made

	claim    io.Closer // keeps the port from every other squall while connections are refused; nil: the address was given
	mu       sync.Mutex
	listener net.Listener // nil: connections are refused
	want     []broker.Impairment
	shares   map[uint64]*tally // by seed
	conns    map[*conn]struct{}
	accepted uint64
	starting *conn // whose halves Toxiproxy asks the toxics for
}

func newProxy(api *toxiproxy.ApiServer, name, upstream string) (*proxy, error) {
	p := &proxy{Proxy: toxiproxy.NewProxy(api, name, "", upstream), api: api, conns: map[*conn]struct{}{}}
	return p, errors.Join(p.attach("upstream"), p.attach("downstream"))
}

// attach puts our toxic on one half.
func (p *proxy) attach(direction string) error {
	w, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":"%s_%[2]s","type":"%[1]s","stream":"%[2]s","toxicity":1}`, toxicType, direction)))
	if err != nil {
		return err
	}
	*w.Toxic.(*toxic) = toxic{proxy: p, replies: direction == "downstream"}
	return nil
}

// open listens at an address for the first time: port 0 is replaced by a free one.
func (p *proxy) open(listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if port == "0" {
		if _, claim, err := ClaimPort(host, p.acceptAt); err == nil {
			p.claim = claim
			return nil
		}
	}
	return p.acceptAt(listen)
}

func (p *proxy) acceptAt(addr string) error {
	p.Listen = addr
	return p.accept()
}

// accept listens, and takes every connection until the listener is closed.
func (p *proxy) accept() error {
	l, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener, p.Listen = l, l.Addr().String()
	p.work.Go(func() {
		for {
			c, err := l.Accept()
			switch {
			case err == nil:
				p.take(c.(*net.TCPConn))
			case errors.Is(err, net.ErrClosed):
				return
			default: // as with too many open files: it passes
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	return nil
}

// take begins a connection.
func (p *proxy) take(client *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &conn{proxy: p, number: p.accepted, client: client, gone: make(chan struct{})}
	p.accepted++
	o := p.order(c.number)
	c.now.Store(o)
	p.conns[c] = struct{}{}
	if o.Refuse {
		c.cut(false)
		return
	}
	for _, t := range o.tallies {
		t.made.Add(1)
	}
	if c.schedule(o); !c.over {
		p.work.Go(c.connect)
	}
}

// order returns what is done to a connection now. p.mu is held.
func (p *proxy) order(number uint64) *order {
	o := &order{tallies: []*tally{&p.total}, changed: make(chan struct{})}
	var on []broker.Impairment
	for _, imp := range p.want {
		if !draws(imp, number) {
			continue
		}
		on = append(on, imp)
		if imp.Share > 0 {
			o.tallies = append(o.tallies, p.shares[imp.Seed])
		}
	}
	o.Impairment, _ = merge(on...) // all of them together were checked before
	return o
}

// impair makes all connections follow what is wanted now, those to come too.
func (p *proxy) impair(want []broker.Impairment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Equal(want, p.want) {
		return
	}
	p.want = want
	shares := map[uint64]*tally{}
	for _, imp := range want {
		if imp.Share == 0 {
			continue
		}
		if shares[imp.Seed] = p.shares[imp.Seed]; shares[imp.Seed] == nil {
			shares[imp.Seed] = new(tally)
		}
	}
	p.shares = shares
	for c := range p.conns {
		if !c.over {
			c.follow(p.order(c.number))
		}
	}
}

// traffic adds what has passed to all, under the name of the proxy and of every share.
func (p *proxy) traffic(all map[string]broker.LinkTraffic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := map[*tally]uint64{}
	for c := range p.conns {
		if c.over {
			continue
		}
		for _, t := range c.now.Load().tallies {
			open[t]++
		}
	}
	all[p.Name] = p.total.told(open[&p.total])
	for seed, t := range p.shares {
		all[shareName(p.Name, seed)] = t.told(open[t])
	}
}

// refuse closes the listener, or listens again. It must not be called twice at the same time.
func (p *proxy) refuse(ctx context.Context, refuse bool) error {
	p.mu.Lock()
	l := p.listener
	if refuse && l != nil {
		p.listener = nil
		l.Close()
	}
	p.mu.Unlock()
	if refuse || l != nil {
		return nil
	}
	for {
		err := p.accept()
		if err == nil {
			return nil
		}
		select { // somebody may have the port for a moment
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s: listen again: %w", p.Name, err)
		}
	}
}

// close ends every connection, and waits for those that are being made.
func (p *proxy) close(ctx context.Context) error {
	p.impair([]broker.Impairment{{Refuse: true}})
	err := p.refuse(ctx, true)
	if p.claim != nil {
		defer p.claim.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.work.Wait()
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		return errors.Join(err, fmt.Errorf("%s: waits for a connection that is just being made: %w", p.Name, ctx.Err()))
	}
}
