package capacity_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A modelled broker serves one message after the other, each for a time that is drawn from an exponential distribution, in virtual time: what it carries can
// be calculated.
type modelled struct {
	t         *testing.T
	seed      uint64
	mu        float64 // messages that it serves in a second
	generator float64 // messages that the generator hands over in a second at most; 0: as many as are due
	down      float64 // the share of mu that is left with one broker down; 0: all
	catching  float64 // and while it catches up; 0: all
	loses     float64 // the rate from which on a message is lost; 0: none ever is
	now       time.Time
	runs      []string        // topics, in order
	settled   []time.Duration // before each of them was measured
	before    func(n int)
	warms     time.Duration // of virtual time, in which it comes to serve five times as fast as at the beginning; 0: it is warm
}

const catchesUp = 6 * time.Second

// at is how fast it serves at a time of a run whose fault lasts from one moment to another.
func (m *modelled) at(now, from, to float64) float64 {
	switch {
	case from < 0 || now < from || now >= to+catchesUp.Seconds():
		return m.warmth() * m.mu
	case now < to:
		return m.warmth() * m.mu * cmp.Or(m.down, 1)
	}
	return m.warmth() * m.mu * cmp.Or(m.catching, 1)
}

// warmth is the share of what it serves when it is warm.
func (m *modelled) warmth() float64 {
	if m.warms == 0 {
		return 1
	}
	return min(1, 0.2+0.8*m.now.Sub(firstRun).Seconds()/m.warms.Seconds())
}

// A message is one, with what became of it, in seconds.
type message struct{ due, handed, acknowledged float64 }

// run implements capacity.Runner.
func (m *modelled) run(ctx context.Context, s *scenarios.Scenario, folder string) (*report.Report, error) {
	if m.before != nil {
		m.before(len(m.runs))
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.runs, m.settled = append(m.runs, s.Topic.Name), append(m.settled, s.Phases.WarmUp)
	m.now = m.now.Add(s.LoadEnd() + 5*time.Second)
	h := fnv.New64()
	fmt.Fprint(h, s.Topic.Name) // so that a point comes out as it does, whatever ran before it
	all := m.messages(s, rand.New(rand.NewPCG(m.seed, h.Sum64())))
	r := m.report(s, all)
	report.Judge(r, s.Expect)
	return r, nil
}

const began = 1 // second of the run's clock at which its load does

func (m *modelled) messages(s *scenarios.Scenario, r *rand.Rand) []message {
	from, to := -1.0, -1.0
	if len(s.Faults) > 0 {
		from = began + s.BaselineEnd().Seconds()
		to = from + s.Faults[0].For.Seconds()
	}
	all := make([]message, int(s.Load.Rate*s.LoadEnd().Seconds()))
	handed, free := 0.0, 0.0
	for i := range all {
		x := message{due: began + float64(i)/s.Load.Rate}
		if x.handed = x.due; m.generator > 0 {
			x.handed = max(x.due, handed+1/m.generator)
		}
		handed = x.handed
		start := max(x.handed, free)
		free = start + r.ExpFloat64()/m.at(start, from, to)
		x.acknowledged = free
		all[i] = x
	}
	return all
}

func span(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// report tells the messages as a run would.
func (m *modelled) report(s *scenarios.Scenario, all []message) *report.Report {
	loadEnd := began*time.Second + s.LoadEnd()
	r := &report.Report{Schema: report.SchemaVersion}
	r.Run = report.Run{Scenario: s.Name, Host: report.Host{OS: "model", CPUs: 2, MaxProcs: 2}, Broker: report.Broker{Kind: "kafka", Nodes: s.NodeNames()},
		Contract: report.Contract{Durable: true, Ordered: true, Unique: true}, Effective: string(scenarios.Effective(s))}
	r.History.LoadEnd, r.History.Rate = loadEnd, s.Load.Rate
	r.Safety = report.Safety{Sent: uint64(len(all)), Acknowledged: uint64(len(all)), Delivered: uint64(len(all)), Verified: uint64(len(all)), Drained: true,
		FinalRead: report.FinalRead{Done: true}}
	if m.loses > 0 && s.Load.Rate >= m.loses {
		r.Safety.Lost = 1
	}
	m.phases(r, s, loadEnd)
	m.windows(r, all)
	return r
}

func (m *modelled) phases(r *report.Report, s *scenarios.Scenario, loadEnd time.Duration) {
	add := func(kind report.PhaseKind, name, fault string, from, to time.Duration) {
		r.Phases = append(r.Phases, report.PhaseFigures{Phase: report.Phase{Name: name, Kind: kind, Fault: fault, From: from, To: to}})
	}
	add(report.Prepare, "prepare", "", 0, began*time.Second)
	warm, base := began*time.Second+s.Phases.WarmUp, began*time.Second+s.BaselineEnd()
	add(report.WarmUp, "warm-up", "", began*time.Second, warm)
	add(report.Baseline, "baseline", "", warm, base)
	if len(s.Faults) > 0 {
		step := s.Faults[0]
		f := step.Planned(0)
		end := base + step.For
		f.Commanded, f.Effective, f.Healing, f.Healed, f.Victims = base, base, end, end+time.Second, []string{"b3"}
		f.Survives = true
		r.Faults = []report.Fault{f}
		r.Recovery = []report.Recovery{{Fault: f.Name, Detect: report.KnownFigure(time.Second), Service: report.KnownFigure(2 * time.Second),
			Performance: report.KnownFigure(3 * time.Second), Redundancy: report.KnownFigure(catchesUp - time.Second), Drained: report.KnownFigure(time.Second)}}
		add(report.During, "during "+f.Name, f.Name, base, end)
		add(report.Recovering, "recovery "+f.Name, f.Name, end, loadEnd)
	}
	add(report.Heal, "heal", "", loadEnd, loadEnd+time.Minute)
}

// windows makes those of the run, and its phases' latencies.
func (m *modelled) windows(r *report.Report, all []message) {
	last := 0.0
	for _, x := range all {
		last = max(last, x.acknowledged, x.due)
	}
	n := int(last) + 1
	r.Windows = make([]report.Window, n+1-began)
	acks, services, lags := make([][]float64, len(r.Windows)), make([][]float64, len(r.Windows)), make([][]float64, len(r.Windows))
	for i := range r.Windows {
		r.Windows[i].Start, r.Windows[i].CPU = time.Duration(began+i)*time.Second, 0.2
	}
	for _, x := range all {
		i := int(x.due) - began
		r.Windows[i].Due++
		r.Windows[int(x.handed)-began].Sent++
		r.Windows[int(x.acknowledged)-began].Acknowledged++
		r.Windows[int(x.acknowledged)-began].Delivered++
		acks[i], services[i], lags[i] = append(acks[i], x.acknowledged-x.due), append(services[i], x.acknowledged-x.handed), append(lags[i], x.handed-x.due)
	}
	for i := range r.Windows {
		w := &r.Windows[i]
		w.Latency = report.Latency{Ack: histogram(acks[i]), E2E: histogram(acks[i]), Service: histogram(services[i]), Lag: histogram(lags[i])}
		for j := range r.Phases {
			if p := &r.Phases[j]; w.Start >= p.From && w.Start < p.To {
				w.Phase = p.Name
				p.Acknowledged += w.Acknowledged
				p.Delivered += w.Delivered
				p.Latency.Merge(w.Latency)
			}
		}
	}
}

// histogram counts values to three digits, as recorders do.
func histogram(values []float64) (h report.Histogram) {
	slices.Sort(values)
	for _, v := range values {
		d := span(v)
		unit := time.Duration(1)
		for d/unit >= 1000 {
			unit *= 10
		}
		up := (d + unit - 1) / unit * unit
		h.Max = max(h.Max, d)
		if n := len(h.Buckets); n > 0 && h.Buckets[n-1].Value == up {
			h.Buckets[n-1].Count++
			continue
		}
		h.Buckets = append(h.Buckets, report.Bucket{Value: up, Count: 1})
	}
	return h
}

// carries is the highest rate at which a share q of the messages is acknowledged within a time: messages come at even distances and are served for
// exponentially distributed times, so that the time in the system is exponentially distributed with mu(1-s), where s = exp(-(1-s) mu/rate) (the D/M/1 queue:
// Kleinrock, Queueing Systems I, 6.4).
func carries(mu float64, q float64, within time.Duration) float64 {
	low, high := 0.0, mu
	for range 60 {
		rate := (low + high) / 2
		s := 0.5
		for range 10_000 {
			s = math.Exp(-(1 - s) * mu / rate)
		}
		if -math.Log(1-q)/(mu*(1-s)) <= within.Seconds() {
			low = rate
		} else {
			high = rate
		}
	}
	return low
}

const scenario = `
name: modelled
broker: { kind: kafka, run: embedded, nodes: 3 }
topic: { name: orders, partitions: 3, replicas: 3 }
load: { rate: 100/s, size: 100B, producers: { count: 1 }, consumers: { count: 1 } }
expect: [ lost == 0, ack.p99 < 20ms ]
`

var firstRun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// options are those of a search over the modelled broker.
func (m *modelled) options(text string) capacity.Options {
	m.now = firstRun
	return capacity.Options{
		Settings: capacity.Settings{Resolution: capacity.DefaultResolution, Confirm: capacity.DefaultConfirm, Settling: capacity.DefaultSettling,
			Measuring: capacity.DefaultMeasuring, Most: capacity.DefaultMost},
		Faults: capacity.FaultsOff, Run: m.run, Now: func() time.Time { return m.now }, Code: func(error) report.ExitCode { return report.ExitInternal },
		Scenario: func(set ...string) (*scenarios.Scenario, error) {
			return scenarios.Parse("modelled.yaml", []byte(text), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}, Set: set})
		},
		Progress: func(format string, args ...any) { m.t.Logf(format, args...) },
	}
}

func (m *modelled) search(o capacity.Options) *capacity.Result {
	m.t.Helper()
	r, err := capacity.Run(m.t.Context(), o)
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}

// The knee of a broker whose capacity can be calculated is found within 5 % of the truth in nine of ten searches, each with another seed.
func TestFindsTheKneeOfAModelledBroker(t *testing.T) {
	for mu, measuring := range map[float64]time.Duration{500: time.Minute, 3000: capacity.DefaultMeasuring} { // few messages say less, and are measured for longer
		truth := carries(mu, 0.99, 20*time.Millisecond)
		far := 0
		for seed := range uint64(10) {
			m := &modelled{t: t, seed: seed, mu: mu}
			o := m.options(scenario)
			o.Measuring = measuring
			f := m.search(o).Curves[0].Found
			off := f.Low/truth - 1
			t.Logf("mu %g, seed %d: found %g to %g in %d points, truth %.0f, off by %+.1f %%", mu, seed, f.Low, f.High, len(m.runs), truth, 100*off)
			if f.Answer != capacity.Bracketed || math.Abs(off) > 0.05 {
				far++
			}
		}
		if far > 1 {
			t.Errorf("mu %g: %d of 10 searches were further than 5 %% from the truth, %.0f/s", mu, far, truth)
		}
	}
}

// A generator that is slower than the broker is told as the limit, and no figure of the cluster comes of it.
func TestSaysThatTheGeneratorIsTheLimit(t *testing.T) {
	m := &modelled{t: t, mu: 5000, generator: 1500}
	r := m.search(m.options(scenario))
	f := r.Curves[0].Found
	if f.Answer != capacity.AtLeast || f.Stop != capacity.StopGenerator || f.Low > 1500 || f.Low < 1000 || r.Verdict.ExitCode != report.ExitInconclusive {
		t.Errorf("%+v\n%+v", f, r.Verdict)
	}
	if !strings.Contains(f.Sentence, "this machine's generator is the limit") {
		t.Errorf("the answer does not say it: %s", f.Sentence)
	}
	for _, p := range r.Curves[0].Points {
		if p.Rate > 1600 && p.Validity != capacity.GeneratorLimit {
			t.Errorf("at %g: %s (%s)", p.Rate, p.Validity, p.Why)
		}
	}
}

// What the generator reaches to a broker that forgets is known beforehand: who misses near it has shown nothing of the cluster.
func TestCountsNoMissNearTheCeiling(t *testing.T) {
	m := &modelled{t: t, mu: 2000}
	o := m.options(scenario)
	o.Ceiling = func(context.Context, *scenarios.Scenario) (float64, error) { return 2000, nil }
	if f := m.search(o).Curves[0].Found; f.Answer != capacity.AtLeast || f.Stop != capacity.StopGenerator {
		t.Errorf("%+v", f)
	}
}

// With a broker down less is carried, and less again while it catches up; each is found for itself.
func TestFindsWhatIsLeftWithOneBrokerDown(t *testing.T) {
	const mu = 3000
	m := &modelled{t: t, seed: 1, mu: mu, down: 0.7, catching: 0.5}
	o := m.options(scenario)
	o.Faults = capacity.FaultsOn
	r := m.search(o)
	if r.Verdict.ExitCode != report.ExitPass || len(r.Curves) != 3 || len(r.Recoveries) != 3 {
		t.Fatalf("%s\n%d curves, %d recoveries", r.Verdict.Sentence, len(r.Curves), len(r.Recoveries))
	}
	for i, share := range []float64{1, 0.7, 0.5} {
		f, truth := r.Curves[i].Found, carries(share*mu, 0.99, 20*time.Millisecond)
		t.Logf("%s: %g to %g, truth %.0f", r.Curves[i].Name, f.Low, f.High, truth)
		if f.Answer != capacity.Bracketed || math.Abs(f.Low/truth-1) > 0.1 {
			t.Errorf("%s: found %g to %g, truth %.0f", r.Curves[i].Name, f.Low, f.High, truth)
		}
	}
	for i, want := range []float64{0.5, 0.7, 0.85} {
		rec := r.Recoveries[i]
		if rec.Share != want || len(rec.Faults) != 1 || rec.Faults[0].Service.Value != 2*time.Second || rec.Faults[0].Kind != "kill" {
			t.Errorf("%+v", rec)
		}
	}
}

// A broker that carries as much with one down is told so, and is not searched above what the healthy cluster carries.
func TestSaysThatNothingIsMissing(t *testing.T) {
	m := &modelled{t: t, mu: 1000}
	o := m.options(scenario)
	o.Faults = capacity.FaultsOn
	r := m.search(o)
	for _, c := range r.Curves[1:] {
		if c.Found.Low > r.Curves[0].Found.Low {
			t.Errorf("%s carries %g, and healthy %g", c.Name, c.Found.Low, r.Curves[0].Found.Low)
		}
	}
}

// A search that was interrupted in the middle goes on where it ended, measures nothing twice, and comes to the same.
func TestGoesOnWhereItWasInterrupted(t *testing.T) {
	whole := &modelled{t: t, seed: 4, mu: 800, down: 0.6}
	o := whole.options(scenario)
	o.Faults = capacity.FaultsOn
	want := whole.search(o)
	for _, at := range []int{0, 1, 6, len(whole.runs) / 2, len(whole.runs) - 1} {
		ctx, cancel := context.WithCancel(t.Context())
		first := &modelled{t: t, seed: 4, mu: 800, down: 0.6}
		first.before = func(n int) {
			if n == at {
				cancel()
			}
		}
		o := first.options(scenario)
		o.Faults = capacity.FaultsOn
		half, err := capacity.Run(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if half.Stopped == "" || half.Verdict.ExitCode != report.ExitInterrupted || len(first.runs) != at {
			t.Errorf("after %d points: %+v, %d runs", at, half.Verdict, len(first.runs))
		}
		second := &modelled{t: t, seed: 4, mu: 800, down: 0.6}
		o = second.options(scenario)
		o.Faults, o.Earlier = capacity.FaultsOn, reread(t, half)
		got := second.search(o)
		if len(first.runs)+len(second.runs) != len(whole.runs) {
			t.Errorf("after %d points: %d more runs were made, of %d in all", at, len(second.runs), len(whole.runs))
		}
		for i := range want.Curves {
			if a, b := got.Curves[i].Found, want.Curves[i].Found; a.Low != b.Low || a.High != b.High || len(got.Curves[i].Points) != len(want.Curves[i].Points) {
				t.Errorf("after %d points, %s: %g to %g, and uninterrupted %g to %g", at, got.Curves[i].Name, a.Low, a.High, b.Low, b.High)
			}
		}
		if got.Resumed != 1 || got.Stopped != "" {
			t.Errorf("%d, %q", got.Resumed, got.Stopped)
		}
	}
}

// reread returns a result as its file gives it back.
func reread(t *testing.T, r *capacity.Result) *capacity.Result {
	t.Helper()
	var file strings.Builder
	if err := capacity.JSON(&file, r); err != nil {
		t.Fatal(err)
	}
	back, err := capacity.Read(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Another search than that which was interrupted is not gone on with.
func TestRefusesToGoOnWithAnotherSearch(t *testing.T) {
	m := &modelled{t: t, mu: 300}
	o := m.options(scenario)
	r := m.search(o)
	for _, other := range []func(*capacity.Options){
		func(o *capacity.Options) { o.Expect = []string{"ack.p50 < 1s"} },
		func(o *capacity.Options) { o.Settings.Resolution = 0.1 },
		func(o *capacity.Options) {
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.size", Values: []string{"100B"}}}
		},
		func(o *capacity.Options) { *o = m.options(strings.Replace(scenario, "100B", "200B", 1)) },
	} {
		again := m.options(scenario)
		other(&again)
		again.Earlier = r
		if _, err := capacity.Run(t.Context(), again); err == nil {
			t.Error("went on with another search")
		}
	}
}

// A cluster that was just started has the scenario's warm-up before its first point, whichever that is; no other point has.
func TestWarmsAFreshCluster(t *testing.T) {
	m := &modelled{t: t, mu: 1000}
	o := m.options(scenario + "phases: { warm-up: 90s }\nfaults: [ { name: dies, at: 0s, for: 10s, kill: b1 } ]\n")
	o.Faults = capacity.FaultsOn
	o.Fresh = func(*scenarios.Scenario) bool { return len(m.runs) == 0 || len(m.runs) == 7 }
	r := m.search(o)
	if len(r.Recoveries) != 3 || len(m.settled) < 10 {
		t.Fatalf("%d runs, %d recoveries: %s", len(m.settled), len(r.Recoveries), r.Verdict.Sentence)
	}
	for i, settled := range m.settled {
		if fresh := i == 0 || i == 7; fresh != (settled == 90*time.Second) || !fresh && settled < capacity.DefaultSettling {
			t.Errorf("run %d settled for %s", i, settled)
		}
	}
}

// Swept over, the rate is measured as it is given; other fields are each searched for.
func TestSweeps(t *testing.T) {
	m := &modelled{t: t, mu: 1000}
	o := m.options(scenario)
	o.Settings.Sweeps = []capacity.Sweep{{Path: "load.rate", Values: []string{"700/s", "300/s", "2k/s"}}, {Path: "load.size", Values: []string{"100B", "1KiB"}}}
	r := m.search(o)
	if len(r.Curves) != 2 || r.Curves[1].Name != "healthy, load.size=1KiB" || r.Settings.Points != 6 || len(m.runs) != 6 {
		t.Fatalf("%d curves, %d points, %d runs", len(r.Curves), r.Settings.Points, len(m.runs))
	}
	for _, c := range r.Curves {
		if c.Found != nil || len(c.Points) != 3 || !c.Points[0].Held || !c.Points[1].Held || c.Points[2].Held || c.Points[2].Stop != capacity.StopAchieved {
			t.Errorf("%+v", c)
		}
	}
	if p := r.Curves[1].Points[0]; p.Bytes != 300*1024 || r.Verdict.ExitCode != report.ExitPass {
		t.Errorf("%g bytes/s, %s", p.Bytes, r.Verdict.Sentence)
	}
}

// An expectation that is missed at the lowest rate already is the answer, and a failure.
func TestSaysThatTheLowestRateMisses(t *testing.T) {
	m := &modelled{t: t, mu: 30}
	r := m.search(m.options(scenario))
	if f := r.Curves[0].Found; f.Answer != capacity.Below || f.High != r.Settings.From || r.Verdict.ExitCode != report.ExitMissed {
		t.Errorf("%+v\n%+v", f, r.Verdict)
	}
}

// What is lost on the way is told, whatever the rate is worth.
func TestTellsWhatIsLost(t *testing.T) {
	m := &modelled{t: t, mu: 3000, loses: 1000}
	r := m.search(m.options(scenario))
	if f := r.Curves[0].Found; f.Low >= 1000 || f.Low < 900 || r.Verdict.ExitCode != report.ExitSafety || !strings.Contains(r.Verdict.Sentence, "lost") {
		t.Errorf("%+v\n%+v", f, r.Verdict)
	}
}

func TestRefusesQuestionsThatCannotBeAsked(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ask        func(*capacity.Options)
		says       string
	}{
		{"no latency", strings.Replace(scenario, ", ack.p99 < 20ms", "", 1), nil, "--expect 'ack.p99 < 100ms'"},
		{"a control", scenario + "verdict: fail(lost)\n", nil, "it is a control"},
		{"a shape", strings.Replace(scenario, "rate: 100/s", "rate: { ramp: { from: 1/s, to: 100/s, over: 10s } }", 1), nil, "--set load.rate=1k/s"},
		{"an explosion", scenario, func(o *capacity.Options) {
			values := []string{}
			for i := range 60 {
				values = append(values, fmt.Sprintf("%dB", 100+i))
			}
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.size", Values: values}, {Path: "load.rate", Values: []string{"10/s", "20/s"}}}
		}, "--max-points 120"},
		{"a wrong path", scenario, func(o *capacity.Options) {
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.sise", Values: []string{"100B"}}}
		}, "size"},
		{"a wrong value", scenario, func(o *capacity.Options) {
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.rate", Values: []string{"fast"}}}
		}, "--sweep load.rate=fast"},
		{"twice", scenario, func(o *capacity.Options) {
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.size", Values: []string{"100B"}}, {Path: "load.size", Values: []string{"200B"}}}
		}, "twice"},
		{"nothing between", scenario, func(o *capacity.Options) { o.From, o.To = 100, 10 }, "--to 10/s is less than --from 100/s"},
		{"an expectation about a fault", scenario, func(o *capacity.Options) { o.Expect = []string{"recovery.service < 1s"} }, "--expect"},
	} {
		m := &modelled{t: t, mu: 100}
		o := m.options(c.text)
		if c.ask != nil {
			c.ask(&o)
		}
		_, err := capacity.Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.says) || len(m.runs) > 0 {
			t.Errorf("%s: %v, after %d runs; want %q", c.name, err, len(m.runs), c.says)
		}
	}
}

// The text says the answer, and a point's line why it did not hold.
func TestText(t *testing.T) {
	m := &modelled{t: t, mu: 1000}
	r := m.search(m.options(scenario))
	var text strings.Builder
	if err := capacity.Text(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PASS\nWhat is the highest rate", "healthy: ", "MISSED", "held"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}
