// Package links impairs the network links of a cluster with Toxiproxy, in this process or in sidecars next to the brokers. It knows proxies and bytes;
// it doesn't know what the bytes say, what a broker is, or where the sidecars run.
package links

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/seed-228c25e4/squall/broker"
)

// A Control acts on proxies by name, and tells what passed them.
type Control interface {
	// Apply makes each named proxy do exactly this; proxies that are not named stay as they are. It may be repeated. It returns when all of it is in
	// force. An unknown name or an impossible impairment is an error, and then nothing was changed.
	Apply(context.Context, map[string]broker.Impairment) error
	// Traffic returns what has passed every proxy.
	Traffic(context.Context) (map[string]broker.LinkTraffic, error)
}

// patiently bounds an Apply whose context has no end of its own.
const patiently = 10 * time.Second

// A Server is Toxiproxy in this process. Its methods may be called side by side.
type Server struct {
	api *toxiproxy.ApiServer

	applying sync.Mutex // one Apply at a time, so that the last one wins whole
	mu       sync.Mutex // guards what follows
	proxies  map[string]*proxy
	closed   bool
}

// register makes our toxic known to Toxiproxy, whose registry is one for the whole process.
var register = sync.OnceFunc(func() { toxics.Register(toxicType, new(toxic)) })

// NewServer returns a server without proxies. Whoever made it closes it.
func NewServer() *Server {
	register()
	return &Server{
		api:     toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop()),
		proxies: map[string]*proxy{},
	}
}

// Add starts a proxy from the address listen to the address upstream, and returns where it listens: port 0 is replaced by a free one. It keeps that
// address for good.
func (s *Server) Add(name, listen, upstream string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", fmt.Errorf("add proxy %s: the server is closed", name)
	}
	p, err := newProxy(s.api, name, upstream)
	if err != nil {
		return "", fmt.Errorf("add proxy %s: %w", name, err)
	}
	if err := s.listen(p, listen); err != nil {
		return "", fmt.Errorf("add proxy %s: %w", name, err)
	}
	s.proxies[name] = p
	return p.Listen, nil
}

// The range of ports that Linux does not give to outgoing connections. A proxy that refuses gives its port up for a while, and must find it free again.
const lowestPort, highestPort = 15000, 32000

func (s *Server) listen(p *proxy, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if port == "0" {
		for range 50 {
			p.Listen = net.JoinHostPort(host, fmt.Sprint(lowestPort+rand.IntN(highestPort-lowestPort)))
			if s.api.Collection.Add(p.Proxy, true) == nil {
				return nil
			}
		}
	}
	p.Listen = listen
	return s.api.Collection.Add(p.Proxy, true)
}

// Apply implements Control. The halves of all proxies change within microseconds of each other; refusing takes a little longer.
func (s *Server) Apply(ctx context.Context, want map[string]broker.Impairment) error {
	ctx, cancel := context.WithTimeout(ctx, patiently)
	defer cancel()
	s.applying.Lock()
	defer s.applying.Unlock()
	named, err := s.named(want)
	if err != nil {
		return err
	}
	for p, imp := range named {
		p.impair(imp)
	}
	var all sync.WaitGroup
	errs := make(chan error, len(named))
	for p, imp := range named {
		all.Go(func() { errs <- p.refuse(ctx, imp.Refuse) })
	}
	all.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

func (s *Server) named(want map[string]broker.Impairment) (map[*proxy]broker.Impairment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[*proxy]broker.Impairment, len(want))
	for name, imp := range want {
		p, ok := s.proxies[name]
		if !ok {
			return nil, fmt.Errorf("no proxy is named %q", name)
		}
		if err := check(imp); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[p] = imp
	}
	return found, nil
}

// Traffic implements Control. Bytes count when they have passed, so what is held or dropped does not.
func (s *Server) Traffic(context.Context) (map[string]broker.LinkTraffic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := make(map[string]broker.LinkTraffic, len(s.proxies))
	for name, p := range s.proxies {
		t[name] = p.traffic()
	}
	return t, nil
}

// Handler is Toxiproxy's own interface over HTTP, for what other toxics can do. It asks for no token.
func (s *Server) Handler() http.Handler { return s.api.Routes() }

// Close ends every connection and every proxy. It may be called more than once.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patiently)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var all sync.WaitGroup
	errs := make(chan error, len(s.proxies))
	for _, p := range s.proxies {
		all.Go(func() { errs <- p.close(ctx) })
	}
	all.Wait()
	close(errs)
	var err error
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// A proxy is one of Toxiproxy's, with our toxic on both halves.
type proxy struct {
	*toxiproxy.Proxy
	requests, replies *half

	turn    chan struct{} // holds one token: who has it may stop or start the proxy
	refused bool          // belongs to who has the turn
}

func newProxy(api *toxiproxy.ApiServer, name, upstream string) (*proxy, error) {
	p := &proxy{Proxy: toxiproxy.NewProxy(api, name, "", upstream), turn: make(chan struct{}, 1)}
	var err error
	if p.requests, err = attach(p.Proxy, "upstream"); err != nil {
		return nil, err
	}
	p.replies, err = attach(p.Proxy, "downstream")
	return p, err
}

// attach puts our toxic on one half of a proxy that has no connections yet.
func attach(p *toxiproxy.Proxy, direction string) (*half, error) {
	w, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":"%s_%[2]s","type":"%[1]s","stream":"%[2]s","toxicity":1}`, toxicType, direction)))
	if err != nil {
		return nil, err
	}
	h := newHalf()
	w.Toxic.(*toxic).half = h
	return h, nil
}

func (p *proxy) impair(imp broker.Impairment) {
	p.requests.set(imp.Requests, imp.Refuse)
	p.replies.set(imp.Replies, imp.Refuse)
}

func (p *proxy) traffic() broker.LinkTraffic {
	return broker.LinkTraffic{
		Requests: p.requests.passed.Load(),
		Replies:  p.replies.passed.Load(),
		Open:     uint64(max(0, p.requests.open.Load())),
		Made:     p.requests.made.Load(),
	}
}

// refuse closes the listener and all connections, or listens again. Toxiproxy waits for the dial of a connection that was just accepted, which may take
// long: ctx ends the waiting, not the deed.
func (p *proxy) refuse(ctx context.Context, refuse bool) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: is still busy with what it was asked before: %w", p.Name, ctx.Err())
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-p.turn }()
		done <- p.toggle(ctx, refuse)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: waits for a connection that is just being made: %w", p.Name, ctx.Err())
	}
}

func (p *proxy) toggle(ctx context.Context, refuse bool) error {
	if p.refused == refuse {
		return nil
	}
	if refuse {
		p.Stop()
		p.refused = true
		return nil
	}
	for {
		err := p.Start()
		if err == nil || errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
			p.refused = false
			return nil
		}
		select { // somebody may have the port for a moment
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s: listen again: %w", p.Name, err)
		}
	}
}

func (p *proxy) close(ctx context.Context) error {
	p.impair(broker.Impairment{Refuse: true})
	return p.refuse(ctx, true)
}
