package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// unknowable returns why a miss says nothing: what disturbed while it came about. Empty: nothing did, or it was missed without that as well. Safety is never
// asked: what is lost is lost on a disturbed machine too.
func (r *Report) unknowable(m Metric, e Expectation) string {
	if m.Needs == ScopeSafety || len(r.Disturbances) == 0 {
		return ""
	}
	without := r.withoutDisturbedSeconds
	if m.Scope == ScopeFault {
		without = r.withoutDisturbedFaults
	}
	found, quiet := without(m, e)
	if len(found) == 0 || quiet != nil && quiet.stillMissed(m, e) {
		return ""
	}
	return tellDisturbed(found)
}

func (r *Report) stillMissed(m Metric, e Expectation) bool {
	v := m.get(r, e)
	met, proven := e.compare(v)
	return v.why == "" && !met && proven
}

// tellDisturbed tells a few disturbances in one sentence.
func tellDisturbed(all []Disturbance) string {
	const most = 2
	var parts []string
	for _, d := range all[:min(most, len(all))] {
		parts = append(parts, d.String())
	}
	if more := len(all) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return "the host was disturbed: " + strings.Join(parts, "; ")
}

// disturbing returns the disturbances that one of the spans has part of.
func (r *Report) disturbing(spans ...Span) []Disturbance {
	var all []Disturbance
	for _, d := range r.Disturbances {
		if slices.ContainsFunc(spans, func(s Span) bool { return d.From < s.To && d.To > s.From }) {
			all = append(all, d)
		}
	}
	return all
}

// withoutDisturbedFaults returns what disturbed the faults that a recovery is about, and the report without those faults: what they came to says nothing of
// the others.
func (r *Report) withoutDisturbedFaults(m Metric, e Expectation) ([]Disturbance, *Report) {
	quiet := *r
	quiet.Recovery = nil
	var spans []Span
	for _, rec := range r.recoveries(e.Of) {
		if span := r.answersFor(m, e, rec); len(r.disturbing(span)) > 0 {
			spans = append(spans, span)
		} else {
			quiet.Recovery = append(quiet.Recovery, *rec)
		}
	}
	return r.disturbing(spans...), &quiet
}

// answersFor returns the stretch in which a fault's figure came about: from the fault's command until the figure was reached, else to the command of the next
// fault that began when this one was healed, or to the end of the load.
func (r *Report) answersFor(m Metric, e Expectation, rec *Recovery) Span {
	f := r.fault(rec.Fault)
	if f == nil {
		return Span{To: r.History.LoadEnd}
	}
	span := Span{From: f.Commanded, To: r.History.LoadEnd}
	for i := range r.Faults {
		if next := r.Faults[i].Commanded; f.Healed >= 0 && next >= f.Healed {
			span.To = min(span.To, next)
		}
	}
	alone := *r
	alone.Recovery = []Recovery{*rec}
	v := m.get(&alone, Expectation{Metric: e.Metric, Stat: "max"})
	since, moment := countedFrom[m.Name]
	if moment && v.why == "" && !v.censored {
		span.To = min(span.To, max(since(f), f.Effective)+time.Duration(v.value*float64(time.Second)))
	}
	return span
}

// countedFrom says from when on the recovery figures are counted that tell a moment. The others are lengths or sizes.
var countedFrom = map[string]func(*Fault) time.Duration{
	"recovery.detect": effective, "recovery.first-success": effective, "recovery.first-return": effective, "recovery.service": effective,
	"recovery.performance": effective, "recovery.redundancy-since-effective": effective, "recovery.drained-since-effective": effective,
	"recovery.service-since-healed": healed, "recovery.redundancy": healed, "recovery.drained": healed,
}

func effective(f *Fault) time.Duration { return f.Effective }
func healed(f *Fault) time.Duration    { return f.Healed }

// aftermath is how long after a disturbed second others may be slow because of it: what queued up meanwhile is worked off.
const aftermath = 5 * time.Second

// withoutDisturbedSeconds returns what disturbed the phases that an expectation is about, and the report without the seconds that were disturbed or came soon
// after; nil where most would be left out, or where the figure is not made of seconds.
func (r *Report) withoutDisturbedSeconds(m Metric, e Expectation) ([]Disturbance, *Report) {
	var spans []Span
	for _, p := range r.phases(e.During) {
		spans = append(spans, Span{From: p.From, To: p.To})
	}
	found := r.disturbing(spans...)
	if len(found) == 0 || m.Unit != UnitDuration && m.Unit != UnitRate {
		return found, nil
	}
	quiet := *r
	quiet.Windows, quiet.Phases = nil, slices.Clone(r.Phases)
	for i := range quiet.Phases {
		quiet.Phases[i].Latency = Latency{}
	}
	var kept, all time.Duration
	for i := range r.Windows {
		w := &r.Windows[i]
		if !slices.ContainsFunc(r.phases(e.During), func(p *PhaseFigures) bool { return p.Name == w.Phase }) {
			continue
		}
		all += w.Span()
		if len(r.disturbing(Span{From: w.Start - aftermath, To: w.End()})) > 0 {
			continue
		}
		kept += w.Span()
		quiet.Windows = append(quiet.Windows, *w)
		for j := range quiet.Phases {
			if quiet.Phases[j].Name == w.Phase {
				quiet.Phases[j].Latency.Merge(w.Latency)
			}
		}
	}
	if 2*kept < all {
		return found, nil
	}
	return found, &quiet
}

// mostlyDisturbed returns what disturbed a span for at least half of its seconds.
func (r *Report) mostlyDisturbed(span Span) string {
	disturbed, all := 0, 0
	for at := span.From; at < span.To; at += time.Second {
		all++
		if len(r.disturbing(Span{From: at, To: min(at+time.Second, span.To)})) > 0 {
			disturbed++
		}
	}
	if disturbed == 0 || 2*disturbed < all {
		return ""
	}
	return tellDisturbed(r.disturbing(span))
}
