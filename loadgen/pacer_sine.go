package loadgen

import (
	"math"
	"time"
)

// Sine is a rate that swings about a mean, upwards first: a day in minutes.
type Sine struct {
	Mean      float64       // messages per second, above 0
	Amplitude float64       // messages per second, 0 to Mean
	Period    time.Duration // above 0
}

// Due implements Pacer. With x for the share of the period that is over and b for Amplitude/Mean, what is due by x is x + b/2π * (1 - cos 2πx) of a
// period's messages: Newton's method finds x, which doubles its digits with each step, in three or four.
func (s Sine) Due(n uint64) (time.Duration, bool) {
	whole := s.Mean * s.Period.Seconds()
	periods, y := math.Modf(float64(n) / whole)
	b := s.Amplitude / s.Mean
	low, high := 0.0, 1.0
	x := y
	for range 64 {
		sin, cos := math.Sincos(2 * math.Pi * x)
		off := x + b/(2*math.Pi)*(1-cos) - y
		if off > 0 {
			high = x
		} else {
			low = x
		}
		next := x - off/(1+b*sin)
		if !(next >= low && next <= high) { // where the curve is flat, a step can lead anywhere
			next = (low + high) / 2
		}
		step := math.Abs(next - x)
		x = next
		if step < 1e-9 {
			break
		}
	}
	return after((periods + x) * s.Period.Seconds()), true
}

// Count implements Curve.
func (s Sine) Count(t time.Duration) float64 {
	period := s.Period.Seconds()
	return s.Mean*t.Seconds() + s.Amplitude*period/(2*math.Pi)*(1-math.Cos(2*math.Pi*math.Mod(t.Seconds(), period)/period))
}
