package formats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// mostCurves is how many phases have a curve of their own; of more, those of a kind are put together.
const mostCurves = 8

// A curve is the latency of a phase, or of several.
type curve struct {
	name string
	h    report.Histogram
}

// percentiles draws how latency is distributed in each phase; nil: nothing was acknowledged in any.
func percentiles(phases []report.PhaseFigures) *drawing {
	curves, together := curvesOf(phases)
	var least, most, count float64 = math.Inf(1), 0, 0
	for _, c := range curves {
		least, most = min(least, float64(max(c.h.Buckets[0].Value, 1))), max(most, float64(max(c.h.Max, 1)))
		count = max(count, float64(c.h.Count()))
	}
	if len(curves) == 0 {
		return nil
	}
	y, ticks := durationScale(least, most)
	c := newChart("Latency by percentile and phase", 260, scale{from: 1, to: max(count, 1e3), log: true}, y)
	c.grid(percents(count), ticks, "share of the messages that were acknowledged as soon or sooner", "")
	d := &drawing{Title: "Latency by percentile, from due to acknowledged"}
	for i, phase := range curves {
		class := fmt.Sprintf("curve%d", i)
		known, open := ranks(phase.h)
		c.line(class, known)
		c.line(class+" open", open)
		d.Key = append(d.Key, keyed{"line " + class, phase.name + ": p99 " + phase.h.Quantile(0.99).String()})
	}
	d.SVG = c.done()
	d.Caption = "The further to the right, the rarer: each step is the share of the phase's messages that took no longer."
	if together {
		d.Caption += " Phases of a kind are put together."
	}
	if slices.ContainsFunc(curves, func(c curve) bool { return c.h.Quantile(1).AtLeast }) {
		d.Caption += " Dotted: some had no outcome by then, and the true values are longer."
	}
	return d
}

// curvesOf returns the phases in order of time, and whether those of a kind were put together.
func curvesOf(phases []report.PhaseFigures) (curves []curve, together bool) {
	sorted := slices.Clone(phases)
	slices.SortStableFunc(sorted, func(a, b report.PhaseFigures) int { return cmp.Compare(a.From, b.From) })
	names := report.PhaseNames(sorted, moment)
	for i, p := range sorted {
		if len(p.Latency.Ack.Buckets) > 0 {
			curves = append(curves, curve{names[i], p.Latency.Ack})
		}
	}
	if len(curves) <= mostCurves {
		return curves, false
	}
	curves = nil
	for _, p := range sorted {
		name := string(p.Kind)
		if p.Kind == report.During {
			name = "during faults"
		}
		at := slices.IndexFunc(curves, func(c curve) bool { return c.name == name })
		if at < 0 && len(p.Latency.Ack.Buckets) > 0 {
			curves, at = append(curves, curve{name: name}), len(curves)
		}
		if at >= 0 {
			curves[at].h.Merge(p.Latency.Ack)
		}
	}
	return curves, true
}

// ranks returns the steps of a histogram: at 1/(1-q) the quantile q. From the first value on of which only a lower bound is known, they are in open.
func ranks(h report.Histogram) (known, open []point) {
	count, seen, before := float64(h.Count()), 0.0, 1.0
	censored := false
	for _, b := range h.Buckets {
		if b.Count == 0 {
			continue
		}
		seen += float64(b.Count)
		x, y := min(count/max(count-seen, 1e-9), count), float64(max(min(b.Value, h.Max), 1))
		if seen == count {
			y = float64(max(h.Max, 1))
		}
		step := []point{{before, y}, {x, y}}
		if b.Censored > 0 && !censored {
			censored = true
			if n := len(known); n > 0 {
				open = append(open, known[n-1])
			}
		}
		if censored {
			open = append(open, step...)
		} else {
			known = append(known, step...)
		}
		before = x
	}
	return known, open
}

// percents are the ticks of an axis of 1/(1-q).
func percents(count float64) []tick {
	all := []tick{{1, "0 %"}, {2, "50 %"}, {10, "90 %"}, {100, "99 %"}, {1e3, "99.9 %"}, {1e4, "99.99 %"}, {1e5, "99.999 %"}, {1e6, "99.9999 %"}}
	return slices.DeleteFunc(all, func(t tick) bool { return t.at > max(count, 1e3) })
}
