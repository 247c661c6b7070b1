package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var connectionStormKind = Kind{
	Name:     "connection-storm",
	About:    "opens connections to nodes on the producers' way, keeps each for a while, says nothing on it, and closes it: clients that all come back at once",
	Target:   Nodes,
	New:      func() Fault { return &ConnectionStorm{Rate: 100, Keep: 2 * time.Second} },
	Survives: anyTime,
	Affects:  holdsReplica,
	LeavesUp: true,
}

// ConnectionStorm opens and closes connections.
type ConnectionStorm struct {
	Rate int           // connections per second and node
	Keep time.Duration // how long each is open
}

// mostOpen bounds the connections that one storm has open at once: squall's own files are not to run out.
const mostOpen = 2000

// Params are rate and keep.
func (c *ConnectionStorm) Params() []Param {
	return []Param{
		{Name: "rate", About: "connections made in a second to each node", Value: &c.Rate},
		{Name: "keep", About: "how long each is kept", Value: &c.Keep},
	}
}

// Check bounds what is open at once.
func (c *ConnectionStorm) Check() error {
	switch open := float64(c.Rate) * c.Keep.Seconds(); {
	case c.Rate <= 0 || c.Rate > mostOpen || c.Keep <= 0:
		return fmt.Errorf("write how many connections a second, from 1 to %d, and how long each is kept, as in rate: 100, keep: 2s", mostOpen)
	case open > mostOpen:
		return fmt.Errorf("%.0f connections would be open at once, and %d may be; lower rate or keep", open, mostOpen)
	}
	return nil
}

// Inject returns when the first connection to each node is made.
func (c *ConnectionStorm) Inject(ctx context.Context, v Victims) (Revert, error) {
	aside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var storms sync.WaitGroup
	var all []*storm
	var errs []error
	e := v.Cluster.Endpoint(broker.Producers)
	for i, n := range v.Cluster.Nodes() {
		if !slices.Contains(nodeNames(v.Nodes), n.Name()) {
			continue
		}
		s := &storm{node: n.Name(), addr: e.Addrs[i], dial: e.Dial}
		if s.dial == nil {
			s.dial = new(net.Dialer).DialContext
		}
		errs = append(errs, s.one(ctx, 0))
		all = append(all, s)
	}
	back := func(ctx context.Context) error {
		stop()
		storms.Wait()
		for _, s := range all {
			s.tell(v.Witness)
		}
		all = nil
		return nil
	}
	if err := errors.Join(errs...); err != nil {
		return back, err
	}
	v.Witness.Effective(time.Now())
	for _, s := range all {
		storms.Go(func() { s.blow(aside, c.Rate, c.Keep) })
	}
	return back, nil
}

// A storm is what goes to one node.
type storm struct {
	node, addr string
	dial       func(ctx context.Context, network, addr string) (net.Conn, error)

	mu     sync.Mutex
	took   []time.Duration // of every connection that was made
	failed int
	last   error
}

// connectWithin is how long one connection may take.
const connectWithin = 5 * time.Second

// one makes a connection and keeps it.
func (s *storm) one(ctx context.Context, keep time.Duration) error {
	dialing, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	begun := time.Now()
	conn, err := s.dial(dialing, "tcp", s.addr)
	s.mu.Lock()
	switch {
	case err == nil:
		s.took = append(s.took, time.Since(begun))
	case ctx.Err() == nil:
		s.failed, s.last = s.failed+1, err
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("connect to %s: %w", s.node, err)
	}
	sleep(ctx, keep)
	return conn.Close()
}

// blow makes connections until ctx ends, and waits until they are closed. One that takes long holds up no other, as long as not too many are open.
func (s *storm) blow(ctx context.Context, rate int, keep time.Duration) {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var open sync.WaitGroup
	defer open.Wait()
	room := make(chan struct{}, mostOpen)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case room <- struct{}{}:
			open.Go(func() {
				defer func() { <-room }()
				_ = s.one(ctx, keep) // counted
			})
		default: // too many are being made: the node does not keep up
		}
	}
}

// tell writes down how it went.
func (s *storm) tell(w *Witness) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.took) == 0 {
		return // it never began, which is told
	}
	slices.Sort(s.took)
	w.Note("%s: %d connections were made, half of them within %s, the slowest in %s; %d failed", s.node, len(s.took),
		report.Human(s.took[len(s.took)/2]), report.Human(s.took[len(s.took)-1]), s.failed)
	if s.last != nil {
		w.Note("%s: the last failure: %v", s.node, s.last)
	}
}
