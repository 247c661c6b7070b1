package prom

import (
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/seed-228c25e4/squall/report"
)

func at(e report.Event) report.Event {
	e.UTC = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return e
}

// told is an exporter of a run whose leader is down.
func told() *Exporter {
	x := NewExporter()
	x.Observe(at(report.Event{Run: &report.Run{ID: "8a3f", Scenario: "kafka-leader-kill", Seed: 42, Version: "v1",
		Broker: report.Broker{Kind: "kafka", Testbed: "containers", Nodes: []string{"b1", "b2", "b3"}},
		Plan:   &report.Plan{Faults: []report.Planned{{Name: "leader-kill #1", Kind: "kill"}, {Name: "leader-kill #2", Kind: "kill"}, {Name: "slow", Kind: "latency"}}}}}))
	x.Observe(at(report.Event{Phase: &report.Phase{Name: "during leader-kill", Kind: report.During}}))
	x.Observe(at(report.Event{Fault: &report.Fault{Name: "leader-kill #1", Group: "leader-kill", Kind: "kill", Commanded: 1, Effective: 2, Healing: report.Never, Healed: report.Never}}))
	x.Observe(at(report.Event{State: &report.StateChange{Nodes: []string{"b1", "b3"}, Controller: "b3", Partitions: []report.PartitionState{
		{Leader: "b1", Replicas: []string{"b1", "b2"}, InSync: []string{"b1"}}, {Replicas: []string{"b2"}}, {Leader: "b3", Replicas: []string{"b3"}, InSync: []string{"b3"}}}}}))
	x.Observe(at(report.Event{Node: &report.Crash{Node: "b2"}}))
	w := report.Window{Due: 100, Sent: 90, Held: 3, Acknowledged: 80, Unknown: 2, Delivered: 70, Backlog: 10, Buffered: 8, Errors: map[string]uint64{"timed out": 2}, Partitions: "fsf"}
	w.Latency.Ack = report.Histogram{Max: 3 * time.Second, Buckets: []report.Bucket{{Value: time.Millisecond, Count: 70}, {Value: 4 * time.Millisecond, Count: 8}, {Value: 3 * time.Second, Count: 2, Censored: 2}}}
	w.Host = &report.HostSample{Idle: 0.25, Nodes: map[string]report.NodeSample{"b1": {CPU: 0.5, Memory: 1 << 20}}}
	x.Observe(at(report.Event{Window: &w}))
	x.Observe(at(report.Event{Window: &w}))
	return x
}

func TestMetricsOfARun(t *testing.T) {
	want := `
# HELP squall_faults Injections of the scenario's faults, by the state that they are in.
# TYPE squall_faults gauge
squall_faults{fault="leader-kill",kind="kill",state="active"} 1
squall_faults{fault="leader-kill",kind="kill",state="failed"} 0
squall_faults{fault="leader-kill",kind="kill",state="healed"} 0
squall_faults{fault="leader-kill",kind="kill",state="healing"} 0
squall_faults{fault="leader-kill",kind="kill",state="injecting"} 0
squall_faults{fault="leader-kill",kind="kill",state="left_out"} 0
squall_faults{fault="leader-kill",kind="kill",state="planned"} 1
squall_faults{fault="leader-kill",kind="kill",state="unhealed"} 0
squall_faults{fault="slow",kind="latency",state="active"} 0
squall_faults{fault="slow",kind="latency",state="failed"} 0
squall_faults{fault="slow",kind="latency",state="healed"} 0
squall_faults{fault="slow",kind="latency",state="healing"} 0
squall_faults{fault="slow",kind="latency",state="injecting"} 0
squall_faults{fault="slow",kind="latency",state="left_out"} 0
squall_faults{fault="slow",kind="latency",state="planned"} 1
squall_faults{fault="slow",kind="latency",state="unhealed"} 0
# HELP squall_messages_acknowledged_total Messages that the broker acknowledged.
# TYPE squall_messages_acknowledged_total counter
squall_messages_acknowledged_total 160
# HELP squall_client_errors_total Messages that were not acknowledged, by class of the error.
# TYPE squall_client_errors_total counter
squall_client_errors_total{class="timed out"} 4
# HELP squall_broker_up 1 where the cluster counts the broker as a live member.
# TYPE squall_broker_up gauge
squall_broker_up{broker="b1"} 1
squall_broker_up{broker="b2"} 0
squall_broker_up{broker="b3"} 1
# HELP squall_broker_crashes_total Processes of the broker that ended although no fault held them.
# TYPE squall_broker_crashes_total counter
squall_broker_crashes_total{broker="b1"} 0
squall_broker_crashes_total{broker="b2"} 1
squall_broker_crashes_total{broker="b3"} 0
# HELP squall_partitions Partitions of the topic, as the cluster tells of them.
# TYPE squall_partitions gauge
squall_partitions{state="leaderless"} 1
squall_partitions{state="under_replicated"} 1
squall_partitions{state="whole"} 1
# HELP squall_partitions_serving Partitions of the topic, by how their acknowledgements went in the last second.
# TYPE squall_partitions_serving gauge
squall_partitions_serving{state="full"} 2
squall_partitions_serving{state="idle"} 0
squall_partitions_serving{state="silent"} 1
squall_partitions_serving{state="thin"} 0
`
	err := testutil.CollectAndCompare(told(), strings.NewReader(want), "squall_faults", "squall_messages_acknowledged_total", "squall_client_errors_total", "squall_broker_up",
		"squall_broker_crashes_total", "squall_partitions", "squall_partitions_serving")
	if err != nil {
		t.Error(err)
	}
}

// What becomes known of messages that were due in a second told before counts like all else.
func TestLate(t *testing.T) {
	x := told()
	w := report.Window{Late: []report.Late{{Due: 7}}}
	w.Late[0].Latency.Ack = report.Histogram{Max: 9 * time.Second, Buckets: []report.Bucket{{Value: 9 * time.Second, Count: 7}}}
	due, acks := x.known.total.Due, x.known.latencies[report.During].Ack.Count()
	x.Observe(at(report.Event{Window: &w}))
	if x.known.total.Due != due+7 || x.known.latencies[report.During].Ack.Count() != acks+7 {
		t.Errorf("%d due and %d acknowledged, and then %d and %d", due, acks, x.known.total.Due, x.known.latencies[report.During].Ack.Count())
	}
}

// What the next run counts begins at zero, and of what is not known yet nothing is told.
func TestNextRun(t *testing.T) {
	x := told()
	x.Observe(at(report.Event{Safety: &report.Safety{Lost: 3}}))
	x.Observe(at(report.Event{Result: &report.Verdict{Outcome: report.Fail}}))
	if n := testutil.CollectAndCount(x, "squall_verdict", "squall_safety_messages"); n != 3+len(safetyCounts(&report.Safety{})) {
		t.Errorf("%d time series of a run that is over", n)
	}
	x.Observe(at(report.Event{Run: &report.Run{ID: "2"}}))
	if n := testutil.CollectAndCount(x, "squall_verdict", "squall_safety_messages", "squall_ack_latency_seconds", "squall_faults", "squall_backlog_messages"); n != 0 {
		t.Errorf("the next run begins with %d time series of the one before", n)
	}
	if n := testutil.CollectAndCount(NewExporter()); n != 0 {
		t.Errorf("%d time series before the first run", n)
	}
}

// However often faults are injected, and however long a run is, the number of time series stays.
func TestBounded(t *testing.T) {
	x := told()
	before, last := testutil.CollectAndCount(x), x.known.last
	for i := range 1000 {
		f := report.Fault{Name: "leader-kill #" + strings.Repeat("1", i%7+2), Group: "leader-kill", Kind: "kill", Commanded: 1, Effective: 2, Healing: 3, Healed: 4}
		x.Observe(report.Event{Fault: &f})
		x.Observe(report.Event{Phase: &report.Phase{Name: "during leader-kill #", Kind: report.During}})
		x.Observe(report.Event{Window: last})
	}
	if after := testutil.CollectAndCount(x); after != before {
		t.Errorf("%d time series, and %d after a thousand faults", before, after)
	}
}

func TestHistogram(t *testing.T) {
	h := gather(t, told(), "squall_ack_latency_seconds").Metric[0].GetHistogram()
	if h.GetSampleCount() != 160 || math.Abs(h.GetSampleSum()-2*(0.070+0.032+6)) > 1e-9 {
		t.Errorf("count %d, sum %g", h.GetSampleCount(), h.GetSampleSum())
	}
	classic := map[float64]uint64{}
	for _, b := range h.Bucket {
		classic[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	for bound, want := range map[float64]uint64{0.0005: 0, 0.001: 140, 0.0025: 140, 0.005: 156, 2.5: 156, 5: 156, 60: 156} {
		if classic[bound] != want {
			t.Errorf("up to %gs: %d, want %d", bound, classic[bound], want)
		}
	}
	if got := len(h.PositiveDelta); h.GetSchema() != schema || got != 3 {
		t.Errorf("schema %d with %d native buckets", h.GetSchema(), got)
	}
}

// A value is in the bucket that the definition says: above the lower end, and not above the upper one.
func TestNativeBucket(t *testing.T) {
	for _, v := range []time.Duration{1, 999, time.Millisecond, 125 * time.Millisecond, 250 * time.Millisecond, time.Second, 3 * time.Second, time.Hour} {
		i := float64(nativeBucket(v))
		low, high := math.Exp2((i-1)/8), math.Exp2(i/8)
		if s := v.Seconds(); s <= low || s > high*(1+1e-12) {
			t.Errorf("%v is in (%g, %g]", v, low, high)
		}
	}
}

func gather(t *testing.T, x *Exporter, name string) *dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(x)
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(f *dto.MetricFamily) bool { return f.GetName() == name })
	if i < 0 {
		t.Fatalf("no %s", name)
	}
	return all[i]
}

func TestServe(t *testing.T) {
	on, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- told().Serve(ctx, on) }()
	for _, path := range []string{"/metrics", "/"} {
		resp, err := http.Get("http://" + on.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		for _, want := range []string{"squall_run_info{", "squall_messages_due_total 200\n", `squall_ack_latency_seconds_bucket{kind="during",le="0.001"} 140`, "go_goroutines", "process_cpu_seconds_total"} {
			if err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%s: %v, no %s", path, err, want)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The document tells of every metric, and of none that is not there.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/live-metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	described := make(chan *prometheus.Desc, 100)
	NewExporter().Describe(described)
	close(described)
	name := regexp.MustCompile(`fqName: "(\w+)"`)
	var there []string
	for d := range described {
		there = append(there, name.FindStringSubmatch(d.String())[1])
	}
	var told []string
	for _, m := range regexp.MustCompile("`(squall_\\w+)").FindAllStringSubmatch(string(doc), -1) {
		told = append(told, m[1])
	}
	for _, n := range there {
		if !slices.Contains(told, n) {
			t.Errorf("docs/live-metrics.md does not tell of %s", n)
		}
	}
	for _, n := range told {
		if !slices.Contains(there, n) {
			t.Errorf("docs/live-metrics.md tells of %s, which there is not", n)
		}
	}
}
