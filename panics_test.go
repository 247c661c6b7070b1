package squall_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A bomb is a driver that panics when it is asked for the cluster's state, once it is armed.
type bomb struct {
	broker.Driver
	armed atomic.Bool
}

func (b *bomb) State(ctx context.Context) (broker.State, error) {
	if b.armed.Load() {
		panic("a bug in the driver")
	}
	return b.Driver.State(ctx)
}

// arming arms a bomb when a fault is in force.
type arming struct{ *bomb }

func (a arming) Observe(e report.Event) {
	if e.Fault != nil && e.Fault.Effective >= 0 {
		a.armed.Store(true)
	}
}

// A mine is an observer that panics when a fault is in force.
type mine struct{}

func (mine) Observe(e report.Event) {
	if e.Fault != nil && e.Fault.Effective >= 0 {
		panic("a bug in an observer")
	}
}

// A press is a file of events that panics when a fault is in force.
type press struct{}

func (press) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "death effective") {
		panic("a bug in the file")
	}
	return len(line), nil
}

// Whatever panics, what is broken is mended, there is a report that says so, and the panic is told with where it was.
func TestPanicHeals(t *testing.T) {
	for name, c := range map[string]struct {
		observer func(*bomb) squall.Observer
		events   io.Writer
	}{
		"the driver":         {func(b *bomb) squall.Observer { return arming{b} }, nil},
		"an observer":        {func(*bomb) squall.Observer { return mine{} }, nil},
		"the file of events": {func(*bomb) squall.Observer { return &events{} }, press{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, bed := testbed(t, quietly+"faults: [ { name: death, at: 0s, for: 30s, kill: b2 } ]\nexpect: [ lost == 0 ]\n")
			b, after, begun := &bomb{Driver: bed.Driver}, &events{}, time.Now()
			bed.Driver, bed.Events = b, c.events
			r, err := squall.Run(t.Context(), s, bed, c.observer(b), after)
			if err == nil || !strings.Contains(err.Error(), "a bug in ") || !strings.Contains(err.Error(), "panics_test.go") {
				t.Errorf("the error is %v", err)
			}
			if up, err := bed.Cluster.Nodes()[1].(broker.Process).Running(context.Background()); err != nil || !up {
				t.Errorf("b2 runs: %v, %v", up, err)
			}
			if r == nil || r.Verdict.ExitCode != report.ExitInternal || r.Verdict.Outcome == report.Pass || !strings.Contains(r.Verdict.Sentence, "panic") {
				t.Fatalf("the report is %+v", r)
			}
			if f := r.Faults[0]; f.Name != "death" || f.Healed < f.Effective || f.HealError != "" || r.Safety.Lost != 0 {
				t.Errorf("%+v; %d are called lost", f, r.Safety.Lost)
			}
			if last := after.all[len(after.all)-1]; last.Type != report.EventVerdict {
				t.Errorf("another observer was told last of %s", last.Type)
			}
			if took := time.Since(begun); took > 25*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
