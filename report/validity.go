package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Limits beyond which a run's data cannot be judged.
const (
	lagLimit      = 100 * time.Millisecond // p99 of the generator's own lag in a judged phase: more would be most of what users call slow
	lateLimit     = 0.05                   // share of a judged phase's messages that may be handed over in another second than they were due in
	busyLimit     = 0.9                    // of the cores that squall may use: above, its clients' own queues are part of every latency
	busyShare     = 0.2                    // of a judged phase's seconds that may be as busy
	failedLimit   = 0.05                   // share of the sends that may be unknown, or rejected, where no expectation speaks of it
	rateLimit     = 20                     // messages due per second and partition: fewer leave gaps too coarse
	baselineLeast = 1000                   // acknowledged messages in the baseline: fewer make no p99.9
)

// validate returns what makes parts of the report's data invalid.
func validate(r *Report, expectations []Expectation) []Finding {
	all := []Finding{}
	add := func(s Scope, fault, format string, args ...any) {
		all = append(all, Finding{Scope: s, Fault: fault, Text: fmt.Sprintf(format, args...)})
	}
	if r.Run.CutOff != "" {
		add(ScopeAll, "", "%s", r.Run.CutOff)
		return all // what else is missing is missing for this reason
	}
	if r.Run.Stopped != "" {
		add(ScopeAll, "", "the run was stopped before its end: %s", r.Run.Stopped)
	}
	for _, f := range r.Faults {
		switch {
		case f.LeftOut != "":
		case f.Error != "" && f.ByHand: // what was planned is not less true for it
			add(ScopeRecovery, f.Name, "fault %s, by hand, did not take effect or did not end as it was to: %s", f.Name, f.Error)
		case f.Error != "" && f.Effective >= 0:
			add(ScopeAll, f.Name, "fault %s took effect, and did not end as planned: %s", f.Name, f.Error)
		case f.Error != "":
			add(ScopeAll, f.Name, "fault %s did not take effect: %s", f.Name, f.Error)
		case !f.Took() && r.Run.Stopped == "":
			add(ScopeAll, f.Name, "fault %s never began", f.Name)
		}
	}
	validateSeries(r, add)
	validateGenerator(r, add)
	validateSafety(r, expectations, add)
	validateRecovery(r, add)
	return all
}

// validateSeries finds faults of which all injections were left out: then nothing was tried.
func validateSeries(r *Report, add func(Scope, string, string, ...any)) {
	groups, leftOut := map[string]int{}, map[string]int{}
	for _, f := range r.Faults {
		name, _, _ := strings.Cut(f.Name, " #")
		if groups[name]++; f.LeftOut != "" {
			leftOut[name]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if leftOut[name] == groups[name] && r.Run.Stopped == "" {
			add(ScopeAll, name, "every injection of %s was left out: %d", name, groups[name])
		}
	}
}

// validateGenerator finds phases whose figures are the generator's own. What a client with a full buffer kept waiting is not its fault. A closed loop
// has no schedule to miss.
func validateGenerator(r *Report, add func(Scope, string, string, ...any)) {
	for _, p := range r.Phases {
		if !p.judged() || r.Run.ClosedLoop {
			continue
		}
		if lag := p.Latency.Lag.Quantile(0.99); lag.Value > lagLimit {
			add(ScopeSpeed, "", "the generator missed its own schedule %s: p99 of the lag is %s, over %s", duringPhase(p.Phase), lag, Human(lagLimit))
		}
		if late := r.late(p.Name); late > lateLimit {
			add(ScopeSpeed, "", "the generator missed its own rate %s: %.1f %% of the messages were handed over in another second than they were due in, over %g %%",
				duringPhase(p.Phase), 100*late, 100*lateLimit)
		}
		if busy := r.busy(p.Name); busy > busyShare {
			add(ScopeSpeed, "", "squall itself was at its limit %s: in %.0f %% of the seconds it used over %g %% of the %d cores that it may; lower the rate, or give it a machine of its own",
				duringPhase(p.Phase), 100*busy, 100*busyLimit, r.Run.Host.MaxProcs)
		}
	}
}

// judged reports whether speed is held against anything in this phase.
func (p *PhaseFigures) judged() bool {
	return p.Kind != Prepare && p.Kind != WarmUp && p.Kind != Heal && p.Kind != Drain && p.Kind != Reading
}

// late returns the share of a phase's messages by which the seconds' numbers of what was due and what was handed over differ. What a full client held
// back is in neither.
func (r *Report) late(phase string) float64 {
	var due, off uint64
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Phase == phase {
			due += w.Latency.Lag.Count()
			off += w.Each().Astray
		}
	}
	return float64(off) / float64(max(due, 1))
}

// busy returns the share of a phase's seconds in which squall used nearly all that it may; 0 where that is not known.
func (r *Report) busy(phase string) float64 {
	var seconds, busy time.Duration
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Phase == phase && r.Run.Host.MaxProcs > 0 {
			seconds += w.Span()
			if w.CPU > busyLimit*float64(r.Run.Host.MaxProcs) {
				busy += w.Span()
			}
		}
	}
	return float64(busy) / float64(max(seconds, 1))
}

func duringPhase(p Phase) string {
	if p.Kind == During {
		return p.Name
	}
	return "during " + p.Name
}

func validateSafety(r *Report, expectations []Expectation, add func(Scope, string, string, ...any)) {
	s := &r.Safety
	switch {
	case s.FinalRead.Done:
	case s.FinalRead.Consumed:
		add(ScopeSafety, "", "the consumers were not seen to take everything: %s", s.FinalRead.Reason)
	default:
		add(ScopeSafety, "", "the final read did not reach the end of the log: %s", s.FinalRead.Reason)
	}
	if n := s.Expired - s.Deleted; n > 0 {
		add(ScopeSafety, "", "retention removed %s acknowledged messages before the final read; keep messages for longer than the run", Thousands(n))
	}
	if s.UnreadTail > 0 && s.FinalRead.Done {
		add(ScopeSafety, "", "%s acknowledged messages were not found, and retention may have removed them", Thousands(s.UnreadTail))
	}
	if s.GroupLag > 0 {
		add(ScopeSafety, "", "the consumers had %s messages left to read when the drain's time was over", Thousands(s.GroupLag))
	}
	if s.Pending > 0 {
		add(ScopeSafety, "", "%s messages had no outcome yet when the run ended", Thousands(s.Pending))
	}
	if float64(s.Unknown) > failedLimit*float64(s.Sent) && !speaksOf(expectations, "unknown", "success.ratio") {
		add(ScopeAll, "", "%s of %s messages ended unknown, more than %g %%, and no expectation speaks of it", Thousands(s.Unknown), Thousands(s.Sent), failedLimit*100)
	}
	if float64(s.Rejected) > failedLimit*float64(s.Sent) && !speaksOf(expectations, "rejected", "success.ratio") {
		add(ScopeAll, "", "%s of %s messages were rejected, more than %g %%, are in no latency, and no expectation speaks of them", Thousands(s.Rejected),
			Thousands(s.Sent), failedLimit*100)
	}
}

// speaksOf reports whether an expectation is about one of these metrics.
func speaksOf(expectations []Expectation, metrics ...string) bool {
	return slices.ContainsFunc(expectations, func(e Expectation) bool { return slices.Contains(metrics, e.Metric) })
}

func validateRecovery(r *Report, add func(Scope, string, string, ...any)) {
	if len(r.Faults) == 0 {
		return
	}
	for i := range r.Phases {
		if p := &r.Phases[i]; p.Kind == Baseline && p.Acknowledged < baselineLeast {
			add(ScopeRecovery, "", "the baseline has %s acknowledged messages, and at least %s are needed to tell a gap", Thousands(p.Acknowledged), Thousands(baselineLeast))
		}
	}
	if r.History.Rate < rateLimit {
		add(ScopeRecovery, "", "%.3g messages a second and partition are too few to tell a gap; at least %d are needed", r.History.Rate, rateLimit)
	}
	for _, f := range r.Faults {
		for _, b := range r.History.Blind {
			if f.Took() && b.From < f.Effective+time.Second && b.To > f.Effective {
				add(ScopeRecovery, f.Name, "nobody could see the cluster's state when %s took effect: the observer was blind for %s", f.Name, Human(b.To-b.From))
			}
		}
	}
}
