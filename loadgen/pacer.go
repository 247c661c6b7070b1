package loadgen

import (
	"math"
	"time"
)

// A Pacer says when message n is due, counted from the start of the load, and false once the plan is over. It is pure, and never falls with n: the
// curve can be drawn before the run, and P producers stripe it without a lock (i, i+P, i+2P, ...).
type Pacer interface {
	Due(n uint64) (time.Duration, bool)
}

// A Curve is a Pacer that also tells the integral of its rate, whose inverse Due is: how many messages are to be due before t, on average. Of the
// messages themselves, as many are due by then, give or take one.
type Curve interface {
	Pacer
	Count(t time.Duration) float64
}

// A Sharer is a Pacer that is not striped: each of the producers is given a Pacer of its own, for one goroutine.
type Sharer interface {
	Share(shard, shards int) Pacer
}

// share returns what one of several producers sends, its own messages counted from 0.
func share(p Pacer, shard, shards int) Pacer {
	if s, ok := p.(Sharer); ok {
		return s.Share(shard, shards)
	}
	if shards == 1 {
		return p
	}
	return stripe{p, uint64(shard), uint64(shards)}
}

// A stripe is every P-th message of a plan.
type stripe struct {
	plan          Pacer
	shard, shards uint64
}

func (s stripe) Due(n uint64) (time.Duration, bool) { return s.plan.Due(s.shard + n*s.shards) }

// never bounds every due time, so that the start of the load can be added to it.
const never = math.MaxInt64 / 4

// after turns seconds into a due time; what is beyond all runs is never.
func after(seconds float64) time.Duration {
	if ns := seconds * float64(time.Second); ns < never {
		return time.Duration(ns)
	}
	return never
}

// Constant is a rate in messages per second that does not change and does not end.
type Constant struct {
	Rate float64 // messages per second, above 0
}

// Due returns n/Rate seconds.
func (c Constant) Due(n uint64) (time.Duration, bool) { return after(float64(n) / c.Rate), true }

// Count implements Curve.
func (c Constant) Count(t time.Duration) float64 { return c.Rate * t.Seconds() }

// Ramp is a rate that changes evenly for a time and stays where it got to.
type Ramp struct {
	From, To float64       // messages per second, 0 or more, not both 0
	Over     time.Duration // above 0
}

// Due implements Pacer. A ramp that ends with 0 ends.
func (r Ramp) Due(n uint64) (time.Duration, bool) {
	m, over := float64(n), r.Over.Seconds()
	if whole := (r.From + r.To) / 2 * over; m >= whole {
		return after(over + (m-whole)/r.To), r.To > 0
	}
	if n == 0 {
		return 0, true
	}
	// From*t + slope/2*t^2 = m, solved so that nothing cancels out
	slope := (r.To - r.From) / over
	return after(2 * m / (r.From + math.Sqrt(max(r.From*r.From+2*slope*m, 0)))), true
}

// Count implements Curve.
func (r Ramp) Count(t time.Duration) float64 {
	s, over := t.Seconds(), r.Over.Seconds()
	if s >= over {
		return (r.From+r.To)/2*over + (s-over)*r.To
	}
	return s * (r.From + (r.To-r.From)/over*s/2)
}

// A Step is a rate that holds for a time.
type Step struct {
	Rate float64       // messages per second; 0: nothing is due
	For  time.Duration // above 0
}

// Steps are rates one after the other, of which the last does not end. Not all are 0.
type Steps []Step

// Due implements Pacer. Steps that end with 0 end.
func (s Steps) Due(n uint64) (time.Duration, bool) {
	m, begin := float64(n), 0.0
	for i, step := range s {
		over := step.For.Seconds()
		if whole := step.Rate * over; m >= whole && i < len(s)-1 {
			m -= whole
			begin += over
			continue
		}
		return after(begin + m/step.Rate), step.Rate > 0
	}
	return never, false
}

// Count implements Curve.
func (s Steps) Count(t time.Duration) float64 {
	count := 0.0
	for i, step := range s {
		if t <= step.For || i == len(s)-1 {
			return count + step.Rate*t.Seconds()
		}
		count += step.Rate * step.For.Seconds()
		t -= step.For
	}
	return count
}

// Burst is a rate that jumps to a peak again and again: first after Every, and then each time that Every has passed.
type Burst struct {
	Base  float64       // messages per second between the peaks, 0 or more
	Peak  float64       // messages per second, above 0
	Every time.Duration // from the beginning of a peak to the next one's
	For   time.Duration // how long a peak lasts, above 0, below Every
}

// Due implements Pacer.
func (b Burst) Due(n uint64) (time.Duration, bool) {
	m, every, length := float64(n), b.Every.Seconds(), b.For.Seconds()
	if m < b.Base*every {
		return after(m / b.Base), true
	}
	m -= b.Base * every
	peak := b.Peak * length
	whole := peak + b.Base*(every-length)
	periods := math.Floor(m / whole)
	begin, m := (periods+1)*every, max(m-periods*whole, 0)
	if m < peak || b.Base == 0 {
		return after(begin + m/b.Peak), true
	}
	return after(begin + length + (m-peak)/b.Base), true
}

// Count implements Curve.
func (b Burst) Count(t time.Duration) float64 {
	periods := max(t/b.Every-1, 0) // whole ones, and peaks that are over
	high := periods * b.For
	if t >= b.Every {
		high += min(t%b.Every, b.For)
	}
	return b.Peak*high.Seconds() + b.Base*(t-high).Seconds()
}
