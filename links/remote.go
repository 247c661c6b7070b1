package links

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	attempt  = 3 * time.Second // one request; what it asks for takes milliseconds
	pause    = 50 * time.Millisecond
	refusal  = 1 << 10  // how much of an error's text is told
	maxReply = 16 << 20 // more than any sidecar says
)

// A Remote is the Control of a sidecar. Requests that get no answer are repeated until the context ends, at most for ten seconds: a request asks for a
// state, so that repeating it does no harm.
type Remote struct {
	base, token string
	client      *http.Client
}

// NewRemote returns the Control of the sidecar that answers at addr (host:port) to those who have the token. It connects when it is first used.
func NewRemote(addr, token string) *Remote {
	return &Remote{"http://" + addr, token, &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     2 * time.Minute, // longer than between two heartbeats: a fault should not wait for a handshake
	}}}
}

// Apply implements Control.
func (r *Remote) Apply(ctx context.Context, want map[string][]broker.Impairment) error {
	body, err := json.Marshal(want)
	if err != nil {
		return err
	}
	return r.insist(ctx, http.MethodPut, pathLinks, body, nil)
}

// Traffic implements Control.
func (r *Remote) Traffic(ctx context.Context) (map[string]broker.LinkTraffic, error) {
	var t map[string]broker.LinkTraffic
	err := r.insist(ctx, http.MethodGet, pathTraffic, nil, &t)
	return t, err
}

// Touch tells the sidecar that its run is alive.
func (r *Remote) Touch(ctx context.Context) error {
	return r.insist(ctx, http.MethodPut, pathLease, nil, nil)
}

// Idle returns for how long the sidecar has heard nothing of its run. Asking does not count as being heard of.
func (r *Remote) Idle(ctx context.Context) (time.Duration, error) {
	var l lease
	err := r.insist(ctx, http.MethodGet, pathLease, nil, &l)
	return l.Idle, err
}

// Close drops idle connections.
func (r *Remote) Close() { r.client.CloseIdleConnections() }

// refused is an answer that will not change when it is asked for again.
type refused struct{ text string }

func (r refused) Error() string { return r.text }

func (r *Remote) insist(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patiently)
	defer cancel()
	for {
		err := r.once(ctx, method, path, body, into)
		if err == nil {
			return nil
		}
		if _, final := err.(refused); final {
			return fmt.Errorf("sidecar: %w", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("sidecar: no answer: %w", err)
		}
	}
}

func (r *Remote) once(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return refused{err.Error()}
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, refusal))
		return refused{strings.TrimSpace(string(text))}
	}
	if into == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply)) // read to its end, so that the connection can be used again
		return err
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxReply)).Decode(into)
}
