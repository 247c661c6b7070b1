package broker

import "time"

// A Clock counts from one moment, the start of the run, on the monotonic clock. Every time of a run is told on one clock.
type Clock struct{ start time.Time }

// NewClock returns a clock that starts now.
func NewClock() Clock { return Clock{start: time.Now()} }

// Now returns the time since the clock's start.
func (c Clock) Now() time.Duration { return time.Since(c.start) }

// At returns t as this clock tells it.
func (c Clock) At(t time.Time) time.Duration { return t.Sub(c.start) }

// UTC returns the wall-clock time at d of this clock.
func (c Clock) UTC(d time.Duration) time.Time { return c.start.Add(d).UTC() }
