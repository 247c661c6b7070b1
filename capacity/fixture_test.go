package capacity

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

const ms = time.Millisecond

// A modelled cluster queues: latency grows as the rate nears what it carries, and above that a backlog does.
type modelled struct {
	carries float64
	base    time.Duration
	nodes   []string
	n       int // points so far, of all curves
}

func (m *modelled) point(rate float64, purpose Purpose) Point {
	m.n++
	load := rate / m.carries
	wobble := 1 + 0.004*float64(m.n%7-3)
	p99 := time.Duration(float64(m.base) / max(1-load, 0.004) * wobble).Round(10 * time.Microsecond)
	quantiles := func(of time.Duration) Quantiles {
		return Quantiles{Count: uint64(rate * 15), P50: of / 5, P90: of / 2, P99: of, P999: 2 * of, Max: 3 * of}
	}
	p := Point{ID: fmt.Sprintf("p%02d", m.n), Purpose: purpose, Rate: rate, Bytes: rate * 1024, Achieved: rate, Delivered: rate, Took: 27 * time.Second, Settling: 5 * time.Second, Measuring: 15 * time.Second,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(m.n) * 27 * time.Second),
		Settled: true, Ack: quantiles(p99), E2E: quantiles(p99 + ms), Service: quantiles(p99 - p99/10), Lag: quantiles(p99 / 40), Validity: Valid, Held: true, Folder: fmt.Sprintf("%02d-%g", m.n, rate),
		Used: Used{CPUs: 8, Known: true, Idle: max(1-load*0.7, 0.05), Generator: Use{Name: "squall", CPU: min(1.2*load, 1.5), CPUMost: min(1.4*load, 1.9), CPULimit: 2, Memory: 180 << 20}}}
	for i, name := range m.nodes {
		share := load * (0.95 - 0.02*float64(i))
		p.Used.Nodes = append(p.Used.Nodes, Use{Name: name, CPU: math.Min(share*2, 1.98), CPULimit: 2, Memory: 700 << 20, MemoryLimit: 1 << 30, DiskWrite: rate * 1024, NetIn: rate * 1100, NetOut: rate * 700})
	}
	p.Expected = []report.Judged{{Text: "ack.p99 < 50ms during baseline", Outcome: report.Pass, Got: report.Human(p99)}}
	if load >= 1 {
		p.Achieved, p.Backlog, p.Slope, p.Held, p.Stop = m.carries, uint64(15*(rate-m.carries)), rate-m.carries, false, StopAchieved
		p.Missed = []string{fmt.Sprintf("%s were acknowledged of %s due", perSecond(m.carries), perSecond(rate))}
	} else if p99 >= 50*ms {
		p.Held, p.Stop, p.Missed = false, StopExpectation, []string{"ack.p99 < 50ms during baseline: got " + report.Human(p99)}
		p.Expected[0].Outcome = report.Fail
	}
	return p
}

// curve searches the modelled cluster as a search does.
func (m *modelled) curve(state State, start float64, set ...Setting) Curve {
	c := Curve{Name: curveName(state, set), State: state, Set: set}
	s := search{from: start / 16, start: start, up: 2, down: 2, resolution: 0.05, confirm: 3, most: mostPoints}
	s.try = func(rate float64, purpose Purpose) outcome {
		c.Points = append(c.Points, m.point(rate, purpose))
		p := &c.Points[len(c.Points)-1]
		return outcome{held: p.Held, stop: p.Stop}
	}
	s.run()
	f := &Found{Answer: Bracketed, Low: s.low, High: s.high, Stop: s.stop, Sentence: fmt.Sprintf("everything held at %s, and not at %s: %s", perSecond(s.low), perSecond(s.high), s.stop)}
	for _, p := range c.Points {
		switch p.Rate {
		case s.low:
			f.LowIDs = append(f.LowIDs, p.ID)
			f.count(&p)
		case s.high:
			f.HighIDs = append(f.HighIDs, p.ID)
		}
	}
	c.Found = f
	return c
}

var threeNodes = []string{"b1", "b2", "b3"}

// whole is a result with everything that there is: all three states, recoveries, a sweep that bends, and a goal.
func whole() *Result {
	m := &modelled{carries: 42_000, base: 2 * ms, nodes: threeNodes}
	r := &Result{
		Schema: SchemaVersion, Version: "0.0.0-test", Scenario: "orders-capacity", About: "What three brokers carry.", Source: "orders-capacity.yaml",
		Question:     "At which rate does orders-capacity stop keeping ack.p99 < 50ms during baseline, with all three brokers, with one down, and while that one catches up?",
		Verdict:      Verdict{Outcome: report.Pass, Sentence: "Every curve has its answer."},
		Expectations: []string{"ack.p99 < 50ms during baseline", "lost == 0"},
		Settings:     Settings{From: 625, Resolution: 0.05, Confirm: 3, Settling: 5 * time.Second, Measuring: 15 * time.Second, Most: 100, Points: 60, Estimate: 30 * time.Minute},
		Started:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 28 * time.Minute, Resumed: 1, Command: []string{"squall", "capacity", "orders-capacity.yaml", "--target", "50MiB/s"},
		Host:      report.Host{OS: "linux", Arch: "amd64", CPUs: 8, MaxProcs: 2},
		Broker:    report.Broker{Kind: "kafka", Testbed: "containers", Nodes: threeNodes, Images: []report.Image{{Role: "broker", Name: "apache/kafka:4.3.1", Digest: "sha256:0123456789abcdef"}}},
		Effective: "name: orders-capacity\nbroker:\n  kind: kafka\n",
		Workload:  Workload{Size: 1024, Partitions: 12, Replicas: 3, Nodes: 3, Producers: 2, Consumers: 4, Retention: 72 * time.Hour},
		Goal:      &Goal{Rate: 25_600, Growth: 2},
	}
	r.Curves = append(r.Curves, m.curve(Healthy, 10_000))
	m.carries, m.nodes = 29_000, []string{"b1", "b3"}
	r.Curves = append(r.Curves, m.curve(OneDown, 10_000))
	m.carries, m.nodes = 25_000, threeNodes
	r.Curves = append(r.Curves, m.curve(CatchingUp, 10_000))
	r.Recoveries = recoveriesOf(m, 42_000)
	sweep := Sweep{Path: "load.producers.count"}
	for _, n := range []float64{1, 2, 4, 8, 16, 32} {
		value := fmt.Sprint(n)
		sweep.Values = append(sweep.Values, value)
		m.carries = truth(14_000, 0.06, 0.004).at(n)
		r.Curves = append(r.Curves, m.curve(Healthy, 8_000, Setting{sweep.Path, value}))
	}
	r.Settings.Sweeps = []Sweep{sweep}
	r.NotMeasured = []NotMeasured{{"recovery.service < 15s of rolling", "a search breaks one broker, and not each in turn"}}
	r.Analyse()
	return r
}

// recoveriesOf are recoveries that take longer the nearer the load is to what the cluster carries; that at 85 % is not as wanted.
func recoveriesOf(m *modelled, carries float64) (all []Recovery) {
	for _, share := range []float64{0.5, 0.7, 0.85} {
		m.carries = carries
		p := m.point(round(share*carries), RecoverPoint)
		service := time.Duration(float64(4*time.Second) / (1 - share)).Round(10 * ms)
		rec := Recovery{Share: share, Point: p, Held: service < 20*time.Second, Faults: []RecoveryTimes{{Fault: "kill", Kind: "kill", Victims: []string{"b2"}, Service: report.KnownFigure(service),
			Performance: report.KnownFigure(service + 800*ms), Redundancy: report.KnownFigure(2 * service), Drained: report.KnownFigure(service / 3)}}}
		outcome := report.Pass
		if !rec.Held {
			outcome = report.Fail
			rec.Faults[0].Redundancy = report.CensoredFigure(40 * time.Second)
		}
		rec.Expected = []report.Judged{{Text: "recovery.service < 20s", Outcome: outcome, Got: report.Human(service)}}
		all = append(all, rec)
	}
	return all
}

// generatorBound is a result of a machine that cannot send as much as the cluster carries.
func generatorBound() *Result {
	m := &modelled{carries: 1e9, base: ms}
	r := whole()
	r.Recoveries, r.Goal, r.Settings.Sweeps, r.Resumed = nil, nil, nil, 0
	r.Broker = report.Broker{Kind: "kafka", Testbed: "embedded (kfake)", Emulated: "one process plays all brokers", Nodes: threeNodes}
	r.Question = "At which rate does orders-capacity stop keeping ack.p99 < 50ms during baseline, with all three brokers?"
	r.Verdict = Verdict{Outcome: report.Inconclusive, Sentence: "It carries 80,000/s or more: this machine's generator is the limit.", ExitCode: report.ExitInconclusive}
	c := Curve{Name: "healthy", State: Healthy}
	for _, rate := range []float64{10_000, 20_000, 40_000, 80_000, 160_000} {
		p := m.point(rate, Bracket)
		p.Used = Used{CPUs: 2, Known: true, Idle: max(0.02, 1-rate/80_000), Generator: Use{Name: "squall", CPU: math.Min(1.95, rate/45_000)}}
		if rate > 100_000 {
			p.Validity, p.Why, p.Held, p.Achieved = GeneratorLimit, "squall itself was at its limit: in 80 % of the seconds it used over 90 % of the 2 cores that it may", false, 91_000
		}
		c.Points = append(c.Points, p)
	}
	c.Found = &Found{Answer: AtLeast, Low: 80_000, High: 160_000, Held: 1, Tried: 1, LowIDs: []string{"p04"}, HighIDs: []string{"p05"}, Stop: StopGenerator,
		Sentence: "at least 80,000/s: at 160,000/s the generator was at its limit"}
	r.Curves = []Curve{c}
	r.NotMeasured = []NotMeasured{{"one broker down", "the brokers are emulated: none could be missing to the others"}}
	r.Analyse()
	return r
}

// cutShort is a result of a search that was interrupted: one curve is found, the next has two points, of which one says nothing.
func cutShort() *Result {
	r := whole()
	r.Curves, r.Recoveries, r.Goal, r.Settings.Sweeps = r.Curves[:2], nil, nil, nil
	r.Curves[1].Points, r.Curves[1].Found = r.Curves[1].Points[:2], &Found{Answer: Unknown, Low: 10_000, Held: 1, Tried: 1, Stop: StopEnded, Sentence: "the search was stopped"}
	p := &r.Curves[1].Points[1]
	p.Validity, p.Why, p.Held = Inconclusive, "other programs took up to 61 % of the processors' time, and hardly any was left, from 12s to 19s", false
	r.Verdict = Verdict{Outcome: report.Inconclusive, Sentence: "inconclusive: stopped by interrupt; healthy: 40,000/s; one broker down: not known.", ExitCode: report.ExitInterrupted}
	r.Stopped, r.StopCode = "interrupt", report.ExitInterrupted
	r.Analyse()
	return r
}

// tooSlow is a result in which something was missed at the lowest rate already.
func tooSlow() *Result {
	m := &modelled{carries: 100, base: 20 * ms, nodes: threeNodes}
	r := whole()
	r.Recoveries, r.Settings.Sweeps = nil, nil
	c := Curve{Name: "healthy", State: Healthy, Points: []Point{m.point(1000, Bracket), m.point(625, Bracket)}}
	c.Found = &Found{Answer: Below, High: 625, HighIDs: []string{"p02"}, Stop: StopAchieved, Sentence: "less than 625/s: less was acknowledged than was due"}
	r.Curves = []Curve{c}
	r.Verdict = Verdict{Outcome: report.Fail, Sentence: "It carries less than 625/s, the lowest rate that was tried: less was acknowledged than was due.", ExitCode: report.ExitMissed}
	r.Analyse()
	return r
}
