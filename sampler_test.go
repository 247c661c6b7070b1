package squall

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
)

const second = time.Second

// before is a reading of a machine with two processors, on which a run has one broker.
func before() reading {
	return reading{at: 10 * second, times: &host.Times{Busy: 100 * second, Idle: 50 * second, Steal: 10 * second, Total: 170 * second}, own: 20 * second,
		beside: 3 * second, metered: true, pressure: map[string]host.Pressure{"cpu": {Some: second}, "memory": {}, "io": {}},
		groups: map[string]host.Counters{own: {Used: 20 * second}, "b1": {Used: 30 * second, Throttled: 5 * second}}}
}

// after is one a second later, in which squall had 0.4, the broker 1, and what is beside it 0.1 processors.
func after(change func(*reading)) reading {
	r := before()
	r.at, r.own, r.beside = r.at+second, r.own+400*time.Millisecond, r.beside+100*time.Millisecond
	r.times = &host.Times{Busy: 101600 * time.Millisecond, Idle: 50300 * time.Millisecond, Steal: 10 * second, Total: 172 * second}
	r.pressure = map[string]host.Pressure{"cpu": {Some: 1900 * time.Millisecond}, "memory": {}, "io": {}}
	r.groups = maps.Clone(r.groups)
	r.groups["b1"] = host.Counters{Used: 31 * second, Throttled: 5 * second, Memory: 7}
	change(&r)
	return r
}

func TestCompare(t *testing.T) {
	busy := report.HostSample{Idle: 0.15, Others: 0.05, CPUSome: 0.9}
	tests := []struct {
		name   string
		change func(*reading)
		want   func(*report.HostSample)
	}{
		{"a busy run", func(*reading) {}, func(*report.HostSample) {}},
		{"steal", func(r *reading) { r.times.Steal += 500 * time.Millisecond }, func(s *report.HostSample) { s.Steal = 0.25 }},
		{"another program", func(r *reading) { r.times.Busy += 300 * time.Millisecond; r.times.Idle -= 300 * time.Millisecond },
			func(s *report.HostSample) { s.Others, s.Idle = 0.2, 0 }},
		{"counters that disagree a little", func(r *reading) { r.own += second }, func(s *report.HostSample) { s.Others = 0 }},
		{"pressure", func(r *reading) {
			r.pressure["memory"] = host.Pressure{Some: 200 * time.Millisecond, Full: 100 * time.Millisecond}
			r.pressure["io"] = host.Pressure{Some: 800 * time.Millisecond, Full: 600 * time.Millisecond}
		}, func(s *report.HostSample) { s.MemorySome, s.MemoryFull, s.IOSome, s.IOFull = 0.2, 0.1, 0.8, 0.6 }},
		{"a late reading", func(r *reading) { r.at += second }, func(s *report.HostSample) { s.CPUSome = 0.45 }},
		{"no pressure to be had", func(r *reading) { r.pressure = nil }, func(s *report.HostSample) { s.CPUSome = 0 }},
		{"no times to be had", func(r *reading) { r.times = nil }, func(s *report.HostSample) { s.Idle, s.Others = 0, 0 }},
		{"nodes without counters", func(r *reading) { r.metered = false }, func(s *report.HostSample) { s.Others = 0 }},
		{"throttled", func(r *reading) {
			r.groups["b1"] = host.Counters{Used: 31 * second, Throttled: 5250 * time.Millisecond}
			r.groups[own] = host.Counters{Used: 20 * second, Throttled: 9 * time.Millisecond}
		}, func(s *report.HostSample) { s.Throttled = map[string]float64{"b1": 0.25} }},
		{"ended by the kernel", func(r *reading) {
			r.groups["b1"] = host.Counters{Used: 31 * second, Throttled: 5 * second, OOMKills: 1}
		},
			func(s *report.HostSample) { s.OOMKills = map[string]uint64{"b1": 1} }},
		{"started anew", func(r *reading) { r.groups["b1"] = host.Counters{Used: second} }, func(*report.HostSample) {}},
		{"another program in squall's group", func(r *reading) { r.groups[own] = host.Counters{Used: 25 * second} }, func(*report.HostSample) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b, want := before(), after(test.change), busy
			test.want(&want)
			got := compare(&a, &b)
			if !maps.Equal(got.Throttled, want.Throttled) || !maps.Equal(got.OOMKills, want.OOMKills) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			got.Throttled, got.OOMKills, want.Throttled, want.OOMKills = nil, nil, nil, nil
			if got.Steal != want.Steal || got.Idle != want.Idle || got.Others != want.Others || got.CPUSome != want.CPUSome ||
				got.MemorySome != want.MemorySome || got.MemoryFull != want.MemoryFull || got.IOSome != want.IOSome || got.IOFull != want.IOFull {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// What each broker used is told, and nothing of one that does not run.
func TestCompareNodes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*reading)
		want   map[string]report.NodeSample
	}{
		"it works":     {func(*reading) {}, map[string]report.NodeSample{"b1": {CPU: 1, Memory: 7}}},
		"started anew": {func(r *reading) { r.groups["b1"] = host.Counters{Used: second / 2, Memory: 3} }, map[string]report.NodeSample{"b1": {CPU: 0.5, Memory: 3}}},
		"down":         {func(r *reading) { r.groups["b1"] = host.Counters{} }, nil},
		"not seen":     {func(r *reading) { delete(r.groups, "b1") }, nil},
	} {
		a, b := before(), after(c.change)
		if got := compare(&a, &b).Nodes; !maps.Equal(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A window is told what was seen in it; one that a late sample spans is told that, and one that nobody looked at nothing.
func TestAttach(t *testing.T) {
	s := &sampler{}
	for i, to := range []time.Duration{2, 3, 5} {
		s.samples = append(s.samples, sampled{report.Span{From: []time.Duration{1, 2, 3}[i] * second, To: to * second}, &report.HostSample{Steal: float64(i + 1)}})
	}
	windows := make([]report.Window, 7)
	for i := range windows {
		windows[i].Start = time.Duration(i) * second
	}
	s.attach(windows)
	for i, want := range []float64{0, 1, 2, 3, 3, 0, 0} {
		switch h := windows[i].Host; {
		case h == nil && want == 0:
		case h == nil || h.Steal != want:
			t.Errorf("window %d: %+v, want %v", i, h, want)
		}
	}
}

// Samples are kept as long as a window may want them, and not for longer; a window of several seconds has its own already.
func TestSamplesAreForgotten(t *testing.T) {
	s := &sampler{}
	for i := range 1000 {
		s.keep(sampled{report.Span{From: time.Duration(i) * second, To: time.Duration(i+1) * second}, &report.HostSample{Steal: float64(i)}})
	}
	if n := len(s.samples); n < 120 || n > 130 {
		t.Errorf("%d samples", n)
	}
	windows := []report.Window{{Start: 5 * second}, {Start: 940 * second, Lasts: 2 * second, Within: &report.Within{}}, {Start: 942 * second}}
	s.attach(windows)
	if windows[0].Host != nil || windows[1].Host != nil || windows[2].Host == nil || windows[2].Host.Steal != 942 {
		t.Errorf("%+v", windows)
	}
}

type metered struct {
	broker.Node
	err error
}

func (metered) Name() string { return "b1" }

func (m metered) Meter(context.Context) (broker.Metering, error) {
	return broker.Metering{Used: second}, m.err
}

// What cannot be seen is told once and by its name, and is no error; what can be seen beside it is.
func TestUnseen(t *testing.T) {
	dir := t.TempDir()
	s := &sampler{machine: &host.Machine{Proc: dir, Cgroups: dir}, nodes: []broker.Node{metered{err: errors.New("another machine")}}, clock: broker.NewClock()}
	all := strings.Join(s.begin(t.Context()), "\n")
	for _, want := range []string{"whether squall is throttled: ", "steal, and what other programs use: ", "pressure on cpu: ", "pressure on memory: ", "pressure on io: ",
		"what the brokers use and are denied: another machine"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q is not told once in %s", want, all)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "pressure"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pressure", "io"), []byte("some total=5\nfull total=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.nodes = []broker.Node{metered{}}
	if all := strings.Join(s.begin(t.Context()), "\n"); strings.Contains(all, "on io") || strings.Contains(all, "brokers") || !strings.Contains(all, "on cpu") {
		t.Errorf("got %s", all)
	}
	if got := (&sampler{}).begin(t.Context()); got != nil {
		t.Errorf("nobody asked: %v", got)
	}
}

// A look costs little: it is taken once a second beside the load.
func BenchmarkLook(b *testing.B) {
	local := host.Local()
	s := &sampler{machine: &local, clock: broker.NewClock()}
	for _, what := range s.begin(b.Context()) {
		b.Log("not seen: ", what)
	}
	for b.Loop() {
		s.read(b.Context(), func(string, error) {})
	}
}
