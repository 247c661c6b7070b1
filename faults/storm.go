package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A storm is the connections that go to one node. A connection may be accepted by who passes it on, an engine's port or a proxy, so what counts is the
// broker's own answer on it.
type storm struct {
	node, addr string
	dial       func(ctx context.Context, network, addr string) (net.Conn, error)
	greeter    broker.Greeter // nil: this kind of broker cannot be asked
	room       chan struct{}  // for each connection that is open, of all nodes
	goOn       func(func())   // runs what is done for one connection

	mu             sync.Mutex
	made, answered *times // since each connection was begun
	refused        int    // by whoever listens there
	failed         int    // otherwise, such as by taking too long
	unanswered     int    // made, and closed before an answer, or none came in time
	skipped        int    // not begun, for want of room
	last           error  // of what was refused, failed or not answered
	own            error  // squall's own machine had no more to give
}

// connectWithin is how long a connection may take, and so long again its answer.
const connectWithin = 5 * time.Second

// A guest is a connection of a storm.
type guest struct {
	net.Conn
	begun, made time.Time
}

// connect makes a connection.
func (s *storm) connect(ctx context.Context) (*guest, error) {
	dialing, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	g := &guest{begun: time.Now()}
	var err error
	g.Conn, err = s.dial(dialing, "tcp", s.addr)
	g.made = time.Now()
	s.dialed(ctx, g, err)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.node, err)
	}
	return g, nil
}

// stay has the broker answer on a connection, keeps it for as long as it is to be kept since it was made, and closes it.
func (s *storm) stay(ctx context.Context, g *guest, keep time.Duration) {
	defer g.Close()
	s.greet(ctx, g)
	sleep(ctx, keep-time.Since(g.made))
}

// dialed counts what became of a dial. What the end of the storm cut short is nobody's failure.
func (s *storm) dialed(ctx context.Context, g *guest, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.made.add(g.made.Sub(g.begun))
		return
	case ctx.Err() != nil:
		return
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		s.own = err
		return
	case errors.Is(err, syscall.ECONNREFUSED):
		s.refused++
	default:
		s.failed++
	}
	s.last = err
}

// greet waits for the broker's answer on a connection.
func (s *storm) greet(ctx context.Context, g *guest) {
	if s.greeter == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	err := s.greeter.Greet(asking, broker.Producers, s.addr, g.Conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.answered.add(time.Since(g.begun))
	case ctx.Err() == nil:
		s.unanswered, s.last = s.unanswered+1, err
	}
}

// blow makes connections until ctx ends, beside the first, and waits until they are closed. One that takes long holds up no other, as long as not too many are open.
func (s *storm) blow(ctx context.Context, first *guest, rate int, keep time.Duration) {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var open sync.WaitGroup
	defer open.Wait()
	open.Go(func() { s.goOn(func() { s.stay(ctx, first, keep) }) })
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case s.room <- struct{}{}:
			open.Go(func() {
				defer func() { <-s.room }()
				s.goOn(func() {
					if g, err := s.connect(ctx); err == nil { // else it is counted
						s.stay(ctx, g, keep)
					}
				})
			})
		default: // too many are being made: a node does not keep up
			s.mu.Lock()
			s.skipped++
			s.mu.Unlock()
		}
	}
}

// tell writes down how it went.
func (s *storm) tell(w *Witness) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made.count() == 0 {
		return // it never began, which is told
	}
	w.Note("%s: %d connections were made, %s; %d were refused, %d failed", s.node, s.made.count(), s.made, s.refused, s.failed)
	switch {
	case s.greeter == nil:
		w.Note("%s: whether the broker answered on them is not known: this kind of broker cannot be asked", s.node)
	case s.answered.count() == 0:
		w.Wrong("%s: %d connections were made, and the broker answered on none: they may have got no further than who passes them on", s.node, s.made.count())
	default:
		w.Note("%s: the broker answered on %d of them, %s, counted from the dial; %d got none, %d still waited for one at the end", s.node, s.answered.count(), s.answered,
			s.unanswered, s.made.count()-s.answered.count()-s.unanswered)
	}
	if s.last != nil {
		w.Note("%s: the last failure: %v", s.node, s.last)
	}
	if s.skipped > 0 {
		w.Note("%s: %d more were due and not begun, for %s were open at once, which is the most", s.node, s.skipped, report.Thousands(mostOpen))
	}
	if s.own != nil {
		w.Wrong("%s: squall's own machine had no more to give: %v; lower rate", s.node, s.own)
	}
}

// times are how long something took, from 1 µs to twice connectWithin, to three digits.
type times struct{ hdr *hdrhistogram.Histogram }

func newTimes() *times { return &times{hdrhistogram.New(1, (2 * connectWithin).Microseconds(), 3)} }

func (t *times) add(d time.Duration) {
	_ = t.hdr.RecordValue(min(max(d.Microseconds(), t.hdr.LowestTrackableValue()), t.hdr.HighestTrackableValue())) // which is in range
}

func (t *times) count() int { return int(t.hdr.TotalCount()) }

// String prints the usual percentiles.
func (t *times) String() string {
	at := func(us int64) string { return report.Human(time.Duration(us) * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p99 %s, max %s", at(t.hdr.ValueAtQuantile(50)), at(t.hdr.ValueAtQuantile(99)), at(t.hdr.Max()))
}
