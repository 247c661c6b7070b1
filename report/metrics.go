package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A MetricScope says what a metric can be asked of.
type MetricScope string

// The scopes of metrics.
const (
	ScopeRun   MetricScope = "run"   // only of the whole run
	ScopePhase MetricScope = "phase" // of a phase, else of everything but warm-up, heal and drain
	ScopeFault MetricScope = "fault" // of a fault, else of every fault: the worst counts
)

// A Metric is something that an expectation can be about.
type Metric struct {
	Name  string
	Unit  Unit
	Scope MetricScope
	About string // one sentence
	Needs Scope  // what must be valid to judge it
	get   func(*Report, Expectation) measure
}

// A measure is a metric's value in one report.
type measure struct {
	value    float64
	censored bool   // the true value is greater, nobody knows by how much
	why      string // why there is no value; empty: there is one
}

// catalogue is every metric, one line each; latency metrics stand for all their statistics.
var catalogue = slices.Concat([]Metric{
	count("lost", "acknowledged, and not in the log when it was read to its end", func(s *Safety) uint64 { return s.Lost }),
	count("duplicates", "stored more than once", func(s *Safety) uint64 { return s.Duplicates }),
	count("redelivered", "given to the group more than once", func(s *Safety) uint64 { return s.Redelivered }),
	count("reordered", "behind a later message of its stream", func(s *Safety) uint64 { return s.Reordered }),
	count("phantom", "carries the run's id and was never sent", func(s *Safety) uint64 { return s.Phantom }),
	count("aborted-read", "delivered although it was rejected", func(s *Safety) uint64 { return s.AbortedRead }),
	count("corrupt", "header or checksum wrong", func(s *Safety) uint64 { return s.Corrupt }),
	count("expired", "acknowledged, and removed before the final read: by retention, or deleted by a fault before anybody was given it", func(s *Safety) uint64 { return s.Expired }),
	count("group-skip", "in the log, and given to nobody in a drained group", func(s *Safety) uint64 { return s.GroupSkip }),
	count("resurrected", "unknown to the producer, and found in the log", func(s *Safety) uint64 { return s.Resurrected }),
	trouble("unknown", "sent, and nobody can know what became of it", func(s *Safety) uint64 { return s.Unknown }),
	trouble("rejected", "sent, and surely not stored", func(s *Safety) uint64 { return s.Rejected }),
	trouble("unsent", "due, and never taken by the client because its buffer was full", func(s *Safety) uint64 { return s.Unsent }),
	{"success.ratio", UnitShare, ScopeRun, "acknowledged, of all that were due", ScopeSpeed, successRatio},
	recoveryMetric("detect", "from effective until the cluster's own view changed", func(r *Recovery) Figure { return r.Detect }),
	recoveryMetric("first-success", "from effective to the first success on an affected partition", func(r *Recovery) Figure { return r.FirstSuccess }),
	recoveryMetric("service", "from effective to the end of the last gap", func(r *Recovery) Figure { return r.Service }),
	recoveryMetric("performance", "from effective to the first 5 s as good as the baseline", func(r *Recovery) Figure { return r.Performance }),
	recoveryMetric("redundancy", "from healed to every in-sync set full", func(r *Recovery) Figure { return r.Redundancy }),
	recoveryMetric("drained", "from healed to the consumers' backlog as small as in the baseline", func(r *Recovery) Figure { return r.Drained }),
},
	latency("ack", "due to acknowledged", func(l *Latency) *Histogram { return &l.Ack }),
	latency("e2e", "due to delivered", func(l *Latency) *Histogram { return &l.E2E }),
	latency("service-time", "handed to the client, to acknowledged", func(l *Latency) *Histogram { return &l.Service }),
	latency("lag", "due, to handed to the client", func(l *Latency) *Histogram { return &l.Lag }),
)

// Metrics returns every metric that an expectation can be about.
func Metrics() []Metric { return slices.Clone(catalogue) }

// MetricNames returns the names of Metrics.
func MetricNames() []string {
	names := make([]string, len(catalogue))
	for i, m := range catalogue {
		names[i] = m.Name
	}
	return names
}

// FindMetric returns the metric of that name.
func FindMetric(name string) (Metric, bool) {
	i := slices.IndexFunc(catalogue, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return catalogue[i], true
}

func count(name, about string, of func(*Safety) uint64) Metric {
	return Metric{name, UnitCount, ScopeRun, "messages: " + about, ScopeSafety, func(r *Report, _ Expectation) measure {
		return measure{value: float64(of(&r.Safety))}
	}}
}

// trouble is a count that says something about availability, not about safety.
func trouble(name, about string, of func(*Safety) uint64) Metric {
	m := count(name, about, of)
	m.Needs = ScopeSpeed
	return m
}

func successRatio(r *Report, _ Expectation) measure {
	due := r.Safety.Sent + r.Safety.Unsent
	if due == 0 {
		return measure{why: "nothing was due"}
	}
	return measure{value: float64(r.Safety.Acknowledged) / float64(due)}
}

// recoveryMetric is a recovery figure; of several faults the worst counts.
func recoveryMetric(name, about string, of func(*Recovery) Figure) Metric {
	return Metric{"recovery." + name, UnitDuration, ScopeFault, about, ScopeRecovery, func(r *Report, e Expectation) measure {
		var worst measure
		found := false
		for i := range r.Recovery {
			fault := r.fault(r.Recovery[i].Fault)
			if e.Of != "" && !r.isOf(r.Recovery[i].Fault, e.Of) || fault != nil && fault.LeftOut != "" {
				continue
			}
			f := of(&r.Recovery[i])
			if !f.Known && !f.Censored {
				return measure{why: f.Why}
			}
			m := measure{value: f.Value.Seconds(), censored: f.Censored}
			if !found || m.worseThan(worst) {
				worst, found = m, true
			}
		}
		if !found {
			return measure{why: "the fault did not happen"}
		}
		return worst
	}}
}

// worseThan ranks a censored value above every other.
func (m measure) worseThan(o measure) bool {
	if m.censored != o.censored {
		return m.censored
	}
	return m.value > o.value
}

// quantiles are the statistics of a latency.
var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}}

func latency(name, about string, of func(*Latency) *Histogram) []Metric {
	metrics := make([]Metric, len(quantiles))
	for i, q := range quantiles {
		metrics[i] = Metric{name + "." + q.name, UnitDuration, ScopePhase, "latency, " + about, ScopeSpeed, func(r *Report, e Expectation) measure {
			h := r.LatencyDuring(e.During, of)
			v := h.Quantile(q.q)
			if !v.Known {
				return measure{why: "nothing was measured"}
			}
			if need := 1 / (1 - q.q); q.q < 1 && float64(h.Count()) < need {
				return measure{why: fmt.Sprintf("%d messages are too few for %s", h.Count(), q.name)}
			}
			return measure{value: v.Value.Seconds(), censored: v.AtLeast}
		}}
	}
	return metrics
}

// isPhase reports whether a phase goes by that name: its own, a fault's for what is during the fault or one of its injections, or "recovery" and that.
func (r *Report) isPhase(p Phase, name string) bool {
	fault, recovery := strings.CutPrefix(name, "recovery ")
	return p.Name == name || p.Kind == During && r.isOf(p.Fault, name) || recovery && p.Kind == Recovering && r.isOf(p.Fault, fault)
}

// LatencyDuring merges one histogram over the phases of that name; an empty name means all that are judged: not warm-up, heal and drain.
func (r *Report) LatencyDuring(phase string, of func(*Latency) *Histogram) Histogram {
	var h Histogram
	for i := range r.Phases {
		p := &r.Phases[i]
		judged := p.Kind != WarmUp && p.Kind != Heal && p.Kind != Drain && p.Kind != Reading
		if phase == "" && judged || phase != "" && r.isPhase(p.Phase, phase) {
			h.Merge(*of(&p.Latency))
		}
	}
	return h
}

// human prints a measure as people write it.
func (m measure) human(u Unit) string {
	switch {
	case m.why != "":
		return "unknown"
	case m.censored:
		return "> " + u.human(m.value)
	}
	return u.human(m.value)
}

// String prints a figure as people write it: "9.6s", "> 32s", "unknown".
func (f Figure) String() string {
	switch {
	case f.Censored:
		return "> " + Human(f.Value)
	case f.Known:
		return Human(f.Value)
	}
	return "unknown"
}

// KnownFigure is a figure with a value.
func KnownFigure(d time.Duration) Figure { return Figure{Value: d, Known: true} }

// CensoredFigure is a figure of which only a lower bound is known.
func CensoredFigure(d time.Duration) Figure { return Figure{Value: d, Censored: true} }

// UnknownFigure is a figure without a value.
func UnknownFigure(why string) Figure { return Figure{Why: strings.TrimSuffix(why, ".")} }
