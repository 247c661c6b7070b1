// Package links impairs the network links of a cluster with Toxiproxy, in this process or in sidecars next to the brokers. It knows proxies and bytes;
// it doesn't know what the bytes say, what a broker is, or where the sidecars run.
package links

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Apply makes exactly this last on each named proxy; proxies that are not named stay as they are. It may be repeated. It returns when all of it is
	// in force. An unknown name or an impossible impairment is an error, and then nothing was changed.
	Apply(context.Context, map[string][]broker.Impairment) error
	// Traffic returns what has passed every proxy, and what passes the share of connections that an impairment drew, under shareName, while it lasts.
	Traffic(context.Context) (map[string]broker.LinkTraffic, error)
}

// patiently bounds what has no end of its own: an Apply, a dial.
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
	if s.proxies[name] != nil {
		return "", fmt.Errorf("add proxy %s: there is one already", name)
	}
	p, err := newProxy(s.api, name, upstream)
	if err != nil {
		return "", fmt.Errorf("add proxy %s: %w", name, err)
	}
	if err := p.open(listen); err != nil {
		return "", fmt.Errorf("add proxy %s: %w", name, err)
	}
	s.proxies[name] = p
	return p.Listen, nil
}

// Apply implements Control. All connections follow within microseconds of each other; refusing takes a little longer.
func (s *Server) Apply(ctx context.Context, want map[string][]broker.Impairment) error {
	ctx, cancel := context.WithTimeout(ctx, patiently)
	defer cancel()
	s.applying.Lock()
	defer s.applying.Unlock()
	named, err := s.named(want)
	if err != nil {
		return err
	}
	for p, all := range named {
		p.impair(all)
	}
	for p, all := range named {
		whole := slices.ContainsFunc(all, func(i broker.Impairment) bool { return i.Refuse && i.Share == 0 })
		err = errors.Join(err, p.refuse(ctx, whole))
	}
	return err
}

func (s *Server) named(want map[string][]broker.Impairment) (map[*proxy][]broker.Impairment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[*proxy][]broker.Impairment, len(want))
	for name, all := range want {
		p, ok := s.proxies[name]
		if !ok {
			return nil, fmt.Errorf("no proxy is named %q", name)
		}
		if _, err := merge(all...); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[p] = all
	}
	return found, nil
}

// Traffic implements Control. Bytes count when they have passed, so what is held or dropped does not.
func (s *Server) Traffic(context.Context) (map[string]broker.LinkTraffic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]broker.LinkTraffic, len(s.proxies))
	for _, p := range s.proxies {
		p.traffic(all)
	}
	return all, nil
}

// Close ends every connection and every proxy. It may be called more than once.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patiently)
	defer cancel()
	s.applying.Lock()
	defer s.applying.Unlock()
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
