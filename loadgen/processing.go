package loadgen

import (
	"context"
	"math/rand/v2"
	"time"
)

// A Processing is how long a consuming client works on each message before it asks for more: log-normally distributed about Median, at most Most, or
// where Sigma is 0 the same for all. The zero value takes no time.
type Processing struct {
	Median time.Duration
	Sigma  float64       // standard deviation of the natural logarithm; 0: none
	Most   time.Duration // at least Median; without Sigma, of no effect
}

// Mean returns the time that a message takes on average.
func (p Processing) Mean() time.Duration {
	if p.Sigma == 0 {
		return p.Median
	}
	return time.Duration(p.spread().Mean())
}

func (p Processing) spread() LogNormal {
	return LogNormal{Median: int(p.Median), Sigma: p.Sigma, Min: 1, Max: int(p.Most)}
}

// workAtOnce bounds how long a client works before it asks for more, on average: its group takes partitions away in between only.
const workAtOnce = 500 * time.Millisecond

// A worker works for one receiver.
type worker struct {
	each   time.Duration
	sample func(uint64) int // nil: each message takes the same
	chance *rand.PCG
}

// newWorker returns nil where messages take no time. What chance decides is drawn from the seed, with a stream of its own for each receiver.
func (p Processing) newWorker(seed, receiver uint64) *worker {
	if p.Median == 0 {
		return nil
	}
	w := &worker{each: p.Median, chance: rand.NewPCG(seed, receiver^0x70726f63)}
	if p.Sigma > 0 {
		w.sample = p.spread().sampler()
	}
	return w
}

// batch returns how many messages to take at once, so that working on them does not last long.
func (p Processing) batch() int {
	if p.Median == 0 {
		return receiveBatch
	}
	return int(min(max(1, workAtOnce/p.Mean()), receiveBatch))
}

// work lasts as long as n messages take, or until ctx ends.
func (w *worker) work(ctx context.Context, n int) {
	length := w.each * time.Duration(n)
	if w.sample != nil {
		length = 0
		for range n {
			length += time.Duration(w.sample(w.chance.Uint64()))
		}
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
