package loadgen

import "time"

// A Pacer says when message n is due, counted from the start of the load, and false once the plan is over. It is pure: the curve can be drawn
// before the run, and P producers stripe it without a lock (i, i+P, i+2P, ...).
type Pacer interface {
	Due(n uint64) (time.Duration, bool)
}

// Constant is a rate in messages per second that does not change and does not end.
type Constant struct {
	Rate float64 // messages per second, above 0
}

// Due returns n/Rate seconds.
func (c Constant) Due(n uint64) (time.Duration, bool) {
	return time.Duration(float64(n) / c.Rate * float64(time.Second)), true
}
