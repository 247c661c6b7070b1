package squall_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const quiet = `
name: test
broker: { kind: kafka, run: embedded, nodes: 3, config: { broker.session.timeout.ms: 1000 } }
topic: { name: orders, partitions: 3, replicas: 3 }
load:
  rate: 600/s
  size: 100B
  client: fast
  producers: { count: 2, acks: all, idempotent: false, linger: 2ms, delivery-timeout: 10s }
  consumers: { count: 2, group: billing }
phases: { warm-up: 1s, baseline: 3s, recovery: 3s }
`

// quietly is the same with an idempotent client: where a broker dies, another one sends again what may be stored already, and stores it twice.
var quietly = strings.Replace(quiet, "idempotent: false", "idempotent: true", 1)

// calmly is the same in fewer requests, for tests that want a generator with time to spare, also under the race detector.
var calmly = strings.Replace(quietly, "linger: 2ms", "linger: 20ms", 1)

const expectSafe = "expect: [ lost == 0, duplicates == 0, reordered == 0, corrupt == 0, phantom == 0 ]\n"

const run = 0x5ca1ab1e

// events keeps what an observer is told.
type events struct{ all []report.Event }

func (e *events) Observe(ev report.Event) { e.all = append(e.all, ev) }

// read reads a scenario.
func read(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play runs a scenario on an embedded cluster that meddle was allowed to meddle with.
func play(t *testing.T, ctx context.Context, text string, meddle func(*embedded.Cluster), more ...squall.Observer) (*report.Report, *events, []byte) {
	t.Helper()
	return playThrough(t, ctx, text, meddle, func(d broker.Driver) broker.Driver { return d }, more...)
}

// playThrough does the same with a driver that was put before the cluster's own.
func playThrough(t *testing.T, ctx context.Context, text string, meddle func(*embedded.Cluster), through func(broker.Driver) broker.Driver, more ...squall.Observer) (
	*report.Report, *events, []byte) {
	t.Helper()
	s, bed := testbed(t, text)
	if meddle != nil {
		meddle(bed.Cluster.(*embedded.Cluster))
	}
	var file bytes.Buffer
	var seen events
	bed.Driver, bed.Events = through(bed.Driver), &file
	r, err := squall.Run(ctx, s, bed, append(more, &seen)...)
	if err != nil {
		t.Fatal(err)
	}
	return r, &seen, file.Bytes()
}

// testbed returns a scenario and an embedded cluster for it, which is closed when the test is over.
func testbed(t *testing.T, text string) (*scenarios.Scenario, squall.Testbed) {
	t.Helper()
	s := read(t, text)
	cluster, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: s.Broker.Nodes, Config: s.Broker.Config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close(context.Background()) })
	clock := broker.NewClock()
	driver, err := kafka.New(cluster, s.Settings(), clock, run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Close() })
	return s, squall.Testbed{Kind: kafka.Kind, Cluster: cluster, Driver: driver, Clock: clock, RunID: "test", Run: run}
}

// An honest broker is accused of nothing, and the death of a leader shows as what it was.
func TestHonestBroker(t *testing.T) { // not beside others, which could keep it from its schedule
	r, seen, file := play(t, t.Context(), quietly+
		"faults: [ { name: death, at: 1s, for: 3s, kill: leader } ]\n"+
		"expect: [ lost == 0, duplicates == 0, reordered == 0, recovery.service < 6s of death (warn), ack.p99 < 1s during baseline (warn) ]\n", nil)
	if r.Verdict.Outcome != report.Pass {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, r.Expectations)
	}
	disturbed := slices.ContainsFunc(r.Validity, func(f report.Finding) bool { return f.Scope == report.ScopeSpeed })
	for _, e := range r.Expectations {
		if e.Outcome != report.Pass && !(e.Warn && disturbed && e.Outcome == report.Inconclusive) { // speed is not judged on a disturbed machine
			t.Errorf("%+v", e)
		}
	}
	if s := r.Safety; s.OffsetConflict+s.EpochRegression+s.CommitRegression != 0 {
		t.Errorf("%+v", s)
	}
	if len(r.Crashes) != 0 {
		t.Errorf("a fault's victim is taken for crashed: %+v", r.Crashes)
	}
	load := r.History.LoadEnd - r.Windows[0].Start
	if due := uint64(600 * load.Seconds()); load < 11*time.Second || r.Safety.Sent < due-60 || r.Safety.Sent > due+60 || r.Safety.Acknowledged != r.Safety.Sent {
		t.Errorf("sent %d, acknowledged %d in %v; want about %d of both", r.Safety.Sent, r.Safety.Acknowledged, load, due)
	}
	f := r.Faults[0]
	if f.Effective < f.Commanded || f.Healed < f.Effective+3*time.Second || len(f.Victims) != 1 || len(f.Evidence) == 0 {
		t.Errorf("the fault went %+v", f)
	}
	want := report.Plan{WarmUp: time.Second, Baseline: 3 * time.Second, Load: 11 * time.Second,
		Faults: []report.Planned{{Name: "death", Kind: "kill", Target: "leader", At: 5 * time.Second, For: 3 * time.Second}}}
	if told := seen.all[0].Run; told == nil || !reflect.DeepEqual(told.Plan, &want) {
		t.Errorf("the first event tells the plan as %+v, want %+v", told, want)
	}
	rec := &r.Recovery[0]
	if len(rec.Longest) == 0 || rec.Longest[0].Length() < 500*time.Millisecond {
		t.Fatalf("the longest silences after a leader's death are %+v", rec.Longest)
	}
	gap := rec.Longest[0].Length() > rec.Threshold // where the baseline was rough, it is too short to be called one
	if s := rec.Service; !s.Known || s.Value > 5*time.Second || gap && s.Value < 500*time.Millisecond {
		t.Errorf("service was back %v after a leader died whose session lasts 1 s", s)
	}
	checkEvents(t, seen.all, file)
	checkTimesOfDay(t, r, seen.all)
	checkPhases(t, r)
}

// The file of events is what the observers were told, line by line, in order.
func checkEvents(t *testing.T, seen []report.Event, file []byte) {
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) != len(seen) {
		t.Errorf("%d events told, %d written", len(seen), len(lines))
	}
	for i, line := range lines {
		var e report.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if i < len(seen) && e.Type != seen[i].Type {
			t.Errorf("line %d is of type %s, told was %s", i+1, e.Type, seen[i].Type)
		}
	}
	if last := seen[len(seen)-1]; last.Type != report.EventVerdict {
		t.Errorf("the last event is of type %s", last.Type)
	}
}

// A report tells the time of day of every event as the event itself does.
func checkTimesOfDay(t *testing.T, r *report.Report, seen []report.Event) {
	if r.UTC(0).Equal(r.Run.Started) {
		t.Error("the run's clock did not go before the run started")
	}
	for _, e := range seen {
		if at := r.UTC(e.At); !at.Equal(e.UTC) {
			t.Errorf("%s %q was at %s, which the report says is %s", e.Type, e.Text, e.UTC, at)
		}
	}
}

func checkPhases(t *testing.T, r *report.Report) {
	var names []string
	for _, p := range r.Phases {
		names = append(names, p.Name)
		if p.To < p.From {
			t.Errorf("phase %s ends before it begins: %v to %v", p.Name, p.From, p.To)
		}
	}
	want := []string{"prepare", "warm-up", "baseline", "during death", "recovery death", "heal", "drain", "final read"}
	if got := slices.DeleteFunc(names, func(s string) bool { return s == "between" }); !slices.Equal(got, want) {
		t.Errorf("phases are %v, want %v", got, want)
	}
	for _, w := range r.Windows[:3] {
		if w.Due != 600 {
			t.Errorf("%d messages were due in the second at %v, want 600", w.Due, w.Start)
		}
	}
}

// liar makes a broker acknowledge every n-th produce request of the load without storing it.
func liar(c *embedded.Cluster, after time.Duration, dropped *atomic.Int64) {
	begun := time.Now()
	c.Fake().ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake().KeepControl()
		req := r.(*kmsg.ProduceRequest)
		if time.Since(begun) < after || dropped.Load() >= 3 {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.BaseOffset = p.Partition, 1<<40
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		dropped.Add(1)
		return resp, nil, true
	})
}

// A broker that acknowledges what it does not store is found out, and the lost messages are named.
func TestLiarIsFoundOut(t *testing.T) {
	t.Parallel()
	var dropped atomic.Int64
	r, _, _ := play(t, t.Context(), quiet+expectSafe, func(c *embedded.Cluster) { liar(c, 2500*time.Millisecond, &dropped) })
	if dropped.Load() == 0 {
		t.Fatal("the liar did not lie")
	}
	if r.Safety.Lost == 0 || r.Verdict.Outcome != report.Fail || r.Verdict.ExitCode != report.ExitSafety {
		t.Errorf("%d requests were dropped; lost %d, %s", dropped.Load(), r.Safety.Lost, r.Verdict.Sentence)
	}
	if r.Safety.Verified+r.Safety.Lost != r.Safety.Acknowledged {
		t.Errorf("verified %d and lost %d of %d acknowledged", r.Safety.Verified, r.Safety.Lost, r.Safety.Acknowledged)
	}
	if !slices.ContainsFunc(r.Safety.Examples, func(a report.Anomaly) bool { return a.Kind == "lost" }) {
		t.Errorf("no lost message is named: %+v", r.Safety.Examples)
	}
}

// saboteur writes into the topic what the run's producers did not: a copy of a message, a corrupt one, one that was never sent, one of another run.
func saboteur(c *embedded.Cluster, after time.Duration) {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Endpoint(broker.Observer).Addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		panic(err)
	}
	time.AfterFunc(after, func() {
		defer client.Close()
		value := func(run uint64, id broker.ID, spoil bool) []byte {
			v := make([]byte, 100)
			broker.Encode(v, run, id, time.Second)
			if spoil {
				v[60] ^= 1
			}
			return v
		}
		for _, v := range [][]byte{
			value(run, broker.ID{Producer: 0, Partition: 1, Seq: 5}, false),       // stored once already
			value(run, broker.ID{Producer: 1, Partition: 1, Seq: 9}, true),        // its checksum is wrong
			value(run, broker.ID{Producer: 7, Partition: 1, Seq: 0}, false),       // there is no such producer
			value(run, broker.ID{Producer: 0, Partition: 1, Seq: 1 << 50}, false), // never sent
			value(run+1, broker.ID{Producer: 0, Partition: 1, Seq: 6}, false),     // last night's
		} {
			client.ProduceSync(context.Background(), &kgo.Record{Topic: "orders", Partition: 1, Value: v})
		}
	})
}

func TestSaboteurIsFoundOut(t *testing.T) {
	t.Parallel()
	r, _, _ := play(t, t.Context(), quiet+expectSafe, func(c *embedded.Cluster) { saboteur(c, 3*time.Second) })
	s := r.Safety
	if s.Duplicates != 1 || s.Corrupt != 1 || s.Phantom != 2 || s.Foreign != 1 || s.Lost != 0 {
		t.Errorf("duplicates %d, corrupt %d, phantom %d, foreign %d, lost %d; want 1, 1, 2, 1, 0\n%s",
			s.Duplicates, s.Corrupt, s.Phantom, s.Foreign, s.Lost, r.Verdict.Sentence)
		for _, a := range s.Examples {
			t.Logf("%+v", a)
		}
	}
	if r.Verdict.ExitCode != report.ExitSafety {
		t.Error(r.Verdict.Sentence)
	}
}

// inForce is called when a fault is in force.
type inForce func()

func (f inForce) Observe(e report.Event) {
	if e.Fault != nil && e.Fault.Effective >= 0 && e.Fault.Healing < 0 {
		f()
	}
}

// When the run is stopped, what is broken is mended, the log is read, and the verdict does not pretend to know.
func TestStoppedInTheMiddleOfAFault(t *testing.T) {
	t.Parallel()
	for _, stopped := range []squall.Stopped{{By: "Ctrl-C", Code: report.ExitInterrupted}, {By: "terminated", Code: report.ExitTerminated, Quick: true}} {
		t.Run(stopped.By, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			var begun time.Time
			r, seen, _ := play(t, ctx, quietly+"faults: [ { name: death, at: 0s, for: 30s, kill: b2 } ]\n"+expectSafe, nil, inForce(func() {
				begun = time.Now()
				cancel(stopped)
			}))
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("stopping took until %v", took)
			}
			if r.Verdict.ExitCode != stopped.Code || r.Verdict.Outcome != report.Inconclusive {
				t.Errorf("exit code %d, %s", r.Verdict.ExitCode, r.Verdict.Sentence)
			}
			if f := r.Faults[0]; f.Healed < 0 {
				t.Errorf("the fault was not reverted: %+v", f)
			}
			if stopped.Quick == r.Safety.FinalRead.Done {
				t.Errorf("final read: %+v", r.Safety.FinalRead)
			}
			if r.Safety.Lost != 0 {
				t.Errorf("%d called lost", r.Safety.Lost)
			}
			if seen.all[len(seen.all)-1].Type != report.EventVerdict {
				t.Error("the verdict is not the last event")
			}
		})
	}
}

// A broker that dies by itself is no fault of the scenario's, and no pass.
func TestBrokerDiesByItself(t *testing.T) {
	t.Parallel()
	r, seen, _ := play(t, t.Context(), quietly+expectSafe, func(c *embedded.Cluster) {
		time.AfterFunc(2500*time.Millisecond, func() { _ = c.Nodes()[0].Kill(context.Background()) })
		time.AfterFunc(4500*time.Millisecond, func() { _ = c.Nodes()[0].Start(context.Background()) })
	})
	if len(r.Crashes) != 1 || r.Crashes[0].Node != "b1" || r.Verdict.ExitCode != report.ExitMissed {
		t.Errorf("crashes %+v, %s", r.Crashes, r.Verdict.Sentence)
	}
	if !slices.ContainsFunc(seen.all, func(e report.Event) bool { return e.Type == report.EventNode && e.Node.Node == "b1" }) {
		t.Error("no event tells of it")
	}
}

// A load of which everything is left to chance is verified like any other, and a closed loop says that it is one.
func TestShapedLoad(t *testing.T) { // not beside others: a closed loop takes all that there is
	chance := strings.Replace(quiet, "  rate: 600/s\n  size: 100B\n", `
  rate: { poisson: 600/s }
  size: { log-normal: { median: 200B, sigma: 1, min: 44B, max: 4KiB } }
  keys: { zipf: { keys: 1000, exponent: 1.1 } }
  body: { compressible: 50% }
  partitions: { weights: [5, 1, 0] }
`, 1)
	closed := strings.Replace(quiet, "rate: 600/s", "rate: max", 1)
	for name, text := range map[string]string{"chance": chance, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := play(t, t.Context(), text+expectSafe, nil)
			if r.Verdict.Outcome != report.Pass || r.Safety.Sent < 1800 || r.Safety.Verified != r.Safety.Sent {
				t.Errorf("%s: sent %d, verified %d", r.Verdict.Sentence, r.Safety.Sent, r.Safety.Verified)
			}
			if toldClosed := strings.Contains(strings.Join(r.Findings, " "), "closed loop") && strings.Contains(r.Run.Pacing, "closed loop"); toldClosed != (name == "closed") {
				t.Errorf("findings %q, pacing %q", r.Findings, r.Run.Pacing)
			}
		})
	}
}

// A generator that has no processor left for it is what was measured: speed is not judged, and the reason is told. Safety is judged all the same.
func TestStarvedGenerator(t *testing.T) { // not beside others: it takes the processor away
	const text = "expect: [ lost == 0, ack.p99 < 5s during baseline ]\n"
	r, _, _ := play(t, t.Context(), quietly+text, nil)
	if told := generatorFindings(r); len(told) > 0 && keptSchedule(r) {
		t.Errorf("a generator that kept its schedule is blamed: %v", told)
	}

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	thief := &starver{}
	defer thief.stop()
	r, _, _ = play(t, t.Context(), quietly+text, nil, thief)
	if r.Verdict.Outcome != report.Inconclusive || r.Verdict.ExitCode != report.ExitInconclusive || len(generatorFindings(r)) == 0 {
		t.Errorf("%s: %v", r.Verdict.Sentence, r.Validity)
	}
	if r.Safety.Lost != 0 || r.Expectations[0].Outcome != report.Pass || r.Expectations[1].Outcome != report.Inconclusive {
		t.Errorf("%+v", r.Expectations)
	}
	t.Log(r.Verdict.Sentence)
}

// A starver takes the processor away while the baseline lasts.
type starver struct {
	over     atomic.Bool
	spinning sync.WaitGroup
}

func (s *starver) Observe(e report.Event) {
	switch {
	case e.Phase == nil:
	case e.Phase.Kind == report.Baseline:
		for range 20 { // each has the processor for 10 ms at a time
			s.spinning.Go(func() {
				for !s.over.Load() {
				}
			})
		}
	default:
		s.over.Store(e.Phase.Kind != report.WarmUp)
	}
}

func (s *starver) stop() {
	s.over.Store(true)
	s.spinning.Wait()
}

// generatorFindings returns what the report holds against its own generator.
func generatorFindings(r *report.Report) (told []string) {
	for _, f := range r.Validity {
		if strings.Contains(f.Text, "generator") || strings.Contains(f.Text, "squall itself") {
			told = append(told, f.Text)
		}
	}
	return told
}

// keptSchedule reports whether the machine left the generator the time that it needs, with room to spare.
func keptSchedule(r *report.Report) bool {
	lag := r.LatencyDuring("baseline", func(l *report.Latency) *report.Histogram { return &l.Lag })
	busy := slices.ContainsFunc(r.Windows, func(w report.Window) bool { return w.CPU > 0.5*float64(r.Run.Host.MaxProcs) })
	return lag.Quantile(0.99).Value < 50*time.Millisecond && !busy
}

// A cluster that does not get ready is an error, not a report.
func TestNeverReady(t *testing.T) {
	t.Parallel()
	s, bed := testbed(t, quiet)
	for _, n := range bed.Cluster.Nodes() {
		if err := n.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	r, err := squall.Run(ctx, s, bed)
	if r != nil || err == nil || !strings.Contains(err.Error(), "b1 ended before the cluster served") {
		t.Errorf("report %v, error %v", r, err)
	}
}

// unformed is a driver of a cluster whose nodes run and never find one another.
type unformed struct{ broker.Driver }

func (unformed) CreateTopic(ctx context.Context, _ broker.Topic) error {
	<-ctx.Done()
	return fmt.Errorf("nobody leads the cluster (b1 follows nobody in term 7): %w", ctx.Err())
}

// A cluster that runs and never forms is told as that, with what its nodes say of it; a run that is stopped meanwhile is not.
func TestNeverForms(t *testing.T) {
	t.Parallel()
	s, bed := testbed(t, quiet)
	bed.Driver = unformed{bed.Driver}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := squall.Run(ctx, s, bed)
	if r != nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "does not come to serve") || !strings.Contains(err.Error(), "b1 follows nobody") {
		t.Errorf("report %v, error %v", r, err)
	}
	s, bed = testbed(t, quiet)
	bed.Driver = unformed{bed.Driver}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if r, err := squall.Run(stopped, s, bed); err != nil && strings.Contains(err.Error(), "come to serve") {
		t.Errorf("stopped: report %v, error %v", r, err)
	}
}
