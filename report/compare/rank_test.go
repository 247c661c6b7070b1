package compare

import (
	"math"
	"slices"
	"testing"
)

var inf = math.Inf(1)

// The first is Hollander and Wolfe's example 4.1, whose published two-sided p is twice 0.1272; the untied ones are as scipy 1.17 has them, exact and, of many,
// asymptotic with its correction for continuity; the tied ones were found by listing every way to choose.
func TestRankTest(t *testing.T) {
	var manyA, manyB, twenty []float64
	for i := range 40 {
		manyA = append(manyA, float64(i*7%41))
	}
	for i := range 35 {
		manyB = append(manyB, float64(i*11%37+4))
	}
	for i := range 20 {
		twenty = append(twenty, float64(i+1))
	}
	for _, c := range []struct {
		base, new []float64
		p         float64
	}{
		{permeability.term, permeability.early, 0.2544122544122544},
		{[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 0.007936507936507936},
		{[]float64{1, 2, 3}, []float64{4, 5}, 0.2},
		{[]float64{3.1, 2.2, 5.7, 1.9, 8.8, 4.4, 6.6}, []float64{7.3, 9.1, 2.5, 10.2, 11}, 0.07323232323232323},
		{twenty, []float64{20.5}, 0.09523809523809523}, // one run against 20 is never less than 2 in 21
		{[]float64{0, 0, 0, 1, 2, 2, 3}, []float64{2, 2, 3, 3, 4}, 0.05808080808080808},
		{[]float64{5, 5, 5, 5}, []float64{5, 5, 5}, 1},
		{[]float64{0, 0, 0, 0, 0, 0}, []float64{0, 0, 7, 8, 9}, 0.12121212121212122},
		{[]float64{1, 2, inf, 3}, []float64{inf, inf, 5, inf}, 0.14285714285714285},
		{manyA, manyB, 0.4225556937170706},
		{nil, twenty, 1},
	} {
		if p := rankTest(c.base, c.new); math.Abs(p-c.p) > 1e-9 {
			t.Errorf("%v against %v: %v, want %v", c.new, c.base, p, c.p)
		}
		if p := rankTest(c.new, c.base); math.Abs(p-c.p) > 1e-9 {
			t.Errorf("%v against %v: %v, want %v", c.base, c.new, p, c.p)
		}
	}
}

// permeability is Hollander and Wolfe's table 4.1: human chorioamnion at term, and at 12 to 26 weeks.
var permeability = struct{ term, early []float64 }{
	term:  []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
	early: []float64{1.15, 0.88, 0.90, 0.74, 1.21},
}

// The interval of the first is Hollander and Wolfe's: -0.76 to 0.15.
func TestShift(t *testing.T) {
	for _, c := range []struct {
		base, new      []float64
		mid, low, high float64
		interval       bool
	}{
		{permeability.term, permeability.early, -0.305, -0.76, 0.15, true},
		{[]float64{3.1, 2.2, 5.7, 1.9, 8.8, 4.4, 6.6}, []float64{7.3, 9.1, 2.5, 10.2, 11}, 4.2, -0.6, 7.2, true},
		{[]float64{1, 2, 3}, []float64{4, 5}, 2.5, 0, 0, false},
		{[]float64{1, 2, 3, 4, 5}, []float64{inf, inf, inf, inf, inf}, inf, inf, inf, true},
		{[]float64{inf, inf, inf, inf, inf}, []float64{1, 2, 3, 4, 5}, -inf, -inf, -inf, true},
		{[]float64{inf, inf, inf, inf, inf}, []float64{inf, inf, inf, inf, inf}, 0, 0, 0, true},
	} {
		mid, low, high, interval := tables{}.shift(c.base, c.new, 0.95)
		if !near(mid, c.mid) || !near(low, c.low) || !near(high, c.high) || interval != c.interval {
			t.Errorf("%v against %v: %v (%v to %v, %v), want %v (%v to %v, %v)", c.new, c.base, mid, low, high, interval, c.mid, c.low, c.high, c.interval)
		}
	}
}

func near(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-9 }

// The critical values of U, two-sided at 5 %, are those of the published tables (Mann and Whitney's, as in Siegel's table K).
func TestCritical(t *testing.T) {
	for _, c := range []struct{ m, n, u int }{{5, 5, 2}, {5, 8, 6}, {8, 8, 13}, {10, 10, 23}, {20, 20, 127}, {3, 20, 8}, {20, 3, 8}, {1, 20, -1}} {
		if u := (tables{}).critical(c.m, c.n, 0.025); u != c.u {
			t.Errorf("%d and %d: %d, want %d", c.m, c.n, u, c.u)
		}
	}
	exact, normal := tables{}.critical(30, 30, 0.025), tables{}.critical(30, 31, 0.025)
	if exact != 317 || normal < exact || normal > exact+20 {
		t.Errorf("30 and 30: %d, want 317, and the approximation of 30 and 31, %d, is near it", exact, normal)
	}
}

func TestHolm(t *testing.T) {
	if got, want := holm([]float64{0.01, 0.04, 0.03, 0.005}), []float64{0.03, 0.06, 0.06, 0.02}; !slices.EqualFunc(got, want, near) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := holm([]float64{0.5, 0.9}); !slices.EqualFunc(got, []float64{1, 1}, near) {
		t.Errorf("%v, want ones", got)
	}
}
