package capacity

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// The answer of a modelled cluster that carries 42,000/s, and 29,000 with one broker down, has both within five per cent, and the least of the terms is advised.
func TestAnalysis(t *testing.T) {
	r := whole()
	a := r.Analysis
	for i, carries := range []float64{42_000, 29_000, 25_000} {
		k := a.Knees[i]
		// the objective of 50 ms is missed at 96 % of what the modelled cluster carries
		if truth := 0.96 * carries; k.Rate < 0.95*truth || k.Rate > truth || k.Limit.Low > truth*1.01 || k.Limit.High < truth*0.99 {
			t.Errorf("%s: %g, limit %+v; what it carries is %g", k.Curve, k.Rate, k.Limit, truth)
		}
	}
	if a.Advice.By != termOneDown || math.Abs(a.Advice.Rate-0.8*a.Knees[1].Rate) > 1 || !a.Advice.Complete || a.Advice.AtLeast {
		t.Errorf("advised is %+v", a.Advice)
	}
	if got := a.Advice.Terms[2]; got.Rate != round(0.7*42_000) || got.AtLeast {
		t.Errorf("the objective of recovery holds up to %+v", got)
	}
	for _, want := range []string{"with all brokers (the limit lies between", "with one broker down (between", "while a broker catches up", "run it at no more than"} {
		if !strings.Contains(a.Answer, want) {
			t.Errorf("%q is not in %q", want, a.Answer)
		}
	}
	if strings.Count(a.Answer, ". ") > 0 || !strings.HasSuffix(a.Answer, ".") {
		t.Errorf("more than a sentence: %s", a.Answer)
	}
}

// The law that the modelled cluster grows by is found within its intervals.
func TestGrowths(t *testing.T) {
	r := whole()
	if len(r.Analysis.Growths) != 1 {
		t.Fatalf("%+v", r.Analysis.Growths)
	}
	g := r.Analysis.Growths[0]
	if g.Fit == nil || g.Of != "producers" || len(g.Points) != 6 {
		t.Fatalf("%+v", g)
	}
	if f := g.Fit; f.Sigma.Low > 0.06 || f.Sigma.High < 0.06 || f.Kappa.Low > 0.004 || f.Kappa.High < 0.004 || f.Peak < 12 || f.Peak > 19 {
		t.Errorf("σ %+v, κ %+v, peak %g", f.Sigma, f.Kappa, f.Peak)
	}
	r.Curves[len(r.Curves)-1].Found.Answer = AtLeast
	r.Curves[len(r.Curves)-1].Found.Stop = StopGenerator
	r.Analyse()
	if g := r.Analysis.Growths[0]; g.Fit != nil || len(g.Left) != 1 || !strings.Contains(g.Why, "5 were measured") {
		t.Errorf("what the generator limits is no point of the cluster's: %+v", g)
	}
}

// Every case in which something is not known says so, and is not advised as if it were.
func TestAdvice(t *testing.T) {
	alone := whole()
	alone.Curves, alone.Recoveries = alone.Curves[:1], nil
	alone.Analyse()
	if a := alone.Analysis.Advice; a.Complete || a.By != termHealthy || a.Terms[1].Why != "not measured" {
		t.Errorf("healthy alone: %+v", a)
	}
	generator := generatorBound()
	if a := generator.Analysis.Advice; !a.AtLeast || a.Rate != 64_000 || !strings.Contains(generator.Analysis.Answer, "at least 80,000/s") {
		t.Errorf("the generator's limit: %+v; %s", a, generator.Analysis.Answer)
	}
	slow := tooSlow()
	if slow.Analysis.Advice != nil || !strings.Contains(slow.Analysis.Answer, "less than 625/s") || slow.Analysis.Fleet.Brokers != 0 {
		t.Errorf("nothing held: %+v; %s", slow.Analysis.Advice, slow.Analysis.Answer)
	}
	never := whole()
	for i := range never.Recoveries {
		never.Recoveries[i].Held = false
	}
	never.Analyse()
	if term := never.Analysis.Advice.Terms[2]; term.Rate != 0 || !strings.Contains(term.Why, "even at 21,000/s") {
		t.Errorf("it never recovered as wanted: %+v", term)
	}
	unasked := whole()
	for i := range unasked.Recoveries {
		unasked.Recoveries[i].Expected = nil
	}
	unasked.Analyse()
	if term := unasked.Analysis.Advice.Terms[2]; term.Rate != 0 || term.Why != "the scenario expects nothing of recovery" {
		t.Errorf("nothing was asked: %+v", term)
	}
}

// Bytes by hand: 1,000/s of 1 KiB in three copies over four brokers, read by one group, kept for an hour.
func TestTraffic(t *testing.T) {
	w := Workload{Size: 1024, Replicas: 3, Nodes: 4, Consumers: 2, Retention: time.Hour}
	got := w.trafficOf("x", 1000, 1024, 4)
	want := Traffic{At: "x", Rate: 1000, Produce: 1_024_000, Replication: 2_048_000, Consume: 1_024_000, BrokerIn: 768_000, BrokerOut: 768_000, DiskDay: 66_355_200_000, Retained: 2_764_800_000, Brokers: 4}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	one := (&Workload{Replicas: 1}).trafficOf("x", 1000, 100, 1)
	if one.Replication != 0 || one.Consume != 0 || one.BrokerIn != 100_000 || one.BrokerOut != 0 || one.Retained != 0 {
		t.Errorf("one copy that nobody reads: %+v", one)
	}
}

// Brokers for a goal: in proportion where nothing else is known, and then with the reason; by the fit where there is one, and not farther than it reaches.
func TestFleet(t *testing.T) {
	r := whole()
	f := r.Analysis.Fleet // 51,200/s, and 3 brokers are advised 80 % of about 27,000
	if f.Brokers != 8 || f.Needed != 51_200 || !strings.Contains(f.By, "in proportion") || !strings.Contains(f.Why, "more than twice the 3 brokers") {
		t.Errorf("%+v", f)
	}
	if p := r.Analysis.Partitions; p.Needed != 20 {
		t.Errorf("%+v", p)
	}
	small := whole()
	small.Goal = &Goal{Rate: 100}
	small.Analyse()
	if f := small.Analysis.Fleet; f.Brokers != 3 || f.Why != "" {
		t.Errorf("no fewer than there are copies: %+v", f)
	}
	fit, err := FitScaling([]Sized{{3, 30_000}, {4, 39_000}, {5, 47_500}, {6, 55_500}, {7, 63_000}, {9, 76_500}})
	if err != nil {
		t.Fatal(err)
	}
	w := Workload{Nodes: 3, Replicas: 3}
	near, far := Fleet{Needed: 40_000}, Fleet{Needed: 400_000}
	near.fitted(fit, 20_000, &w)
	far.fitted(fit, 20_000, &w)
	if near.Brokers < 6 || near.Brokers > 8 || near.Why != "" {
		t.Errorf("twice as much: %+v", near)
	}
	if far.Brokers != 0 || !strings.Contains(far.Why, "even 18 brokers") {
		t.Errorf("twenty times as much: %+v", far)
	}
}

// What a run was short of is the fullest of what has a limit, and nothing else is guessed.
func TestBound(t *testing.T) {
	r := Result{}
	point := func(u Used) *Point { return &Point{ID: "p", Measuring: time.Second, Used: u} }
	for want, u := range map[string]Used{
		"b2's CPU at 95 % (1.9 of 2 cores)": {CPUs: 8, Known: true, Idle: 0.4, Generator: Use{Name: "squall", CPU: 0.5, CPULimit: 2},
			Nodes: []Use{{Name: "b1", CPU: 1.2, CPULimit: 2}, {Name: "b2", CPU: 1.9, CPULimit: 2}}},
		"squall's own CPU at 95 % (1.9 of 2 cores)":                                       {Generator: Use{Name: "squall", CPU: 1.9, CPULimit: 2}, Nodes: []Use{{Name: "b1", CPU: 1}}},
		"b1's memory at 98 % (1004 MiB of 1 GiB)":                                         {Nodes: []Use{{Name: "b1", Memory: 1004 << 20, MemoryLimit: 1 << 30}}},
		"the whole machine's CPU at 97 % (1.9 of 2 cores)":                                {CPUs: 2, Known: true, Idle: 0.03, Nodes: []Use{{Name: "b1", CPU: 1}}},
		"nothing that was watched (most used: squall's own CPU at 25 % (0.5 of 2 cores))": {CPUs: 2, Known: true, Idle: 0.5, Generator: Use{Name: "squall", CPU: 0.5, CPULimit: 2}},
		"not known": {CPUs: 2, Generator: Use{Name: "squall", CPU: 0.5}},
	} {
		if got := r.boundOf(point(u)).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if b := r.boundOf(&Point{Used: Used{Generator: Use{CPU: 2, CPULimit: 2}}}); b != nil {
		t.Errorf("nothing was measured: %+v", b)
	}
}

// An objective's line stands on the chart of the figure that it is about, and each such figure has a chart.
func TestLatencyDrawings(t *testing.T) {
	r := whole()
	r.Expectations = []string{"ack.p99 < 50ms during baseline", "e2e.p99.9 <= 200ms", "lost == 0", "ack.p99 < 150% of baseline during recovery", "what is this"}
	drawings := r.latencyDrawings()
	if len(drawings) != 2 || strings.Count(string(drawings[0]), `class="level"`) != 1 || !strings.Contains(string(drawings[1]), "until delivered to a consumer, p99.9") {
		t.Errorf("%d drawings", len(drawings))
	}
	r.Expectations = nil
	if d := r.latencyDrawings(); len(d) != 1 || strings.Contains(string(d[0]), `class="level"`) {
		t.Errorf("without an objective: %d drawings", len(d))
	}
	empty := &Result{Curves: []Curve{{State: Healthy}}, Verdict: Verdict{Outcome: report.Inconclusive}}
	empty.Analyse()
	for id, all := range empty.drawings() {
		for _, d := range all {
			if d != "" {
				t.Errorf("%s of nothing: %s", id, d)
			}
		}
	}
}
