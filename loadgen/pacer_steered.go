package loadgen

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// soon is how much later than it was asked for a change takes effect: until then every sender, however idle, has looked at its schedule again.
	soon = 2 * longestSleep
	// mostChanges bounds how often a rate is changed: each change is looked for once by every sender, and stays in the saved scenario.
	mostChanges = 50
	// highestRate is above what any machine generates, in messages per second.
	highestRate = 1e8
)

// A Steered is a curve whose rate can be changed by hand while the load is on. From a change on the rate is constant, or random about its mean where
// arrivals are. It is not striped: see Share.
type Steered struct {
	plan     Curve
	clock    broker.Clock
	changing sync.Mutex // one change at a time
	begun    bool
	start    time.Duration // on the clock
	over     bool
	segments atomic.Pointer[[]segment] // each list is never written again
}

// A segment is the curve from a moment on, which is its zero.
type segment struct {
	from  time.Duration // since the start of the load
	curve Curve
}

// A Change is a rate that was set by hand.
type Change struct {
	At   time.Duration // since the start of the load, in whole milliseconds
	Rate float64       // messages per second
}

// NewSteered returns a curve that can be changed. The error says why this one cannot: a closed loop, or recorded arrivals.
func NewSteered(plan Curve, clock broker.Clock) (*Steered, error) {
	if _, ok := plan.(Max); ok {
		return nil, errors.New("the load is a closed loop (rate: max), in which the brokers set the rate")
	}
	if _, ok := plan.(interface{ Last() time.Duration }); ok {
		return nil, errors.New("the load repeats recorded arrivals (a trace), which have no rate to change")
	}
	s := &Steered{plan: plan, clock: clock}
	s.segments.Store(&[]segment{{0, plan}})
	return s, nil
}

// Begin says when the load starts, on the clock. Rates can be set from then on.
func (s *Steered) Begin(start time.Duration) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.begun, s.start = true, start
}

// End says that the load is over. Rates cannot be set any more.
func (s *Steered) End() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.over = true
}

// SetRate changes the rate of all senders together, in messages per second, at one moment a fifth of a second later. It is an error where the rate
// is not above 0, the load is not on, or the rate has been changed very often.
func (s *Steered) SetRate(perSecond float64) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	before := *s.segments.Load()
	switch {
	case !(perSecond > 0 && perSecond <= highestRate):
		return fmt.Errorf("a rate of %v messages per second cannot be set: write one above 0, and at most %.0f", perSecond, highestRate)
	case !s.begun:
		return errors.New("the load is not on yet")
	case s.over:
		return errors.New("the load is over")
	case len(before) > mostChanges:
		return fmt.Errorf("the rate has been changed %d times; a run keeps no more", mostChanges)
	}
	from := (max(s.clock.Now()-s.start, 0) + soon).Truncate(time.Millisecond)
	next := append(before[:len(before):len(before)], segment{from, s.anew(perSecond, len(before))})
	s.segments.Store(&next)
	return nil
}

// anew is the curve of the segment with a number.
func (s *Steered) anew(rate float64, number int) Curve {
	if p, ok := s.plan.(Poisson); ok {
		return Poisson{Rate: rate, Seed: mix(p.Seed + uint64(number))}
	}
	return Constant{rate}
}

// Changes returns the rates that were set, in order.
func (s *Steered) Changes() []Change {
	var all []Change
	for _, g := range (*s.segments.Load())[1:] {
		all = append(all, Change{g.from, g.curve.Count(time.Second)})
	}
	return all
}

// Due implements Pacer, for one producer and from the beginning each time: use Share.
func (s *Steered) Due(n uint64) (time.Duration, bool) {
	all := s.Share(0, 1)
	for i := range n {
		_, _ = all.Due(i)
	}
	return all.Due(n)
}

// Count implements Curve.
func (s *Steered) Count(t time.Duration) float64 {
	segments, count := *s.segments.Load(), 0.0
	for i, g := range segments {
		end := t
		if i+1 < len(segments) {
			end = min(t, segments[i+1].from)
		}
		if end > g.from {
			count += g.curve.Count(end - g.from)
		}
	}
	return count
}

// Share returns one producer's part. It is asked for one message after the other, for each as often as one likes: a message that is due later than now
// may still come to be due at another time. It never ends, as its rate may rise again.
func (s *Steered) Share(shard, shards int) Pacer {
	first := (*s.segments.Load())[0]
	return &helm{of: s, shard: shard, shards: shards, pacer: share(first.curve, shard, shards)}
}

// A helm is one producer's way through the segments.
type helm struct {
	of            *Steered
	shard, shards int
	at            int           // the segment
	pacer         Pacer         // its, for this producer
	from          time.Duration // its zero
	base          uint64        // the producer's messages before it
	asked         uint64
	due, before   time.Duration // of the message asked for last, and of the one before it
}

func (h *helm) Due(n uint64) (time.Duration, bool) {
	if n != h.asked {
		h.asked, h.before = n, h.due
	}
	for {
		h.due = never
		if due, ok := h.pacer.Due(n - h.base); ok {
			h.due = min(h.from+due, never)
		}
		segments := *h.of.segments.Load()
		if h.at+1 == len(segments) || h.due < segments[h.at+1].from {
			return h.due, true
		}
		h.turn(n, segments[h.at+1])
	}
}

// turn enters the next segment with message n. Where the change came to be known too late, because the machine stood still, the segment begins behind what
// was sent, so that due times do not fall.
func (h *helm) turn(n uint64, next segment) {
	h.at++
	h.base, h.from = n, max(next.from, h.before)
	h.pacer = share(next.curve, h.shard, h.shards)
}

// Steps returns the curve as it was steered until end, as at most so many steps, 2 at least more than there were changes. What was no constant rate
// before the first change is its average of each second, or of longer spans where there are too many; random arrivals are their mean. Where several
// changes took effect at one moment, the last one stands. Without a change it is nil.
func (s *Steered) Steps(end time.Duration, most int) Steps {
	changes := s.Changes()
	if len(changes) == 0 {
		return nil
	}
	steps := planned(s.plan, changes[0].At, most-len(changes))
	for i, c := range changes {
		until := max(end, c.At+time.Second)
		if i+1 < len(changes) {
			until = changes[i+1].At
		}
		if until > c.At {
			steps = append(steps, Step{c.Rate, until - c.At})
		}
	}
	return steps
}

// planned returns a curve until a moment as steps.
func planned(c Curve, until time.Duration, most int) Steps {
	switch p := c.(type) {
	case Constant:
		return Steps{{p.Rate, until}}
	case Poisson:
		return Steps{{p.Rate, until}}
	case *Steps:
		if cut := p.cut(until); len(cut) <= most {
			return cut
		}
	case Steps:
		return planned(&p, until, most)
	}
	n := min(max(int(math.Ceil(until.Seconds())), 1), most)
	steps := make(Steps, n)
	for i := range steps {
		from, to := until*time.Duration(i)/time.Duration(n), until*time.Duration(i+1)/time.Duration(n)
		from, to = from.Round(time.Millisecond), to.Round(time.Millisecond)
		steps[i] = Step{math.Round((c.Count(to)-c.Count(from))/(to-from).Seconds()*1000) / 1000, to - from}
	}
	return steps
}

// cut returns the steps until a moment.
func (s Steps) cut(until time.Duration) Steps {
	var all Steps
	for i, step := range s {
		if until <= step.For || i == len(s)-1 {
			return append(all, Step{step.Rate, until})
		}
		all = append(all, step)
		until -= step.For
	}
	return all
}
