package prom

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-228c25e4/squall/report"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("squall_"+name, help, labels, nil)
}

// What is exported; docs/metrics.md tells the same in sentences, and a test holds it against this list.
var (
	descRun     = describe("run_info", "The run that is on, always 1.", "run", "scenario", "broker", "testbed", "seed", "version")
	descPhase   = describe("run_phase", "1 for the kind of the phase that is on, 0 for the others.", "kind")
	descVerdict = describe("verdict", "1 for what the run came to; none before it is over.", "squall_verdict")

	descBacklog  = describe("backlog_messages", "Messages acknowledged and not yet delivered.")
	descBuffered = describe("client_buffered_messages", "Messages in the producing clients' buffers.")
	descErrors   = describe("client_errors_total", "Messages that were not acknowledged, by class of the error.", "class")
	descAtLeast  = describe("latency_at_least_total", "Latencies known only to be at least their value.", "of", "kind")

	descFaults     = describe("faults", "Injections of the scenario's faults, by the state that they are in.", "fault", "kind", "state")
	descUp         = describe("broker_up", "1 where the cluster counts the broker as a live member.", "broker")
	descController = describe("broker_controller", "1 for the broker that is the controller.", "broker")
	descCrashes    = describe("broker_crashes_total", "Processes of the broker that ended although no fault held them.", "broker")
	descNodeCPU    = describe("broker_cpu_cores", "Cores that the broker's container used in the last second.", "broker")
	descNodeMemory = describe("broker_memory_bytes", "Memory that the broker's container uses.", "broker")
	descReplicas   = describe("partitions", "Partitions of the topic, as the cluster tells of them.", "state")
	descServing    = describe("partitions_serving", "Partitions of the topic, by how their acknowledgements went in the last second.", "state")
	descHost       = describe("host_cpu_ratio", "Share of the machine's processors in the last second: idle, stolen by the hypervisor, used by other programs.", "by")
	descSafety     = describe("safety_messages", "What the balance came to, by kind; none before the log has been read.", "kind")
)

// counts are the counters of messages.
var counts = []struct {
	desc *prometheus.Desc
	of   func(*report.Window) uint64
}{
	{describe("messages_due_total", "Messages that were due."), func(w *report.Window) uint64 { return w.Due }},
	{describe("messages_sent_total", "Messages that a client took."), func(w *report.Window) uint64 { return w.Sent }},
	{describe("messages_held_total", "Messages that waited because their client's buffer was full."), func(w *report.Window) uint64 { return w.Held }},
	{describe("messages_acknowledged_total", "Messages that the broker acknowledged."), func(w *report.Window) uint64 { return w.Acknowledged }},
	{describe("messages_rejected_total", "Messages that are surely not stored."), func(w *report.Window) uint64 { return w.Rejected }},
	{describe("messages_aborted_total", "Messages that were aborted on purpose, with their transaction."), func(w *report.Window) uint64 { return w.Aborted }},
	{describe("messages_unknown_total", "Messages of which nobody can know whether they are stored."), func(w *report.Window) uint64 { return w.Unknown }},
	{describe("messages_delivered_total", "Deliveries to the consumers, every repetition counted."), func(w *report.Window) uint64 { return w.Delivered }},
}

var phases = []report.PhaseKind{report.Prepare, report.WarmUp, report.Baseline, report.During, report.Recovering, report.Between, report.Heal, report.Drain, report.Reading}

var servings = []struct {
	letter rune
	state  string
}{{report.PartitionFull, "full"}, {report.PartitionThin, "thin"}, {report.PartitionSilent, "silent"}, {report.PartitionIdle, "idle"}}

// Describe implements prometheus.Collector.
func (x *Exporter) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descRun, descPhase, descVerdict, descBacklog, descBuffered, descErrors, descAtLeast, descFaults, descUp, descController,
		descCrashes, descNodeCPU, descNodeMemory, descReplicas, descServing, descHost, descSafety} {
		to <- d
	}
	for _, c := range counts {
		to <- c.desc
	}
	for _, l := range latencies {
		to <- l.desc
	}
}

// Collect implements prometheus.Collector.
func (x *Exporter) Collect(to chan<- prometheus.Metric) {
	x.mu.Lock()
	defer x.mu.Unlock()
	k := &x.known
	if k.run == nil {
		return
	}
	s := sink{to}
	k.collectRun(s)
	k.collectLoad(s)
	k.collectFaults(s)
	k.collectCluster(s)
}

// A sink takes metrics.
type sink struct{ to chan<- prometheus.Metric }

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counter(d *prometheus.Desc, v uint64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (k *known) collectRun(s sink) {
	r := k.run
	s.gauge(descRun, 1, r.ID, r.Scenario, r.Broker.Kind, r.Broker.Testbed, strconv.FormatUint(r.Seed, 10), r.Version)
	for _, p := range phases {
		s.gauge(descPhase, one(p == k.phase), string(p))
	}
	if k.verdict != nil {
		for _, o := range []report.Outcome{report.Pass, report.Fail, report.Inconclusive} {
			s.gauge(descVerdict, one(o == k.verdict.Outcome), string(o))
		}
	}
	if k.safety != nil {
		for kind, n := range safetyCounts(k.safety) {
			s.gauge(descSafety, float64(n), kind)
		}
	}
}

func safetyCounts(s *report.Safety) map[string]uint64 {
	return map[string]uint64{"verified": s.Verified, "lost": s.Lost, "unread_tail": s.UnreadTail, "expired": s.Expired, "group_skip": s.GroupSkip, "group_lag": s.GroupLag,
		"duplicates": s.Duplicates, "redelivered": s.Redelivered, "reordered": s.Reordered, "phantom": s.Phantom, "aborted_read": s.AbortedRead, "corrupt": s.Corrupt,
		"foreign": s.Foreign, "resurrected": s.Resurrected, "dirty_read": s.DirtyRead, "offset_conflict": s.OffsetConflict}
}

func (k *known) collectLoad(s sink) {
	for _, c := range counts {
		s.counter(c.desc, c.of(&k.total))
	}
	for class, n := range k.errors {
		s.counter(descErrors, n, class)
	}
	k.collectLatencies(s)
	if k.last == nil {
		return
	}
	s.gauge(descBacklog, float64(k.last.Backlog))
	s.gauge(descBuffered, float64(k.last.Buffered))
	for _, of := range servings {
		if k.last.Partitions != "" {
			s.gauge(descServing, float64(strings.Count(k.last.Partitions, string(of.letter))), of.state)
		}
	}
	if h := k.last.Host; h != nil {
		s.gauge(descHost, h.Idle, "idle")
		s.gauge(descHost, h.Steal, "steal")
		s.gauge(descHost, h.Others, "others")
		for name, n := range h.Nodes {
			s.gauge(descNodeCPU, n.CPU, name)
			s.gauge(descNodeMemory, float64(n.Memory), name)
		}
	}
}

func (k *known) collectFaults(s sink) {
	type series struct{ group, kind string }
	in := map[series]map[string]int{}
	for _, name := range k.order {
		f := k.faults[name]
		of := series{groupOf(f), f.Kind}
		if in[of] == nil {
			in[of] = map[string]int{}
		}
		in[of][stateOf(f)]++
	}
	for of, n := range in {
		for _, state := range faultStates {
			s.gauge(descFaults, float64(n[state]), of.group, of.kind, state)
		}
	}
}

func (k *known) collectCluster(s sink) {
	for name, n := range k.crashes {
		s.counter(descCrashes, n, name)
	}
	if k.state == nil {
		return
	}
	up := map[string]bool{}
	for _, n := range k.state.Nodes {
		up[n] = true
	}
	for _, n := range k.run.Broker.Nodes {
		s.gauge(descUp, one(up[n]), n)
		s.gauge(descController, one(n == k.state.Controller), n)
	}
	var whole, under, leaderless int
	for _, p := range k.state.Partitions {
		switch {
		case p.Leader == "":
			leaderless++
		case len(p.InSync) < len(p.Replicas):
			under++
		default:
			whole++
		}
	}
	s.gauge(descReplicas, float64(whole), "whole")
	s.gauge(descReplicas, float64(under), "under_replicated")
	s.gauge(descReplicas, float64(leaderless), "leaderless")
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
