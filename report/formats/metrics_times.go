package formats

import (
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// upTo are the upper ends of the latencies' buckets, in seconds: from what a good schedule keeps to what an outage takes.
var upTo = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60}

var ofLatency = []family{
	byPhase("ack_latency_seconds", "From when a message was due to its acknowledgement.", func(l *report.Latency) *report.Histogram { return &l.Ack }),
	byPhase("end_to_end_latency_seconds", "From when a message was due to its delivery.", func(l *report.Latency) *report.Histogram { return &l.E2E }),
	byPhase("service_time_seconds", "From when a client took a message to its acknowledgement.", func(l *report.Latency) *report.Histogram { return &l.Service }),
	byPhase("schedule_lag_seconds", "From when a message was due to when a client took it.", func(l *report.Latency) *report.Histogram { return &l.Lag }),
}

// byPhase is a histogram of each phase in which something happened; phases of one name are one.
func byPhase(name, help string, of func(*report.Latency) *report.Histogram) family {
	return family{name, "histogram", help + " What is known only to be at least something is above every bucket.", func(r *report.Report) (all []sample) {
		var names []string
		sums, kinds := map[string]*report.Histogram{}, map[string]report.PhaseKind{}
		for _, p := range livelyPhases(r) {
			if sums[p.Name] == nil {
				names, sums[p.Name], kinds[p.Name] = append(names, p.Name), new(report.Histogram), p.Kind
			}
			sums[p.Name].Merge(*of(&p.Latency))
		}
		for _, phase := range names {
			all = append(all, buckets(sums[phase], labels("phase", phase, "kind", string(kinds[phase])))...)
		}
		return all
	}}
}

// buckets returns the samples of one histogram. The sum is that of what its buckets stand for.
func buckets(h *report.Histogram, of []string) (all []sample) {
	if len(h.Buckets) == 0 {
		return nil
	}
	var known, total uint64
	var sum float64
	next := 0
	bucket := func(le string, n uint64) {
		all = append(all, sample{suffix: "_bucket", labels: append(slices.Clone(of), "le", le), value: float64(n)})
	}
	for _, b := range h.Buckets { // ascending
		for ; next < len(upTo) && upTo[next] < b.Value.Seconds(); next++ {
			bucket(decimalOf(upTo[next]), known)
		}
		known, total = known+b.Count-b.Censored, total+b.Count
		sum += b.Value.Seconds() * float64(b.Count)
	}
	for ; next < len(upTo); next++ {
		bucket(decimalOf(upTo[next]), known)
	}
	bucket("+Inf", total)
	return append(all, sample{suffix: "_sum", labels: of, value: sum}, sample{suffix: "_count", labels: of, value: float64(total)})
}

// recoveryParts are the figures of a recovery, as expectations call them without "recovery.".
var recoveryParts = []struct {
	name string
	of   func(*report.Recovery) report.Figure
}{
	{"detect", func(r *report.Recovery) report.Figure { return r.Detect }},
	{"first-success", func(r *report.Recovery) report.Figure { return r.FirstSuccess }},
	{"first-return", func(r *report.Recovery) report.Figure { return r.FirstReturn }},
	{"service", func(r *report.Recovery) report.Figure { return r.Service }},
	{"service-since-healed", func(r *report.Recovery) report.Figure { return r.ServiceSinceHealed }},
	{"performance", func(r *report.Recovery) report.Figure { return r.Performance }},
	{"redundancy", func(r *report.Recovery) report.Figure { return r.Redundancy }},
	{"redundancy-since-effective", func(r *report.Recovery) report.Figure { return r.RedundancySinceEffect }},
	{"drained", func(r *report.Recovery) report.Figure { return r.Drained }},
	{"drained-since-effective", func(r *report.Recovery) report.Figure { return r.DrainedSinceEffect }},
	{"brownout", func(r *report.Recovery) report.Figure { return r.Brownout }},
}

var ofFaults = []family{
	{"fault_took_effect", "gauge", "1 for a fault that took effect, 0 for one that did not, or was left out.", func(r *report.Report) (all []sample) {
		for i := range r.Faults {
			f, v := &r.Faults[i], 0.0
			if f.Took() {
				v = 1
			}
			all = append(all, sample{labels: labels("fault", f.Name, "kind", f.Kind), value: v})
		}
		return all
	}},
	{"recovery_seconds", "gauge", "How long each part of a recovery took; none where nobody knows.",
		recoveryFigures(func(f report.Figure) bool { return f.Known })},
	{"recovery_at_least_seconds", "gauge", "What a part of a recovery took at least: it had not come when watching ended.",
		recoveryFigures(func(f report.Figure) bool { return f.Censored })},
	{"outage_seconds", "gauge", "How long each part of an outage took; together they are as long as it.", func(r *report.Report) (all []sample) {
		for i := range r.Recovery {
			for _, p := range r.Recovery[i].Parts {
				all = append(all, sample{labels: labels("fault", r.Recovery[i].Fault, "part", string(p.Name)), value: p.Took.Seconds()})
			}
		}
		return all
	}},
	{"recovery_gaps", "gauge", "Silences of a partition that were long enough to be gaps.", ofGaps(func(r *report.Recovery) float64 { return float64(len(r.Gaps)) })},
	{"recovery_blast_radius_ratio", "gauge", "The share of the partitions that had a gap.", ofGaps(func(r *report.Recovery) float64 { return r.BlastRadius })},
	{"recovery_outage_messages", "gauge", "Messages that were due in gaps.", ofGaps(func(r *report.Recovery) float64 { return r.OutageArea })},
}

func recoveryFigures(is func(report.Figure) bool) func(*report.Report) []sample {
	return func(r *report.Report) (all []sample) {
		for i := range r.Recovery {
			for _, part := range recoveryParts {
				if f := part.of(&r.Recovery[i]); is(f) {
					all = append(all, sample{labels: labels("fault", r.Recovery[i].Fault, "part", part.name), value: f.Value.Seconds()})
				}
			}
		}
		return all
	}
}

// ofGaps is of the recoveries of which gaps are known.
func ofGaps(of func(*report.Recovery) float64) func(*report.Report) []sample {
	return func(r *report.Report) (all []sample) {
		for i := range r.Recovery {
			if rec := &r.Recovery[i]; rec.Service.Why == "" {
				all = append(all, sample{labels: labels("fault", rec.Fault), value: of(rec)})
			}
		}
		return all
	}
}
