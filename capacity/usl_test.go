package capacity

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// truth is a law with these coefficients.
func truth(lambda, sigma, kappa float64) law { return law{1 / lambda, sigma / lambda, kappa / lambda} }

// noisy are points of a law at some sizes, each off by a normal error of so large a share.
func noisy(l law, share float64, rng *rand.Rand, sizes ...float64) (all []Sized) {
	for _, n := range sizes {
		all = append(all, Sized{n, l.at(n) * (1 + share*rng.NormFloat64())})
	}
	return all
}

// Without scatter, the coefficients come out as they are, also where they are 0 or the sizes are large and uneven.
func TestFitScalingExact(t *testing.T) {
	for name, c := range map[string]struct{ lambda, sigma, kappa float64 }{
		"both": {12_000, 0.04, 0.0015}, "contention alone": {900, 0.2, 0}, "coherency alone": {1e6, 0, 0.01}, "nearly saturated": {50_000, 0.7, 1e-4},
	} {
		for _, sizes := range [][]float64{{1, 2, 4, 8, 16, 32}, {3, 6, 12, 24, 48, 96, 200}} {
			s, err := FitScaling(noisy(truth(c.lambda, c.sigma, c.kappa), 0, rand.New(rand.NewPCG(1, 1)), sizes...))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for what, v := range map[string][2]float64{"λ": {s.Lambda.Value, c.lambda}, "σ": {s.Sigma.Value, c.sigma}, "κ": {s.Kappa.Value, c.kappa}} {
				if math.Abs(v[0]-v[1]) > 1e-6*max(v[1], 1e-3) {
					t.Errorf("%s at %v: %s is %g, want %g", name, sizes, what, v[0], v[1])
				}
			}
		}
	}
}

// The intervals hold the true coefficients about as often as they say: over hundreds of seeded measurements, of few and of many sizes, and of more and less
// scatter. Where a coefficient is 0, the bound at 0 makes the interval hold it more often.
func TestFitScalingCoverage(t *testing.T) {
	const trials = 200
	for name, c := range map[string]struct {
		lambda, sigma, kappa, scatter float64
		sizes                         []float64
	}{
		"six sizes":     {12_000, 0.05, 0.002, 0.02, []float64{1, 2, 4, 8, 16, 32}},
		"three of each": {12_000, 0.05, 0.002, 0.05, []float64{1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32}},
		"brokers":       {30_000, 0.08, 0.01, 0.02, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"no coherency":  {5_000, 0.15, 0, 0.03, []float64{1, 2, 4, 8, 16, 32, 64}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := truth(c.lambda, c.sigma, c.kappa)
			held, told := map[string]int{}, 0
			for trial := range uint64(trials) {
				s, err := FitScaling(noisy(l, c.scatter, rand.New(rand.NewPCG(7, trial)), c.sizes...))
				if err != nil {
					continue
				}
				told++
				far := 1.5 * s.To
				there, err := s.At(far)
				if err != nil {
					t.Fatal(err)
				}
				for what, e := range map[string]struct {
					Estimate
					true float64
				}{"λ": {s.Lambda, c.lambda}, "σ": {s.Sigma, c.sigma}, "κ": {s.Kappa, c.kappa}, "X": {there, l.at(far)}} {
					if e.Low <= e.true && e.true <= e.High {
						held[what]++
					}
				}
			}
			t.Logf("of %d: %v", told, held)
			if told < trials*9/10 {
				t.Errorf("%d of %d were fitted at all", told, trials)
			}
			for what, n := range held {
				if share := float64(n) / float64(told); share < 0.90 {
					t.Errorf("the interval of %s held the truth in %.1f %% of %d, and says 95", what, 100*share, told)
				}
			}
		})
	}
}

// What tells nothing of growth is refused, with the reason.
func TestFitScalingRefuses(t *testing.T) {
	sizes := []float64{1, 2, 4, 8, 16, 32}
	rng := rand.New(rand.NewPCG(3, 3))
	with := func(x float64, at int) []Sized {
		all := noisy(truth(100, 0.1, 0.01), 0.01, rng, sizes...)
		all[at].X = x
		return all
	}
	constant, linear := make([]Sized, 0, 6), make([]Sized, 0, 6)
	for _, n := range sizes {
		constant, linear = append(constant, Sized{n, 500}), append(linear, Sized{n, 500 * n})
	}
	for name, c := range map[string]struct {
		points []Sized
		want   string
	}{
		"nothing":          {nil, "at least 6 different sizes, and 0"},
		"five":             {noisy(truth(100, 0.1, 0.01), 0.01, rng, 1, 2, 4, 8, 16), "and 5 were"},
		"six of two sizes": {noisy(truth(100, 0.1, 0.01), 0.01, rng, 1, 1, 1, 2, 2, 2), "and 2 were"},
		"not a number":     {with(math.NaN(), 2), "NaN messages/s at a size of 4"},
		"infinite":         {with(math.Inf(1), 0), "+Inf messages/s"},
		"nothing at one":   {with(0, 5), "0 messages/s at a size of 32"},
		"a size of 0":      {append(noisy(truth(100, 0.1, 0.01), 0.01, rng, sizes...), Sized{0, 5}), "size of 0"},
		"all equal":        {constant, "throughput is the same from 1 to 32"},
		"equal but chance": {noisy(truth(500, 1, 0), 0.01, rng, sizes...), "throughput is the same"},
		"linear":           {linear, "grows in proportion"},
		"linear by chance": {noisy(truth(500, 0, 0), 0.03, rng, sizes...), "grows in proportion"},
	} {
		if s, err := FitScaling(c.points); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want an error with %q", name, s, err, c.want)
		}
	}
}

// A fit is not stretched beyond twice what was measured, nor below it, and tells a peak only as far as that.
func TestScalingReach(t *testing.T) {
	s, err := FitScaling(noisy(truth(1000, 0.02, 0.001), 0.01, rand.New(rand.NewPCG(5, 5)), 2, 4, 8, 16, 24, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []float64{2, 40, 64} {
		if e, err := s.At(n); err != nil || e.Low > e.Value || e.High < e.Value {
			t.Errorf("at %g: %+v, %v", n, e, err)
		}
	}
	for _, n := range []float64{1, 64.1, 1000, math.NaN(), math.Inf(1), -3} {
		if _, err := s.At(n); err == nil || !strings.Contains(err.Error(), "measure nearer") {
			t.Errorf("at %g: %v", n, err)
		}
	}
	if math.Abs(s.Peak-math.Sqrt(0.98/0.001)) > 5 {
		t.Errorf("the peak is at %g", s.Peak)
	}
	far, err := FitScaling(noisy(truth(1000, 0.1, 1e-5), 0.001, rand.New(rand.NewPCG(5, 5)), 1, 2, 4, 8, 16, 32))
	if err != nil || far.Peak != 0 {
		t.Errorf("a peak at %g is told of what was measured up to 32: %v", far.Peak, err)
	}
}
