package scenarios

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/seed-228c25e4/squall/loadgen"
)

func TestShapes(t *testing.T) {
	t.Parallel()
	const s = time.Second
	files := fstest.MapFS{"sub/arrivals.csv": {Data: []byte("at,size\n0,1\n10s,2\n30,3\n")}}
	for text, want := range map[string]struct {
		curve loadgen.Curve
		pace  string
	}{
		"5k/s": {loadgen.Constant{Rate: 5000}, "5,000/s"},
		"{ ramp: { from: 100/s, to: 5k/s, over: 30s } }":                     {&loadgen.Ramp{From: 100, To: 5000, Over: 30 * s}, "100/s to 5,000/s within 30s"},
		"{ ramp: { from: 0/s, to: 1MiB/s, over: 1m } }":                      {&loadgen.Ramp{To: 1024, Over: 60 * s}, "0/s to 1,024/s within 1m"},
		"{ steps: [ { rate: 1k/s, for: 10s }, { rate: 5MiB/s, for: 1s } ] }": {&loadgen.Steps{{Rate: 1000, For: 10 * s}, {Rate: 5120, For: s}}, "steps of 1,000/s, 5,120/s"},
		"{ sine: { mean: 2k/s, amplitude: 1k/s, period: 60s } }":             {&loadgen.Sine{Mean: 2000, Amplitude: 1000, Period: 60 * s}, "2,000/s ± 1,000/s in waves of 1m"},
		"{ burst: { base: 500/s, peak: 5k/s, every: 10s, for: 1s } }":        {&loadgen.Burst{Base: 500, Peak: 5000, Every: 10 * s, For: s}, "500/s with bursts of 5,000/s for 1s every 10s"},
		"{ poisson: 2000/s }":         {loadgen.Poisson{Rate: 2000, Seed: 9}, "2,000/s on average, arriving at random (Poisson)"},
		"{ trace: sub/arrivals.csv }": {&Trace{Trace: loadgen.Trace{0, 10 * s, 30 * s}, File: "sub/arrivals.csv"}, "3 arrivals of sub/arrivals.csv"},
		"max":                         {loadgen.Max{}, "as much as the brokers take (a closed loop)"},
	} {
		data := "broker: { kind: kafka }\nseed: 9\nphases: { warm-up: 5s, baseline: 25s }\nload: { rate: " + text + " }"
		o := Options{Kinds: kinds, Files: files}
		got, err := Parse("x.yaml", []byte(data), o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if c := got.Curve(); !reflect.DeepEqual(c, want.curve) || got.Load.Pace() != want.pace {
			t.Errorf("%s: got %+v, %q; want %+v, %q", text, c, got.Load.Pace(), want.curve, want.pace)
		}
		again, err := Parse("x.yaml", Effective(got), o)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: written and read again: %+v, %v", text, again, err)
		}
	}
}

func TestSlowestRate(t *testing.T) {
	t.Parallel()
	for rate, want := range map[string]float64{
		"100/s": 100,
		"{ ramp: { from: 0/s, to: 100/s, over: 10s } }":                   100, // before the baseline is over
		"{ burst: { base: 10/s, peak: 100/s, every: 10s, for: 1s } }":     10,
		"{ burst: { base: 10/s, peak: 100/s, every: 100ms, for: 50ms } }": 55,
		"{ steps: [ { rate: 50/s, for: 31s }, { rate: 0/s, for: 1s } ] }": 0,
		"max": math.Inf(1),
	} {
		s := mustParse(t, "broker: { kind: kafka }\nphases: { warm-up: 5s, baseline: 25s, recovery: 1s }\nfaults: [{ at: 0s, for: 10s, kill: leader }]\nload: { rate: "+rate+" }")
		if got := s.SlowestRate(); math.Abs(got-want) > 1e-9 && got != want {
			t.Errorf("%s: got %v, want %v", rate, got, want)
		}
	}
}

func TestSetOfAShape(t *testing.T) {
	t.Parallel()
	const text = "broker: { kind: kafka }\nload: { rate: { ramp: { from: 1/s, to: 2/s, over: 1s } } }"
	if got := mustParse(t, text, "load.rate.ramp.to=5k/s").Load.Pace(); got != "1/s to 5,000/s within 1s" {
		t.Errorf("got %q", got)
	}
	if got := mustParse(t, text, "load.rate=max").Load; !got.ClosedLoop() || got.Rate != 0 {
		t.Errorf("got %+v", got)
	}
	if got := mustParse(t, text, "load.rate=7/s").Load; got.Shape != nil || got.Rate != 7 {
		t.Errorf("got %+v", got)
	}
}

// What is outside the scenario's folder is not read, whatever leads there.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"in/a.csv": "1", "out.csv": "1"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../out.csv", filepath.Join(dir, "in/link.csv")); err != nil {
		t.Skip(err)
	}
	d := &draft{files: Folder(filepath.Join(dir, "in", "x.yaml"))}
	if data, err := d.file("a.csv"); err != nil || string(data) != "1" {
		t.Errorf("got %q, %v", data, err)
	}
	for _, name := range []string{"link.csv", "../out.csv", "/etc/passwd", "", "a.csv/", "./a.csv", "b.csv"} {
		if data, err := d.file(name); err == nil {
			t.Errorf("%s: read %q", name, data)
		}
	}
	if _, err := (&draft{}).file("a.csv"); err == nil {
		t.Error("read without a folder")
	}
}

func TestChart(t *testing.T) {
	t.Parallel()
	var all []string
	for _, rate := range []string{
		"{ ramp: { from: 100/s, to: 5k/s, over: 30s } }",
		"{ steps: [ { rate: 1k/s, for: 15s }, { rate: 0/s, for: 15s }, { rate: 3k/s, for: 1s } ] }",
		"{ sine: { mean: 2k/s, amplitude: 2k/s, period: 20s } }",
		"{ burst: { base: 500/s, peak: 5k/s, every: 10s, for: 100ms } }",
		"{ poisson: 2000/s }",
	} {
		s := mustParse(t, "broker: { kind: kafka }\nphases: { warm-up: 30s, baseline: 30s }\nload: { rate: "+rate+" }")
		var b strings.Builder
		explainPace(&b, s)
		all = append(all, b.String())
	}
	golden(t, "testdata/charts.golden", strings.Join(all, ""))
	if slices.ContainsFunc(all, func(s string) bool { return s == "" }) {
		t.Error("a shape has no chart")
	}
}
