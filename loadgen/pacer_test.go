package loadgen

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
)

// anyCurve draws a curve of which the count is exact: every one but Poisson.
func anyCurve(t *rapid.T) Curve {
	rate := func(name string, least float64) float64 {
		return rapid.Float64Range(least, 10_000).Draw(t, name)
	}
	length := func(name string) time.Duration {
		return time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(t, name))
	}
	switch rapid.IntRange(0, 5).Draw(t, "curve") {
	case 0:
		return Constant{rate("rate", 0.01)}
	case 1:
		return Ramp{From: rate("from", 0), To: rate("to", 0.01), Over: length("over")}
	case 2:
		var s Steps
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			s = append(s, Step{rapid.SampledFrom([]float64{0, rate("rate", 0)}).Draw(t, "rate or none"), length("for")})
		}
		return append(s, Step{rate("last", 0.01), length("for")})
	case 3:
		mean := rate("mean", 0.01)
		return Sine{mean, mean * rapid.Float64Range(0, 1).Draw(t, "swing"), length("period")}
	case 4:
		every := length("every")
		return Burst{rapid.SampledFrom([]float64{0, rate("base", 0)}).Draw(t, "base or none"), rate("peak", 0.01), every,
			time.Duration(rapid.Int64Range(1, int64(every)-1).Draw(t, "for"))}
	}
	trace := make(Trace, rapid.IntRange(1, 1000).Draw(t, "arrivals"))
	for i := range trace {
		trace[i] = length("arrival")
	}
	slices.Sort(trace)
	return trace
}

// dueBy counts the messages that are due by a moment, by halving.
func dueBy(p Pacer, at time.Duration) float64 {
	low, high := uint64(0), uint64(1)<<40
	for low < high {
		middle := (low + high) / 2
		if due, ok := p.Due(middle); ok && due <= at {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return float64(low)
}

// Due is the inverse of Count, and never falls.
func TestDueIsTheInverseOfCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCurve(t)
		at := time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "at"))
		want := c.Count(at)
		if trace, ok := c.(Trace); ok {
			want = dueBy(trace, at) // several can be due at one time
		}
		if got := dueBy(c, at); math.Abs(got-want) > 1.001 {
			t.Fatalf("%+v: %v messages are due by %v, the integral is %v", c, got, at, want)
		}
		n := rapid.Uint64Range(0, 1<<20).Draw(t, "n")
		before, _ := c.Due(n)
		for i := range uint64(100) {
			due, ok := c.Due(n + 1 + i)
			if ok && due < before {
				t.Fatalf("%+v: message %d is due at %v, the one before at %v", c, n+1+i, due, before)
			}
			before = due
		}
	})
}

// Every message of a plan belongs to one of those who share it.
func TestShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCurve(t)
		shards := rapid.IntRange(1, 7).Draw(t, "shards")
		for n := range uint64(50) {
			want, wantOK := c.Due(n)
			got, ok := share(c, int(n)%shards, shards).Due(n / uint64(shards))
			if got != want || ok != wantOK {
				t.Fatalf("%+v: message %d of %d shards is due at %v, want %v", c, n, shards, got, want)
			}
		}
	})
}

func TestCurves(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tt := range map[string]struct {
		curve Curve
		at    time.Duration
		want  float64
	}{
		"constant":              {Constant{200}, 3 * s, 600},
		"ramp, half way":        {Ramp{0, 100, 10 * s}, 5 * s, 125},
		"ramp, down":            {Ramp{100, 0, 10 * s}, 5 * s, 375},
		"ramp, behind":          {Ramp{0, 100, 10 * s}, 12 * s, 700},
		"ramp, down to nothing": {Ramp{100, 0, 10 * s}, 99 * s, 500},
		"steps":                 {Steps{{10, 10 * s}, {0, 5 * s}, {20, 5 * s}}, 30 * s, 400},
		"sine, half a period":   {Sine{100, 50, 60 * s}, 30 * s, 3000 + 2*50*60/(2*math.Pi)},
		"sine, whole periods":   {Sine{100, 100, 60 * s}, 120 * s, 12000},
		"burst, before":         {Burst{10, 100, 10 * s, s}, 10 * s, 100},
		"burst, in it":          {Burst{10, 100, 10 * s, s}, 10*s + s/2, 150},
		"burst, after three":    {Burst{10, 100, 10 * s, s}, 35 * s, 10*32 + 100*3},
		"trace":                 {Trace{s, 2 * s, 2 * s, 9 * s}, 3 * s, 3},
	} {
		if got := tt.curve.Count(tt.at); math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%s: %v are due by %v, want %v", name, got, tt.at, tt.want)
		}
	}
}

func TestPlansThatEnd(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tt := range map[string]struct {
		curve Curve
		last  uint64
	}{
		"ramp to nothing": {Ramp{100, 0, 10 * s}, 499},
		"steps":           {Steps{{10, 10 * s}, {0, 5 * s}}, 99},
		"trace":           {Trace{s, 2 * s}, 1},
	} {
		if due, ok := tt.curve.Due(tt.last); !ok || due > 10*s {
			t.Errorf("%s: message %d is due at %v, %v", name, tt.last, due, ok)
		}
		if due, ok := tt.curve.Due(tt.last + 1); ok {
			t.Errorf("%s: message %d is due at %v, and should not be", name, tt.last+1, due)
		}
	}
	if due, ok := (Constant{1e-300}).Due(5); !ok || due <= 0 {
		t.Errorf("what is due after all time is due at %v", due)
	}
}

// The shards' arrivals together have the mean and the spread of a Poisson process, and the same seed has the same arrivals.
func TestPoisson(t *testing.T) {
	t.Parallel()
	const rate, shards, seconds = 400.0, 3, 1000
	counts := make([]float64, seconds)
	for i := range shards {
		p, again := (Poisson{rate, 7}).Share(i, shards), (Poisson{rate, 7}).Share(i, shards)
		for n := uint64(0); ; n++ {
			due, _ := p.Due(n)
			if n%5000 == 0 {
				if same, _ := again.Due(n); same != due {
					t.Fatalf("shard %d: message %d is due at %v and at %v", i, n, due, same)
				}
			}
			if due >= seconds*time.Second {
				break
			}
			counts[due/time.Second]++
		}
		first, _ := p.Due(0)
		if same, _ := (Poisson{rate, 7}).Share(i, shards).Due(0); same != first {
			t.Errorf("shard %d: asked again, message 0 is due at %v, not at %v", i, first, same)
		}
	}
	var mean, variance float64
	for _, n := range counts {
		mean += n / seconds
	}
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / seconds
	}
	// Five standard errors: sqrt(rate/seconds) of the mean, rate*sqrt(2/seconds) of the variance.
	if math.Abs(mean-rate) > 5*math.Sqrt(rate/seconds) || math.Abs(variance-rate) > 5*rate*math.Sqrt(2.0/seconds) {
		t.Errorf("mean %.1f and variance %.1f of the messages in a second, want %v of both", mean, variance, rate)
	}
	a, _ := (Poisson{rate, 7}).Due(3)
	if b, _ := (Poisson{rate, 8}).Due(3); a == b {
		t.Error("another seed has the same arrivals")
	}
}

func TestParseTrace(t *testing.T) {
	t.Parallel()
	got, err := ParseTrace([]byte("\uFEFFtime, size\n# a comment\n0,1\n0.5,2\r\n\n\"750ms\"\n1.25s\n1.25"))
	if want := (Trace{0, 500 * ms, 750 * ms, 1250 * ms, 1250 * ms}); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for text, want := range map[string]string{
		"":             "there is no time in it",
		"time\n":       "there is no time in it",
		"1\n0.5\n":     "line 2: 0.5 comes before",
		"0\nx\n":       "line 2: \"x\" is no time",
		"t\nx\n1":      "line 2: \"x\" is no time",
		"-1\n":         "line 1: -1 is before the start",
		"1700000000":   "line 1: 1700000000 is later than a week",
		"0\n1e400\n":   "line 2: \"1e400\" is no time",
		"0\n1.2.3\n":   "line 2: \"1.2.3\" is no time",
		"0\n-1e300\n":  "line 2: -1e300 is before",
		"0\nNaN\n":     "line 2: \"NaN\" is no time",
		"0\n1\n3 min,": "line 3: \"3 min\" is no time",
	} {
		if _, err := ParseTrace([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// A sender keeps every kind of schedule: in each second as many messages as the integral says, none late.
func TestSenderKeepsEveryCurve(t *testing.T) {
	const s = time.Second
	trace := Trace{}
	for i := range 3000 {
		trace = append(trace, time.Duration(i*i)*time.Microsecond)
	}
	for name, c := range map[string]Curve{
		"constant": Constant{1234}, "ramp": Ramp{0, 5000, 6 * s}, "steps": Steps{{100, 2 * s}, {0, s}, {3000, 3 * s}, {1, s}},
		"sine": Sine{2000, 2000, 4 * s}, "burst": Burst{50, 5000, 3 * s, s / 2}, "trace": trace, "poisson": Poisson{2000, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &fakeProducer{after: always(5 * ms), room: 1 << 20}
				_, windows, figures, sender, _ := runCurve(t, c, 10*s, p)
				for i, w := range windows[:10] {
					if name == "poisson" {
						continue // see TestPoisson
					}
					want := dueBy(c, time.Duration(i+1)*s-1) - dueBy(c, time.Duration(i)*s-1)
					if float64(w.Due) != want {
						t.Errorf("second %d: %d due, want %v", i, w.Due, want)
					}
				}
				if lag := figures[0].Latency.Lag; lag.Max > 2*ms || sender.Unsent() != 0 {
					t.Errorf("lag is up to %v, %d unsent", lag.Max, sender.Unsent())
				}
			})
		})
	}
}

// Without a schedule the broker sets the pace, and latency counts from the moment of sending.
func TestMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProducer{after: always(5 * ms), room: 100}
		_, windows, figures, s, page := runCurve(t, Max{}, 5*time.Second, p)
		if n := windows[2].Acknowledged; n < 10_000 || n > 20_000 {
			t.Errorf("%d acknowledged in a second, want 100 each 5 to 10 ms", n)
		}
		if l := figures[0].Latency; l.Ack.Max > 8*ms || l.Lag.Max > 0 || s.Unsent() != 0 || page.sent != page.outcomes {
			t.Errorf("ack up to %v, lag up to %v, unsent %d, sent %d, outcomes %d", l.Ack.Max, l.Lag.Max, s.Unsent(), page.sent, page.outcomes)
		}
		for i, m := range p.taken {
			d := broker.Delivery{Value: m.Value}
			if broker.Decode(&d, 7); m.Due < m.Sent-ms || i > len(p.taken)-100 && (d.Envelope != broker.Intact) {
				t.Fatalf("message %d is due at %v and sent at %v; %v", i, m.Due, m.Sent, d.Envelope)
			}
		}
	})
}

func BenchmarkDue(b *testing.B) {
	const s = time.Second
	for name, c := range map[string]Pacer{
		"constant": Constant{1e5}, "ramp": Ramp{0, 1e5, 1000 * s}, "steps": Steps{{1e5, s}, {2e5, s}, {3e5, s}, {4e5, s}},
		"sine": Sine{1e5, 1e5, 60 * s}, "burst": Burst{1e4, 1e5, 10 * s, s}, "poisson": Poisson{1e5, 1},
	} {
		b.Run(name, func(b *testing.B) {
			p := share(c, 1, 2)
			b.ReportAllocs()
			for n := range uint64(b.N) {
				_, _ = p.Due(n)
			}
		})
	}
}
