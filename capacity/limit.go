package capacity

import (
	"maps"
	"math"
	"slices"
)

// A Limit is the rate at which the expectations stop holding: where they hold in half of the runs. It lies between Low and High with 95 % confidence; what was
// measured says nothing more exact. Rates are messages per second.
type Limit struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"` // 0: nothing was missed at any rate, so that there is none to tell
	Runs int     `json:"runs"` // the points that tell it: those that are valid
}

// What is thought of a limit before anything was measured: that it may be anywhere between half of where runs begin to miss and twice of where they last held,
// and that runs change from holding to missing (from 90 % of the runs to 10 %) within 1 to 40 % of the rate. Besides one run in a hundred comes out wrong
// whatever the rate.
const (
	rateSteps  = 300
	slopeSteps = 16
	leastSlope = 12.0
	mostSlope  = 400.0
	lapse      = 0.01
)

// limitOf tells where the limit of a curve lies, from every valid point of it, whether it was measured to find the limit or to confirm it. The chance that a run holds is
// taken as logistic in the logarithm of the rate, as in experiments that look for a threshold (Watson and Pelli, QUEST, 1983; Kontsevich and Tyler, 1999): what is known
// of the threshold is a distribution, which each run sharpens. nil: nothing held, or no point is valid.
func limitOf(points []Point) *Limit {
	tries, runs := map[float64]*tried{}, 0
	least, most := math.Inf(1), 0.0 // the lowest rate that was missed, and the highest that held
	for i := range points {
		p := &points[i]
		if p.Validity != Valid || !(p.Rate > 0) {
			continue
		}
		if runs++; tries[p.Rate] == nil {
			tries[p.Rate] = &tried{}
		}
		if p.Held {
			tries[p.Rate].held++
			most = max(most, p.Rate)
		} else {
			tries[p.Rate].missed++
			least = min(least, p.Rate)
		}
	}
	if most == 0 {
		return nil
	}
	l := &Limit{Runs: runs}
	from, to := min(least, most)/2, 2*most
	if !math.IsInf(least, 1) {
		to = 2 * max(least, most)
	}
	chances := posterior(tries, from, to)
	l.Low = rateAt(chances, (1-fitConfidence)/2, from, to)
	if math.IsInf(least, 1) {
		l.Low = min(l.Low, most)
	} else {
		l.High = rateAt(chances, (1+fitConfidence)/2, from, to)
	}
	return l
}

// tried is how often a rate held, and how often it did not.
type tried struct{ held, missed float64 }

// posterior returns the chance of each rate of a grid to be the limit, over all slopes; they sum to 1.
func posterior(tries map[float64]*tried, from, to float64) []float64 {
	logs := make([]float64, rateSteps*slopeSteps)
	places := make([]float64, rateSteps)
	for i := range places {
		places[i] = math.Log(from) + math.Log(to/from)*(float64(i)+0.5)/rateSteps // the middle of its step, all being equally wide in the logarithm
	}
	for _, rate := range slices.Sorted(maps.Keys(tries)) {
		t, place := tries[rate], math.Log(rate)
		for s := range slopeSteps {
			slope := leastSlope * math.Pow(mostSlope/leastSlope, float64(s)/(slopeSteps-1))
			for i := range rateSteps {
				p := lapse + (1-2*lapse)/(1+math.Exp(slope*(place-places[i]))) // the chance that a run at this rate holds
				at := &logs[s*rateSteps+i]
				if t.held > 0 {
					*at += t.held * math.Log(p)
				}
				if t.missed > 0 {
					*at += t.missed * math.Log(1-p)
				}
			}
		}
	}
	most, total := slices.Max(logs), 0.0
	chances := make([]float64, rateSteps)
	for j, l := range logs {
		chance := math.Exp(l - most)
		chances[j%rateSteps] += chance
		total += chance
	}
	for i := range chances {
		chances[i] /= total
	}
	return chances
}

// rateAt returns the rate below which the limit is with this chance.
func rateAt(chances []float64, chance, from, to float64) float64 {
	sum := 0.0
	for i, c := range chances {
		if sum+c >= chance {
			return from * math.Pow(to/from, (float64(i)+(chance-sum)/c)/rateSteps)
		}
		sum += c
	}
	return to
}
