package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// simulated is what a search finds of a cluster that holds a rate with a chance that falls with it: every point that it measured, and its answer.
func simulated(limit, slope float64, seed uint64) (points []Point, low, high float64) {
	rng := rand.New(rand.NewPCG(11, seed))
	s := search{from: 100, start: 1000, up: 2, down: 2, resolution: 0.05, confirm: 3, most: mostPoints}
	s.try = func(rate float64, _ Purpose) outcome {
		held := rng.Float64() < 1/(1+math.Pow(rate/limit, slope))
		points = append(points, Point{Rate: rate, Held: held, Validity: Valid})
		return outcome{held: held, stop: StopExpectation}
	}
	s.run()
	return points, s.low, s.high
}

// The interval holds the true limit about as often as it says, for clusters that change from holding to missing within a per cent of the rate, and within a
// quarter of it; and it is not wide for that.
func TestLimitCoverage(t *testing.T) {
	const trials = 150
	for _, slope := range []float64{20, 40, 150, 1000} {
		held, told, width := 0, 0, 0.0
		for trial := range uint64(trials) {
			truth := 20_000 * math.Pow(1.9, float64(trial)/trials)
			points, _, _ := simulated(truth, slope, trial)
			l := limitOf(points)
			if l == nil || l.High == 0 {
				continue
			}
			told++
			if width += l.High / l.Low; l.Low <= truth && truth <= l.High {
				held++
			}
		}
		t.Logf("slope %g: %d of %d, mean high/low %.3f", slope, held, told, width/float64(told))
		if share := float64(held) / float64(told); told < trials*19/20 || share < 0.88 {
			t.Errorf("slope %g: the interval held the truth in %.1f %% of %d, and says 95", slope, 100*share, told)
		}
		if mean := width / float64(told); mean > 1.3 {
			t.Errorf("slope %g: the interval's ends are a factor of %.2f apart", slope, mean)
		}
	}
}

// Only what is valid counts, and what was never missed has no upper end.
func TestLimitOf(t *testing.T) {
	point := func(rate float64, held bool, v Validity) Point { return Point{Rate: rate, Held: held, Validity: v} }
	if l := limitOf(nil); l != nil {
		t.Errorf("of nothing: %+v", l)
	}
	if l := limitOf([]Point{point(100, false, Valid), point(0, true, Valid), point(50, true, Inconclusive)}); l != nil {
		t.Errorf("nothing held: %+v", l)
	}
	l := limitOf([]Point{point(100, true, Valid), point(200, true, Valid), point(400, false, GeneratorLimit)})
	if l == nil || l.High != 0 || l.Low > 200 || l.Low < 80 || l.Runs != 2 {
		t.Errorf("nothing was missed that counts: %+v", l)
	}
	bracket := []Point{point(50, true, Valid), point(200, false, Valid), point(141, false, Valid), point(119, false, Valid), point(109, false, Valid), point(100, true, Valid)}
	l = limitOf(append(bracket, point(100, true, Valid), point(100, true, Valid), point(100, true, Valid)))
	if l == nil || l.Low < 90 || l.Low > 105 || l.High < 105 || l.High > 120 || l.Runs != 9 {
		t.Errorf("between 100 and 109: %+v", l)
	}
	once := limitOf(bracket)
	if once.High/once.Low <= l.High/l.Low {
		t.Errorf("confirmed it is no narrower: %+v, once %+v", l, once)
	}
}
