// Package squall runs one scenario against a running cluster, from the topic's creation to the verdict. It knows what happens in which order, and
// nothing of containers, client libraries, terminals or files.
package squall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A Testbed is a running cluster and the driver that speaks to it. Whoever made them closes them.
type Testbed struct {
	Kind    broker.Kind
	Cluster broker.Cluster
	Driver  broker.Driver
	Clock   broker.Clock
	RunID   string        // names the run
	Run     uint64        // the same in every message
	Version string        // squall's own
	Command []string      // what repeats the run
	Events  io.Writer     // where events.ndjson goes; nil: nowhere
	Todo    Todo          // where it is kept what is still to be reverted; nil: nowhere
	Host    *host.Machine // where it is looked what else the machine does; nil: nowhere
	Stop    func()        // ends the plan for a Watcher, as whoever made ctx does; nil: a Watcher cannot
	// Save keeps what a Watcher wants to keep beside the run's results, in a file of about that name, and returns its path. Nil: nothing can be kept.
	Save func(name string, data []byte) (path string, err error)
	// Calibration is what the generator reached before the run; nil: nobody asked.
	Calibration *report.Calibration
}

// An Observer is told one event at a time, in order, and must not block.
type Observer interface{ Observe(report.Event) }

// Stopped is the cause of a context that ends a run before its plan does.
type Stopped struct {
	By    string          // what ended it: "Ctrl-C"
	Code  report.ExitCode // what the process is to end with
	Quick bool            // there are seconds left: nothing is healed, drained or read again
}

func (s Stopped) Error() string { return "stopped by " + s.By }

// Run runs the scenario and returns its report, which is judged. When ctx ends, the plan ends: faults are reverted, consumers drained and the log
// read all the same, unless the cause is a Stopped in a hurry. Without a report, nothing was measured. Beside one, the error is for what is not about the
// cluster: the file of events, or a panic, after which faults are reverted and nothing is waited for; or what could not be taken away again from a cluster of
// others.
func Run(ctx context.Context, s *scenarios.Scenario, bed Testbed, observers ...Observer) (_ *report.Report, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newRun(s, bed, observers, cancel)
	defer func() { err = errors.Join(err, r.close()) }()

	if err := r.prepare(ctx); err != nil {
		return nil, errors.Join(err, r.vacate(ctx))
	}
	stopped := r.play(ctx)
	if !r.panics.survives(func() { r.settle(ctx, stopped) }) { // then nobody knows how far it came
		r.final = ledger.Final{Starts: r.final.Starts, Reason: "squall panicked"}
		r.leave(context.WithoutCancel(ctx))
	}
	if r.panics.err() != nil {
		stopped = panicked
	}
	ended := r.rest()
	err = r.vacate(ctx)
	return r.report(stopped, ended), errors.Join(err, r.panics.err())
}

// stop returns why ctx ended.
func stop(ctx context.Context) Stopped {
	var s Stopped
	if cause := context.Cause(ctx); cause != nil && !errors.As(cause, &s) {
		s = Stopped{By: cause.Error(), Code: report.ExitInterrupted}
	}
	return s
}

// wait waits until the clock shows at, or ctx ends.
func wait(ctx context.Context, clock broker.Clock, at time.Duration) {
	timer := time.NewTimer(at - clock.Now())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// until asks again and again, until ok, ctx ends, or bound has passed since ok's progress last changed. It reports whether ok came.
func until(ctx context.Context, every, bound time.Duration, ok func() (done bool, progress int64)) bool {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	moved, last := time.Now(), int64(-1)
	for {
		done, progress := ok()
		if done {
			return true
		}
		if progress != last {
			moved, last = time.Now(), progress
		}
		if time.Since(moved) > bound {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
