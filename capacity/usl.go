package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// What a fit of the Universal Scalability Law wants, and what it says. Three coefficients want at least six different sizes (Gunther, Guerrilla Capacity
// Planning, 2007, chapter 5), and the law is a curve through what was measured, not a theory of what was not: beyond twice the greatest size it says nothing.
const (
	leastSizes    = 6
	farthestReach = 2
	// Below these, what was measured does not bend, or does not move, by more than a fit could tell from chance.
	leastBend = 0.02 // share of the throughput that is lost at the greatest size
	leastGain = 0.05 // share by which the best size differs from the worst
	// How intervals are drawn.
	fitConfidence = 0.95
	fitDraws      = 1000
	fitSeed       = 1
	reweighted    = 4 // times; from the second on, weights change by the square of what scatter there is
)

// A Sized is the throughput that was reached at one size: with so many producers, partitions or brokers.
type Sized struct {
	N float64 `json:"n"` // at least 1
	X float64 `json:"x"` // messages per second, above 0
}

// An Estimate is a value with the interval that holds the true one with 95 % confidence.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// A Scaling is how throughput grows with a size, by Gunther's Universal Scalability Law: X(N) = λN / (1 + σ(N-1) + κN(N-1)).
type Scaling struct {
	Lambda Estimate `json:"lambda"` // messages per second of one alone
	Sigma  Estimate `json:"sigma"`  // contention: the share of the work that is done one after another
	Kappa  Estimate `json:"kappa"`  // coherency: what each costs every other
	// Peak is the size of the greatest throughput, which more of them make less; 0: none was seen, or it is farther than can be said.
	Peak    float64 `json:"peak,omitempty"`
	Sizes   int     `json:"sizes"`   // how many different ones were measured
	From    float64 `json:"from"`    // the least of them
	To      float64 `json:"to"`      // the greatest
	Scatter float64 `json:"scatter"` // standard deviation of what was measured around the curve, as a share of it

	draws []law // what the coefficients might be, by the bootstrap
}

// A law is one set of coefficients, in the form in which they are fitted: N/X = a + b(N-1) + cN(N-1).
type law [3]float64

func terms(n float64) law { return law{1, n - 1, n * (n - 1)} }

// at returns the throughput at a size.
func (l law) at(n float64) float64 {
	t := terms(n)
	return n / (l[0]*t[0] + l[1]*t[1] + l[2]*t[2])
}

// FitScaling fits the Universal Scalability Law to what was measured, each size once or more, with intervals from a bootstrap of the points' own scatter. The
// error says why there is nothing to fit: too few sizes, no number, throughput that does not change, or that grows as the size does.
func FitScaling(points []Sized) (*Scaling, error) {
	sizes, err := fittable(points)
	if err != nil {
		return nil, err
	}
	best := fit(points)
	s := &Scaling{Sizes: len(sizes), From: sizes[0], To: sizes[len(sizes)-1]}
	s.Scatter = scatter(best, points)
	s.draws = redraw(best, s.Scatter, points)
	if err := s.bends(best, sizes); err != nil {
		return nil, err
	}
	s.Lambda = estimate(best, s.draws, func(l law) float64 { return 1 / l[0] })
	s.Sigma = estimate(best, s.draws, func(l law) float64 { return l[1] / l[0] })
	s.Kappa = estimate(best, s.draws, func(l law) float64 { return l[2] / l[0] })
	if peak := math.Sqrt(max(1-s.Sigma.Value, 0) / s.Kappa.Value); peak >= 1 && peak <= farthestReach*s.To {
		s.Peak = peak
	}
	return s, nil
}

// At returns the throughput at a size, with its interval. Farther than twice the greatest size that was measured, or below the least, it is an error.
func (s *Scaling) At(n float64) (Estimate, error) {
	if !(n >= s.From && n <= farthestReach*s.To) {
		return Estimate{}, fmt.Errorf("%g is outside of what was measured, %g to %g, by more than the fit can be stretched (to %g): measure nearer to it", n, s.From, s.To, farthestReach*s.To)
	}
	l := law{1 / s.Lambda.Value, s.Sigma.Value / s.Lambda.Value, s.Kappa.Value / s.Lambda.Value}
	return estimate(l, s.draws, func(l law) float64 { return l.at(n) }), nil
}

// fittable returns the different sizes, in order, or why nothing can be fitted to the points.
func fittable(points []Sized) (sizes []float64, err error) {
	for _, p := range points {
		if math.IsNaN(p.N) || math.IsInf(p.N, 0) || p.N < 1 || math.IsNaN(p.X) || math.IsInf(p.X, 0) || p.X <= 0 {
			return nil, fmt.Errorf("%g messages/s at a size of %g is no point of a curve: sizes count from 1, and throughput is above 0", p.X, p.N)
		}
		sizes = append(sizes, p.N)
	}
	slices.Sort(sizes)
	if sizes = slices.Compact(sizes); len(sizes) < leastSizes {
		return nil, fmt.Errorf("three coefficients want at least %d different sizes, and %d were measured", leastSizes, len(sizes))
	}
	return sizes, nil
}

// bends returns why the points tell nothing of what limits growth: throughput does not change, or its loss against growth in proportion cannot be told from chance.
func (s *Scaling) bends(best law, sizes []float64) error {
	least, most := math.Inf(1), 0.0
	for _, n := range sizes {
		least, most = min(least, best.at(n)), max(most, best.at(n))
	}
	if most < least*(1+leastGain) {
		return fmt.Errorf("throughput is the same from %g to %g, within %g %%: something else limits it", s.From, s.To, 100*leastGain)
	}
	loss := estimate(best, s.draws, func(l law) float64 { return 1 - l.at(s.To)*l[0]/s.To })
	if loss.Low < leastBend {
		return fmt.Errorf("throughput grows in proportion from %g to %g, within what chance explains: no limit is in sight, so none can be told; measure larger sizes", s.From, s.To)
	}
	return nil
}

var errSingular = errors.New("the equations have no single solution")

// fit returns the coefficients, none below 0, of least squares of the relative errors of throughput. The weights are the curve's own throughputs, found again
// until they stay: those that were measured would favour what came out low.
func fit(points []Sized) law {
	weights := make([]float64, len(points))
	for i, p := range points {
		weights[i] = p.X / p.N
	}
	var l law
	for range reweighted {
		l = nonNegative(points, weights)
		for i, p := range points {
			weights[i] = l.at(p.N) / p.N
		}
	}
	return l
}

// nonNegative solves the weighted least squares with coefficients that are not negative: of three, of which the first is never 0, it tries every choice of
// those that are, and keeps the best that is allowed.
func nonNegative(points []Sized, weights []float64) law {
	best, least := law{}, math.Inf(1)
	for _, free := range [][]int{{0, 1, 2}, {0, 1}, {0, 2}, {0}} {
		l, err := squares(points, weights, free)
		if err != nil || l[0] <= 0 || l[1] < 0 || l[2] < 0 {
			continue
		}
		sum := 0.0
		for i, p := range points {
			t := terms(p.N)
			off := weights[i] * (p.N/p.X - l[0]*t[0] - l[1]*t[1] - l[2]*t[2])
			sum += off * off
		}
		if sum < least {
			best, least = l, sum
		}
		if len(free) == len(l) {
			break // what is the least without a bound is so with one that it keeps
		}
	}
	return best
}

// squares solves the least squares for the free coefficients; the others are 0. It works on columns of unit length, so that sizes of any magnitude do.
func squares(points []Sized, weights []float64, free []int) (l law, err error) {
	k := len(free)
	length := make([]float64, k)
	for i, p := range points {
		t := terms(p.N)
		for j, f := range free {
			length[j] += weights[i] * t[f] * weights[i] * t[f]
		}
	}
	m := make([][]float64, k) // the normal equations, with the right side as the last column
	for j := range m {
		length[j] = math.Sqrt(length[j])
		m[j] = make([]float64, k+1)
	}
	for i, p := range points {
		t := terms(p.N)
		for j, f := range free {
			column := weights[i] * t[f] / length[j]
			for c, g := range free {
				m[j][c] += column * weights[i] * t[g] / length[c]
			}
			m[j][k] += column * weights[i] * p.N / p.X
		}
	}
	solution, err := solve(m)
	for j, f := range free[:len(solution)] {
		l[f] = solution[j] / length[j]
	}
	return l, err
}

// solve eliminates with pivots.
func solve(m [][]float64) ([]float64, error) {
	k := len(m)
	for c := range k {
		at := c
		for r := c + 1; r < k; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[at][c]) {
				at = r
			}
		}
		if m[c], m[at] = m[at], m[c]; math.Abs(m[c][c]) < 1e-13 {
			return nil, errSingular
		}
		for r := range k {
			if r == c {
				continue
			}
			by := m[r][c] / m[c][c]
			for j := c; j <= k; j++ {
				m[r][j] -= by * m[c][j]
			}
		}
	}
	out := make([]float64, k)
	for c := range out {
		out[c] = m[c][k] / m[c][c]
	}
	return out, nil
}

// scatter is the standard deviation of what was measured around the curve, relative to it.
func scatter(l law, points []Sized) float64 {
	sum := 0.0
	for _, p := range points {
		off := p.X/l.at(p.N) - 1
		sum += off * off
	}
	return math.Sqrt(sum / float64(len(points)-len(l)))
}

// redraw fits again what might have been measured: the curve, with scatter drawn anew. With few points the scatter itself is hardly known, so that each time it
// is drawn as well, from what it may be after so many points (a scaled inverse chi-squared, which makes of the normal distribution Student's).
func redraw(best law, scatter float64, points []Sized) []law {
	rng := rand.New(rand.NewPCG(fitSeed, uint64(len(points))))
	again := slices.Clone(points)
	all := make([]law, fitDraws)
	free := len(points) - len(best)
	for d := range all {
		chi := 0.0
		for range free {
			z := rng.NormFloat64()
			chi += z * z
		}
		s := scatter * math.Sqrt(float64(free)/chi)
		for i, p := range points {
			again[i].X = best.at(p.N) * max(1+s*rng.NormFloat64(), 1e-3)
		}
		all[d] = fit(again)
	}
	return all
}

// estimate returns a figure of the coefficients, with its interval from the draws.
func estimate(best law, draws []law, of func(law) float64) Estimate {
	all := make([]float64, len(draws))
	for i, l := range draws {
		all[i] = of(l)
	}
	slices.SortFunc(all, cmp.Compare[float64])
	tail := int(math.Round(float64(len(all)) * (1 - fitConfidence) / 2))
	v := of(best)
	return Estimate{Value: v, Low: min(v, all[tail]), High: max(v, all[len(all)-1-tail])}
}
