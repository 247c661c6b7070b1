package capacity_test

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
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
