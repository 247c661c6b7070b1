package capacity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

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
