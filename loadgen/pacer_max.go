package loadgen

import "time"

// Max is no schedule: a message is due when the client has room for it, so the broker sets the pace (a closed loop). It finds ceilings. Its
// latencies say nothing of what users would wait, because a slow broker is sent less.
type Max struct{}

// Due implements Pacer: everything is due at once. A Sender that is given Max counts from the moment at which it hands a message over.
func (Max) Due(uint64) (time.Duration, bool) { return 0, true }

// Count implements Curve; how many there will be is not known.
func (Max) Count(time.Duration) float64 { return 0 }
