package compare

import (
	"hash/fnv"
	"math/rand/v2"
)

// sizes are the numbers of runs that are tried to find how many would tell.
var sizes = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40}

const (
	power = 0.9 // how often so many runs are to tell, if the noise were known; known from a score of runs, it comes to about 0.8
	draws = 100
)

// leastNoise is from how many base runs on their noise can be told at all.
const leastNoise = 3

// enough returns how many runs on the new side, more than there are, would show an effect of this size, by the noise of the base, nearly always; 0: more than were tried, or the
// base is too small to know. The base is held as it is, and the new side drawn from it, with a stream of the figure's own.
func (t tables) enough(base []float64, has int, effect, alpha float64, name string) int {
	if len(base) < leastNoise {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	rng := rand.New(rand.NewPCG(h.Sum64(), 0))
	for _, k := range sizes {
		critical, told := -1, 0
		if k > has {
			critical = t.critical(len(base), k, alpha/2)
		}
		if critical < 0 {
			continue
		}
		for range draws {
			if misfits(base, k, effect, rng) <= float64(critical) {
				told++
			}
		}
		if float64(told) >= power*draws {
			return k
		}
	}
	return 0
}

// misfits draws a new side of k that differs from the base by the effect, and returns its U: how many pairs are the other way round, ties half.
func misfits(base []float64, k int, effect float64, rng *rand.Rand) float64 {
	u := 0.0
	for range k {
		v := base[rng.IntN(len(base))] + effect
		for _, b := range base {
			switch {
			case v == b:
				u += 0.5
			case v < b == (effect > 0):
				u++
			}
		}
	}
	return u
}
