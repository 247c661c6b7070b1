package formats

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A series is the injections of one fault that was repeated, or of random faults.
type series struct {
	name   string
	faults []*report.Fault
}

// seriesOf returns the series of a report in their order; what was injected once is none.
func seriesOf(r *report.Report) (all []*series) {
	for i := range r.Faults {
		f := &r.Faults[i]
		name, _, repeated := strings.Cut(f.Name, " #")
		if !repeated {
			continue
		}
		at := slices.IndexFunc(all, func(s *series) bool { return s.name == name })
		if at < 0 {
			all, at = append(all, &series{name: name}), len(all)
		}
		all[at].faults = append(all[at].faults, f)
	}
	return slices.DeleteFunc(all, func(s *series) bool { return len(s.faults) < 2 })
}

func (s *series) title() string {
	return fmt.Sprintf("Faults %s: %d injections", s.name, len(s.faults))
}

// seriesRows tell how many injections there were, of which kinds, and what the outages were made of; and the figures of their recovery; nil: there are none.
func seriesRows(r *report.Report, s *series) ([]row, *report.Series) {
	var took, leftOut, failed int
	kinds := map[string]int{}
	for _, f := range s.faults {
		kinds[f.Kind]++
		switch {
		case f.Took():
			took++
		case f.LeftOut != "":
			leftOut++
		default:
			failed++
		}
	}
	rows := []row{{"injected", fmt.Sprintf("%d of %d took effect, %d left out, %d not as planned", took, len(s.faults), leftOut, failed)}}
	var each []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		each = append(each, fmt.Sprintf("%s %d", k, kinds[k]))
	}
	rows = append(rows, row{"kinds", strings.Join(each, ", ")})
	of := slices.IndexFunc(r.Series, func(o report.Series) bool { return o.Name == s.name })
	if of < 0 {
		return rows, nil
	}
	return append(rows, madeOf(&r.Series[of])...), &r.Series[of]
}

func recoveredTitle(s *report.Series) string { return "Recovery from " + s.Name }

// A spreadFigure is a figure of recoveries, and how it varied in their series.
type spreadFigure struct {
	name   string
	spread *report.Distribution
	of     func(*report.Recovery) report.Figure
}

// spreadsOf returns what is told of a series, in order; of a failover only where there was one.
func spreadsOf(s *report.Series) []spreadFigure {
	all := []spreadFigure{
		{"detected", &s.Detect, func(r *report.Recovery) report.Figure { return r.Detect }},
		{"first success", &s.FirstSuccess, func(r *report.Recovery) report.Figure { return r.FirstSuccess }},
		{"service back", &s.Service, func(r *report.Recovery) report.Figure { return r.Service }},
		{"failover silence", &s.Failover, func(r *report.Recovery) report.Figure { return r.Failover }},
		{"performance back", &s.Performance, func(r *report.Recovery) report.Figure { return r.Performance }},
		{"redundancy back, since healed", &s.Redundancy, func(r *report.Recovery) report.Figure { return r.Redundancy }},
		{"backlog drained, since healed", &s.Drained, func(r *report.Recovery) report.Figure { return r.Drained }},
	}
	return slices.DeleteFunc(all, func(f spreadFigure) bool { return f.spread == &s.Failover && s.Failover.N == 0 })
}

// recovered tells how recovery varied, a figure a row; the first row names the columns.
func recovered(s *report.Series) []row {
	rows := []row{{"since effective", "N", "censored", "min", "p50", "p95", "max", "median, 95 % sure"}}
	for _, f := range spreadsOf(s) {
		rows = append(rows, append(row{f.name}, spread(f.spread)...))
	}
	return rows
}

// spread tells a distribution in the columns of recovered; what needs more injections is left out.
func spread(d *report.Distribution) row {
	if d.N == 0 {
		return row{"0"}
	}
	n := fmt.Sprint(d.N)
	if d.Unknown > 0 {
		n = fmt.Sprintf("%d, %d unknown", d.N, d.Unknown)
	}
	or := func(f report.Figure) string {
		if f.Why != "" {
			return "-"
		}
		return f.String()
	}
	between := "-"
	if d.Low.Why == "" {
		between = fmt.Sprintf("%s to %s", d.Low, d.High)
	}
	return row{n, fmt.Sprint(d.Censored), or(d.Min), or(d.P50), or(d.P95), or(d.Max), between}
}

// madeOf tells the parts of outages, and what explains them.
func madeOf(s *report.Series) (rows []row) {
	var parts []string
	for _, p := range s.Shares {
		parts = append(parts, fmt.Sprintf("%s %.0f %%", p.Name, 100*p.Share))
	}
	if len(parts) > 0 {
		rows = append(rows, row{"outages", strings.Join(parts, ", ")})
	}
	if s.Explained != "" {
		rows = append(rows, row{"explained by", s.Explained})
	}
	return rows
}

// shown returns which injections of a series are told by themselves: those with which something is wrong, and the slowest to recover.
func (s *series) shown(r *report.Report) map[string]bool {
	show := map[string]bool{}
	var slowest *report.Recovery
	for _, f := range s.faults {
		if f.Error != "" || f.HealError != "" {
			show[f.Name] = true
		}
		for i := range r.Recovery {
			rec := &r.Recovery[i]
			if rec.Fault == f.Name && (slowest == nil || rec.Service.Value > slowest.Service.Value) {
				slowest = rec
			}
		}
	}
	if slowest != nil {
		show[slowest.Fault] = true
	}
	return show
}
