package squall_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// meddler is a watcher that acts when something is told.
type meddler struct {
	on  func(report.Event, report.Controls) // aside, one after the other
	all chan report.Event
}

func (m *meddler) Observe(e report.Event) { m.all <- e }
func (m *meddler) act(c report.Controls) func() {
	var aside sync.WaitGroup
	aside.Go(func() {
		for e := range m.all {
			m.on(e, c)
		}
	})
	return func() { close(m.all); aside.Wait() }
}

// playByHand runs a scenario of which the meddler meddles, and returns its report and what was saved last.
func playByHand(t *testing.T, text string, on func(report.Event, report.Controls)) (*report.Report, report.Controls, string) {
	t.Helper()
	s, bed := testbed(t, text)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	saved := ""
	bed.Stop = func() { cancel(squall.Stopped{By: "a watcher", Code: report.ExitInterrupted}) }
	bed.Save = func(name string, data []byte) (string, error) { saved = string(data); return name, nil }
	var controls report.Controls
	var end func()
	m := &meddler{on: on, all: make(chan report.Event, 10000)}
	first := controlled{m, func(c report.Controls) { controls, end = c, m.act(c) }}
	r, err := squall.Run(ctx, s, bed, first)
	if err != nil {
		t.Fatal(err)
	}
	end()
	return r, controls, saved
}

// controlled starts the meddler when it gets its controls.
type controlled struct {
	*meddler
	begin func(report.Controls)
}

func (c controlled) Control(controls report.Controls) { c.begin(controls) }

// isPhase reports whether an event begins a phase of this name.
func isPhase(e report.Event, name string) bool {
	return e.Type == report.EventPhase && e.Phase.Name == name
}

// A leader that is killed by hand is a fault as any other; the report says that the run was touched, and what was done can be run again.
func TestKillByHand(t *testing.T) {
	text := quietly + "faults: [ { name: planned, at: 6s, for: 1s, kill: b3 } ]\n" + expectSafe
	var errs []error
	r, c, saved := playByHand(t, text, func(e report.Event, c report.Controls) {
		switch {
		case isPhase(e, "baseline") && len(errs) == 0:
			errs = append(errs, c.Inject("{ kil: leader }"), c.Inject("{ kill: b7 }"), c.Inject("{ fill-disk: b1 }"))
		case isPhase(e, "during planned"):
			errs = append(errs, c.Inject("{ kill: leader,  for: 2s }"))
		case isPhase(e, "recovery by-hand-1"):
			_, err := c.Save()
			errs = append(errs, err)
		}
	})
	want := []string{`by hand:1:3: fault: there is no field and no fault "kil"`, `there is no target "b7"`, "needs run: containers", "", ""}
	for i, w := range want {
		if i >= len(errs) || (w == "") != (errs[i] == nil) || errs[i] != nil && !strings.Contains(errs[i].Error(), w) {
			t.Fatalf("got %v; want %q in place %d", errs, w, i)
		}
	}
	if len(r.Faults) != 2 || r.Faults[1].Name != "by-hand-1" || !r.Faults[1].ByHand || !r.Faults[1].Took() || r.Faults[1].Healed < r.Faults[1].Effective+2*time.Second {
		t.Fatalf("%+v", r.Faults)
	}
	if len(r.Recovery) != 2 || r.Recovery[1].Fault != "by-hand-1" || len(r.Recovery[1].Longest) == 0 {
		t.Errorf("its recovery: %+v", r.Recovery)
	}
	if touched := r.Run.Touched; len(touched) != 1 || touched[0].What != "{ kill: leader, for: 2s }" || !slices.Contains(r.Run.FaultNames, "by-hand-1") {
		t.Errorf("touched %v, names %v", touched, r.Run.FaultNames)
	}
	if r.Verdict.Outcome != report.Pass {
		t.Errorf("%+v", r.Verdict)
	}
	if r.History.LoadEnd < r.Faults[1].Healed+3*time.Second {
		t.Errorf("the load ended at %v, and it was healed at %v", r.History.LoadEnd, r.Faults[1].Healed)
	}
	again := read(t, saved)
	f := again.Faults[len(again.Faults)-1]
	if at := r.Faults[1].Commanded - r.Faults[1].Planned + f.At; f.Name != "by-hand-1" || f.Target.String() != "leader" || f.For < 2*time.Second || at < 5*time.Second || at > 9*time.Second {
		t.Errorf("saved %+v as\n%s", f, saved)
	}
	for what, err := range map[string]error{"inject": c.Inject("{ kill: b1, for: 1s }"), "revert": c.Revert()} {
		if !errors.Is(err, faults.ErrNotRunning) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	if second, _, _ := play(t, t.Context(), saved, nil); len(second.Faults) != 2 || !second.Faults[1].Took() || len(second.Run.Touched) != 0 {
		t.Errorf("run again: %+v", second.Faults)
	}
}

// What is in force ends by hand, also before the baseline is over, which then goes on; the plan ends when a watcher says so.
func TestRevertAndStopByHand(t *testing.T) {
	text := quietly + "faults: [ { name: long, at: 5s, for: 60s, kill: b2 } ]\n"
	var errs []error
	var phases []string
	r, _, saved := playByHand(t, strings.Replace(text, "baseline: 3s, recovery: 3s", "baseline: 6s, recovery: 1s", 1), func(e report.Event, c report.Controls) {
		if e.Type == report.EventPhase {
			phases = append(phases, e.Phase.Name)
		}
		switch {
		case isPhase(e, "baseline") && len(errs) == 0:
			errs = append(errs, c.Inject("{ pause: b1 }"))
		case e.Type == report.EventFault && strings.HasPrefix(e.Text, "by-hand-1 effective"), e.Type == report.EventFault && strings.HasPrefix(e.Text, "long effective"):
			errs = append(errs, c.Revert())
		case isPhase(e, "recovery long"):
			_, err := c.Save()
			errs = append(errs, c.Revert(), err)
			c.Stop()
		}
	})
	if len(errs) != 5 || errors.Join(errs[0], errs[1], errs[2], errs[4]) != nil || errs[3] == nil || errs[3].Error() != "no fault is in force" {
		t.Errorf("%v", errs)
	}
	if got := strings.Join(phases, ", "); !strings.HasPrefix(got, "warm-up, baseline, during by-hand-1, recovery by-hand-1, baseline, during long, recovery long, heal") {
		t.Errorf("phases: %s", got)
	}
	long := r.Faults[0]
	if r.Run.Stopped != "a watcher" || !long.Took() || long.Healed > long.Effective+30*time.Second || !slices.Contains(long.Evidence, "reverted by hand") {
		t.Errorf("stopped by %q: %+v", r.Run.Stopped, long)
	}
	if got := fmt.Sprint(r.Run.Touched); strings.Count(got, "revert") != 2 || len(r.Run.Touched) != 3 {
		t.Errorf("touched: %s", got)
	}
	again := read(t, saved)
	if len(again.Faults) != 2 {
		t.Fatalf("saved as\n%s", saved)
	}
	if again.Faults[0].For > 30*time.Second || again.Faults[1].At != 0 || !strings.Contains(saved, "the baseline ends 3s earlier, and every fault begins ") {
		t.Errorf("saved as\n%s", saved)
	}
}

// A rate that is changed by hand holds from then on, is told, and is saved as steps; nothing is lost or late because of it.
func TestRateByHand(t *testing.T) {
	var errs []error
	r, c, saved := playByHand(t, strings.Replace(quiet, "baseline: 3s", "baseline: 8s", 1)+expectSafe, func(e report.Event, c report.Controls) {
		switch {
		case isPhase(e, "baseline"):
			errs = append(errs, c.Rate(1800.5), c.Rate(0))
		case e.Type == report.EventWindow && len(errs) == 2 && e.Window.Due > 1700:
			errs = append(errs, c.Rate(60))
			_, err := c.Save()
			errs = append(errs, err)
		}
	})
	if len(errs) != 4 || errors.Join(errs[0], errs[2], errs[3]) != nil || errs[1] == nil {
		t.Fatalf("%v", errs)
	}
	if r.Verdict.Outcome != report.Pass || r.Safety.Sent != r.Safety.Acknowledged {
		t.Errorf("%+v; sent %d, acknowledged %d", r.Verdict, r.Safety.Sent, r.Safety.Acknowledged)
	}
	if got := fmt.Sprint(r.Run.Touched); len(r.Run.Touched) != 2 || !strings.Contains(got, "rate: 1800.5/s at") || !strings.Contains(got, "rate: 60/s at") {
		t.Errorf("touched: %s", got)
	}
	if share := r.History.Rate; share > 25 {
		t.Errorf("the slowest partition is said to have had %v/s", share)
	}
	again := read(t, saved)
	steps, ok := again.Load.Shape.(*loadgen.Steps)
	if !ok || len(*steps) != 3 || (*steps)[0].Rate != 600 || (*steps)[1].Rate != 1800.5 || (*steps)[2].Rate != 60 {
		t.Fatalf("saved %+v as\n%s", again.Load.Shape, saved)
	}
	last := r.History.LoadEnd.Truncate(time.Second) - time.Second
	for _, w := range r.Windows {
		from := w.Start - r.Windows[0].Start
		want := again.Curve().Count(from+time.Second) - again.Curve().Count(from)
		if w.Start < last && math.Abs(float64(w.Due)-want) > 3 {
			t.Errorf("second %v: %d due, the saved scenario has %v", from, w.Due, want)
		}
	}
	if err := c.Rate(100); err == nil || !strings.Contains(err.Error(), "over") {
		t.Errorf("after the end: %v", err)
	}
}

// On a cluster of others the rate that is stated as its most cannot be passed by hand either.
func TestRateByHandIsBounded(t *testing.T) {
	s, bed := testbed(t, strings.NewReplacer("baseline: 3s", "baseline: 1s", "recovery: 3s", "recovery: 1s").Replace(quiet))
	s.Broker.External.MaxRate = 700
	var errs []error
	var end func()
	m := &meddler{all: make(chan report.Event, 10000), on: func(e report.Event, c report.Controls) {
		if isPhase(e, "baseline") {
			errs = append(errs, c.Rate(701), c.Rate(700))
		}
	}}
	if _, err := squall.Run(t.Context(), s, bed, controlled{m, func(c report.Controls) { end = m.act(c) }}); err != nil {
		t.Fatal(err)
	}
	end()
	if len(errs) != 2 || errs[0] == nil || !strings.Contains(errs[0].Error(), "above broker.external.max-rate, which is 700/s") || errs[1] != nil {
		t.Errorf("%v", errs)
	}
}

// A closed loop has no rate to change, and says so.
func TestRateByHandOfAClosedLoop(t *testing.T) {
	var err error
	text := strings.NewReplacer("rate: 600/s", "rate: max", "baseline: 3s", "baseline: 1s", "recovery: 3s", "recovery: 1s").Replace(quiet)
	r, _, _ := playByHand(t, text, func(e report.Event, c report.Controls) {
		if isPhase(e, "baseline") {
			err = c.Rate(100)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "closed loop") || len(r.Run.Touched) != 0 {
		t.Errorf("%v; touched %v", err, r.Run.Touched)
	}
}

// Only what this testbed can do is offered, and each example is accepted as it stands.
func TestOffered(t *testing.T) {
	var offered []report.ByHand
	_, c, _ := playByHand(t, strings.Replace(quiet, "baseline: 3s", "baseline: 1s", 1), func(report.Event, report.Controls) {})
	offered = c.Faults
	s := read(t, quiet)
	var names []string
	for _, f := range offered {
		names = append(names, f.Kind)
		if _, err := s.ParseFault(f.Example, map[string]broker.Kind{"kafka": kafka.Kind}); err != nil || f.About == "" {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for name, want := range map[string]bool{"kill": true, "latency": true, "pause": true, "fill-disk": false, "throttle-cpu": false} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s offered: %v; all: %v", name, !want, names)
		}
	}
	if kill := offered[slices.Index(names, "kill")]; kill.Example != "{ kill: leader, for: 20s }" || !slices.Contains(kill.Targets, "b2") || !slices.Contains(kill.Targets, "controller") {
		t.Errorf("%+v", kill)
	}
	if c.Stop == nil || c.Save == nil || c.Inject == nil || c.Revert == nil || c.Rate == nil {
		t.Error("something is missing")
	}
}
