package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// searching returns a search over rates that hold below a limit.
func searching(start, limit float64) *search {
	return &search{from: 10, start: start, up: 2, down: 4, resolution: 0.05, confirm: 3, most: mostPoints,
		try: func(rate float64, _ Purpose) outcome {
			if rate < limit {
				return outcome{held: true}
			}
			return outcome{stop: StopExpectation}
		}}
}

func TestSearchFindsTheLimit(t *testing.T) {
	for _, limit := range []float64{11, 137, 999, 1000, 12_345, 3e6} {
		for _, start := range []float64{10, 1000, 1e6} {
			s := searching(start, limit)
			s.run()
			if s.ended != "" || s.low >= limit || s.high < limit || s.high > s.low*1.06+1 {
				t.Errorf("from %g, a limit of %g was found between %g and %g (%s)", start, limit, s.low, s.high, s.ended)
			}
			held := 0
			for _, tried := range s.tried {
				if tried.rate == s.low && tried.held {
					held++
				}
			}
			if held < 4 && s.low != 0 {
				t.Errorf("from %g, a limit of %g: %g held %d times, and was to be confirmed three times", start, limit, s.low, held)
			}
		}
	}
}

func TestSearchEndsAtTheHighestRateAskedFor(t *testing.T) {
	s := searching(1000, math.Inf(1))
	s.to, s.top = 5000, StopHighest
	s.run()
	if s.low != 5000 || s.high != 0 || s.stop != StopHighest || s.ended != "" {
		t.Errorf("found %g to %g, %q", s.low, s.high, s.stop)
	}
}

func TestSearchSaysThatTheLowestRateDoesNotHold(t *testing.T) {
	s := searching(1000, 5)
	s.run()
	if s.low != 0 || s.high != 10 || s.stop != StopExpectation || s.ended != "" {
		t.Errorf("found %g to %g, %q", s.low, s.high, s.stop)
	}
}

// What the generator stands in the way of is told coarsely, and as such.
func TestSearchStopsEarlyAtTheGenerator(t *testing.T) {
	s := searching(1000, 0)
	s.try = func(rate float64, _ Purpose) outcome {
		if rate < 9000 {
			return outcome{held: true}
		}
		return outcome{stop: StopGenerator}
	}
	s.run()
	if s.low < 7000 || s.low >= 9000 || s.stop != StopGenerator || len(s.tried) > 10 {
		t.Errorf("found %g to %g, %q, with %d points", s.low, s.high, s.stop, len(s.tried))
	}
}

// An answer that does not hold again is none: the search goes down to one that does.
func TestSearchTakesBackWhatIsNotConfirmed(t *testing.T) {
	s := searching(1000, 0)
	s.try = func(rate float64, p Purpose) outcome {
		if rate < 8000 || rate < 10_000 && p != Confirm {
			return outcome{held: true}
		}
		return outcome{stop: StopExpectation}
	}
	s.run()
	if s.ended != "" || s.low >= 8000 || s.low < 7000 {
		t.Errorf("found %g to %g, %q", s.low, s.high, s.ended)
	}
}

// A search over chance alone ends.
func TestSearchAlwaysEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		s := searching(1000, 0)
		s.try = func(float64, Purpose) outcome {
			if r.IntN(2) == 0 {
				return outcome{held: true}
			}
			return outcome{stop: StopExpectation}
		}
		s.run()
		if len(s.tried) > mostPoints {
			t.Fatalf("%d points", len(s.tried))
		}
		if s.high > 0 && s.low >= s.high {
			t.Fatalf("found %g to %g", s.low, s.high)
		}
	}
}

func TestSearchEndsWhenNothingIsMeasuredAnyMore(t *testing.T) {
	s := searching(1000, 5000)
	n := 0
	inner := s.try
	s.try = func(rate float64, p Purpose) outcome {
		if n++; n == 5 {
			return outcome{ended: true}
		}
		return inner(rate, p)
	}
	s.run()
	if s.ended != StopEnded || n != 5 || len(s.tried) != 4 {
		t.Errorf("ended %q after %d", s.ended, n)
	}
}

func TestRatesAreRounded(t *testing.T) {
	for rate, want := range map[float64]float64{12_345: 12_300, 999.9: 1000, 1234.5: 1230, 1.6: 2, 0.2: 1, 123_456_789: 123_000_000} {
		if got := round(rate); got != want {
			t.Errorf("round(%g) = %g, want %g", rate, got, want)
		}
	}
}
