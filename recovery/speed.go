package recovery

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Performance is back in the first windows of steadyTime whose rate and p99 are nearly the baseline's.
const (
	steadyTime   = 5 * time.Second
	rateShare    = 0.95
	latencyTimes = 1.5
	latencyExtra = 20 * time.Millisecond
)

// A baseline is what the load was like without a fault.
type baseline struct {
	known   bool
	ack     report.Quantile // p99
	due     uint64          // in one second, on average
	backlog uint64          // p99 of the seconds
}

// newBaseline leaves out seconds whose messages were not all done with before the first fault: what hurt them is the fault's.
func newBaseline(h report.History, faults []report.Fault, windows []report.Window) baseline {
	var b baseline
	var ack report.Histogram
	var backlogs []waiting
	var due uint64
	var all time.Duration
	for i := range windows {
		w := &windows[i]
		if !slices.ContainsFunc(h.Phases, func(p report.Phase) bool {
			return p.Kind == report.Baseline && w.Start >= p.From && w.End() <= p.To && w.End()-time.Second+w.Latency.Ack.Max <= undisturbed(p, h, faults)
		}) {
			continue
		}
		ack.Merge(w.Latency.Ack)
		backlogs = append(backlogs, waiting{w.Backlog, w.Span()})
		due += w.Due
		all += w.Span()
	}
	if len(backlogs) == 0 {
		return b
	}
	return baseline{known: true, ack: ack.Quantile(0.99), due: uint64(float64(due) / all.Seconds()), backlog: p99(backlogs, all)}
}

// A waiting is how many messages waited for the consumers, and for how long.
type waiting struct {
	backlog uint64
	span    time.Duration
}

// p99 returns how many messages waited at most in 99 % of all time.
func p99(all []waiting, whole time.Duration) uint64 {
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Compare(a.backlog, b.backlog) })
	var seen time.Duration
	for _, w := range all {
		if seen += w.span; 100*seen >= 99*whole {
			return w.backlog
		}
	}
	return 0
}

// undisturbed returns until when no fault is felt in a phase that is to have none: those that were over before it, and watched, are not.
func undisturbed(p report.Phase, h report.History, faults []report.Fault) time.Duration {
	end := h.LoadEnd
	for _, f := range faults {
		if f.Commanded >= 0 && (f.Healed < 0 || f.Healed > p.From) {
			end = min(end, f.Commanded)
		}
	}
	return end
}

// performance returns when the first five seconds began that were as good as the baseline. Where there was a gap, they are looked for from there on:
// what was good before the fault could be felt is no recovery.
func (a *analysis) performance(s stretch, gaps []report.Silence) report.Figure {
	if !a.baseline.known || !a.baseline.ack.Known || a.baseline.ack.AtLeast {
		return report.UnknownFigure("there is no baseline to compare with")
	}
	from, until := s.Effective, s.until
	if len(gaps) > 0 {
		from = max(from, gaps[0].From)
	}
	if a.LoadEnd > 0 {
		until = min(until, a.LoadEnd)
	}
	for i := range a.windows {
		first := a.windows[i].Start
		if a.windows[i].End() <= from {
			continue
		}
		if five := stretchFrom(a.windows[i:]); len(five) > 0 && five[len(five)-1].End() <= until && a.steady(five) {
			return report.KnownFigure(max(0, first-s.Effective))
		}
	}
	return report.CensoredFigure(max(0, until-s.Effective))
}

// stretchFrom returns the first windows that last for steadyTime together; none where not so many follow one another.
func stretchFrom(windows []report.Window) []report.Window {
	for i := range windows {
		if i > 0 && windows[i].Start > windows[i-1].End() {
			break
		}
		if windows[i].End()-windows[0].Start >= steadyTime {
			return windows[:i+1]
		}
	}
	return nil
}

// steady reports whether some windows together are as good as the baseline.
func (a *analysis) steady(windows []report.Window) bool {
	var due, acknowledged uint64
	var ack report.Histogram
	for _, w := range windows {
		due += w.Due
		acknowledged += w.Acknowledged + w.Aborted
		ack.Merge(w.Latency.Ack)
	}
	limit := time.Duration(latencyTimes*float64(a.baseline.ack.Value)) + latencyExtra
	p99 := ack.Quantile(0.99)
	return float64(acknowledged) >= rateShare*float64(due) && p99.Known && !p99.AtLeast && p99.Value <= limit
}

// Successes are a brownout when fewer than this share of what was due comes through, or when they are as slow as that.
const (
	poorShare     = 0.8
	poorLatencies = 3
)

// brownout returns how many seconds were poor, from when the fault took effect to the end of its stretch, though something was acknowledged in them.
func (a *analysis) brownout(s stretch) report.Figure {
	if !a.baseline.known || !a.baseline.ack.Known || a.baseline.ack.AtLeast {
		return report.UnknownFigure("there is no baseline to compare with")
	}
	poor := report.KnownFigure(0)
	for i := range a.windows {
		w := &a.windows[i]
		if w.End() <= s.Effective || w.Start >= s.until || w.Due == 0 || w.Acknowledged == 0 {
			continue
		}
		p99 := w.Latency.Ack.Quantile(0.99)
		if float64(w.Acknowledged+w.Aborted) < poorShare*float64(w.Due) || p99.Value > poorLatencies*a.baseline.ack.Value+latencyExtra {
			poor.Value += w.Span()
		}
	}
	return poor
}

// drained returns the moment at which the backlog was as small as in the baseline again, but for one second of load, and stayed so.
func (a *analysis) drained(s stretch) report.Figure {
	if !slices.ContainsFunc(a.windows, func(w report.Window) bool { return w.Delivered > 0 }) {
		return report.UnknownFigure("nobody consumed")
	}
	if !a.baseline.known {
		return report.UnknownFigure("there is no baseline to compare with")
	}
	var turns []turn
	for i := range a.windows {
		w := &a.windows[i]
		limit := a.baseline.backlog + max(a.baseline.due, dueEach(w))
		turns = append(turns, turn{w.End(), w.Backlog > limit})
	}
	return s.recovered(turns)
}
