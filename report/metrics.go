package report

import (
	"slices"
	"strings"
)

// A MetricScope says what a metric can be asked of.
type MetricScope string

// The scopes of metrics.
const (
	ScopeRun   MetricScope = "run"   // only of the whole run
	ScopePhase MetricScope = "phase" // of a phase, else of everything but warm-up, heal and drain
	ScopeFault MetricScope = "fault" // of a fault, else of every fault
)

// A Metric is something that an expectation can be about.
type Metric struct {
	Name  string
	Unit  Unit
	Stats []string // the statistics, one of which follows the name and a dot
	Stat  string   // the one that is meant where none is written; empty: one has to be written, or there are none
	Scope MetricScope
	About string // one sentence
	Needs Scope  // what must be valid to judge it
	get   func(*Report, Expectation) measure
}

// catalogue is every metric, one line each.
var catalogue = []Metric{
	count("lost", "acknowledged, and not in the log when it was read to its end", func(s *Safety) uint64 { return s.Lost }),
	lostBytes(),
	lostAge(),
	count("duplicates", "stored more than once", func(s *Safety) uint64 { return s.Duplicates }),
	count("redelivered", "given to the group more than once", func(s *Safety) uint64 { return s.Redelivered }),
	count("reordered", "behind a later message of its stream", func(s *Safety) uint64 { return s.Reordered }),
	count("phantom", "carries the run's id and was never sent", func(s *Safety) uint64 { return s.Phantom }),
	count("aborted-read", "delivered although it was rejected, or aborted in a transaction", func(s *Safety) uint64 { return s.AbortedRead }),
	countOf("transactions", "torn", "committed, and some of its messages were found while others are lost", func(s *Safety) uint64 { return s.Transactions.Torn }),
	count("dirty-read", "aborted in a transaction, and delivered to consumers that read uncommitted", func(s *Safety) uint64 { return s.DirtyRead }),
	count("corrupt", "header or checksum wrong", func(s *Safety) uint64 { return s.Corrupt }),
	count("foreign", "another run's", func(s *Safety) uint64 { return s.Foreign }),
	count("offset-conflict", "one offset of a partition with two contents, each offset counted", func(s *Safety) uint64 { return s.OffsetConflict }),
	events("epoch-regression", "how often a partition's leader epoch went back, in the log or as the cluster told it", func(s *Safety) uint64 { return s.EpochRegression }),
	events("commit-regression", "how often a committed offset went back to one that no member had committed since", func(s *Safety) uint64 { return s.CommitRegression }),
	count("expired", "acknowledged, and removed before the final read: by retention, or deleted by a fault before anybody was given it", func(s *Safety) uint64 { return s.Expired }),
	count("dead-lettered", "given up on by the broker, and found where it sets such messages aside", func(s *Safety) uint64 { return s.DeadLettered }),
	count("group-skip", "in the log, and given to nobody in a drained group", func(s *Safety) uint64 { return s.GroupSkip }),
	count("resurrected", "unknown to the producer, and found in the log", func(s *Safety) uint64 { return s.Resurrected }),
	trouble("unknown", "sent, and nobody can know what became of it", func(s *Safety) uint64 { return s.Unknown }, func(p *PhaseFigures) uint64 { return p.Unknown }),
	trouble("rejected", "sent, and surely not stored", func(s *Safety) uint64 { return s.Rejected }, func(p *PhaseFigures) uint64 { return p.Rejected }),
	trouble("unsent", "due, and never taken by the client because its buffer was full", func(s *Safety) uint64 { return s.Unsent }, nil),
	{Name: "success.ratio", Unit: UnitShare, Scope: ScopePhase, About: "acknowledged, of all that were due", Needs: ScopeSpeed, get: successRatio},
	rate("ack.rate", "acknowledged in a second", func(w *Window) uint64 { return w.Acknowledged }, func(w *Within) Extremes { return w.Acknowledged }),
	rate("delivery.rate", "delivered to consumers in a second", func(w *Window) uint64 { return w.Delivered }, func(w *Within) Extremes { return w.Delivered }),
	latency("ack", "due to acknowledged", func(l *Latency) *Histogram { return &l.Ack }),
	latency("e2e", "due to delivered", func(l *Latency) *Histogram { return &l.E2E }),
	latency("service-time", "handed to the client, to acknowledged", func(l *Latency) *Histogram { return &l.Service }),
	latency("lag", "due, to handed to the client", func(l *Latency) *Histogram { return &l.Lag }),
	recoveryTime("detect", "from effective until the cluster's own view changed", func(r *Recovery) Figure { return r.Detect }),
	recoveryTime("first-success", "from effective to the first success on an affected partition", func(r *Recovery) Figure { return r.FirstSuccess }),
	recoveryTime("first-return", "from effective to the end of the first gap", func(r *Recovery) Figure { return r.FirstReturn }),
	recoveryTime("service", "from effective to the end of the last gap", func(r *Recovery) Figure { return r.Service }),
	recoveryTime("service-since-healed", "from healed to the end of the last gap", func(r *Recovery) Figure { return r.ServiceSinceHealed }),
	recoveryTime("performance", "from effective to the first 5 s as good as the baseline", func(r *Recovery) Figure { return r.Performance }),
	recoveryTime("redundancy", "from healed to every in-sync set full", func(r *Recovery) Figure { return r.Redundancy }),
	recoveryTime("redundancy-since-effective", "from effective to every in-sync set full", func(r *Recovery) Figure { return r.RedundancySinceEffect }),
	recoveryTime("drained", "from healed to the consumers' backlog as small as in the baseline", func(r *Recovery) Figure { return r.Drained }),
	recoveryTime("drained-since-effective", "from effective to the consumers' backlog as small as in the baseline", func(r *Recovery) Figure { return r.DrainedSinceEffect }),
	recoveryTime("silence", "the longest time without a success on any partition, as seen by producers or by consumers", longestSilence),
	recoveryTime("brownout", "the seconds in which something was acknowledged, at under 80 % of what was due or with a p99 above 3 x the baseline's + 20 ms", func(r *Recovery) Figure { return r.Brownout }),
	recoverySize("outage-area", UnitCount, "messages that were due in gaps", func(r *Recovery) float64 { return r.OutageArea }),
	recoverySize("blast-radius", UnitShare, "the share of the partitions that had a gap", func(r *Recovery) float64 { return r.BlastRadius }),
}

// Metrics returns every metric that an expectation can be about.
func Metrics() []Metric { return slices.Clone(catalogue) }

// MetricNames returns every name by which an expectation can call a metric, with and without a statistic.
func MetricNames() []string {
	var names []string
	for _, m := range catalogue {
		if len(m.Stats) == 0 || m.Stat != "" {
			names = append(names, m.Name)
		}
		for _, stat := range m.Stats {
			names = append(names, m.Name+"."+stat)
		}
	}
	return names
}

// FindMetric returns the metric that is called so, and the statistic that is meant.
func FindMetric(name string) (m Metric, stat string, ok bool) {
	for _, m := range catalogue {
		if m.Name == name && (len(m.Stats) == 0 || m.Stat != "") {
			return m, m.Stat, true
		}
		if stat, found := strings.CutPrefix(name, m.Name+"."); found && slices.Contains(m.Stats, stat) {
			return m, stat, true
		}
	}
	return Metric{}, "", false
}

// metric returns what the expectation is about; false: this squall has no such metric.
func (e Expectation) metric() (Metric, bool) {
	i := slices.IndexFunc(catalogue, func(m Metric) bool { return m.Name == e.Metric })
	if i < 0 {
		return Metric{}, false
	}
	return catalogue[i], true
}

// relative reports whether the metric can be held against what it is in the baseline: numbers of messages depend on how long a phase is.
func (m Metric) relative() bool { return m.Scope == ScopePhase && m.Unit != UnitCount }

// Spoken tells what can be asked of the metric: how values are written, of what, and the statistics.
func (m Metric) Spoken() string {
	of := map[MetricScope]string{ScopeRun: "of the run", ScopePhase: "of the run, or during PHASE", ScopeFault: "of all faults, or of FAULT"}[m.Scope]
	parts := []string{m.Unit.Spoken(), of}
	if m.relative() {
		parts[0] += ", or during PHASE N% of baseline"
	}
	if len(m.Stats) > 0 {
		stats := "." + strings.Join(m.Stats, " .")
		if m.Stat != "" {
			stats += ", else ." + m.Stat
		}
		parts = append(parts, stats)
	}
	return strings.Join(parts, "; ")
}
