// Package recovery tells how long each fault's consequences lasted, from a run's history alone: the same history gives the same figures, during the
// run or a year later. It knows no broker and no load, and does not judge whether a figure is good or the history good enough to have it.
package recovery

import (
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Analyse returns the recovery of each fault, in the order of the faults. After is how long a fault's recovery is watched once it is healed.
//
// A fault's stretch goes from its command to the command of the next fault that begins when this one is healed, or until it has been healed for as
// long as after says; that of the last fault goes to the end of what was watched. Faults that are in force together both answer for what happens. What begins in it is the fault's, and is followed to its end, unless the next fault comes first:
// then it is censored, and belongs to the next fault too.
//
// A gap is a silence longer than the threshold of its direction: ten times the baseline's p99.9 between two successes, at least 500 ms, and not less
// than the shortest silence that was kept. Threshold is the greater one of both directions, below which something may go unseen. Service and what
// is told beside it are about the gaps of both directions, on every partition: where nobody is given anything, there is an outage, whoever was
// the one to stop. Gaps and Longest tell which it was.
//
// Times that lie before the moment they are counted from are 0. For a fault that never took effect, nothing is known.
func Analyse(h report.History, faults []report.Fault, windows []report.Window, timers []report.Timer, after time.Duration) []report.Recovery {
	a := newAnalysis(h, faults, windows)
	all := make([]report.Recovery, 0, len(faults))
	for i := range faults {
		f := &faults[i]
		if !f.Took() {
			all = append(all, a.none(f))
			continue
		}
		all = append(all, a.recovery(a.stretch(f, faults, after), timers))
	}
	return all
}

// An analysis is what all faults share.
type analysis struct {
	report.History
	windows    []report.Window
	baseline   baseline
	thresholds map[report.Direction]time.Duration
	watched    time.Duration // when watching ended
	partitions int
}

func newAnalysis(h report.History, faults []report.Fault, windows []report.Window) *analysis {
	a := &analysis{History: h, windows: windows, thresholds: map[report.Direction]time.Duration{}, watched: h.LoadEnd}
	for _, p := range h.Phases {
		a.watched = max(a.watched, p.To)
	}
	for _, s := range h.States {
		a.watched = max(a.watched, s.At)
		a.partitions = max(a.partitions, len(s.Partitions))
	}
	for _, s := range h.Silences {
		a.watched = max(a.watched, s.To)
		a.partitions = max(a.partitions, int(s.Partition)+1)
	}
	if n := len(windows); n > 0 {
		a.watched = max(a.watched, windows[n-1].End())
	}
	for _, d := range []report.Direction{report.Produce, report.Consume} {
		a.thresholds[d] = threshold(h, d)
	}
	a.baseline = newBaseline(h, faults, windows)
	return a
}

// A stretch is the part of a run that one fault answers for.
type stretch struct {
	*report.Fault
	start time.Duration // of the injection
	end   time.Duration // what begins before is the fault's
	until time.Duration // and is followed so long
}

func (a *analysis) stretch(f *report.Fault, faults []report.Fault, after time.Duration) stretch {
	s := stretch{Fault: f, start: start(f), end: a.watched, until: a.watched}
	last := true
	for i := range faults {
		next := &faults[i]
		if next.Effective < 0 || start(next) <= s.start || f.Healed < 0 || start(next) < f.Healed {
			continue // nobody can tell apart what two faults do that are in force together: both answer for it
		}
		last = false
		s.until = min(s.until, start(next))
	}
	s.end = s.until
	if !last && f.Healed >= 0 {
		s.end = min(s.end, max(f.Healed, f.Effective)+after)
	}
	return s
}

// start returns when the injection of a fault began.
func start(f *report.Fault) time.Duration {
	if f.Commanded >= 0 && f.Commanded < f.Effective {
		return f.Commanded
	}
	return f.Effective
}

// none is what is known of a fault that did not take effect.
func (a *analysis) none(f *report.Fault) report.Recovery {
	why := "the fault did not take effect"
	if f.Error != "" {
		why += ": " + f.Error
	}
	u := report.UnknownFigure(why)
	return report.Recovery{Fault: f.Name, Threshold: a.threshold(), Detect: u, FirstSuccess: u, Service: u, FirstReturn: u, Failover: u, Performance: u, Redundancy: u, Drained: u, Brownout: u,
		ServiceSinceHealed: u, RedundancySinceEffect: u, DrainedSinceEffect: u}
}

func (a *analysis) recovery(s stretch, timers []report.Timer) report.Recovery {
	gaps := a.gaps(s)
	r := report.Recovery{
		Fault: s.Name, Threshold: a.threshold(), Gaps: gaps, Longest: a.longest(s),
		Detect:             a.detect(s),
		FirstSuccess:       firstSuccess(gaps, s.Effective),
		FirstReturn:        firstReturn(gaps, s.Effective),
		Service:            service(gaps, s.Effective),
		ServiceSinceHealed: s.sinceHealed(service(gaps, 0)),
		Failover:           a.failover(s),
		Performance:        a.performance(s, gaps),
		BlastRadius:        a.blastRadius(gaps),
		OutageArea:         a.outageArea(gaps),
		Brownout:           a.brownout(s),
	}
	if r.Performance.Known && r.FirstSuccess.Known { // windows are seconds, and gaps are told to a millisecond
		r.Performance.Value = max(r.Performance.Value, r.FirstSuccess.Value)
	}
	redundancy, drained := a.redundancy(s), a.drained(s)
	r.RedundancySinceEffect, r.Redundancy = since(redundancy, s.Effective), s.sinceHealed(redundancy)
	r.DrainedSinceEffect, r.Drained = since(drained, s.Effective), s.sinceHealed(drained)
	r.Parts = a.parts(s, r, timers)
	if r.Timer, r.Explained = explain(s, r, timers); r.Timer == "" {
		r.Timer, r.Explained = explainFailover(r, timers)
	}
	r.Vacuous = a.vacuous(s, r, timers)
	return r
}

// never is the moment of what was not disturbed at all.
const never = 0

// since counts a moment of the run's clock from zero on.
func since(moment report.Figure, zero time.Duration) report.Figure {
	if moment.Known || moment.Censored {
		moment.Value = max(0, moment.Value-zero)
	}
	return moment
}

// sinceHealed counts a moment of the run's clock from when the fault was healed.
func (s stretch) sinceHealed(moment report.Figure) report.Figure {
	switch {
	case moment.Known && moment.Value == never, !moment.Known && !moment.Censored:
		return moment
	case s.Healed < 0:
		return report.UnknownFigure("the fault was not healed")
	case moment.Censored && moment.Value < s.Healed:
		return report.UnknownFigure("watching ended, or the next fault came, before the fault was healed")
	}
	return since(moment, s.Healed)
}

// A turn is when something became bad, or good again, or was seen to be as it was.
type turn struct {
	at  time.Duration
	bad bool
}

// recovered returns the moment of the run's clock at which the last bad time of a stretch was over; never: there was none. Turns are in order.
func (s stretch) recovered(turns []turn) report.Figure {
	moment, bad := report.KnownFigure(never), false
	for _, t := range turns {
		if t.at > s.until || !bad && t.at >= s.end {
			break
		}
		if bad && !t.bad && t.at > s.Effective {
			moment = report.KnownFigure(t.at)
		}
		bad = t.bad
	}
	if bad {
		return report.CensoredFigure(s.until)
	}
	return moment
}
