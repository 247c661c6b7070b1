package loadgen

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// preciseHere says that this system can wait precisely.
const preciseHere = true

const (
	threadTick = 50 * time.Microsecond // at high rates: 20,000 times a second is what one core does beside sending
	threadSpin = 15 * time.Microsecond // how much too late a sleep ends on an idle machine
)

// A thread is an operating system's thread of its own, whose sleep ends exactly, and which watches the clock for the last microseconds.
type thread struct{}

// newThread takes the calling goroutine's thread until close.
func newThread() waiter {
	runtime.LockOSThread()
	// The kernel bundles wake-ups within 50 µs unless it is told not to; where it does not obey, the lag shows it.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return thread{}
}

func (thread) tick() time.Duration { return threadTick }

func (thread) wait(_ context.Context, pause time.Duration) {
	end := time.Now().Add(pause)
	if pause > threadSpin {
		left := unix.NsecToTimespec(int64(pause - threadSpin))
		_ = unix.Nanosleep(&left, nil) // a signal ends it early: the clock is watched for what is left
	}
	for time.Now().Before(end) {
	}
}

// close gives the thread back with the kernel's own ways.
func (thread) close() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	runtime.UnlockOSThread()
}
