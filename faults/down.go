package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// How a process is ended.
const (
	byKill = "kill" // SIGKILL
	byStop = "stop" // SIGTERM, and SIGKILL when the grace is over
)

// defaultGrace is longer than a controlled shutdown takes on a busy machine; longestGrace leaves a way back the time to start the node.
const (
	defaultGrace = 20 * time.Second
	longestGrace = ActWithin / 2
)

// An ending is how faults end a process that they start again.
type ending struct {
	By    string
	Grace time.Duration
}

// Params are by and grace.
func (e *ending) Params() []Param {
	return []Param{
		{Name: "by", About: "how the process ends: kill (SIGKILL) or stop (SIGTERM, and SIGKILL when the grace is over)", Value: &e.By, OneOf: []string{byKill, byStop}},
		{Name: "grace", About: "with stop: how long the process has to end by itself", Value: &e.Grace},
	}
}

// Check wants a grace that leaves time for the way back.
func (e *ending) Check() error {
	if e.Grace > longestGrace {
		return fmt.Errorf("grace is %s, and may be %s at most", report.Human(e.Grace), report.Human(longestGrace))
	}
	return nil
}

// Acts are what is done to the process, one after the other.
func (e *ending) Acts() []broker.Act {
	if e.By == byStop {
		return []broker.Act{broker.ActStop, broker.ActStart}
	}
	return []broker.Act{broker.ActKill, broker.ActStart}
}

// noticed is as what a node that stays down is noticed: one that stops says so itself.
func (e *ending) noticed() Noticed {
	if e.By == byStop {
		return ""
	}
	return AsNode
}

// downed are the nodes that a fault ended or was about to end, and has to start again. Others were dead before, and stay so.
type downed struct {
	mu     sync.Mutex
	nodes  []broker.Node
	unsure map[broker.Node]bool // told as not ended, and perhaps about to end all the same
}

// end ends a node's process and writes down what shows it; the error is for one that runs on, or was not running before.
func (d *downed) end(ctx context.Context, v Victims, n broker.Node, how ending) error {
	if isGone(ctx, n) {
		return fmt.Errorf("%s was not running", n.Name())
	}
	d.mark(n, true)
	begun := time.Now()
	var err error
	if how.By == byStop {
		err = n.Stop(ctx, how.Grace)
	} else {
		err = n.Kill(ctx)
	}
	if err != nil {
		d.mark(n, !errors.Is(err, broker.ErrNotDone))
		return fmt.Errorf("%s %s: %w", how.By, n.Name(), err)
	}
	gone := time.Now()
	p, ok := n.(broker.Process)
	if !ok {
		d.mark(n, false)
		v.Witness.Effective(gone)
		v.Witness.Note("%s: ended in %s; this testbed cannot look whether the process is gone", n.Name(), report.Human(gone.Sub(begun)))
		return nil
	}
	switch running, err := p.Running(ctx); {
	case err != nil:
		return fmt.Errorf("look whether %s is gone: %w", n.Name(), err)
	case running:
		return fmt.Errorf("%s was %s, and its process still runs", n.Name(), map[string]string{byKill: "killed", byStop: "stopped"}[how.By])
	}
	d.mark(n, false)
	v.Witness.Effective(gone)
	v.Witness.Note("%s: process gone %s after the command%s", n.Name(), report.Human(gone.Sub(begun)), exitOf(ctx, n))
	return nil
}

// exitOf tells with what a process ended, where that is known.
func exitOf(ctx context.Context, n broker.Node) string {
	if vital, ok := n.(broker.Vital); ok {
		if now, err := vital.Vitals(ctx); err == nil && now.ExitCode >= 0 {
			return fmt.Sprintf(", exit code %d", now.ExitCode)
		}
	}
	return ""
}

// mark takes a node in, and writes down whether it may still be about to end.
func (d *downed) mark(n broker.Node, unsure bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unsure == nil {
		d.unsure = map[broker.Node]bool{}
	}
	if _, known := d.unsure[n]; !known {
		d.nodes = append(d.nodes, n)
	}
	d.unsure[n] = unsure
}

// endAll ends all victims at once.
func (d *downed) endAll(ctx context.Context, v Victims, how ending) error {
	return each(v.Nodes, func(n broker.Node) error { return d.end(ctx, v, n, how) })
}

// start starts all that was ended again; it is a Revert.
func (d *downed) start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return each(d.nodes, func(n broker.Node) error { return d.startOne(ctx, n) })
}

// startOne starts a node unless its process is known to run. One that may be about to end, because a command of which nobody knows what became was cut
// short, is ended first: it would be taken for running, and end a moment later.
func (d *downed) startOne(ctx context.Context, n broker.Node) error {
	if d.unsure[n] && !isGone(ctx, n) {
		short, cancel := context.WithTimeout(ctx, surely)
		defer cancel()
		if err := n.Kill(short); err != nil && !isGone(ctx, n) {
			return fmt.Errorf("end %s before its start: %w", n.Name(), err)
		}
	}
	return startAgain(ctx, n)
}

// isGone reports whether a node's process is known to have ended.
func isGone(ctx context.Context, n broker.Node) bool {
	p, ok := n.(broker.Process)
	if !ok {
		return false
	}
	running, err := p.Running(ctx)
	return err == nil && !running
}

// surely is how long a kill that is only to make sure may take.
const surely = 5 * time.Second

// startAgain starts a node unless its process is known to run.
func startAgain(ctx context.Context, n broker.Node) error {
	if p, ok := n.(broker.Process); ok {
		if running, err := p.Running(ctx); err == nil && running {
			return nil
		}
	}
	if err := n.Start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", n.Name(), err)
	}
	return nil
}

// bounce ends a node and starts it at once.
func (d *downed) bounce(ctx context.Context, v Victims, n broker.Node, how ending) error {
	if err := d.end(ctx, v, n, how); err != nil {
		return err
	}
	begun := time.Now()
	if err := startAgain(ctx, n); err != nil {
		return err
	}
	v.Witness.Note("%s: runs again, %s after its end", n.Name(), report.Human(time.Since(begun)))
	return nil
}

// aside runs what goes on after Inject, and returns the way back: it is asked to stop, waited for, and then what it ended is started. Its own acts are
// never cut short in the middle: what is half done cannot be undone.
func (d *downed) aside(ctx context.Context, v Victims, do func(context.Context)) Revert {
	stop := v.aside(ctx, do)
	return func(ctx context.Context) error {
		if err := stop(ctx); err != nil {
			return err
		}
		return d.start(ctx)
	}
}

// aside runs what goes on after Inject. What it returns asks it to stop, and waits for it.
func (v Victims) aside(ctx context.Context, do func(context.Context)) (stop Revert) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	go func() {
		defer close(over)
		v.goOn(func() { do(ctx) })
	}()
	return func(heal context.Context) error {
		cancel()
		select {
		case <-over:
			return nil
		case <-heal.Done():
			return errors.New("what it was doing did not end in time")
		}
	}
}

// uncut bounds one act that is not to be cut short.
func uncut(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), ActWithin*3/4)
}
