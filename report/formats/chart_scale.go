package formats

import (
	"math"
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A scale maps values to a share of a picture's width or height. Of a logarithmic one, both ends are above 0.
type scale struct {
	from, to float64
	log      bool
}

// at returns where a value is: 0 at the scale's beginning, 1 at its end. What lies beyond is put at the end that is nearest.
func (s scale) at(v float64) float64 {
	from, to := s.from, s.to
	if s.log {
		from, to, v = math.Log(from), math.Log(to), math.Log(max(v, s.from))
	}
	if !(to > from) {
		return 0
	}
	return min(max((v-from)/(to-from), 0), 1)
}

// A tick is a value of an axis that is written at it.
type tick struct {
	at   float64
	text string
}

// nice returns the least of 1, 2, 5, 10, 20, ... that is not below v, and down the greatest that is not above it.
func nice(v float64, down bool) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	before := power
	for _, step := range []float64{1, 2, 5, 10} {
		switch {
		case step*power >= v*(1+1e-9) && down:
			return before
		case step*power >= v*(1-1e-9) && !down:
			return step * power
		}
		before = step * power
	}
	return 10 * power
}

// countScale reaches from 0 to a round number at or above most.
func countScale(most float64) (scale, []tick) {
	step := nice(max(most, 1)/4, false)
	top := step * math.Ceil(max(most, 1)/step)
	var ticks []tick
	for v := 0.0; v <= top*(1+1e-9); v += step {
		ticks = append(ticks, tick{v, short(v)})
	}
	return scale{to: top}, ticks
}

// short prints a round number for an axis: 800, 1.5k, 20M.
func short(v float64) string {
	for _, unit := range []struct {
		of   float64
		sign string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.of {
			return strconv.FormatFloat(v/unit.of, 'g', 4, 64) + unit.sign
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// durationScale is logarithmic, and holds values of nanoseconds from least to most; it tells each decade, or more of a short stretch and less of a long one.
func durationScale(least, most float64) (scale, []tick) {
	s := scale{from: max(nice(least, true), 1), to: nice(most, false), log: true}
	if s.to <= s.from {
		s.from, s.to = max(s.from/2, 1), 2*s.from
	}
	decades := math.Log10(s.to / s.from)
	steps, every := []float64{1}, int(math.Ceil(decades/5))
	if decades < 2.5 {
		steps = []float64{1, 2, 5}
	}
	var ticks []tick
	for exponent := int(math.Floor(math.Log10(s.from))); exponent <= int(math.Ceil(math.Log10(s.to))); exponent++ {
		for _, step := range steps {
			v := step * math.Pow10(exponent)
			if v >= s.from*(1-1e-9) && v <= s.to*(1+1e-9) && exponent%max(every, 1) == 0 {
				ticks = append(ticks, tick{v, axisTime(time.Duration(math.Round(v)))})
			}
		}
	}
	return s, ticks
}

// axisTime prints a round time; what is above a minute stays in seconds, which are as round.
func axisTime(d time.Duration) string {
	if d >= time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	return report.Human(d)
}

// roundTimes are the distances between the ticks of a time axis.
var roundTimes = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// farthest is how far from a run's beginning its times are drawn: what is beyond, 30 years, stands in a report that was damaged.
const farthest = 30 * 365 * 24 * time.Hour

// timeScale holds the run's times between two, with up to seven ticks at round ones.
func timeScale(from, to time.Duration) (scale, []tick) {
	from, to = min(max(from, -farthest), farthest), min(max(to, -farthest), farthest)
	s := scale{from: float64(from), to: float64(max(to, from+time.Second))}
	step := roundTimes[len(roundTimes)-1]
	for _, d := range roundTimes {
		if time.Duration(s.to-s.from) <= 6*d {
			step = d
			break
		}
	}
	for time.Duration(s.to-s.from) > 6*step {
		step *= 2
	}
	var ticks []tick
	for t := (from + step - 1) / step * step; float64(t) <= s.to; t += step {
		ticks = append(ticks, tick{float64(t), runTime(t)})
	}
	return s, ticks
}

// runTime prints a time of the run without the units that are zero: "0s", "90s" as "1m30s", "2h".
func runTime(t time.Duration) string {
	text := t.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(text) - len(zero); n > 0 && text[n:] == zero {
			text = text[:n+1]
		}
	}
	return text
}
