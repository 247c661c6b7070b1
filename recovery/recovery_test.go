package recovery_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/recovery"
	"github.com/seed-228c25e4/squall/report"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// after is for how long recovery is watched once a fault is healed.
const after = 20 * s

// A made history lasts 100 s of load and 10 s of draining: 10 s warm-up, baseline until 30 s, one fault that is commanded at 30 s, effective at 31 s and
// healed at 50 s. There are three brokers and two partitions, 100 messages a second each. Nothing goes wrong until a test says so.
type made struct {
	history report.History
	faults  []report.Fault
	windows []report.Window
	timers  []report.Timer
}

func quiet() *made {
	m := &made{
		history: report.History{
			Phases: []report.Phase{
				{Name: "warm-up", Kind: report.WarmUp, To: 10 * s}, {Name: "baseline", Kind: report.Baseline, From: 10 * s, To: 30 * s},
				{Name: "during kill", Kind: report.During, Fault: "kill", From: 30 * s, To: 50 * s},
				{Name: "recovery kill", Kind: report.Recovering, Fault: "kill", From: 50 * s, To: 70 * s},
				{Name: "between", Kind: report.Between, From: 70 * s, To: 100 * s}, {Name: "drain", Kind: report.Drain, From: 100 * s, To: 110 * s},
			},
			Floor: 100 * ms, LoadEnd: 100 * s, Rate: 100,
			Spacing: map[report.Direction]report.Histogram{report.Produce: spaced(10 * ms), report.Consume: spaced(10 * ms)},
			States:  []report.StateChange{state(2*s, "b1", "b1", "b2", "b3")},
		},
		faults: []report.Fault{{Name: "kill", Commanded: 30 * s, Effective: 31 * s, Healing: 49 * s, Healed: 50 * s, Victims: []string{"b1"}, Affected: []int32{0}}},
		timers: []report.Timer{{Name: "session", Value: 9 * s, Part: "detection"}, {Name: "metadata", Value: 3 * s, Part: "client discovery"}},
	}
	for i := range 110 {
		w := report.Window{Start: time.Duration(i) * s, Backlog: 5}
		if i < 100 {
			w.Due, w.Acknowledged, w.Delivered = 200, 200, 200
			w.Latency.Ack = report.Histogram{Buckets: []report.Bucket{{Value: 10 * ms, Count: 200}}, Max: 10 * ms}
		}
		m.windows = append(m.windows, w)
	}
	return m
}

func spaced(d time.Duration) report.Histogram {
	return report.Histogram{Buckets: []report.Bucket{{Value: d, Count: 10_000}}, Max: d}
}

// state is the cluster with that leader of partition 0 and those brokers alive and in sync, of three; b2 leads partition 1.
func state(at time.Duration, leader string, alive ...string) report.StateChange {
	all := []string{"b1", "b2", "b3"}
	return report.StateChange{At: at, Nodes: alive, Controller: "b3", Partitions: []report.PartitionState{
		{Partition: 0, Leader: leader, Replicas: all, InSync: alive}, {Partition: 1, Leader: "b2", Replicas: all, InSync: alive}}}
}

// ruledBy is the cluster with all brokers alive and that controller.
func ruledBy(controller string, at time.Duration) report.StateChange {
	c := state(at, "b1", "b1", "b2", "b3")
	c.Controller = controller
	return c
}

func (m *made) silent(d report.Direction, partition int32, from, to time.Duration) *made {
	m.history.Silences = append(m.history.Silences, report.Silence{Direction: d, Partition: partition, From: from, To: to})
	return m
}

func (m *made) open(partition int32, from, to time.Duration) *made {
	m.history.Silences = append(m.history.Silences, report.Silence{Direction: report.Produce, Partition: partition, From: from, To: to, Open: true})
	return m
}

func (m *made) states(more ...report.StateChange) *made {
	m.history.States = append(m.history.States, more...)
	return m
}

// seconds changes the windows that begin in a stretch.
func (m *made) seconds(from, to int, change func(*report.Window)) *made {
	for i := from; i < to; i++ {
		change(&m.windows[i])
	}
	return m
}

func (m *made) also(f report.Fault) *made {
	m.faults = append(m.faults, f)
	return m
}

func (m *made) change(f func(*made)) *made {
	f(m)
	return m
}

func (m *made) analyse() []report.Recovery {
	return recovery.Analyse(m.history, m.faults, m.windows, m.timers, after)
}

var (
	known    = report.KnownFigure
	censored = report.CensoredFigure
	unknown  = report.UnknownFigure
)

func dead(w *report.Window)                 { w.Acknowledged, w.Delivered, w.Latency = 0, 0, report.Latency{} }
func backlog(n uint64) func(*report.Window) { return func(w *report.Window) { w.Backlog = n } }

func slow(d time.Duration, n uint64) func(*report.Window) {
	return func(w *report.Window) {
		w.Latency.Ack = report.Histogram{Buckets: []report.Bucket{{Value: 10 * ms, Count: 200 - n}, {Value: d, Count: n}}, Max: d}
	}
}

// second is another fault, commanded at 60 s.
var second = report.Fault{Name: "pause", Commanded: 60 * s, Effective: 61 * s, Healed: 65 * s, Victims: []string{"b2"}, Affected: []int32{1}}

type figures = map[string]report.Figure

// cases are histories with known answers, for each row of the definitions.
var cases = []struct {
	name string
	made *made
	want figures // of the first fault
}{
	{"no outage", quiet(), figures{
		"service": known(0), "first return": known(0), "first success": known(0), "service since healed": known(0), "performance": known(0),
		"redundancy": known(0), "redundancy since effect": known(0), "drained": known(0), "drained since effect": known(0),
		"detect": unknown("the cluster's view did not change")}},
	{"silences up to the threshold are no gaps", quiet().silent(report.Produce, 0, 32*s, 32*s+500*ms), figures{"service": known(0)}},
	{"one gap", quiet().silent(report.Produce, 0, 31*s+5*ms, 40*s+600*ms), figures{
		"service": known(9*s + 600*ms), "first return": known(9*s + 600*ms), "first success": known(9*s + 600*ms), "service since healed": known(0)}},
	{"a gap that began before the fault was effective", quiet().silent(report.Produce, 0, 30*s+900*ms, 35*s), figures{"service": known(4 * s)}},
	{"a gap that was over before the fault was effective", quiet().silent(report.Produce, 0, 30*s+100*ms, 30*s+900*ms), figures{"service": known(0), "first return": known(0)}},
	{"a gap that was over before the fault", quiet().silent(report.Produce, 0, 28*s, 29*s), figures{"service": known(0)}},
	{"flapping", quiet().silent(report.Produce, 0, 32*s, 35*s).silent(report.Produce, 0, 36*s, 44*s), figures{
		"service": known(13 * s), "first return": known(4 * s), "first success": known(4 * s)}},
	{"the gap that began first ends last", quiet().silent(report.Produce, 0, 31*s, 44*s).silent(report.Produce, 1, 32*s, 35*s), figures{
		"service": known(13 * s), "first return": known(13 * s), "first success": known(4 * s)}},
	{"only consumers had a gap", quiet().silent(report.Consume, 1, 31*s, 41*s), figures{"service": known(10 * s)}},
	{"back after the heal", quiet().silent(report.Produce, 0, 31*s, 53*s), figures{"service": known(22 * s), "service since healed": known(3 * s)}},
	{"not back when the load ended", quiet().open(0, 31*s, 100*s), figures{
		"service": censored(69 * s), "first return": censored(69 * s), "first success": censored(69 * s), "service since healed": censored(50 * s)}},
	{"one partition not back", quiet().silent(report.Produce, 1, 31*s, 33*s).open(0, 31*s, 100*s), figures{
		"service": censored(69 * s), "first success": known(2 * s)}},
	{"the next fault comes first", quiet().silent(report.Produce, 0, 31*s, 63*s).also(second), figures{
		"service": censored(29 * s), "service since healed": censored(10 * s)}},
	{"the next fault comes before the heal: both answer for the gap", quiet().silent(report.Produce, 0, 31*s, 63*s).also(second).change(func(m *made) { m.faults[0].Healed = 62 * s }), figures{
		"service": known(32 * s), "service since healed": known(1 * s)}},
	{"the next fault never took effect", quiet().silent(report.Produce, 0, 31*s, 63*s).also(report.Fault{Commanded: 60 * s, Effective: report.Never}), figures{
		"service": known(32 * s)}},
	{"a gap of the next fault, of messages that were on their way when it came", quiet().silent(report.Consume, 1, 59950*ms, 64*s).also(second), figures{"service": known(0)}},
	{"a gap of the next fault", quiet().silent(report.Produce, 1, 61*s, 64*s).also(second), figures{"service": known(0)}},
	{"a gap between two faults", quiet().silent(report.Produce, 1, 72*s, 74*s).also(second).change(func(m *made) { m.faults[1].Commanded, m.faults[1].Effective = 80*s, 80*s }),
		figures{"service": known(0)}},
	{"a gap that outlasts the recovery", quiet().silent(report.Produce, 1, 31*s, 74*s).also(second).change(func(m *made) { m.faults[1].Commanded, m.faults[1].Effective = 80*s, 80*s }),
		figures{"service": known(43 * s)}},
	{"never healed", quiet().silent(report.Produce, 0, 31*s, 35*s).change(func(m *made) { m.faults[0].Healed = report.Never }), figures{
		"service": known(4 * s), "service since healed": unknown("the fault was not healed"), "redundancy": known(0)}},
	{"no effect", quiet().silent(report.Produce, 0, 31*s, 35*s).change(func(m *made) { m.faults[0].Effective, m.faults[0].Error = report.Never, "no such process" }), figures{
		"service": unknown("the fault did not take effect: no such process"), "detect": unknown("the fault did not take effect: no such process"),
		"drained": unknown("the fault did not take effect: no such process")}},
	{"the threshold follows the baseline", quiet().silent(report.Produce, 0, 31*s, 33*s).silent(report.Consume, 0, 31*s, 32*s).change(func(m *made) {
		m.history.Spacing[report.Produce] = spaced(200 * ms) // 2 s
	}), figures{"service": known(1 * s)}},

	{"detected", quiet().states(state(40*s+100*ms, "b2", "b2", "b3")), figures{"detect": known(9*s + 100*ms)}},
	{"detected while it was injected", quiet().states(state(30*s+500*ms, "b2", "b2", "b3")), figures{"detect": known(0)}},
	{"another controller alone is no detection", quiet().states(ruledBy("b2", 32*s), state(40*s, "b2", "b2", "b3")), figures{"detect": known(9 * s)}},
	{"another broker's change is no detection", quiet().states(state(35*s, "b1", "b1", "b2")).change(func(m *made) {
		m.faults[0].Affected = nil
		for i := range m.history.States {
			m.history.States[i].Partitions = nil
		}
	}), figures{"detect": unknown("the cluster's view did not change")}},
	{"a link's ends are victims", quiet().states(state(35*s, "b1", "b1", "b3")).change(func(m *made) { m.faults[0].Victims = []string{"b2 -> b1 (data)"} }), figures{"detect": known(4 * s)}},
	{"detected by nobody before the next fault", quiet().states(state(62*s, "b2", "b2", "b3")).also(second), figures{"detect": unknown("the cluster's view did not change")}},
	{"blind when it was detected", quiet().states(state(38*s, "b2", "b2", "b3")).change(func(m *made) { m.history.Blind = []report.Span{{From: 32 * s, To: 38 * s}} }), figures{
		"detect": unknown("the observer was blind for 6s")}},
	{"blind for a moment", quiet().states(state(40*s, "b2", "b2", "b3")).change(func(m *made) { m.history.Blind = []report.Span{{From: 39*s + 200*ms, To: 40 * s}} }), figures{
		"detect": known(9 * s)}},
	{"blind all the time", quiet().change(func(m *made) { m.history.Blind = []report.Span{{From: 31 * s, To: 60 * s}} }), figures{
		"detect": unknown("the observer was blind for 29s"), "redundancy": unknown("the observer was blind for 29s")}},
	{"nobody observed", quiet().change(func(m *made) { m.history.States = nil }), figures{
		"detect": unknown("nobody had seen the cluster's state before the fault"), "redundancy": unknown("nobody saw the cluster's state")}},

	{"in sync again", quiet().states(state(40*s, "b2", "b2", "b3"), state(56*s, "b2", "b1", "b2", "b3")), figures{
		"redundancy": known(6 * s), "redundancy since effect": known(25 * s)}},
	{"in sync again before the heal", quiet().states(state(40*s, "b2", "b2", "b3"), state(45*s, "b2", "b1", "b2", "b3")), figures{
		"redundancy": known(0), "redundancy since effect": known(14 * s)}},
	{"in sync for a while only", quiet().states(state(40*s, "b2", "b2", "b3"), state(52*s, "b2", "b1", "b2", "b3"), state(53*s, "b2", "b2", "b3"),
		state(58*s, "b2", "b1", "b2", "b3")), figures{"redundancy": known(8 * s)}},
	{"never in sync again", quiet().states(state(40*s, "b2", "b2", "b3")), figures{"redundancy": censored(60 * s), "redundancy since effect": censored(79 * s)}},
	{"not in sync when the next fault comes", quiet().states(state(40*s, "b2", "b2", "b3"), state(75*s, "b2", "b1", "b2", "b3")).also(second), figures{
		"redundancy": censored(10 * s)}},
	{"blind when it was in sync again", quiet().states(state(40*s, "b2", "b2", "b3"), state(56*s, "b2", "b1", "b2", "b3")).
		change(func(m *made) { m.history.Blind = []report.Span{{From: 51 * s, To: 56 * s}} }), figures{
		"redundancy": unknown("the observer was blind for 5s"), "detect": known(9 * s)}},

	{"performance after an outage", quiet().silent(report.Produce, 0, 31*s, 40*s+600*ms).seconds(31, 41, dead), figures{"performance": known(10 * s)}},
	{"what was due before the fault and done after it is no baseline", quiet().silent(report.Produce, 0, 31*s, 40*s+600*ms).seconds(29, 30, slow(13*s, 200)).seconds(31, 41, dead).
		seconds(41, 44, slow(5*s, 100)), figures{"performance": known(13 * s)}},
	{"performance with some that are slow", quiet().seconds(31, 44, slow(36*ms, 20)), figures{"performance": known(13 * s)}},
	{"performance with some that are slow enough", quiet().seconds(31, 44, slow(35*ms, 20)), figures{"performance": known(0)}},
	{"performance with too few acknowledged", quiet().seconds(31, 44, func(w *report.Window) { w.Acknowledged = 180 }), figures{"performance": known(11 * s)}},
	{"good seconds before the gap are no recovery", quiet().silent(report.Produce, 0, 41*s, 45*s).seconds(41, 45, dead), figures{"performance": known(14 * s)}},
	{"performance never", quiet().seconds(31, 98, dead), figures{"performance": censored(69 * s)}},
	{"performance not before the next fault", quiet().seconds(31, 57, dead).also(second), figures{"performance": censored(29 * s)}},
	{"performance without a baseline", quiet().change(func(m *made) { m.history.Phases = m.history.Phases[2:] }), figures{
		"performance": unknown("there is no baseline to compare with"), "drained": unknown("there is no baseline to compare with")}},

	{"drained", quiet().seconds(33, 54, backlog(206)), figures{"drained": known(5 * s), "drained since effect": known(24 * s)}},
	{"a second of load is no backlog", quiet().seconds(33, 54, backlog(205)), figures{"drained": known(0), "drained since effect": known(0)}},
	{"drained in the end", quiet().seconds(33, 109, backlog(206)), figures{"drained": known(60 * s)}},
	{"never drained", quiet().seconds(33, 110, backlog(206)), figures{"drained": censored(60 * s), "drained since effect": censored(79 * s)}},
	{"nobody consumed", quiet().seconds(0, 110, func(w *report.Window) { w.Delivered = 0 }), figures{"drained": unknown("nobody consumed")}},
}

func TestFigures(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := c.made.analyse()[0]
			got := figures{"detect": r.Detect, "first success": r.FirstSuccess, "service": r.Service, "first return": r.FirstReturn, "performance": r.Performance,
				"redundancy": r.Redundancy, "drained": r.Drained, "service since healed": r.ServiceSinceHealed, "redundancy since effect": r.RedundancySinceEffect,
				"drained since effect": r.DrainedSinceEffect}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s = %+v, want %+v", name, got[name], want)
				}
			}
		})
	}
}

// TestSecondFault: a gap that is open when a fault comes belongs to both.
func TestSecondFault(t *testing.T) {
	all := quiet().silent(report.Produce, 0, 31*s, 63*s).also(second).analyse()
	if len(all) != 2 || all[1].Service != known(2*s) {
		t.Fatalf("%+v", all)
	}
	want := []report.Silence{{Direction: report.Produce, From: 31 * s, To: 60 * s, Open: true}}
	if !reflect.DeepEqual(all[0].Gaps, want) || !reflect.DeepEqual(all[0].Longest, want) {
		t.Errorf("the first fault's gaps are %+v, the longest %+v", all[0].Gaps, all[0].Longest)
	}
}

func TestGapsAndLongest(t *testing.T) {
	r := quiet().silent(report.Produce, 0, 33*s, 33*s+400*ms).silent(report.Consume, 1, 33*s, 35*s).silent(report.Consume, 1, 36*s, 37*s).analyse()[0]
	produce := report.Silence{Direction: report.Produce, From: 33 * s, To: 33*s + 400*ms}
	consume := []report.Silence{{Direction: report.Consume, Partition: 1, From: 33 * s, To: 35 * s}, {Direction: report.Consume, Partition: 1, From: 36 * s, To: 37 * s}}
	if !reflect.DeepEqual(r.Longest, []report.Silence{produce, consume[0]}) {
		t.Errorf("longest: %+v", r.Longest)
	}
	if !reflect.DeepEqual(r.Gaps, consume) || r.Threshold != 500*ms {
		t.Errorf("gaps above %v: %+v", r.Threshold, r.Gaps)
	}
}

func TestBlastRadiusAndOutageArea(t *testing.T) {
	r := quiet().silent(report.Produce, 0, 31*s, 35*s).silent(report.Consume, 0, 33*s, 36*s).analyse()[0]
	if r.BlastRadius != 0.5 || r.OutageArea != 500 {
		t.Errorf("blast radius %v, outage area %v", r.BlastRadius, r.OutageArea)
	}
	r = quiet().open(0, 98*s, 100*s).silent(report.Consume, 1, 99*s, 105*s).analyse()[0]
	if r.BlastRadius != 1 || r.OutageArea != 300 {
		t.Errorf("at the end of the load: blast radius %v, outage area %v", r.BlastRadius, r.OutageArea)
	}
	bare := quiet().silent(report.Produce, 0, 31*s, 35*s)
	bare.windows = nil
	if r = bare.analyse()[0]; r.OutageArea != 400 {
		t.Errorf("without windows: outage area %v", r.OutageArea)
	}
}

// A fault by hand in the warm-up that was over before the baseline spoils none of it; one that was still on does.
func TestBaselineAfterAFault(t *testing.T) {
	for healed, want := range map[time.Duration]bool{9 * s: true, 35 * s: false, report.Never: false} {
		m := quiet().also(report.Fault{Name: "by-hand-1", ByHand: true, Commanded: 2 * s, Effective: 2 * s, Healed: healed})
		if got := m.seconds(40, 45, func(w *report.Window) { w.Acknowledged = 159 }).analyse()[0].Brownout; got.Known != want {
			t.Errorf("healed at %v: %+v", healed, got)
		}
	}
}

func TestBrownout(t *testing.T) {
	slow := report.Histogram{Buckets: []report.Bucket{{Value: 51 * ms, Count: 200}}, Max: 51 * ms}
	for _, c := range []struct {
		name string
		made *made
		want report.Figure
	}{
		{"none", quiet(), known(0)},
		{"a lower rate", quiet().seconds(40, 45, func(w *report.Window) { w.Acknowledged = 159 }), known(5 * s)},
		{"nearly all", quiet().seconds(40, 45, func(w *report.Window) { w.Acknowledged = 160 }), known(0)},
		{"an outage is no brownout", quiet().seconds(40, 45, func(w *report.Window) { w.Acknowledged = 0 }), known(0)},
		{"slow", quiet().seconds(40, 43, func(w *report.Window) { w.Latency.Ack = slow }), known(3 * s)},
		{"before the fault", quiet().seconds(25, 31, func(w *report.Window) { w.Acknowledged = 100 }), known(0)},
		{"after the load", quiet().seconds(100, 105, func(w *report.Window) { w.Acknowledged = 1 }), known(0)},
	} {
		if got := c.made.analyse()[0].Brownout; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Parts add up to the outage, in whatever order things were seen.
func TestParts(t *testing.T) {
	nobody := state(40*s, "", "b2", "b3")
	for _, c := range []struct {
		name string
		made *made
		want []time.Duration // detection, election, discovery, catch-up
	}{
		{"each", quiet().silent(report.Produce, 0, 31*s, 43*s).silent(report.Produce, 1, 31*s, 46*s).states(nobody, state(41*s, "b2", "b2", "b3")), []time.Duration{9 * s, s, 2 * s, 3 * s}},
		{"detected and elected at once", quiet().silent(report.Produce, 0, 31*s, 43*s).states(state(40*s, "b2", "b2", "b3")), []time.Duration{9 * s, 0, 3 * s, 0}},
		{"the election was seen late", quiet().silent(report.Produce, 0, 31*s, 40*s+500*ms).states(nobody, state(41*s, "b2", "b2", "b3")), []time.Duration{9 * s, 0, 500 * ms, 0}},
		{"the view changed after it", quiet().silent(report.Produce, 0, 31*s, 34*s).states(state(35*s, "b2", "b2", "b3")), nil},
		{"nobody could see", quiet().silent(report.Produce, 0, 31*s, 40*s).change(func(m *made) { m.history.Blind = []report.Span{{From: 30 * s, To: 42 * s}} }), nil},
		{"the view did not change", quiet().silent(report.Produce, 0, 31*s, 34*s), []time.Duration{0, 0, 3 * s, 0}},
		{"back when the fault ended", quiet().silent(report.Produce, 0, 31*s, 49*s+500*ms).states(state(40*s, "b2", "b2", "b3")), nil},
		{"no outage", quiet().states(state(40*s, "b2", "b2", "b3")), nil},
		{"never back", quiet().open(0, 31*s, 100*s).states(state(40*s, "b2", "b2", "b3")), nil},
	} {
		r := c.made.analyse()[0]
		var got []time.Duration
		var sum time.Duration
		for _, p := range r.Parts {
			got = append(got, p.Took)
			sum += p.Took
		}
		if !slices.Equal(got, c.want) || got != nil && sum != r.Service.Value {
			t.Errorf("%s: %v, want %v, of %v", c.name, got, c.want, r.Service)
		}
	}
}

func TestVacuous(t *testing.T) {
	brief := func(m *made) *made {
		m.faults[0].Healing, m.faults[0].Healed, m.faults[0].NoticedBy = 36*s, 36*s, "session"
		return m
	}
	at := func(m *made, victim, target string) *made {
		m.faults[0].Victims, m.faults[0].Target, m.faults[0].Affected = []string{victim}, target, nil
		return m
	}
	noticed := state(40*s, "b2", "b2", "b3")
	for _, c := range []struct {
		name string
		made *made
		want string
	}{
		{"a failover", quiet().silent(report.Produce, 0, 31*s, 40*s).states(noticed), ""},
		{"the leader, whom nobody missed", quiet(), ""},
		{"over before the timer", brief(quiet().silent(report.Produce, 0, 31*s, 36*s)), "kill was over after 5s, before session (9s) ran out, and nobody noticed: there was no failover"},
		{"over before the timer, and noticed all the same", brief(quiet().states(noticed)), ""},
		{"over before the timer, and nobody could see", brief(quiet().change(func(m *made) { m.history.Blind = []report.Span{{From: 30 * s, To: 40 * s}} })), ""},
		{"led nothing", at(quiet(), "b3", "any"), "b3 led nothing when kill took effect, and nothing stopped: there was no failover"},
		{"led nothing, as it was meant", at(quiet(), "b3", "follower"), ""},
		{"led nothing, and there was an outage", at(quiet().silent(report.Produce, 0, 31*s, 40*s), "b3", "any"), ""},
		{"the way to one that led nothing", at(quiet(), "producers -> b3", "producers -> any"), "b3 led nothing when kill took effect, and nothing stopped: there was no failover"},
		{"a client", at(quiet(), "consumer 1", "any"), ""},
		{"the controller", at(quiet(), "b3", "controller"), ""},
		{"over before the timer, and felt much longer", brief(quiet().silent(report.Consume, 0, 31*s, 73*s)), ""},
	} {
		if got := c.made.analyse()[0].Vacuous; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRepeated(t *testing.T) {
	detected := state(40*s, "b2", "b2", "b3")
	r := quiet().silent(report.Produce, 0, 31*s, 41*s).states(detected).analyse()[0]
	slow := quiet().silent(report.Produce, 0, 31*s, 46*s).states(detected).analyse()[0]
	never := quiet().open(0, 31*s, 100*s).states(detected).analyse()[0]
	var faults []report.Fault
	var recoveries []report.Recovery
	add := func(f report.Fault, rec report.Recovery) {
		rec.Fault = f.Name
		faults, recoveries = append(faults, f), append(recoveries, rec)
	}
	for i, rec := range []report.Recovery{slow, r, r, never} {
		add(report.Fault{Name: fmt.Sprintf("kill #%d", i+1), Effective: 1}, rec)
		add(report.Fault{Name: fmt.Sprintf("soak #%d", i+1), Effective: 1, Error: "nothing happened"}, report.Recovery{})
	}
	add(report.Fault{Name: "once", Effective: 1}, r)
	add(report.Fault{Name: "kill #5", Effective: report.Never, LeftOut: "never to be hurt"}, report.Recovery{})
	all := recovery.Repeated(faults, recoveries, quiet().timers)
	if len(all) != 2 || all[0].Name != "kill" || all[1].Name != "soak" {
		t.Fatalf("%+v", all)
	}
	kill := all[0]
	if kill.Injections != 5 || kill.Took != 4 || kill.LeftOut != 1 || kill.Service.N != 4 || kill.Service.Censored != 1 || kill.Service.P50 != known(12500*ms) || kill.Service.Max != censored(69*s) {
		t.Errorf("%+v", kill)
	}
	if want := "9s of 10s at the median is detection, which session = 9s explains in 3 of 4 outages"; kill.Explained != want {
		t.Errorf("%q, want %q", kill.Explained, want)
	}
	if len(kill.Shares) != 4 || math.Abs(kill.Shares[0].Share-27.0/35) > 1e-9 || math.Abs(kill.Shares[2].Share-8.0/35) > 1e-9 {
		t.Errorf("%+v", kill.Shares)
	}
	if soak := all[1]; soak.Took != 0 || soak.Service.N != 0 || soak.Explained != "" {
		t.Errorf("%+v", soak)
	}
}

// A timer that both the detection and the election wait for explains all these outages, and the part that is named is the one that most of them waited in.
func TestRepeatedOfTwoParts(t *testing.T) {
	atOnce := drawn(quiet().silent(report.Produce, 0, 31*s, 36*s).states(state(31*s+100*ms, "", "b2", "b3"), state(35*s+900*ms, "b2", "b2", "b3")))
	late := drawn(quiet().silent(report.Produce, 0, 31*s, 38*s).states(state(37*s+900*ms, "b2", "b2", "b3")))
	var faults []report.Fault
	var recoveries []report.Recovery
	for i, m := range []*made{late, atOnce, atOnce} {
		rec := m.analyse()[0]
		rec.Fault = fmt.Sprintf("kill #%d", i+1)
		faults, recoveries = append(faults, report.Fault{Name: rec.Fault, Effective: 1}), append(recoveries, rec)
	}
	all := recovery.Repeated(faults, recoveries, atOnce.timers)
	if want := "4.8s of 5s at the median is election, which session = 4s to 9s explains in 3 of 3 outages"; len(all) != 1 || all[0].Explained != want {
		t.Errorf("%+v, want %q", all, want)
	}
}

// Failovers that were no outages have a timer as well, and the series of them tells how long they were.
func TestRepeatedWithoutOutages(t *testing.T) {
	var faults []report.Fault
	var recoveries []report.Recovery
	for i, took := range []time.Duration{430 * ms, 250 * ms, 20 * ms, 470 * ms} {
		rec := brief(quiet().silent(report.Produce, 0, 31*s, 31*s+took).states(state(31*s+900*ms, "b2", "b2", "b3"))).analyse()[0]
		rec.Fault = fmt.Sprintf("kill #%d", i+1)
		faults, recoveries = append(faults, report.Fault{Name: rec.Fault, Effective: 1}), append(recoveries, rec)
	}
	all := recovery.Repeated(faults, recoveries, brief(quiet()).timers)
	if want := "a failover silence of 340ms at the median, which vote = 100ms to 600ms explains in 3 of 4"; len(all) != 1 || all[0].Explained != want || all[0].Service.Max != known(0) || all[0].Failover.Max != known(470*ms) {
		t.Errorf("%+v, want %q", all, want)
	}
}

// brief adds the timer of an election that nobody has to wait long for.
func brief(m *made) *made {
	m.timers = append(m.timers, report.Timer{Name: "vote", Least: 100 * ms, Value: 600 * ms, Part: "election", Side: "produce"})
	return m
}

// sided adds timers that one side alone waits for.
func sided(m *made) *made {
	m.timers = append(m.timers, report.Timer{Name: "request", Value: 16 * s, Part: "client discovery", Side: "produce"},
		report.Timer{Name: "group", Value: 6 * s, Part: "detection", Side: "consume"})
	return m
}

// drawn makes the brokers' timer one that is drawn anew each time, between 4 and 9 s, and lets an election wait for it as well.
func drawn(m *made) *made {
	m.timers[0].Least = 4 * s
	election := m.timers[0]
	election.Part = "election"
	m.timers = append(m.timers, election)
	return m
}

// crashed makes the victim a consumer.
func crashed(m *made) *made {
	m.faults[0].Victims, m.faults[0].NoticedBy = []string{"consumer-0"}, "group"
	return m
}

// asLong makes a member's session as long as a broker's.
func asLong(m *made) *made {
	m.timers[len(m.timers)-1].Value = 9 * s
	return m
}

func TestExplained(t *testing.T) {
	detectedAt := func(at time.Duration) report.StateChange { return state(at, "b2", "b2", "b3") }
	for _, c := range []struct {
		name string
		made *made
		want string
	}{
		{"detection", quiet().silent(report.Produce, 0, 31*s, 40*s+600*ms).states(detectedAt(40*s + 100*ms)), "9.1s of 9.6s: session = 9s"},
		{"a heartbeat early", quiet().silent(report.Produce, 0, 31*s, 38*s+600*ms).states(detectedAt(38 * s)), "7s of 7.6s: session = 9s"},
		{"the client", quiet().silent(report.Produce, 0, 31*s, 34*s+600*ms).states(detectedAt(31*s + 300*ms)), "3.3s of 3.6s: metadata = 3s"},
		{"a while late", quiet().silent(report.Produce, 0, 31*s, 43*s).states(detectedAt(42 * s)), "11s of 12s: session = 9s"},
		{"too late", quiet().silent(report.Produce, 0, 31*s, 43*s).states(detectedAt(42*s + 300*ms)), ""},
		{"nothing fits", quiet().silent(report.Produce, 0, 31*s, 51*s).states(detectedAt(50 * s)), ""},
		{"the client's part is not detection's", quiet().silent(report.Produce, 0, 31*s, 34*s+100*ms).states(detectedAt(34 * s)), ""},
		{"detected after the outage", quiet().silent(report.Produce, 0, 31*s, 34*s).states(detectedAt(40 * s)), ""},
		{"not detected: the fault's end may have been what helped", quiet().silent(report.Produce, 0, 31*s, 40*s), ""},
		{"no outage", quiet().states(detectedAt(40 * s)), ""},
		{"consumers alone, whom the producers' timers do not keep", sided(quiet().silent(report.Consume, 0, 31*s, 47*s+500*ms)), ""},
		{"producers, too", sided(quiet().silent(report.Consume, 0, 31*s, 48*s+500*ms).silent(report.Produce, 0, 31*s, 48*s).states(detectedAt(31*s + 100*ms))), "16.9s of 17.5s: request = 16s"},
		{"a member of the group", crashed(sided(quiet().silent(report.Consume, 0, 31*s, 37*s+200*ms))), "6.2s of 6.2s: group = 6s"},
		{"a member whose session is as long as a broker's", asLong(crashed(sided(quiet().silent(report.Consume, 0, 31*s, 40*s+200*ms)))), "9.2s of 9.2s: group = 9s"},
		{"a member, and the brokers' timer alone fits", crashed(sided(quiet().silent(report.Consume, 0, 31*s, 40*s+200*ms))), ""},
		{"a broker, and a session that is as long", asLong(sided(quiet().silent(report.Consume, 0, 31*s, 40*s+600*ms).states(detectedAt(40*s + 100*ms)))), "9.1s of 9.6s: session = 9s"},
		{"a member that others noticed at once", crashed(sided(quiet().silent(report.Consume, 0, 31*s, 32*s))), ""},
		{"drawn to be short", drawn(quiet().silent(report.Produce, 0, 31*s, 35*s).states(detectedAt(34*s + 500*ms))), "3.5s of 4s: session = 4s to 9s"},
		{"drawn to be long", drawn(quiet().silent(report.Produce, 0, 31*s, 41*s).states(detectedAt(40 * s))), "9s of 10s: session = 4s to 9s"},
		{"shorter than it is ever drawn to be", drawn(quiet().silent(report.Produce, 0, 31*s, 34*s).states(detectedAt(33*s + 900*ms))), ""},
		{"seen at once, and elected when it ran out", drawn(quiet().silent(report.Produce, 0, 31*s, 36*s).states(state(31*s+100*ms, "", "b2", "b3"), detectedAt(35*s+900*ms))), "4.8s of 5s: session = 4s to 9s"},
		{"censored", quiet().open(0, 31*s, 100*s).states(detectedAt(40 * s)), ""},
		{"too short for an outage", brief(quiet().silent(report.Produce, 0, 31*s, 31*s+430*ms).states(detectedAt(31*s + 900*ms))), "a failover silence of 430ms: vote = 100ms to 600ms"},
		{"due before the fault, and on its way when it came", brief(quiet().silent(report.Produce, 0, 29*s+990*ms, 30*s+400*ms).states(detectedAt(31*s + 900*ms))), "a failover silence of 410ms: vote = 100ms to 600ms"},
		{"over before the fault", brief(quiet().silent(report.Produce, 0, 29*s+500*ms, 29*s+910*ms).states(detectedAt(31*s + 900*ms))), ""},
		{"an outage, too short to be taken apart", brief(quiet().silent(report.Produce, 0, 31*s, 31*s+700*ms).states(detectedAt(31*s + 900*ms))), "a failover silence of 700ms: vote = 100ms to 600ms"},
		{"short, and nobody else led", brief(quiet().silent(report.Produce, 0, 31*s, 31*s+430*ms)), ""},
		{"short, on what another node led", brief(quiet().silent(report.Produce, 1, 31*s, 31*s+430*ms).states(detectedAt(31*s + 900*ms))), ""},
		{"short, and long after the fault", brief(quiet().silent(report.Produce, 0, 41*s, 41*s+430*ms).states(detectedAt(31*s + 900*ms))), ""},
		{"short, of consumers", brief(quiet().silent(report.Consume, 0, 31*s, 31*s+430*ms).states(detectedAt(31*s + 900*ms))), ""},
		{"longer than any vote", brief(quiet().silent(report.Produce, 0, 31*s, 32*s+400*ms).states(detectedAt(31*s + 100*ms))), ""},
	} {
		if got := c.made.analyse()[0].Explained; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
