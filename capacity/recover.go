package capacity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// shares are the parts of the healthy cluster's rate at which it is measured how long recovery takes.
var shares = []float64{0.5, 0.7, 0.85}

// recover measures how long recovery takes at some shares of what the healthy cluster carries: from the scenario's own faults, else from a leader that is
// killed for as long as a point is measured.
func (g *going) recover(ctx context.Context) {
	found := g.result.Curves[0].Found
	if found == nil || found.Low == 0 {
		g.enter(recoveryPart, report.SearchLeftOut)
		return
	}
	g.enter(recoveryPart, report.SearchNow)
	for _, share := range shares {
		if g.ended(ctx) {
			return
		}
		g.recoverAt(ctx, share, round(found.Low*share))
	}
	if n := len(g.result.Recoveries); n > 0 && !g.ended(ctx) && g.result.Recoveries[n-1].holds() { // then the objective's limit is not known yet
		g.recoverAt(ctx, 1, found.Low)
	}
	if !g.ended(ctx) {
		g.enter(recoveryPart, report.SearchOver)
	}
}

// holds reports whether objectives were held, and met.
func (rec *Recovery) holds() bool {
	return len(rec.Expected) > 0 && rec.Held && rec.Point.Validity == Valid
}

func (g *going) recoverAt(ctx context.Context, share, rate float64) {
	for range attempts {
		var r Recovery
		if p, ok := g.earlierRecovery(rate); ok {
			r = p
			g.points++
		} else {
			g.Progress("capacity point n=%d of=~%d curve=recovery rate=%s share=%.0f%% left=~%s", g.points+1, max(g.Settings.Points, g.points+1), perSecond(rate), 100*share, report.Roughly(g.left(nil)))
			g.begin(g.recovering(share, rate), nil)
			p, made, ok := g.make(ctx, g.breaking(rate), Point{Purpose: RecoverPoint, Rate: rate})
			if !ok {
				return
			}
			g.points++
			r = Recovery{Share: share, Point: p}
			if made != nil {
				r.fill(made, g.objectives)
			}
			g.Progress("capacity done n=%d curve=recovery rate=%s %s folder=%s", g.points, perSecond(rate), r.told(), p.Folder)
		}
		g.result.Recoveries = append(g.result.Recoveries, r)
		g.keep()
		g.done()
		if r.Point.Validity != Inconclusive {
			return
		}
	}
}

// earlierRecovery takes the next recovery of an earlier sitting, if it is the one that is asked for.
func (g *going) earlierRecovery(rate float64) (Recovery, bool) {
	if g.Earlier == nil {
		return Recovery{}, false
	}
	n := len(g.result.Recoveries)
	if n < len(g.Earlier.Recoveries) && g.Earlier.Recoveries[n].Point.Rate == rate {
		return g.Earlier.Recoveries[n], true
	}
	return Recovery{}, false
}

// breaking says how the scenario of a recovery is read.
func (g *going) breaking(rate float64) []string {
	set := append(sets(g.result.Curves[0].Set), g.pace(rate))
	if len(g.base.Faults) > 0 { // on a cluster that runs already, so that it needs no more than every point does
		return append(set, fmt.Sprintf("phases.warm-up=%s", min(g.Settling, g.base.Phases.WarmUp)))
	}
	return append(set, killing(g.Settling, g.Measuring)...)
}

// killing says how a scenario is read that has no faults of its own: a leader is killed.
func killing(settling, measuring time.Duration) []string {
	return []string{fmt.Sprintf("faults=[{name: leader-kill, at: 0s, for: %s, kill: leader}]", measuring),
		fmt.Sprintf("phases={warm-up: %s, baseline: %s, recovery: %s}", settling, max(measuring/2, 5*seconds(1)), watchFor), "expect=[lost == 0]"}
}

// fill tells of a recovery what its run's report says.
func (rec *Recovery) fill(r *report.Report, objectives []report.Expectation) {
	p := &rec.Point
	p.fill(r, stretchOf(r, baselineOf(r)), nil, 0)
	rec.Held = true
	for _, j := range r.Expectations {
		if !slices.ContainsFunc(objectives, func(e report.Expectation) bool { return e.Text == j.Text }) {
			continue
		}
		rec.Expected = append(rec.Expected, j)
		rec.Held = rec.Held && (j.Outcome == report.Pass || j.Warn)
		if j.Outcome == report.Inconclusive && !j.Warn {
			p.Validity, p.Why = Inconclusive, j.Text+": "+j.Why
		}
	}
	for i := range r.Recovery {
		of := &r.Recovery[i]
		t := RecoveryTimes{Fault: of.Fault, Service: of.Service, Performance: of.Performance, Redundancy: of.Redundancy, Drained: of.Drained}
		for _, f := range r.Faults {
			if f.Name == of.Fault {
				t.Kind, t.Victims = f.Kind, f.Victims
			}
		}
		rec.Faults = append(rec.Faults, t)
	}
}

// told is a recovery in a line of progress.
func (rec *Recovery) told() string {
	if rec.Point.Validity != Valid {
		return fmt.Sprintf("outcome=%q why=%q", rec.Point.Validity, rec.Point.Why)
	}
	text := ""
	for _, t := range rec.Faults {
		text += fmt.Sprintf("%s_service=%s %[1]s_redundancy=%s ", t.Fault, t.Service, t.Redundancy)
	}
	if len(rec.Expected) == 0 {
		return text + "objective=none"
	}
	return text + fmt.Sprintf("objective_held=%t", rec.Held)
}
