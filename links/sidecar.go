package links

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// SidecarEnv is the environment variable that holds a SidecarConfig as JSON.
const SidecarEnv = "SQUALL_SIDECAR"

// The sidecar's endpoints.
const (
	pathLinks   = "/squall/links"
	pathTraffic = "/squall/traffic"
	pathLease   = "/squall/lease"
)

// A SidecarConfig is what a sidecar is told when it starts.
type SidecarConfig struct {
	Listen  string      `json:"listen"` // address of the interface over HTTP
	Token   string      `json:"token"`  // every request must carry it
	Proxies []ProxySpec `json:"proxies"`
}

// A ProxySpec is one proxy of a sidecar.
type ProxySpec struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
}

// A lease tells how long ago the run that owns a sidecar was heard of.
type lease struct {
	Idle time.Duration `json:"idle"`
}

// SidecarMain is the program of a sidecar: it reads its configuration from the environment and serves until ctx ends or the process is asked to end.
func SidecarMain(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	var c SidecarConfig
	if err := json.Unmarshal([]byte(os.Getenv(SidecarEnv)), &c); err != nil {
		return fmt.Errorf("sidecar: read %s, which squall sets in the containers that it starts: %w", SidecarEnv, err)
	}
	return Serve(ctx, c)
}

// Serve starts the proxies and answers requests until ctx ends. That it answers means that every proxy listens.
func Serve(ctx context.Context, c SidecarConfig) error {
	if c.Token == "" {
		return errors.New("sidecar: no token: an open interface relays to anywhere")
	}
	s := NewServer()
	defer s.Close()
	for _, p := range c.Proxies {
		if _, err := s.Add(p.Name, p.Listen, p.Upstream); err != nil {
			return fmt.Errorf("sidecar: %w", err)
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("sidecar: %w", err)
	}
	web := &http.Server{Handler: newSidecar(s, c.Token), ReadHeaderTimeout: patiently, ReadTimeout: 2 * patiently}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l) }()
	select {
	case err = <-ended:
		return fmt.Errorf("sidecar: %w", err)
	case <-ctx.Done():
	}
	web.Close()
	<-ended
	return nil
}

// sidecar answers the requests of one run.
type sidecar struct {
	http.ServeMux
	server *Server
	token  string
	heard  atomic.Pointer[time.Time]
}

func newSidecar(s *Server, token string) http.Handler {
	c := &sidecar{server: s, token: token}
	c.touch()
	c.HandleFunc("PUT "+pathLinks, c.putLinks)
	c.HandleFunc("GET "+pathTraffic, c.getTraffic)
	c.HandleFunc("PUT "+pathLease, func(http.ResponseWriter, *http.Request) { c.touch() })
	c.HandleFunc("GET "+pathLease, c.getLease)
	return c
}

func (c *sidecar) touch() {
	now := time.Now()
	c.heard.Store(&now)
}

func (c *sidecar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+c.token)) != 1 {
		http.Error(w, "this sidecar belongs to a run, and wants its token", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodGet { // who only looks does not keep the run alive
		c.touch()
	}
	c.ServeMux.ServeHTTP(w, r)
}

func (c *sidecar) putLinks(w http.ResponseWriter, r *http.Request) {
	var want map[string][]broker.Impairment
	if err := json.NewDecoder(r.Body).Decode(&want); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := c.server.Apply(r.Context(), want); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
	}
}

func (c *sidecar) getTraffic(w http.ResponseWriter, r *http.Request) {
	t, err := c.server.Traffic(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, t)
}

func (c *sidecar) getLease(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, lease{time.Since(*c.heard.Load())})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked has gone: nobody to tell
}
