package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A plan says how long a long run's phases are, again and again.
type plan struct {
	name          string
	baseline      int // seconds
	every, during int // a fault every so often, for so long; recovery is as long
}

// phase returns the phase of a second.
func (p plan) phase(second int) (name string, kind PhaseKind) {
	n, in := (second-p.baseline)/max(p.every, 1), (second-p.baseline)%max(p.every, 1)
	switch {
	case second < p.baseline || p.every == 0:
		return "baseline", Baseline
	case in < p.during:
		return fmt.Sprintf("during f #%d", n+1), During
	case in < 2*p.during:
		return fmt.Sprintf("recovery f #%d", n+1), Recovering
	}
	return fmt.Sprintf("between #%d", n+1), Between
}

// second returns a window of one second; those of faults are bad, and now and then the machine is disturbed.
func (p plan) second(at int, rnd *rand.Rand) Window {
	phase, kind := p.phase(at)
	w := Window{Start: time.Duration(at) * time.Second, Phase: phase, Due: 100 + rnd.Uint64N(10), Sent: 100, Held: 1, Acknowledged: 90 + rnd.Uint64N(20), Delivered: 80 + rnd.Uint64N(40),
		Rejected: rnd.Uint64N(2), Aborted: rnd.Uint64N(2), Backlog: rnd.Uint64N(50), Buffered: rnd.IntN(9), CPU: 0.25, GC: 0.125, Goroutines: 40 + rnd.IntN(5), Partitions: "fff",
		Host: &HostSample{Idle: 0.5, Nodes: map[string]NodeSample{"b1": {CPU: 0.5, Memory: 1 << 20}}}}
	lag := 95 + rnd.Uint64N(9)
	w.Latency.Lag = Histogram{Max: time.Millisecond, Buckets: []Bucket{{Value: time.Millisecond, Count: lag}}}
	ack := time.Duration(1+rnd.IntN(8)) * time.Millisecond
	w.Latency.Ack = Histogram{Max: ack, Buckets: []Bucket{{Value: ack, Count: w.Acknowledged}}}
	if kind == During {
		w.Partitions, w.Unknown, w.Errors = "fst", 3, map[string]uint64{"timed out": 3}
	}
	if rnd.IntN(2000) == 0 {
		w.Host.Steal = 0.5
	}
	return w
}

// sums are what must not change.
func sums(all []Window) (w Window, errors uint64, each Within) {
	each.Acknowledged.Least, each.Delivered.Least = math.MaxUint64, math.MaxUint64
	for i := range all {
		w.AddCounts(&all[i])
		w.Latency.Merge(all[i].Latency)
		w.Lasts += all[i].Span()
		errors += all[i].Errors["timed out"]
		e := all[i].Each()
		each = Within{each.Acknowledged.with(e.Acknowledged), each.Delivered.with(e.Delivered), max(each.CPU, e.CPU), each.Astray + e.Astray}
	}
	return w, errors, each
}

// same fails where two runs' windows do not tell the same.
func same(t *testing.T, whole, thinned []Window) {
	t.Helper()
	a, m, x := sums(whole)
	b, n, y := sums(thinned)
	if fmt.Sprint(a) != fmt.Sprint(b) || m != n || x != y {
		t.Errorf("%v, %d errors, %+v; want %v, %d, %+v", b, n, y, a, m, x)
	}
	at := whole[0].Start
	for i := range thinned {
		if thinned[i].Start != at {
			t.Fatalf("window %d begins at %v, and the one before ended at %v", i, thinned[i].Start, at)
		}
		at = thinned[i].End()
	}
	for i := range whole {
		w := &whole[i]
		j, ok := WindowAt(thinned, w.Start)
		if !ok || thinned[j].Phase != w.Phase || thinned[j].Backlog < w.Backlog || WorsePartitions(thinned[j].Partitions, w.Partitions) != thinned[j].Partitions {
			t.Fatalf("second %d, %s, is told as %+v", i, w.Phase, thinned[j])
		}
	}
}

// However long a run is, and however often something is broken: its windows stay within the bound, all sums are exact, and no phase's edge is lost.
func TestThin(t *testing.T) {
	t.Parallel()
	const seconds = 100_000
	for _, p := range []plan{{"no fault", seconds, 0, 0}, {"one fault", 50_000, seconds, 300}, {"a fault every two minutes", 120, 120, 40}} {
		t.Run(p.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			whole := make([]Window, seconds)
			var thinned []Window
			for i := range whole {
				whole[i] = p.second(i, rnd)
				if thinned = Thin(append(thinned, whole[i])); len(thinned) > MostWindows {
					t.Fatalf("%d windows after %d seconds", len(thinned), i+1)
				}
				if i < MostWindows && len(thinned) != i+1 {
					t.Fatalf("after %d seconds there are %d windows", i+1, len(thinned))
				}
			}
			same(t, whole, thinned)
			var longest time.Duration
			for i := range thinned {
				longest = max(longest, thinned[i].Span())
			}
			t.Logf("%d windows, the longest %v", len(thinned), longest)
			if last := thinned[len(thinned)-60]; last.Span() != time.Second {
				t.Errorf("a window of the last minute is %v", last.Span())
			}
			if p.every >= seconds {
				near(t, thinned, time.Duration(p.baseline)*time.Second)
			}
			disturbedAlike(t, whole, thinned)
		})
	}
}

// near fails where windows near the one fault are not by the second.
func near(t *testing.T, thinned []Window, fault time.Duration) {
	t.Helper()
	for i := range thinned {
		if w := &thinned[i]; w.End() > fault-nearEdge && w.Start < fault+nearEdge && w.Span() != time.Second {
			t.Errorf("%v from the fault a window is %v", w.Start-fault, w.Span())
		}
	}
}

// disturbedAlike fails where a second was disturbed and its window is not, and where windows are that were not.
func disturbedAlike(t *testing.T, whole, thinned []Window) {
	t.Helper()
	var seconds, windows time.Duration
	for i := range whole {
		if !whole[i].Host.signs().steal {
			continue
		}
		seconds += time.Second
		if j, ok := WindowAt(thinned, whole[i].Start); !ok || !thinned[j].Host.signs().steal {
			t.Errorf("second %d was disturbed, and its window is %+v", i, thinned[j])
		}
	}
	for i := range thinned {
		if thinned[i].Host.signs().steal {
			windows += thinned[i].Span()
		}
	}
	if seconds == 0 || windows > 40*seconds {
		t.Errorf("%v were disturbed, and windows of %v are", seconds, windows)
	}
}

// More phases than windows are allowed to be are a window each, and nothing is lost.
func TestThinWithoutEnd(t *testing.T) {
	t.Parallel()
	p := plan{baseline: 10, every: 5, during: 2}
	rnd := rand.New(rand.NewPCG(1, 2))
	var whole []Window
	phases := map[string]bool{}
	for i := range 10_000 {
		whole = append(whole, p.second(i, rnd))
		phases[whole[i].Phase] = true
	}
	thinned := Thin(append([]Window{}, whole...))
	same(t, whole, thinned)
	if len(thinned) > len(phases)+100 || len(thinned) < len(phases) {
		t.Errorf("%d windows of %d phases", len(thinned), len(phases))
	}
}

// Expectations of a rate get the same figures of a thinned run as of a whole one, least and most second included, and so does the generator.
func TestRateOfAThinnedRun(t *testing.T) {
	t.Parallel()
	const seconds = 20_000
	p := plan{baseline: 9_000, every: seconds, during: 4_000}
	rnd := rand.New(rand.NewPCG(3, 4))
	var whole Report
	for i := range seconds {
		w := p.second(i, rnd)
		if n := len(whole.Phases); n == 0 || whole.Phases[n-1].Name != w.Phase {
			name, kind := p.phase(i)
			whole.Phases = append(whole.Phases, PhaseFigures{Phase: Phase{Name: name, Kind: kind, Fault: "f", From: w.Start}})
		}
		whole.Phases[len(whole.Phases)-1].To = w.End()
		whole.Windows = append(whole.Windows, w)
	}
	thinned := whole
	thinned.Windows = Thin(append([]Window{}, whole.Windows...))
	for _, text := range []string{"ack.rate.mean > 1/s", "ack.rate.min > 1/s during baseline", "ack.rate.max > 1/s during f", "delivery.rate.mean > 1/s during recovery", "delivery.rate.min > 1/s"} {
		e, err := ParseExpectation(text, []string{"f"})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range catalogue {
			if m.Name != e.Metric {
				continue
			}
			if want, got := m.get(&whole, e), m.get(&thinned, e); got != want || want.why != "" {
				t.Errorf("%s: %+v, want %+v", text, got, want)
			}
		}
	}
	if want, got := whole.late("baseline"), thinned.late("baseline"); got != want || want == 0 {
		t.Errorf("%v of the messages are late, want %v", got, want)
	}
	if len(thinned.Windows) > MostWindows {
		t.Errorf("%d windows", len(thinned.Windows))
	}
}

// aDay returns windows as a run of a day keeps them, told second by second, with latencies as they are recorded: 5,000 messages a second through three brokers.
func aDay(seconds int) []Window {
	rnd := rand.New(rand.NewPCG(5, 6))
	spread := func(median time.Duration, sigma float64) Histogram {
		counts := map[time.Duration]uint64{}
		h := Histogram{}
		for range 5000 {
			v := time.Duration(float64(median)*math.Exp(sigma*rnd.NormFloat64())) / time.Microsecond * time.Microsecond
			h.Max = max(h.Max, v)
			coarse := time.Duration(1) // two digits, as windows have
			for coarse*64 < v {
				coarse *= 2
			}
			counts[(v/coarse+1)*coarse]++
		}
		for v, n := range counts {
			h.Merge(Histogram{Max: h.Max, Buckets: []Bucket{{Value: v, Count: n}}})
		}
		return h
	}
	var kinds []Latency
	for range 64 {
		drift := 0.5 + 2*rnd.Float64()
		ms := time.Duration(drift * float64(time.Millisecond))
		kinds = append(kinds, Latency{Ack: spread(3*ms, 0.6), E2E: spread(5*ms, 0.6), Service: spread(3*ms, 0.6), Lag: spread(ms/20, 0.8)})
	}
	p := plan{baseline: 3600, every: 3600, during: 60}
	var kept []Window
	for i := range seconds {
		w := p.second(i, rnd)
		w.Latency, w.Partitions = kinds[rnd.IntN(len(kinds))], strings.Repeat("f", 24)
		w.Host = &HostSample{Steal: 0.012, Idle: 0.345, Others: 0.021, CPUSome: 0.234, IOSome: 0.123, IOFull: 0.045, Nodes: map[string]NodeSample{
			"b1": {CPU: rnd.Float64(), Memory: 512 << 20}, "b2": {CPU: rnd.Float64(), Memory: 512 << 20}, "b3": {CPU: rnd.Float64(), Memory: 512 << 20}}}
		kept = Thin(append(kept, w))
	}
	return kept
}

// A day's windows are no more to keep, and to write, than those of some hours.
func TestADayIsBounded(t *testing.T) {
	const mostBytes = 64 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := aDay(24 * 3600)
	runtime.GC()
	runtime.ReadMemStats(&after)
	written, err := json.Marshal(Report{Windows: kept})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d windows, %.1f MB in memory, %.1f MB written", len(kept), float64(after.HeapAlloc-before.HeapAlloc)/1e6, float64(len(written))/1e6)
	if len(written) > mostBytes {
		t.Errorf("%d bytes, over %d", len(written), mostBytes)
	}
}
