//go:build !linux

package loadgen

// preciseHere says that this system cannot wait precisely.
const preciseHere = false

// newTimerfd returns nil: the runtime's timer does it.
func newTimerfd() waiter { return nil }

// newThread returns nil: senders wait economically, and the report says so.
func newThread() waiter { return nil }
