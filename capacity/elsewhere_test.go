package capacity_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

const elsewhere = `
name: elsewhere
broker:
  kind: kafka
  run: external
  nodes: 3
  external:
    bootstrap: [broker-1.example:9093]
    cluster-id: 5L6g3nShT-eMCtK--X86sw
    max-rate: 512/s
topic: { name: squall-orders, partitions: 3, replicas: 3 }
load: { rate: 100/s, size: 100B, producers: { count: 1 }, consumers: { count: 1, group: squall-readers } }
expect: [ lost == 0, ack.p99 < 20ms ]
`

const commands = `
    commands:
      b1: { kill: [ssh, b1], stop: [ssh, b1], start: [ssh, b1] }
      b2: { kill: [ssh, b2], stop: [ssh, b2], start: [ssh, b2] }
      b3: { kill: [ssh, b3], stop: [ssh, b3], start: [ssh, b3] }
topic:`

// allowing makes the one who searches allow something.
func allowing(o *capacity.Options, a scenarios.Allowed) {
	read := o.Scenario
	o.Scenario = func(set ...string) (*scenarios.Scenario, error) {
		s, err := read(set...)
		if err == nil {
			s.Allowed = a
		}
		return s, err
	}
}

// A cluster that squall did not start is sent no more than what is stated as its limit, also where it would carry more; the answer says whose limit that is.
func TestSendsNoMoreThanTheStatedLimit(t *testing.T) {
	m := &modelled{t: t, mu: 3000}
	o := m.options(elsewhere)
	run, most := o.Run, 0.0
	o.Run = func(ctx context.Context, s *scenarios.Scenario, folder string) (*report.Report, error) {
		most = max(most, s.Load.Rate)
		return run(ctx, s, folder)
	}
	r := m.search(o)
	f := r.Curves[0].Found
	if most != 512 || f.Answer != capacity.AtLeast || f.Low != 512 || f.Stop != capacity.StopStated || r.Verdict.ExitCode != report.ExitPass {
		t.Errorf("sent up to %g/s: %+v\n%+v", most, f, r.Verdict)
	}
	if want := "at least 512/s (held 4 of 4 times); the limit that you stated"; !strings.Contains(f.Sentence, want) {
		t.Errorf("%s: want %q", f.Sentence, want)
	}
	if want := "the limit that you stated"; !strings.Contains(r.Analysis.Answer, want) {
		t.Errorf("%s: want %q", r.Analysis.Answer, want)
	}
}

// Where the cluster's own limit is below the one that is stated, it is found as anywhere; and where somebody asks for less than that, what held is what was asked for.
func TestFindsTheLimitBelowTheStatedOne(t *testing.T) {
	m := &modelled{t: t, mu: 300}
	if f := m.search(m.options(elsewhere)).Curves[0].Found; f.Answer != capacity.Bracketed || f.High >= 512 {
		t.Errorf("%+v", f)
	}
	m = &modelled{t: t, mu: 3000}
	o := m.options(elsewhere)
	o.To = 200
	if f := m.search(o).Curves[0].Found; f.Answer != capacity.AtLeast || f.Stop != capacity.StopHighest || f.Low != 200 {
		t.Errorf("%+v", f)
	}
}

// Nobody can ask for more than is stated.
func TestRefusesRatesAboveTheStatedLimit(t *testing.T) {
	for _, ask := range []func(*capacity.Options){
		func(o *capacity.Options) { o.To = 513 },
		func(o *capacity.Options) { o.From = 600 },
		func(o *capacity.Options) {
			o.Settings.Sweeps = []capacity.Sweep{{Path: "load.rate", Values: []string{"100/s", "600/s"}}}
		},
	} {
		m := &modelled{t: t, mu: 3000}
		o := m.options(elsewhere)
		ask(&o)
		if _, err := capacity.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "max-rate") || len(m.runs) > 0 {
			t.Errorf("%v, after %d runs", err, len(m.runs))
		}
	}
}

// Brokers go down there only by commands of the scenario, which whoever runs it has to allow; what there is no command for is left out, with the reason.
func TestBreaksElsewhereWhatItHasCommandsFor(t *testing.T) {
	with := strings.Replace(elsewhere, "\ntopic:", commands, 1)
	const down, recovery = "one broker down, and catching up", "recovery"
	for name, c := range map[string]struct {
		text    string
		allowed scenarios.Allowed
		leftOut map[string]string
	}{
		"no commands": {elsewhere, scenarios.Allowed{Exec: true}, map[string]string{down: "the scenario gives none", recovery: "the scenario gives none"}},
		"not allowed": {with, scenarios.Allowed{}, map[string]string{down: "--allow-exec", recovery: "--allow-exec"}},
		"no stop": {strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(with, "stop: [ssh, b1], ", ""), "stop: [ssh, b2], ", ""), "stop: [ssh, b3], ", ""),
			scenarios.Allowed{Exec: true}, map[string]string{down: "stop"}},
		"everything": {with, scenarios.Allowed{Exec: true}, nil},
		"wide": {elsewhere + "faults: [ { name: slow, at: 0s, for: 5s, quota: { limit: 10KiB/s } } ]\n", scenarios.Allowed{Exec: true},
			map[string]string{down: "the scenario gives none", recovery: "slow touches what others use on the cluster, which wants --allow-cluster-wide"}},
	} {
		m := &modelled{t: t, mu: 3000}
		o := m.options(c.text)
		o.Faults = capacity.FaultsAuto
		allowing(&o, c.allowed)
		r, err := capacity.Plan(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(r.NotMeasured) != len(c.leftOut) {
			t.Errorf("%s: %+v", name, r.NotMeasured)
		}
		for _, n := range r.NotMeasured {
			if want, ok := c.leftOut[n.What]; !ok || !strings.Contains(n.Why, want) {
				t.Errorf("%s: %+v, want %q", name, n, want)
			}
		}
	}
}
