package report

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func known(all ...int) (figures []Figure) {
	for _, ms := range all {
		figures = append(figures, KnownFigure(time.Duration(ms)*time.Millisecond))
	}
	return figures
}

// The median's interval for some N, as in tables of the sign test's interval: ranks 1 and 6 of 6, 2 and 8 of 9, 6 and 15 of 20.
func TestDistribution(t *testing.T) {
	twenty := make([]int, 20)
	for i := range twenty {
		twenty[i] = 20 - i
	}
	for _, c := range []struct {
		name    string
		figures []Figure
		want    [6]string // min, p50, p95, max, low, high
	}{
		{"one", known(7), [6]string{"7ms", "7ms", "unknown", "7ms", "unknown", "unknown"}},
		{"an even number", known(9, 1, 4, 2), [6]string{"1ms", "3ms", "unknown", "9ms", "unknown", "unknown"}},
		{"six", known(6, 5, 4, 3, 2, 1), [6]string{"1ms", "3.5ms", "unknown", "6ms", "1ms", "6ms"}},
		{"nine", known(9, 8, 7, 6, 5, 4, 3, 2, 1), [6]string{"1ms", "5ms", "unknown", "9ms", "2ms", "8ms"}},
		{"twenty", known(twenty...), [6]string{"1ms", "10.5ms", "19ms", "20ms", "6ms", "15ms"}},
		{"a censored one ranks last", append(known(9, 4), CensoredFigure(time.Millisecond)), [6]string{"4ms", "9ms", "unknown", "> 9ms", "unknown", "unknown"}},
		{"half way to a censored one", append(known(4), CensoredFigure(8*time.Millisecond)), [6]string{"4ms", "> 6ms", "unknown", "> 8ms", "unknown", "unknown"}},
		{"none", nil, [6]string{"unknown", "unknown", "unknown", "unknown", "unknown", "unknown"}},
	} {
		d := Distribute(c.figures)
		got := [6]string{d.Min.String(), d.P50.String(), d.P95.String(), d.Max.String(), d.Low.String(), d.High.String()}
		if got != c.want || d.N != len(c.figures) {
			t.Errorf("%s: %v of %d, want %v", c.name, got, d.N, c.want)
		}
	}
	if d := Distribute(append(known(1, 2), UnknownFigure("blind"))); d.Unknown != 1 || d.N != 2 || d.Stat("max").Known || d.Max != KnownFigure(2*time.Millisecond) {
		t.Errorf("with an unknown one: %+v", d)
	}
}

// The interval of the median holds the true one at least as often as it says, whatever is measured.
func TestMedianIntervalHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1500).Draw(t, "n")
		k := medianRank(n)
		if covered := coverage(n, k); k > 0 && covered < confidence {
			t.Fatalf("ranks %d and %d of %d cover %v", k, n+1-k, n, covered)
		}
		if k+1 <= n/2 && coverage(n, k+1) >= confidence {
			t.Fatalf("of %d, rank %d would do, and %d was taken", n, k+1, k)
		}
	})
}

// coverage adds up the chances that k to n-k of n figures lie below the median, by Pascal's triangle.
func coverage(n, k int) float64 {
	row := []float64{1}
	for range n {
		next := make([]float64, len(row)+1)
		for i, p := range row {
			next[i] += p / 2
			next[i+1] += p / 2
		}
		row = next
	}
	sum := 0.0
	for below := k; below <= n-k; below++ {
		sum += row[below]
	}
	return sum
}
