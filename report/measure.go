package report

import (
	"fmt"
	"slices"
	"strings"
)

// A measure is a metric's value in one report.
type measure struct {
	value    float64
	censored bool   // the true value is greater, nobody knows by how much
	atLeast  bool   // the true value is this or greater
	why      string // why there is no value; empty: there is one
}

// human prints a measure as people write it.
func (m measure) human(u Unit) string {
	switch {
	case m.why != "":
		return "unknown"
	case m.censored:
		return "> " + u.human(m.value)
	case m.atLeast:
		return "at least " + u.human(m.value)
	}
	return u.human(m.value)
}

func count(name, about string, of func(*Safety) uint64) Metric {
	return countOf("messages", name, about, of)
}

func countOf(what, name, about string, of func(*Safety) uint64) Metric {
	return Metric{Name: name, Unit: UnitCount, Scope: ScopeRun, About: what + ": " + about, Needs: ScopeSafety, get: func(r *Report, _ Expectation) measure {
		return measure{value: float64(of(&r.Safety))}
	}}
}

// events is a count of what is no message.
func events(name, about string, of func(*Safety) uint64) Metric {
	m := count(name, about, of)
	m.About = about
	return m
}

// trouble is a count that says something about availability, not about safety; of phases where they tell it.
func trouble(name, about string, of func(*Safety) uint64, during func(*PhaseFigures) uint64) Metric {
	m := count(name, about, of)
	m.Needs = ScopeSpeed
	if during == nil {
		return m
	}
	whole := m.get
	m.Scope = ScopePhase
	m.get = func(r *Report, e Expectation) measure {
		if e.During == "" {
			return whole(r, e)
		}
		var sum measure
		for _, p := range r.phases(e.During) {
			sum.value += float64(during(p))
		}
		return sum
	}
	return m
}

func successRatio(r *Report, e Expectation) measure {
	due, acknowledged := r.Safety.Owed(), r.Safety.Acknowledged
	if e.During != "" {
		due, acknowledged = 0, 0
		for _, p := range r.phases(e.During) {
			due += p.Acknowledged + p.Rejected + p.Unknown
			acknowledged += p.Acknowledged
		}
		if r.Safety.Unsent > 0 {
			return measure{why: fmt.Sprintf("%s messages were never taken by a client, and are counted in no phase", Thousands(r.Safety.Unsent))}
		}
	}
	if due == 0 {
		return measure{why: "nothing was due"}
	}
	return measure{value: float64(acknowledged) / float64(due)}
}

// rate is how many messages went by in a second, by the time at which they did. Only windows count that lie in a phase as a whole, and that the load went on for.
func rate(name, about string, of func(*Window) uint64, extremes func(*Within) Extremes) Metric {
	stats := []string{"mean", "min", "max"}
	return Metric{Name: name, Unit: UnitRate, Stats: stats, Stat: "mean", Scope: ScopePhase, About: "messages " + about, Needs: ScopeSpeed,
		get: func(r *Report, e Expectation) measure {
			var seconds, sum float64
			var least, most uint64
			for i := range r.Windows {
				w := &r.Windows[i]
				if !r.within(w, e.During) {
					continue
				}
				each := w.Each()
				e := extremes(&each)
				if least = min(least, e.Least); seconds == 0 {
					least = e.Least
				}
				most = max(most, e.Most)
				seconds, sum = seconds+w.Span().Seconds(), sum+float64(of(w))
			}
			if seconds == 0 {
				return measure{why: "no whole second of it was measured"}
			}
			return measure{value: map[string]float64{"mean": sum / seconds, "min": float64(least), "max": float64(most)}[e.Stat]}
		}}
}

// within reports whether a window lies as a whole in one of the phases that an expectation about a phase, or about all that are judged, is about.
func (r *Report) within(w *Window, phase string) bool {
	end := w.End()
	if r.History.LoadEnd > 0 && end > r.History.LoadEnd {
		return false
	}
	for _, p := range r.phases(phase) {
		if w.Start >= p.From && end <= p.To {
			return true
		}
	}
	return false
}

func (r *Report) isAsked(p *PhaseFigures, phase string) bool {
	if phase == "" {
		return p.Kind != WarmUp && p.Kind != Heal && p.Kind != Drain && p.Kind != Reading
	}
	return r.isPhase(p.Phase, phase)
}

// phases returns the phases of that name; an empty name means all that are judged: not warm-up, heal and drain.
func (r *Report) phases(name string) (all []*PhaseFigures) {
	for i := range r.Phases {
		if r.isAsked(&r.Phases[i], name) {
			all = append(all, &r.Phases[i])
		}
	}
	return all
}

// Names of phases that stand for those of every fault.
const (
	DuringFaults  = "faults" // during one of them
	everyRecovery = "recovery"
)

// isPhase reports whether a phase goes by that name: its own, a fault's for what is during the fault or one of its injections, "recovery" and that, or a
// name for those of all faults.
func (r *Report) isPhase(p Phase, name string) bool {
	fault, recovery := strings.CutPrefix(name, everyRecovery+" ")
	switch p.Kind {
	case During:
		return p.Name == name || r.isOf(p.Fault, name) || name == DuringFaults
	case Recovering:
		return p.Name == name || recovery && r.isOf(p.Fault, fault) || name == everyRecovery
	}
	return p.Name == name
}

// LatencyDuring merges one histogram over the phases of that name; an empty name means all that are judged: not warm-up, heal and drain.
func (r *Report) LatencyDuring(phase string, of func(*Latency) *Histogram) Histogram {
	var h Histogram
	for _, p := range r.phases(phase) {
		h.Merge(*of(&p.Latency))
	}
	return h
}

// quantiles are the statistics of a latency.
var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}}

func latency(name, about string, of func(*Latency) *Histogram) Metric {
	m := Metric{Name: name, Unit: UnitDuration, Scope: ScopePhase, About: "latency, " + about, Needs: ScopeSpeed}
	for _, q := range quantiles {
		m.Stats = append(m.Stats, q.name)
	}
	m.get = func(r *Report, e Expectation) measure {
		q := 1.0
		for _, known := range quantiles {
			if known.name == e.Stat {
				q = known.q
			}
		}
		h := r.LatencyDuring(e.During, of)
		v := h.Quantile(q)
		if !v.Known {
			return measure{why: "nothing was measured"}
		}
		if need := 1 / (1 - q); q < 1 && float64(h.Count()) < need {
			return measure{why: fmt.Sprintf("%d messages are too few for %s", h.Count(), e.Stat)}
		}
		return measure{value: v.Value.Seconds(), censored: v.AtLeast}
	}
	return m
}

// recoveryTime is a recovery figure; of several faults, or injections of one, it has the statistics of a Distribution, and is the greatest where none is
// asked for.
func recoveryTime(name, about string, of func(*Recovery) Figure) Metric {
	return Metric{Name: "recovery." + name, Unit: UnitDuration, Stats: []string{"min", "p50", "p95", "max"}, Stat: "max", Scope: ScopeFault, About: about, Needs: ScopeRecovery,
		get: func(r *Report, e Expectation) measure {
			var figures []Figure
			vacuous := "the fault did not happen"
			for _, rec := range r.recoveries(e.Of) {
				if rec.Vacuous != "" && slices.Contains(ofFailover, "recovery."+name) {
					vacuous = rec.Vacuous
					continue
				}
				f := of(rec)
				if !f.Known && !f.Censored {
					return measure{why: f.Why}
				}
				figures = append(figures, f)
			}
			if len(figures) == 0 {
				return measure{why: vacuous}
			}
			f := Distribute(figures).Stat(e.Stat)
			if !f.Known && !f.Censored {
				return measure{why: f.Why}
			}
			return measure{value: f.Value.Seconds(), censored: f.Censored}
		}}
}

// recoverySize is what is no time of a recovery; of several faults the greatest counts.
func recoverySize(name string, unit Unit, about string, of func(*Recovery) float64) Metric {
	return Metric{Name: "recovery." + name, Unit: unit, Scope: ScopeFault, About: about + "; of several faults the most", Needs: ScopeRecovery, get: func(r *Report, e Expectation) measure {
		all := r.recoveries(e.Of)
		if len(all) == 0 {
			return measure{why: "the fault did not happen"}
		}
		var most measure
		for _, rec := range all {
			if rec.Service.Why != "" {
				return measure{why: rec.Service.Why}
			}
			most.value = max(most.value, of(rec))
			most.atLeast = most.atLeast || rec.Service.Censored
		}
		most.atLeast = most.atLeast && !(unit == UnitShare && most.value >= 1) // there is no more
		return most
	}}
}

// recoveries returns those of the faults that go by a name, or of all; what was left out on purpose had none.
func (r *Report) recoveries(of string) (all []*Recovery) {
	for i := range r.Recovery {
		rec := &r.Recovery[i]
		fault := r.fault(rec.Fault)
		if !r.isAbout(of, rec.Fault) || fault != nil && fault.LeftOut != "" {
			continue
		}
		all = append(all, rec)
	}
	return all
}

func longestSilence(r *Recovery) Figure {
	if r.Service.Why != "" {
		return r.Service // nobody knows of gaps, and so of none of its parts
	}
	longest, open := KnownFigure(0), false
	for _, s := range r.Longest {
		longest.Value = max(longest.Value, s.Length())
		open = open || s.Open
	}
	if open = open || slices.ContainsFunc(r.Gaps, func(g Silence) bool { return g.Open }); open {
		return CensoredFigure(longest.Value) // the one that was still open may be longer than all others
	}
	return longest
}
