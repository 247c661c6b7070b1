package formats

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// Metrics writes what a run came to in OpenMetrics' text format 1.0: metrics.txt. Names, labels and units are in docs/metrics.md. Figures that nobody knows
// are missing; those of which only a lower bound is known have a name of their own.
func Metrics(w io.Writer, r *report.Report) error {
	m := &metrics{w: bufio.NewWriter(w)}
	for _, f := range slices.Concat(ofRun, ofSafety, ofLatency, ofFaults) {
		m.family(f, r)
	}
	m.line("# EOF")
	return m.w.Flush()
}

// A family is a metric with all its samples.
type family struct {
	name string // without squall_, and without what the format adds
	kind string // "gauge", "counter", "histogram", "info", "stateset"
	help string
	of   func(*report.Report) []sample
}

// A sample is one value of a family.
type sample struct {
	suffix string // of the name
	labels []string
	value  float64
}

// labels returns pairs of names and values.
func labels(pairs ...string) []string { return pairs }

type metrics struct{ w *bufio.Writer }

func (m *metrics) line(parts ...string) {
	for _, p := range parts {
		_, _ = m.w.WriteString(p) // Flush tells
	}
	_ = m.w.WriteByte('\n')
}

// family writes a family that has samples. Of two with the same labels, which nobody could tell apart, the first is written.
func (m *metrics) family(f family, r *report.Report) {
	samples := f.of(r)
	if len(samples) == 0 {
		return
	}
	name := "squall_" + f.name
	m.line("# TYPE ", name, " ", f.kind)
	for _, unit := range []string{"seconds", "ratio"} {
		if strings.HasSuffix(name, "_"+unit) {
			m.line("# UNIT ", name, " ", unit)
		}
	}
	m.line("# HELP ", name, " ", escaped(f.help))
	seen := map[string]bool{}
	for _, s := range samples {
		if line := name + s.suffix + labelled(s.labels); !seen[line] {
			seen[line] = true
			m.line(line, " ", decimalOf(s.value))
		}
	}
}

func labelled(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, fmt.Sprintf(`%s="%s"`, pairs[i], escaped(cut(words(pairs[i+1])))))
	}
	return "{" + strings.Join(all, ",") + "}"
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace

// decimalOf prints a number as the format wants those of buckets: whole ones too have a decimal.
func decimalOf(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}

// one returns a single sample without labels.
func one(v float64) []sample { return []sample{{value: v}} }

// states returns a state set: 1 for the one that holds, 0 for the others. The label has the family's name.
func states[T ~string](name string, is T, all []T, of ...string) (samples []sample) {
	for _, state := range all {
		v := 0.0
		if state == is {
			v = 1
		}
		samples = append(samples, sample{labels: append(slices.Clone(of), "squall_"+name, string(state)), value: v})
	}
	return samples
}

var outcomes = []report.Outcome{report.Pass, report.Fail, report.Inconclusive}

var ofRun = []family{
	{"run", "info", "The run.", func(r *report.Report) []sample {
		return []sample{{suffix: "_info", value: 1, labels: labels("run", r.Run.ID, "scenario", r.Run.Scenario, "broker", r.Run.Broker.Kind, "testbed", r.Run.Broker.Testbed,
			"seed", strconv.FormatUint(r.Run.Seed, 10), "version", r.Run.Version)}}
	}},
	{"verdict", "stateset", "What the run came to.", func(r *report.Report) []sample { return states("verdict", r.Verdict.Outcome, outcomes) }},
	{"exit_code", "gauge", "The code that squall ended with.", func(r *report.Report) []sample { return one(float64(r.Verdict.ExitCode)) }},
	{"run_started_timestamp_seconds", "gauge", "When the run began, in seconds since 1970.", func(r *report.Report) []sample {
		if r.Run.Started.IsZero() {
			return nil
		}
		return one(float64(r.Run.Started.UnixMilli()) / 1000)
	}},
	{"run_duration_seconds", "gauge", "How long the run took.", func(r *report.Report) []sample { return one(r.Run.Took.Seconds()) }},
	{"invalid", "gauge", "Findings that make part of the run's data invalid, by what they make invalid.", invalid},
	{"expectation", "stateset", "What each expectation came to.", func(r *report.Report) (all []sample) {
		for _, e := range r.Expectations {
			all = append(all, states("expectation", e.Outcome, outcomes, "expectation", e.Text)...)
		}
		return all
	}},
	{"broker_crashes", "counter", "Processes of the broker that ended although no fault held them.", crashCounts},
}

func invalid(r *report.Report) (all []sample) {
	for _, scope := range []report.Scope{report.ScopeAll, report.ScopeSafety, report.ScopeSpeed, report.ScopeRecovery} {
		n := 0
		for _, f := range r.Validity {
			if f.Scope == scope {
				n++
			}
		}
		all = append(all, sample{labels: labels("scope", string(scope)), value: float64(n)})
	}
	return all
}

func crashCounts(r *report.Report) (all []sample) {
	for _, node := range r.Run.Broker.Nodes {
		n := 0
		for _, c := range r.Crashes {
			if c.Node == node {
				n++
			}
		}
		all = append(all, sample{suffix: "_total", labels: labels("broker", node), value: float64(n)})
	}
	return all
}

var ofSafety = []family{
	messages("sent", "Messages that a client took.", func(s *report.Safety) uint64 { return s.Sent }),
	messages("unsent", "Messages that were due and that no client took, because its buffer was full.", func(s *report.Safety) uint64 { return s.Unsent }),
	messages("acknowledged", "Messages that the broker acknowledged.", func(s *report.Safety) uint64 { return s.Acknowledged }),
	messages("rejected", "Messages that are surely not stored.", func(s *report.Safety) uint64 { return s.Rejected }),
	messages("aborted", "Messages that were aborted on purpose, with their transaction.", func(s *report.Safety) uint64 { return s.Aborted }),
	messages("unknown", "Messages of which nobody can know whether they are stored.", func(s *report.Safety) uint64 { return s.Unknown }),
	messages("delivered", "Deliveries to the consumers, every repetition counted.", func(s *report.Safety) uint64 { return s.Delivered }),
	{"safety_messages", "gauge", "What the balance came to, by kind.", safetyMessages},
	{"safety_violations", "gauge", "How often each rule of safety that the run's contract promises was broken.", func(r *report.Report) (all []sample) {
		for _, rule := range report.Rules(r) {
			if rule.Promised {
				all = append(all, sample{labels: labels("rule", rule.Name), value: float64(rule.Count)})
			}
		}
		return all
	}},
	{"safety_final_read", "gauge", "1 where the log was read back to its end.", func(r *report.Report) []sample {
		if r.Safety.FinalRead.Done {
			return one(1)
		}
		return one(0)
	}},
	{"transactions", "counter", "Transactions of the producers, by how they ended; none where there were none.", func(r *report.Report) []sample {
		tx := r.Safety.Transactions
		if tx == (report.Transactions{}) {
			return nil
		}
		return counted("_total", "outcome", []count{{"committed", tx.Committed}, {"aborted", tx.Aborted}, {"unknown", tx.Unknown}, {"torn", tx.Torn}})
	}},
}

func messages(name, help string, of func(*report.Safety) uint64) family {
	return family{"messages_" + name, "counter", help, func(r *report.Report) []sample { return []sample{{suffix: "_total", value: float64(of(&r.Safety))}} }}
}

type count struct {
	name string
	n    uint64
}

func counted(suffix, label string, counts []count) (all []sample) {
	for _, c := range counts {
		all = append(all, sample{suffix: suffix, labels: labels(label, c.name), value: float64(c.n)})
	}
	return all
}

func safetyMessages(r *report.Report) []sample {
	s := &r.Safety
	return counted("", "kind", []count{{"verified", s.Verified}, {"lost", s.Lost}, {"unread_tail", s.UnreadTail}, {"expired", s.Expired}, {"dead_lettered", s.DeadLettered}, {"group_skip", s.GroupSkip},
		{"group_lag", s.GroupLag}, {"duplicates", s.Duplicates}, {"redelivered", s.Redelivered}, {"reordered", s.Reordered}, {"phantom", s.Phantom},
		{"aborted_read", s.AbortedRead}, {"corrupt", s.Corrupt}, {"foreign", s.Foreign}, {"resurrected", s.Resurrected}, {"dirty_read", s.DirtyRead},
		{"offset_conflict", s.OffsetConflict}})
}
