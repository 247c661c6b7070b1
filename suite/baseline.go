package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
)

// mostFresh bounds how often a scenario is run again to confirm that it is worse.
const mostFresh = 5

// A kin are the runs of a suite that are of one scenario, with the same settings: together they are held against earlier ones.
type kin struct {
	runs       []int // their places
	new, fresh []compare.Run
	sets       []int // their places in the comparison
}

// against holds all runs that count against the history, all figures of all scenarios at once, and runs again what looks worse: worse is only what was again.
// What passed joins the history.
func (g *going) against(ctx context.Context) error {
	h := compare.History{Dir: g.s.Baseline.Dir}
	kins := g.kins()
	if h.Dir == "" || len(kins) == 0 {
		return nil
	}
	err := g.compare(h, kins)
	if err != nil {
		return err
	}
	again := false
	for _, k := range kins {
		again = g.confirm(ctx, k) || again
	}
	if again {
		err = g.compare(h, kins)
	}
	g.tell(kins)
	for _, k := range kins {
		for n, i := range k.runs {
			if e := &g.result.Runs[i]; e.Outcome == Pass && len(e.Worse) == 0 {
				added, failed := h.Add(k.new[n])
				if err = errors.Join(err, failed); !added && failed == nil {
					e.Notes = append(e.Notes, "it does not join the earlier runs: "+k.new[n].NoBaseline)
				}
			}
		}
	}
	return err
}

// kins returns the runs that can be held against others, those of one scenario together.
func (g *going) kins() (all []*kin) {
	for i, run := range g.made {
		if run == nil || !g.result.Runs[i].Counts() {
			continue
		}
		at := slices.IndexFunc(all, func(k *kin) bool { return k.new[0].Comparable(run) == "" })
		if at < 0 {
			at, all = len(all), append(all, &kin{})
		}
		all[at].runs, all[at].new = append(all[at].runs, i), append(all[at].new, *run)
	}
	return all
}

func (g *going) compare(h compare.History, kins []*kin) error {
	var sets []compare.Set
	notes := map[int][]string{}
	for _, k := range kins {
		its, damaged, err := h.Sets(k.new, k.fresh)
		if err != nil {
			return err
		}
		notes[len(sets)] = damaged
		k.sets = nil
		for range its {
			k.sets = append(k.sets, len(sets)+len(k.sets))
		}
		sets = append(sets, its...)
	}
	g.result.Comparison = compare.Compare(sets, g.s.Baseline.Limits)
	for at, damaged := range notes {
		first := &g.result.Comparison.Against[at]
		first.Notes = append(first.Notes, damaged...)
	}
	return nil
}

// confirm runs a scenario again that looks worse, as often as would tell, within bounds. It reports whether it did.
func (g *going) confirm(ctx context.Context, k *kin) bool {
	wanted := 0
	for _, at := range k.sets {
		for _, f := range g.result.Comparison.Against[at].Figures {
			if f.Outcome == report.Unconfirmed || f.Suspect {
				wanted = max(wanted, f.More, 1)
			}
		}
	}
	i := k.runs[len(k.runs)-1]
	e := &g.result.Runs[i]
	for range min(wanted, mostFresh) {
		if ctx.Err() != nil {
			break
		}
		if why := g.exceeds(i); why != "" {
			e.Notes = append(e.Notes, "not run again to confirm that it is worse: "+why)
			break
		}
		before, run := g.reports[i], g.made[i]
		a := g.attempt(ctx, i)
		if g.made[i] != nil {
			k.fresh = append(k.fresh, *g.made[i])
		}
		if a.Outcome != Fail { // it was made for its figures alone, but a failure is one whatever it was made for
			g.reports[i] = before
		}
		g.made[i] = run
		e.Fresh = append(e.Fresh, a)
		e.conclude()
		g.keep()
	}
	return len(k.fresh) > 0
}

// tell says of each run what is worse.
func (g *going) tell(kins []*kin) {
	for _, k := range kins {
		var worse []string
		for _, at := range k.sets {
			a := g.result.Comparison.Against[at]
			for _, f := range a.Figures {
				if f.Outcome == report.Worse {
					worse = append(worse, fmt.Sprintf("%s against %s: %s", f.Figure, a.Name, f.Text))
				}
			}
		}
		for _, i := range k.runs {
			e := &g.result.Runs[i]
			e.Worse, e.fails = worse, g.s.Baseline.FailOnWorse
			e.conclude()
		}
	}
}

// worsened makes a run fail that is worse than those before it, where that is a failure.
func (e *Entry) worsened() {
	if len(e.Worse) > 0 && e.fails {
		e.ExitCode = report.Strongest(e.ExitCode, report.ExitMissed)
		if e.Outcome != Fail {
			e.Outcome, e.Sentence = Fail, "fail: worse than before: "+strings.Join(e.Worse, "; ")
		}
	}
}
