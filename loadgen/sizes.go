package loadgen

import (
	"math"
)

// Sizes says how large messages are, in bytes, envelope included. Those that chance decides are drawn from a stream of each sender's own.
type Sizes interface {
	// Bounds are the smallest and the largest size, at least broker.HeaderSize.
	Bounds() (least, most int)
	// Mean is the size on average.
	Mean() float64
	// sampler returns the size that 64 random bits stand for, for any number of calls without an allocation.
	sampler() func(uint64) int
}

// Fixed is one size for all.
type Fixed int

// Bounds implements Sizes.
func (f Fixed) Bounds() (least, most int) { return int(f), int(f) }

// Mean implements Sizes.
func (f Fixed) Mean() float64 { return float64(f) }

func (f Fixed) sampler() func(uint64) int { return func(uint64) int { return int(f) } }

// A WeightedSize is a size and how often it comes, against the others.
type WeightedSize struct {
	Size   int
	Weight float64 // above 0
}

// Weighted is a list of sizes of which each comes by its weight.
type Weighted []WeightedSize

// Bounds implements Sizes.
func (w Weighted) Bounds() (least, most int) {
	least = math.MaxInt
	for _, s := range w {
		least, most = min(least, s.Size), max(most, s.Size)
	}
	return least, most
}

// Mean implements Sizes.
func (w Weighted) Mean() float64 {
	var sum, weight float64
	for _, s := range w {
		sum += float64(s.Size) * s.Weight
		weight += s.Weight
	}
	return sum / weight
}

func (w Weighted) sampler() func(uint64) int {
	weights, sizes := make([]float64, len(w)), make([]int, len(w))
	for i, s := range w {
		weights[i], sizes[i] = s.Weight, s.Size
	}
	pick := newPicker(weights)
	return func(u uint64) int { return sizes[pick.at(u)] }
}

// LogNormal is sizes of which the logarithm is normally distributed, as those of documents and events often are. What would lie outside the bounds
// is not drawn, so that nothing piles up at them.
type LogNormal struct {
	Median   int     // of the distribution without its bounds, within them
	Sigma    float64 // standard deviation of the natural logarithm, above 0
	Min, Max int     // in bytes
}

// logNormalParts is into how many equally likely parts the distribution is cut: of each, the median is drawn.
const logNormalParts = 4096

// Bounds implements Sizes.
func (l LogNormal) Bounds() (least, most int) { return l.Min, l.Max }

// Mean implements Sizes.
func (l LogNormal) Mean() float64 {
	sum := 0
	for _, size := range l.table() {
		sum += size
	}
	return float64(sum) / logNormalParts
}

func (l LogNormal) sampler() func(uint64) int {
	table := l.table()
	return func(u uint64) int { return table[u%logNormalParts] }
}

func (l LogNormal) table() *[logNormalParts]int {
	below := func(size int) float64 { // the share of the unbounded distribution up to a size
		return 0.5 * math.Erfc(-math.Log(float64(size)/float64(l.Median))/l.Sigma/math.Sqrt2)
	}
	from, to := below(l.Min), below(l.Max)
	var table [logNormalParts]int
	for i := range table {
		p := from + (to-from)*(float64(i)+0.5)/logNormalParts
		size := float64(l.Median) * math.Exp(l.Sigma*math.Sqrt2*math.Erfinv(2*p-1))
		table[i] = int(min(max(math.Round(size), float64(l.Min)), float64(l.Max)))
	}
	return &table
}
