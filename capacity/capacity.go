// Package capacity makes many runs of one scenario at different rates and says which is the highest at which everything that the scenario expects still
// holds: with every broker, with one down, while that one catches up. It decides which rate is tried next and what a run of it is worth; it knows neither brokers
// nor testbeds, and whoever calls it runs a scenario for it.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A Runner makes one run of a scenario, with its results in a folder of this name, below that of the search. Runs that differ in topic and load alone may have
// one cluster. Without a report nothing was measured; beside one, the error is for what is not about the cluster. When ctx ends, the run ends in good order.
type Runner func(ctx context.Context, s *scenarios.Scenario, folder string) (*report.Report, error)

// Options are what Run needs to know beside how it is to search.
type Options struct {
	Settings
	Faults Faults
	// CPUs are the processors that brokers and generator share; 0: not known, and no limits are seen to.
	CPUs int
	// Scenario reads the scenario, with what is set besides on top of what was set before.
	Scenario func(set ...string) (*scenarios.Scenario, error)
	Run      Runner
	// Fresh reports whether a run would begin with a cluster that was just started; nil: none would. It has the scenario's warm-up then, where that is longer than
	// what each point settles: a broker that compiles itself as it goes is slow for a minute, and answers for none of its later rates.
	Fresh func(*scenarios.Scenario) bool
	// Ceiling finds how many messages a second this machine's generator can send at all with a scenario's settings; 0: nobody can know. Nil: nobody asks.
	Ceiling  func(context.Context, *scenarios.Scenario) (float64, error)
	Goal     *Goal                            // what the cluster is to carry one day; nil: nobody said
	Expect   []string                         // expectations beside the scenario's own
	Code     func(error) report.ExitCode      // what an error of the runner means
	Now      func() time.Time                 // nil: time.Now
	Progress func(format string, args ...any) // is told what goes on, key=value; nil: nobody is
	Keep     func(*Result)                    // is told the result so far after each point
	Watch    func(*report.Search)             // is told how it goes whenever that changes, and must not block; nil: nobody is
	Earlier  *Result                          // of the same search, that ended before its plan did; nil: it begins
	Command  []string                         // what repeats it
	Version  string                           // squall's own
}

// Faults says whether it is also measured what the cluster carries when something is broken.
type Faults string

// What can be said of it.
const (
	FaultsAuto Faults = "auto" // where there are three brokers or more, which are real
	FaultsOn   Faults = "on"
	FaultsOff  Faults = "off"
)

// going is a search that is going on.
type going struct {
	Options
	*plan
	result  *Result
	earlier map[string][]Point            // points of an earlier sitting, by curve, that were not asked for again yet
	sofar   time.Duration                 // what earlier sittings took
	begun   time.Time                     // this one
	points  int                           // that there are, of all curves
	states  map[string]report.SearchState // of parts, by name; missing: to come
	asked   *report.SearchPoint           // what is being measured; nil: nothing is
	asks    *search                       // that asked for it; nil: none did
	failed  error                         // why nothing is measured any more; nil: it is
}

// Run searches, and returns what came of it; its Verdict says what that comes to. It returns when everything is measured that was to be, or ctx ended. An error says
// that the question cannot be asked so, or that nothing could be run.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	if o.Keep == nil {
		o.Keep = func(*Result) {}
	}
	p, err := newPlan(&o)
	if err != nil {
		return nil, err
	}
	g := &going{Options: o, plan: p, begun: o.Now(), earlier: map[string][]Point{}, states: map[string]report.SearchState{}}
	g.result = p.result(&o)
	if err := g.resume(); err != nil {
		return nil, err
	}
	g.Progress("capacity plan points=~%d about=~%s states=%q%s", o.Settings.Points, report.Roughly(o.Settings.Estimate), p.states(), given(o.Settings))
	g.search(ctx)
	if g.failed != nil && g.points == 0 {
		return nil, g.failed
	}
	if g.ended(ctx) {
		g.stop(ctx)
	}
	g.keep()
	return g.result, nil
}

// Plan returns what Run would do, without doing it: a result without a point.
func Plan(o Options) (*Result, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	p, err := newPlan(&o)
	if err != nil {
		return nil, err
	}
	return p.result(&o), nil
}

// resume takes over what an earlier sitting measured.
func (g *going) resume() error {
	e := g.Earlier
	if e == nil {
		return nil
	}
	if why := g.differs(e); why != "" {
		return fmt.Errorf("the search cannot go on: %s; begin another one", why)
	}
	for _, c := range e.Curves {
		g.earlier[c.Name] = c.Points
	}
	g.result.Started, g.sofar, g.result.Resumed = e.Started, e.Took, e.Resumed+1
	g.result.Host, g.result.Broker = e.Host, e.Broker
	return nil
}

// differs says in what an earlier search was another one; empty: it was the same.
func (g *going) differs(e *Result) string {
	a, b := e.Settings, g.Settings
	switch {
	case e.Effective != g.result.Effective:
		return "the scenario, or what was set in it, is not what it was"
	case !slices.Equal(e.Expectations, g.result.Expectations):
		return "the expectations are not what they were"
	case a.From != b.From || a.To != b.To || a.Resolution != b.Resolution || a.Confirm != b.Confirm || a.Settling != b.Settling || a.Measuring != b.Measuring:
		return "it was searched otherwise: --from, --to, --resolution, --confirm, --settle or --measure"
	case !slices.EqualFunc(a.Sweeps, b.Sweeps, func(a, b Sweep) bool { return a.Path == b.Path && slices.Equal(a.Values, b.Values) }):
		return "other values were swept over"
	}
	return ""
}

// keep tells the result so far.
func (g *going) keep() {
	g.result.Took = g.sofar + g.Now().Sub(g.begun)
	g.result.judge()
	g.result.Analyse()
	if g.points > 0 { // else there is nothing to keep
		g.Keep(g.result)
	}
}

// ended reports whether nothing is measured any more.
func (g *going) ended(ctx context.Context) bool { return ctx.Err() != nil || g.failed != nil }

// stop notes why the search ended before its plan.
func (g *going) stop(ctx context.Context) {
	if g.failed != nil {
		g.result.Stopped, g.result.StopCode = report.Plain(g.failed.Error()), g.Code(g.failed)
		return
	}
	stopped := squall.Stopped{By: fmt.Sprint(context.Cause(ctx)), Code: report.ExitInterrupted}
	errors.As(context.Cause(ctx), &stopped)
	g.result.Stopped, g.result.StopCode = stopped.By, stopped.Code
}

// protected makes a run, and returns a panic of it as an error.
func (g *going) protected(ctx context.Context, s *scenarios.Scenario, folder string) (_ *report.Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return g.Run(ctx, s, folder)
}
