package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Judge holds a report's figures against the contract and the expectations, and fills in its validity, its expectations and its verdict. It reads
// nothing else, so a report can be judged again.
//
// A proven violation of safety fails always; speed, availability and recovery are judged only where the data is valid; what cannot be judged
// makes the run inconclusive unless it fails.
func Judge(r *Report, expectations []Expectation) {
	r.Validity, r.Disturbances = validate(r, expectations), disturbances(r)
	r.Expectations = []Judged{}
	reasons := append(violations(Rules(r)), outages(r, expectations)...)
	reasons = append(reasons, neverRecovered(r)...)
	reasons = append(reasons, notHealed(r)...)
	for _, e := range expectations {
		j, reason := judgeOne(r, e)
		r.Expectations = append(r.Expectations, j)
		if reason != nil && !e.Warn {
			reasons = append(reasons, *reason)
		}
	}
	for _, f := range r.Validity {
		if f.Scope == ScopeAll || f.Scope == ScopeSafety {
			reasons = append(reasons, Reason{Code: ExitInconclusive, Text: f.Text})
		}
	}
	if r.Run.Stopped != "" && r.Run.StopCode != 0 {
		reasons = append(reasons, Reason{Code: r.Run.StopCode, Text: "stopped by " + r.Run.Stopped})
	}
	r.Verdict = conclude(r, dedupe(reasons))
}

func dedupe(reasons []Reason) []Reason {
	out := []Reason{}
	seen := map[Reason]bool{}
	for _, r := range reasons {
		if !seen[r] {
			out = append(out, r)
		}
		seen[r] = true
	}
	return out
}

// outages returns what is no success whatever was expected: a broker that died by itself, and a load of which nothing was acknowledged. Of a run that
// was cut off, nobody knows whether it was the same that ended squall.
func outages(r *Report, expectations []Expectation) []Reason {
	if r.Run.CutOff != "" {
		return nil
	}
	var reasons []Reason
	for _, c := range r.Crashes {
		reasons = append(reasons, c.reason())
	}
	if r.Safety.Owed() > 0 && r.Safety.Acknowledged == 0 && !speaksOf(expectations, "rejected", "unknown", "success.ratio") {
		nothing := Reason{ExitMissed, "nothing was acknowledged", "success.ratio"}
		if why := r.mostlyDisturbed(Span{To: r.History.LoadEnd}); why != "" {
			nothing = Reason{Code: ExitInconclusive, Text: nothing.Text + ": " + why}
		}
		reasons = append(reasons, nothing)
	}
	return reasons
}

// reason tells a death: a broker's own is a failure, and says nothing of it where the host ended it for want of memory.
func (c Crash) reason() Reason {
	if c.OutOfMemory {
		return Reason{Code: ExitInconclusive, Text: fmt.Sprintf("the kernel ended %s at %s for want of memory, outside any fault", c.Node, Human(c.At))}
	}
	return Reason{ExitMissed, fmt.Sprintf("%s died at %s, outside any fault", c.Node, Human(c.At)), crashed}
}

// neverRecovered returns the faults after which service had not come back when the load ended, although the cluster could have done it, and had the
// time that was planned for it.
func neverRecovered(r *Report) []Reason {
	if r.Run.Stopped != "" {
		return nil
	}
	var reasons []Reason
	end := r.History.LoadEnd.Truncate(time.Millisecond) // as gaps are told
	for i := range r.Recovery {
		f := r.fault(r.Recovery[i].Fault)
		open := slices.ContainsFunc(r.Recovery[i].Gaps, func(g Silence) bool { return g.Open && g.To >= end })
		if f == nil || !open || !f.Survives && (f.Healed < 0 || f.Healed >= r.History.LoadEnd) {
			continue
		}
		text := fmt.Sprintf("service had not come back %s after %s when the load ended", Human(r.Recovery[i].Service.Value), f.Name)
		if why := r.mostlyDisturbed(Span{From: f.Commanded, To: end}); why != "" {
			reasons = append(reasons, Reason{Code: ExitInconclusive, Text: text + ": " + why})
			continue
		}
		reasons = append(reasons, Reason{ExitNotRecovered, text, "recovery.service"})
	}
	return reasons
}

// notHealed returns the faults that could not be reverted: that is nobody's failure but squall's.
func notHealed(r *Report) []Reason {
	var reasons []Reason
	for _, f := range r.Faults {
		if f.HealError != "" {
			reasons = append(reasons, Reason{Code: ExitInternal, Text: fmt.Sprintf("squall failed to heal %s after fault %s: %s", strings.Join(f.Victims, ", "), f.Name, f.HealError)})
		}
	}
	return reasons
}

// isOf reports whether a fault is the one that an expectation speaks of, or an injection of it.
func (r *Report) isOf(name, of string) bool {
	f := r.fault(name)
	return name == of || f != nil && f.Is(of)
}

// isAbout reports whether an expectation of a fault, or of all where it names none, is about a fault: of those by hand only what names them, for the others
// are as they were planned.
func (r *Report) isAbout(of, fault string) bool {
	if of == "" {
		f := r.fault(fault)
		return f == nil || !f.ByHand
	}
	return r.isOf(fault, of)
}

func (r *Report) fault(name string) *Fault {
	for i := range r.Faults {
		if r.Faults[i].Name == name {
			return &r.Faults[i]
		}
	}
	return nil
}

// judgeOne holds one expectation against the report. The reason is nil when it is met.
func judgeOne(r *Report, e Expectation) (Judged, *Reason) {
	m, ok := e.metric()
	j := Judged{Text: e.Text, Warn: e.Warn, Outcome: Inconclusive, Got: "unknown"}
	if !ok {
		j.Why = "there is no such metric"
		return j, &Reason{Code: ExitInconclusive, Text: e.Text + ": " + j.Why}
	}
	v := m.get(r, e)
	j.Got = v.human(m.Unit)
	if e.Relative {
		e, v, j.Got = r.relative(m, e, v)
	}
	met, proven := e.compare(v)
	invalid := r.invalidates(m, e)
	switch {
	case v.why != "":
		j.Why = v.why
	case !met && proven && m.Needs == ScopeSafety && (e.Op == "==" || e.Op[0] == '<'):
		j.Outcome = Fail // a violation that was found stays found, whatever was not looked at
	case invalid != "":
		j.Why = invalid
	case !proven:
		j.Why = "the true value is greater than " + m.Unit.human(v.value) + ", and nobody knows by how much"
	case met:
		j.Outcome = Pass
	default:
		if j.Why = r.unknowable(m, e); j.Why == "" {
			j.Outcome = Fail
		}
	}
	return j, j.reason(m, v)
}

// relative returns the expectation with the value that it means, where the baseline has one.
func (r *Report) relative(m Metric, e Expectation, v measure) (Expectation, measure, string) {
	baseline := e
	baseline.During = string(Baseline)
	base := m.get(r, baseline)
	switch {
	case v.why != "":
		return e, v, "unknown"
	case base.why != "":
		return e, measure{why: "of the baseline: " + base.why}, v.human(m.Unit)
	case base.censored || base.value == 0:
		return e, measure{why: "the baseline has no value that something could be a part of"}, v.human(m.Unit)
	}
	e.Value *= base.value
	return e, v, fmt.Sprintf("%s, %s of the baseline's %s", v.human(m.Unit), UnitShare.human(v.value/base.value), m.Unit.human(base.value))
}

// compare reports whether v meets the expectation, and whether that is proven: of a censored value only a lower bound is known.
func (e Expectation) compare(v measure) (met, proven bool) {
	if v.atLeast {
		switch e.Op {
		case ">", ">=":
			return e.holds(v.value), e.holds(v.value)
		case "<":
			return false, v.value >= e.Value
		}
		return false, v.value > e.Value
	}
	if !v.censored {
		return e.holds(v.value), true
	}
	if e.Op == ">" || e.Op == ">=" {
		return e.holds(v.value), e.holds(v.value)
	}
	return false, v.value >= e.Value
}

func (j Judged) reason(m Metric, v measure) *Reason {
	switch {
	case j.Outcome == Pass:
		return nil
	case j.Outcome == Inconclusive:
		return &Reason{Code: ExitInconclusive, Text: fmt.Sprintf("%s: %s", j.Text, j.Why)}
	case m.Needs == ScopeSafety:
		return &Reason{ExitSafety, fmt.Sprintf("%s: got %s", j.Text, j.Got), m.Name}
	case m.Name == "recovery.service" && v.censored:
		return &Reason{ExitNotRecovered, fmt.Sprintf("%s: got %s", j.Text, j.Got), m.Name}
	}
	return &Reason{ExitMissed, fmt.Sprintf("%s: got %s", j.Text, j.Got), m.Name}
}

// invalidates returns why the expectation cannot be judged on this data; empty: it can.
func (r *Report) invalidates(m Metric, e Expectation) string {
	if why := r.vacuous(m, e); why != "" {
		return why // also of data that is valid otherwise
	}
	for _, f := range r.Validity {
		switch {
		case f.Fault != "" && !r.isAbout(e.Of, f.Fault):
		case f.Scope == ScopeAll, f.Scope == m.Needs, f.Scope == ScopeSpeed && m.Needs == ScopeRecovery:
			return f.Text
		}
	}
	if !slices.Contains([]string{"recovery.service", "recovery.first-success", "recovery.first-return", "recovery.service-since-healed"}, m.Name) {
		return ""
	}
	for _, rec := range r.Recovery {
		if r.isAbout(e.Of, rec.Fault) && rec.Threshold.Seconds() > e.Value/2 && e.Value > 0 {
			return fmt.Sprintf("a gap is only told from %s on, which is more than half of the objective", Human(rec.Threshold))
		}
	}
	return ""
}

// ofFailover are the metrics that say something only where something failed over.
var ofFailover = []string{"recovery.first-success", "recovery.first-return", "recovery.service", "recovery.service-since-healed", "recovery.silence",
	"recovery.outage-area", "recovery.blast-radius"}

// vacuous returns why an expectation has no failover to judge: none of the faults that it is about led to one.
func (r *Report) vacuous(m Metric, e Expectation) (why string) {
	if !slices.Contains(ofFailover, m.Name) {
		return ""
	}
	for _, rec := range r.recoveries(e.Of) {
		if why = rec.Vacuous; why == "" {
			return ""
		}
	}
	return why
}

func conclude(r *Report, reasons []Reason) Verdict {
	v := Verdict{Outcome: Pass, Reasons: reasons, ExitCode: ExitPass}
	var codes []ExitCode
	for _, reason := range reasons {
		codes = append(codes, reason.Code)
	}
	v.ExitCode = Strongest(codes...)
	for _, code := range codes {
		switch code {
		case ExitSafety, ExitNotRecovered, ExitMissed:
			v.Outcome = Fail
		default: // stopped, or nobody can know
			if v.Outcome == Pass {
				v.Outcome = Inconclusive
			}
		}
	}
	v.Sentence = sentence(r, v)
	stated, err := ParseStated(r.Run.Stated)
	if err != nil || r.Run.CutOff != "" {
		return v // stated is nothing, as scenarios are parsed before they run; or what the run would have come to is not known
	}
	return stated.hold(v)
}

// sentence tells the verdict, the reasons that decided it and then the others, and what every reader asks next.
func sentence(r *Report, v Verdict) string {
	var parts []string
	for _, decisive := range []bool{true, false} {
		for _, reason := range v.Reasons {
			if r.Run.Stopped != "" && reason.Code == ExitInconclusive {
				continue // that it was stopped says it
			}
			if r.Run.CutOff != "" && reason.Code == ExitInconclusive && reason.Text != r.Run.CutOff {
				continue // and so does that it was cut off
			}
			if (reason.Code == v.ExitCode) == decisive {
				parts = append(parts, reason.Text)
			}
		}
	}
	if more := len(parts) - 3; more > 0 {
		parts = append(parts[:3], fmt.Sprintf("and %d more", more))
	}
	if v.Outcome == Pass {
		parts = append(parts, "nothing that was promised was broken")
		if len(r.Expectations) == 0 {
			parts = append(parts, "no objective stated")
		}
	}
	parts = append(parts, counts(r)...)
	if r.Run.Broker.Emulated != "" {
		parts = append(parts, "emulated; durability not tested")
	}
	return fmt.Sprintf("%s: %s.", v.Outcome, strings.Join(parts, "; "))
}

// counts tells how much was acknowledged and lost, and the slowest recovery where recovery can be judged.
func counts(r *Report) []string {
	s := &r.Safety
	due := s.Owed()
	if due == 0 {
		return []string{"nothing was sent that was to be acknowledged"}
	}
	lost := Thousands(s.Lost) + " lost"
	if !s.FinalRead.Done && s.Lost == 0 {
		lost = "whether any is lost was not checked"
	}
	parts := []string{fmt.Sprintf("%s of %s messages acknowledged (%.2f %%), %s", Thousands(s.Acknowledged), Thousands(due),
		100*float64(s.Acknowledged)/float64(due), lost)}
	for _, f := range r.Validity {
		if f.Scope != ScopeSafety {
			return parts
		}
	}
	var slowest Recovery
	for _, rec := range r.Recovery {
		f := rec.Service
		if f.Value > slowest.Service.Value && (f.Known || f.Censored) {
			slowest = rec
		}
	}
	switch {
	case slowest.Service.Known:
		parts = append(parts, fmt.Sprintf("service back %s after %s", slowest.Service, slowest.Fault))
	case slowest.Service.Censored:
		parts = append(parts, fmt.Sprintf("service not back %s after %s", Human(slowest.Service.Value), slowest.Fault))
	}
	return parts
}
