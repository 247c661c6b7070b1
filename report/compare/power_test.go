package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// As many runs as are said to tell do so in most cases, of a difference as large as was seen or the least that matters. A base that happens to be unlike what it was
// drawn from makes it more or less, so that it is asked of many.
func TestSoManyRunsTell(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	draw := func(n int, middle float64) (values []float64) {
		for range n {
			values = append(values, middle*math.Exp(0.2*rng.NormFloat64()))
		}
		return values
	}
	told, tries, asked := 0, 0, 0
	for range 40 {
		base, news := made("b", draw(20, 4)...), made("n", draw(4, 5.2)...)
		first := Compare([]Set{{Base: base, New: news}}, Defaults()).Against[0].Figures[0]
		if first.Outcome != report.Unclear || first.More == 0 {
			continue
		}
		asked++
		for range 10 {
			all := made("n", draw(first.NNew+first.More, first.Base.Value+max(first.Shift.Value, 0.2*first.Base.Value))...)
			tries++
			if Compare([]Set{{Base: base, New: all}}, Defaults()).Against[0].Figures[0].P <= Defaults().Alpha {
				told++
			}
		}
	}
	share := float64(told) / float64(tries)
	t.Logf("%d of 40 comparisons could not tell; with as many more runs as they named, %.0f %% of %d did", asked, 100*share, tries)
	if asked < 5 || share < 0.65 || share > 0.95 {
		t.Errorf("%d asked, %v told", asked, share)
	}
}
