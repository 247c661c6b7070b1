package capacity

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

const (
	// kept is the share of what is due that a cluster has to acknowledge, and its consumers to take: what it falls behind by more never comes to an end.
	kept = 0.995
	// flatWithin is by what share rate and backlog may differ, in the seconds before a point is measured, from those of a load that has settled.
	flatWithin = 0.02
	flatFor    = 3 * time.Second
	// few messages more or less are no trend, whatever share of a low rate they are.
	few = 3
)

// A stretch is the part of a run that a point is made of: whole windows, without a gap.
type stretch struct {
	report.Span
	windows []report.Window
	before  []report.Window // those just before it
}

// stretchOf returns the windows of a run that lie in a span.
func stretchOf(r *report.Report, span report.Span) stretch {
	var s stretch
	for i := range r.Windows {
		w := &r.Windows[i]
		switch {
		case w.Start >= span.From && w.End() <= span.To:
			s.windows = append(s.windows, *w)
		case w.End() <= span.From+w.Span()-1 && w.End() > span.From-flatFor-time.Second && w.Start < span.From:
			s.before = append(s.before, *w)
		}
	}
	if n := len(s.windows); n > 0 {
		s.From, s.To = s.windows[0].Start, s.windows[n-1].End()
	}
	return s
}

// length is how long it is.
func (s *stretch) length() time.Duration { return s.To - s.From }

// phase returns the figures of the stretch as those of a phase, which expectations can be held against.
func (s *stretch) phase() report.PhaseFigures {
	p := report.PhaseFigures{Phase: report.Phase{Name: string(report.Baseline), Kind: report.Baseline, From: s.From, To: s.To}}
	for i := range s.windows {
		w := &s.windows[i]
		p.Acknowledged += w.Acknowledged
		p.Rejected += w.Rejected
		p.Unknown += w.Unknown
		p.Delivered += w.Delivered
		p.Latency.Merge(w.Latency)
	}
	return p
}

// alone returns the report as that of a run of which the stretch is the baseline, and all that is judged of speed. What is judged of safety is the whole run.
func (s *stretch) alone(r *report.Report) *report.Report {
	cut := *r
	cut.Windows = slices.Clone(s.windows)
	for i := range cut.Windows {
		cut.Windows[i].Phase = string(report.Baseline)
	}
	cut.Phases = []report.PhaseFigures{s.phase()}
	cut.Faults, cut.Recovery, cut.Series, cut.Backlog = nil, nil, nil, nil
	cut.Run.Stated, cut.Run.FaultNames = "", nil
	return &cut
}

// due returns how many messages were due in some windows, and how many of them were through, one way or the other.
func counts(windows []report.Window) (due, acknowledged, failed, delivered uint64) {
	for i := range windows {
		w := &windows[i]
		due += w.Due
		acknowledged += w.Acknowledged + w.Aborted
		failed += w.Rejected + w.Unknown
		delivered += w.Delivered
	}
	return due, acknowledged, failed, delivered
}

// settled reports whether rate and lag were flat just before the stretch.
func (s *stretch) settled(consumed bool) bool {
	due, acknowledged, failed, delivered := counts(s.before)
	if due == 0 {
		return false
	}
	near := func(n, of uint64) bool {
		return math.Abs(float64(n)-float64(of)) <= flatWithin*float64(of)+few
	}
	return near(acknowledged+failed, due) && (!consumed || near(delivered, acknowledged))
}

// A trend is how something went over the stretch.
type trend struct {
	slope float64 // a second
	error float64 // the slope's standard error
	rise  float64 // from the first to the last second, as the slope has it
	last  float64
}

// trendOf fits a line to what of returns at each window's end, by least squares.
func (s *stretch) trendOf(of func(*report.Window) float64) trend {
	n := float64(len(s.windows))
	if n < 3 {
		return trend{}
	}
	var x, y []float64
	var mx, my float64
	for i := range s.windows {
		x, y = append(x, s.windows[i].End().Seconds()), append(y, of(&s.windows[i]))
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	var sxx, sxy float64
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	t := trend{slope: sxy / sxx, last: y[len(y)-1]}
	var left float64
	for i := range x {
		d := y[i] - my - t.slope*(x[i]-mx)
		left += d * d
	}
	t.error = math.Sqrt(left / (n - 2) / sxx)
	t.rise = t.slope * s.length().Seconds()
	return t
}

// grows reports whether something went up by more of what is due than a cluster that keeps the rate lets it, and not by chance.
func (t trend) grows(due uint64, length time.Duration) bool {
	rate := float64(due) / max(length.Seconds(), 1e-9)
	return t.slope > (1-kept)*rate && t.slope > 3*t.error && t.rise > few
}

// waiting is the trend of the messages that were due and have no outcome yet.
func (s *stretch) waiting() trend {
	var all float64
	return s.trendOf(func(w *report.Window) float64 {
		all += float64(w.Due) - float64(w.Acknowledged+w.Aborted+w.Rejected+w.Unknown)
		return all
	})
}

// behind is the trend of the messages that were acknowledged and are not delivered yet.
func (s *stretch) behind() trend {
	return s.trendOf(func(w *report.Window) float64 { return float64(w.Backlog) })
}

// tooFew says why nothing can be told of a stretch; empty: it can.
func (s *stretch) tooFew(want time.Duration) string {
	if due, _, _, _ := counts(s.windows); len(s.windows) >= 3 && due > 0 && s.length() >= min(want, 3*time.Second) {
		return ""
	}
	return fmt.Sprintf("only %s of it could be measured", report.Human(s.length()))
}
