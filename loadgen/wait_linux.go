package loadgen

import (
	"context"
	"os"
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

// A timerfd is a timer of the kernel's, which is a file: the runtime's poller wakes for it when it is due, and not at the next whole millisecond.
type timerfd struct {
	file *os.File
	fd   int
	read [8]byte // how often it has expired
}

// newTimerfd returns nil where there is none to be had.
func newTimerfd() waiter {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &timerfd{file: os.NewFile(uintptr(fd), "timer"), fd: fd}
}

func (*timerfd) tick() time.Duration { return time.Millisecond }

func (t *timerfd) wait(_ context.Context, pause time.Duration) {
	if pause <= 0 {
		return
	}
	once := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(pause))}
	if err := unix.TimerfdSettime(t.fd, 0, &once, nil); err != nil {
		time.Sleep(pause)
		return
	}
	if _, err := t.file.Read(t.read[:]); err != nil {
		time.Sleep(pause)
	}
}

func (t *timerfd) close() { t.file.Close() }

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
