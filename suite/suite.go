// Package suite makes many runs one after another and says what they come to together: the nightly job. It decides what runs when, what counts and what is
// repeated, and shows the results; it knows neither brokers nor testbeds, and whoever calls it runs a scenario for it.
package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A Runner makes one run, with its results in a folder of this name, below the suite's. Without a report nothing was measured; beside one, the error is
// for what is not about the cluster. When ctx ends, the run ends in good order.
type Runner func(ctx context.Context, r *scenarios.SuiteRun, folder string) (*report.Report, error)

// Options are what Run needs to know beside the suite.
type Options struct {
	Run      Runner
	Code     func(error) report.ExitCode      // what an error of the runner means
	Now      func() time.Time                 // nil: time.Now
	Progress func(format string, args ...any) // is told what goes on, key=value; nil: nobody is
	Keep     func(*Result, []*report.Report)  // is told the results so far after each run, with the report of each run, in order; nil where there is none
	Version  string                           // squall's own
}

// inARow is how many runs of one scenario after another have to be inconclusive for that to be a failure.
const inARow = 3

// going is a suite that is being run.
type going struct {
	Options
	s       *scenarios.Suite
	runs    []scenarios.SuiteRun // in the order in which they are made
	result  *Result
	reports []*report.Report
	made    []*compare.Run           // what each run brings to a comparison; nil: it has no report
	beside  map[string]time.Duration // what the last run of each kind of testbed took beside its load
}

// Run makes the runs of a suite and returns what came of them; its Verdict says what they come to. It returns when all are over, or ctx ended.
func Run(ctx context.Context, s *scenarios.Suite, o Options) *Result {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	if o.Keep == nil {
		o.Keep = func(*Result, []*report.Report) {}
	}
	g := &going{Options: o, s: s, beside: map[string]time.Duration{}}
	g.runs, g.result = plan(s, o.Now())
	g.result.Version = o.Version
	g.reports, g.made = make([]*report.Report, len(g.runs)), make([]*compare.Run, len(g.runs))
	for i := range g.runs {
		if why := g.refuses(ctx, i); why != "" {
			g.result.Runs[i].NotRun = why
			g.Progress("suite skip %s why=%q", g.label(i), why)
		} else {
			g.run(ctx, i)
		}
		g.keep()
	}
	if g.result.Stopped == "" && ctx.Err() != nil {
		g.stop(ctx)
	}
	if g.result.Stopped == "" {
		if err := g.against(ctx); err != nil {
			g.result.ComparisonError = report.Plain(err.Error())
		}
	}
	g.keep()
	return g.result
}

// Plan returns what Run would do, in its order, without doing it: every run stands as one that was not made.
func Plan(s *scenarios.Suite, now time.Time) *Result {
	_, r := plan(s, now)
	r.judge()
	return r
}

func plan(s *scenarios.Suite, now time.Time) ([]scenarios.SuiteRun, *Result) {
	runs := append([]scenarios.SuiteRun{}, s.Runs...)
	r := &Result{Schema: SchemaVersion, Name: s.Name, About: s.About, Source: s.Source, Started: now.UTC(), Budget: s.Budget, Order: s.Order}
	if s.Order == scenarios.Seeded {
		seed := uint64(now.UnixNano())
		if s.Seed != nil {
			seed = *s.Seed
		}
		r.Seed = &seed
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	}
	for i := range runs {
		r.Runs = append(r.Runs, entry(&runs[i], i, now))
	}
	return runs, r
}

// keep tells the results so far.
func (g *going) keep() {
	g.result.Took = g.Now().Sub(g.result.Started)
	g.result.judge()
	g.Keep(g.result, g.reports)
}

// stop notes why ctx ended.
func (g *going) stop(ctx context.Context) squall.Stopped {
	stopped := squall.Stopped{By: fmt.Sprint(context.Cause(ctx)), Code: report.ExitInterrupted}
	errors.As(context.Cause(ctx), &stopped)
	g.result.Stopped, g.result.StopCode = stopped.By, stopped.Code
	return stopped
}

// refuses returns why a run is not begun; empty: it is.
func (g *going) refuses(ctx context.Context, i int) string {
	switch {
	case ctx.Err() != nil:
		return "stopped by " + g.stop(ctx).By
	case g.s.FailFast && g.result.failed() != "":
		return "fail-fast: " + g.result.failed() + " had failed"
	}
	return g.exceeds(i)
}

// exceeds returns why a run is not likely to fit in what is left of the budget; empty: it is.
func (g *going) exceeds(i int) string {
	if g.s.Budget == 0 {
		return ""
	}
	left := g.s.Budget - g.Now().Sub(g.result.Started)
	takes := g.takes(i)
	if takes <= left {
		return ""
	}
	return fmt.Sprintf("it takes about %s, and %s were left of the budget of %s", about(takes), about(max(left, 0)), about(g.s.Budget))
}

// takes is about how long a run takes, by what the last one of its kind took beside its load.
func (g *going) takes(i int) time.Duration {
	s := g.runs[i].Scenario
	if beside, ok := g.beside[s.Broker.Run]; ok {
		return s.LoadEnd() + beside
	}
	return s.Takes()
}

// run makes one run, and makes it again where nobody can know.
func (g *going) run(ctx context.Context, i int) {
	e := &g.result.Runs[i]
	e.NotRun = ""
	for {
		e.Attempts = append(e.Attempts, g.attempt(ctx, i))
		e.conclude()
		last := e.Attempts[len(e.Attempts)-1]
		if last.ExitCode != report.ExitInconclusive || len(e.Attempts) > g.s.Rerun || ctx.Err() != nil {
			return
		}
		if why := g.exceeds(i); why != "" {
			e.Notes = append(e.Notes, "not made again: "+why)
			return
		}
		g.keep()
	}
}

// attempt makes one run once. Whatever goes wrong is a result.
func (g *going) attempt(ctx context.Context, i int) Attempt {
	e := &g.result.Runs[i]
	a := Attempt{Folder: e.folder(len(e.Attempts)+len(e.Fresh), len(g.runs)), Started: g.Now().UTC()}
	g.Progress("suite run %s attempt=%d about=%s folder=%s", g.label(i), len(e.Attempts)+len(e.Fresh)+1, about(g.takes(i)), a.Folder)
	r, err := g.protected(ctx, &g.runs[i], a.Folder)
	a.Took = g.Now().Sub(a.Started)
	g.made[i] = nil
	if g.reports[i] = r; r != nil {
		brings := compare.Of(r)
		g.made[i] = &brings
		slim := *r
		slim.Windows = nil // the larger part of it, which no view of a suite needs
		g.reports[i], e.Recovery = &slim, recoveries(r)
	}
	a.tell(r, err, g.Code)
	g.Progress("suite done %s outcome=%s exit=%d took=%s folder=%s", g.label(i), a.Outcome, a.ExitCode, about(a.Took), a.Folder)
	if r != nil && r.Run.Stopped == "" {
		s := g.runs[i].Scenario
		g.beside[s.Broker.Run] = max(a.Took-s.LoadEnd(), 0)
	}
	return a
}

// protected makes a run, and returns a panic of it as an error.
func (g *going) protected(ctx context.Context, r *scenarios.SuiteRun, folder string) (_ *report.Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked{p, debug.Stack()}
		}
	}()
	return g.Run(ctx, r, folder)
}

// A panicked is a panic of a run.
type panicked struct {
	what  any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.what, p.stack) }

func (g *going) label(i int) string {
	return fmt.Sprintf("n=%d/%d name=%s", i+1, len(g.runs), g.result.Runs[i].Name)
}
