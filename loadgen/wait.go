package loadgen

import (
	"context"
	"time"
)

// A Pacing is how senders wait for the moment at which the next message is due. A sender that wakes releases everything that is due by then, each
// message with its own due time, so that the rate is exact however late it wakes; what differs is the lag, and what it costs.
type Pacing string

// The ways to wait.
const (
	Economical Pacing = "economical" // wakes each millisecond at most; on Linux by a timer of the kernel's
	Precise    Pacing = "precise"    // wakes each message on its own thread, or some 50 µs apart; wants a core for each sender
)

// String says what it does, for reports.
func (p Pacing) String() string {
	if p == Precise && preciseHere {
		return "precise: a thread for each producer, which sleeps until shortly before a message is due and watches the clock for the rest"
	}
	return "economical: a tick of 1 ms, every message with its own due time"
}

// A waiter lets one goroutine sleep.
type waiter interface {
	// tick is how long a sender sleeps at least, so that it does not wake for every message of a high rate.
	tick() time.Duration
	// wait returns when the pause is over, or somewhat later; earlier when ctx ends, where the waiter can tell. A pause of 0 or less is none.
	wait(ctx context.Context, pause time.Duration)
	close()
}

// waiter returns the waiter of the calling goroutine, which alone uses it.
func (p Pacing) waiter() waiter {
	var w waiter
	switch p {
	case Precise:
		w = newThread()
	case Economical:
		w = newTimerfd()
	}
	if w == nil {
		w = timer{time.NewTimer(0)}
	}
	return w
}

// A timer is the runtime's own. Where the process has nothing else to do, it wakes at whole milliseconds, later and never earlier
// (https://go.dev/issue/53824): to wake about once in one, it is asked for half.
type timer struct{ *time.Timer }

func (timer) tick() time.Duration { return time.Millisecond / 2 }

func (t timer) wait(ctx context.Context, pause time.Duration) {
	t.Reset(max(pause, 0))
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (t timer) close() { t.Stop() }
