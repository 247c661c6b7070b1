package compare

import (
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// figures returns what is compared of a run. Each further figure takes from the others' power, so they are few: how the baseline went (the median and p99 of
// what was acknowledged, p99 of what was delivered, and the rate), and of each fault five recovery times and the p99 while it was on. p99.9 and max are left
// out: of a baseline of seconds they are made of a handful of messages.
func figures(r *report.Report) []Figure {
	base := string(report.Baseline)
	ack := func(l *report.Latency) *report.Histogram { return &l.Ack }
	e2e := func(l *report.Latency) *report.Histogram { return &l.E2E }
	all := []Figure{
		latency(r, "ack.p50", 0.5, base, ack),
		latency(r, "ack.p99", 0.99, base, ack),
		latency(r, "e2e.p99", 0.99, base, e2e),
		rate(r, base),
	}
	for _, fault := range faultsOf(r) {
		for _, m := range recoveries {
			all = append(all, recovery(r, m, fault))
		}
		all = append(all, latency(r, "ack.p99", 0.99, fault, ack))
	}
	return all
}

// faultsOf returns the names of what the scenario itself calls a fault, in order; the injections of one that is repeated are one.
func faultsOf(r *report.Report) (names []string) {
	for _, f := range r.Faults {
		if name := nameOf(f); !f.ByHand && f.LeftOut == "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func nameOf(f report.Fault) string {
	if f.Group != "" {
		return f.Group
	}
	return f.Name
}

type recoveryFigure struct {
	name string
	of   func(*report.Recovery) report.Figure
}

var recoveries = []recoveryFigure{
	{"detect", func(r *report.Recovery) report.Figure { return r.Detect }},
	{"service", func(r *report.Recovery) report.Figure { return r.Service }},
	{"performance", func(r *report.Recovery) report.Figure { return r.Performance }},
	{"redundancy", func(r *report.Recovery) report.Figure { return r.Redundancy }},
	{"drained", func(r *report.Recovery) report.Figure { return r.Drained }},
}

// disturbedWhy is why a figure is left out that came about while the host was disturbed.
const disturbedWhy = "the host was disturbed"

// recovery returns a recovery figure of a fault; of several injections the median of those that nothing disturbed.
func recovery(r *report.Report, m recoveryFigure, fault string) Figure {
	f := Figure{Name: fmt.Sprintf("recovery.%s of %s", m.name, fault), Unit: report.UnitDuration}
	if f.Why = invalid(r, fault, report.ScopeRecovery); f.Why != "" {
		return f
	}
	var values []report.Figure
	disturbed := false
	for i := range r.Recovery {
		rec := &r.Recovery[i]
		at := slices.IndexFunc(r.Faults, func(f report.Fault) bool { return f.Name == rec.Fault })
		if at < 0 || nameOf(r.Faults[at]) != fault || r.Faults[at].LeftOut != "" {
			continue
		}
		if disturbedWhile(r, func(p *report.PhaseFigures) bool { return p.Fault == rec.Fault }) {
			disturbed = true
			continue
		}
		values = append(values, m.of(rec))
	}
	if len(values) == 0 {
		f.Why = "the fault did not happen"
		if disturbed {
			f.Why = disturbedWhy
		}
		return f
	}
	mid := values[0]
	if len(values) > 1 {
		mid = report.Distribute(values).Stat("p50")
	}
	if f.Why = mid.Why; f.Why == "" {
		f.Value, f.Beyond = mid.Value.Seconds(), mid.Censored
	}
	return f
}

// latency returns a quantile of a phase; phases are called as expectations call them: by the fault's name that is on.
func latency(r *report.Report, stat string, q float64, phase string, of func(*report.Latency) *report.Histogram) Figure {
	f := Figure{Name: stat + " during " + phase, Unit: report.UnitDuration}
	if f.Why = invalid(r, "", report.ScopeSpeed); f.Why != "" {
		return f
	}
	if disturbedWhile(r, func(p *report.PhaseFigures) bool { return isPhase(r, p, phase) }) {
		f.Why = disturbedWhy
		return f
	}
	h := r.LatencyDuring(phase, of)
	if need := 1 / (1 - q); float64(h.Count()) < need {
		f.Why = fmt.Sprintf("%d messages are too few", h.Count())
		return f
	}
	v := h.Quantile(q)
	f.Value, f.Beyond = v.Value.Seconds(), v.AtLeast
	return f
}

func isPhase(r *report.Report, p *report.PhaseFigures, name string) bool {
	if p.Kind != report.During {
		return p.Name == name
	}
	return slices.ContainsFunc(r.Faults, func(f report.Fault) bool { return f.Name == p.Fault && nameOf(f) == name })
}

// rate returns how many messages were acknowledged in a second, over the windows that lie in a phase as a whole.
func rate(r *report.Report, phase string) Figure {
	f := Figure{Name: "ack.rate during " + phase, Unit: report.UnitRate}
	if f.Why = invalid(r, "", report.ScopeSpeed); f.Why != "" {
		return f
	}
	if disturbedWhile(r, func(p *report.PhaseFigures) bool { return p.Name == phase }) {
		f.Why = disturbedWhy
		return f
	}
	var seconds, sum float64
	for i := range r.Windows {
		w := &r.Windows[i]
		if slices.ContainsFunc(r.Phases, func(p report.PhaseFigures) bool {
			return p.Name == phase && w.Start >= p.From && w.End() <= p.To
		}) {
			seconds, sum = seconds+w.Span().Seconds(), sum+float64(w.Acknowledged)
		}
	}
	if seconds == 0 {
		f.Why = "no whole second of it was measured"
		return f
	}
	f.Value = sum / seconds
	return f
}

// invalid returns why a run's figures of one kind say nothing.
func invalid(r *report.Report, fault string, scope report.Scope) string {
	for _, f := range r.Validity {
		touches := f.Scope == scope || f.Scope == report.ScopeAll || f.Scope == report.ScopeSpeed && scope == report.ScopeRecovery
		about := f.Fault == "" || slices.ContainsFunc(r.Faults, func(o report.Fault) bool { return o.Name == f.Fault && nameOf(o) == fault })
		if touches && about {
			return f.Text
		}
	}
	return ""
}

// disturbedWhile reports whether something that is no part of the run disturbed one of the phases.
func disturbedWhile(r *report.Report, of func(*report.PhaseFigures) bool) bool {
	for i := range r.Phases {
		p := &r.Phases[i]
		if of(p) && slices.ContainsFunc(r.Disturbances, func(d report.Disturbance) bool { return d.From < p.To && d.To > p.From }) {
			return true
		}
	}
	return false
}
