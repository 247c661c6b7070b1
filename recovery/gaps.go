package recovery

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A silence is a gap when it is longer than leastThreshold, and than so many times the baseline's p99.9.
const (
	leastThreshold = 500 * time.Millisecond
	spacingTimes   = 10
)

// threshold returns how long a silence has to be before it is a gap.
func threshold(h report.History, d report.Direction) time.Duration {
	spacing := h.Spacing[d]
	return max(spacingTimes*spacing.Quantile(0.999).Value, leastThreshold, h.Floor)
}

func (a *analysis) threshold() time.Duration {
	return max(a.thresholds[report.Produce], a.thresholds[report.Consume])
}

// within returns a silence as a stretch saw it, and false if it did not. Where the next fault came first, the silence is open.
func (s stretch) within(q report.Silence) (report.Silence, bool) {
	if q.To <= s.start || q.From >= s.end {
		return q, false
	}
	if q.To > s.until {
		q.To, q.Open = s.until, true
	}
	return q, true
}

// gaps returns the gaps of a stretch in the order of their beginning. A silence that is still too short for one when the stretch ends is none of it: it
// began with messages that were on their way when the next fault came, and is that one's.
func (a *analysis) gaps(s stretch) []report.Silence {
	var gaps []report.Silence
	for _, q := range a.Silences {
		if seen, ok := s.within(q); ok && seen.Length() > a.thresholds[q.Direction] {
			gaps = append(gaps, seen)
		}
	}
	slices.SortStableFunc(gaps, func(p, q report.Silence) int { return cmp.Or(cmp.Compare(p.From, q.From), cmp.Compare(p.To, q.To)) })
	return gaps
}

// longest returns the longest silence of each direction, the producers' first.
func (a *analysis) longest(s stretch) []report.Silence {
	var all []report.Silence
	for _, d := range []report.Direction{report.Produce, report.Consume} {
		var longest report.Silence
		for _, q := range a.Silences {
			if seen, ok := s.within(q); ok && q.Direction == d && seen.Length() > longest.Length() {
				longest = seen
			}
		}
		if longest.Length() > 0 {
			all = append(all, longest)
		}
	}
	return all
}

// until returns the end of a gap, counted from zero.
func until(g report.Silence, zero time.Duration) report.Figure {
	after := max(0, g.To-zero)
	if g.Open {
		return report.CensoredFigure(after)
	}
	return report.KnownFigure(after)
}

// service returns the end of the last gap.
func service(gaps []report.Silence, zero time.Duration) report.Figure {
	if len(gaps) == 0 {
		return report.KnownFigure(0)
	}
	last := slices.MaxFunc(gaps, func(p, q report.Silence) int { return cmp.Compare(p.To, q.To) })
	last.Open = slices.ContainsFunc(gaps, func(g report.Silence) bool { return g.Open })
	return until(last, zero)
}

// firstReturn returns the end of the gap that began first.
func firstReturn(gaps []report.Silence, zero time.Duration) report.Figure {
	if len(gaps) == 0 {
		return report.KnownFigure(0)
	}
	return until(gaps[0], zero)
}

// firstSuccess returns the end of the gap that ended first.
func firstSuccess(gaps []report.Silence, zero time.Duration) report.Figure {
	if len(gaps) == 0 {
		return report.KnownFigure(0)
	}
	return until(slices.MinFunc(gaps, func(p, q report.Silence) int { return cmp.Compare(p.To, q.To) }), zero)
}

// blastRadius returns the share of partitions that had a gap.
func (a *analysis) blastRadius(gaps []report.Silence) float64 {
	hit := map[int32]bool{}
	for _, g := range gaps {
		hit[g.Partition] = true
	}
	return float64(len(hit)) / float64(max(a.partitions, 1))
}

// outageArea returns how many messages were due in gaps. A partition's gaps in both directions are counted once where they overlap; of what was due in
// a window, each partition is taken to have had the same share.
func (a *analysis) outageArea(gaps []report.Silence) float64 {
	var due float64
	counted := map[int32]time.Duration{} // until when
	for _, g := range gaps {             // in the order of their beginning
		from := max(g.From, counted[g.Partition])
		to := g.To
		if a.LoadEnd > 0 {
			to = min(to, a.LoadEnd)
		}
		if to > from {
			due += a.dueBetween(from, to)
			counted[g.Partition] = to
		}
	}
	return due
}

// dueBetween returns how many messages of one partition were due in a stretch.
func (a *analysis) dueBetween(from, to time.Duration) float64 {
	var due float64
	left := to - from
	for i := range a.windows {
		w := &a.windows[i]
		if common := min(to, w.End()) - max(from, w.Start); common > 0 {
			due += w.PerSecond(w.Due) / float64(max(a.partitions, 1)) * common.Seconds()
			left -= common
		}
	}
	return due + max(0, left.Seconds())*a.Rate
}
