package loadgen

import (
	"math/rand/v2"
	"time"
)

// Poisson is arrivals at random, each without regard to the others, at a mean rate: what many users who do not know of each other do.
type Poisson struct {
	Rate float64 // messages per second on average, above 0
	Seed uint64  // of all arrivals
}

// Due implements Pacer, for one producer and from the beginning each time: use Share.
func (p Poisson) Due(n uint64) (time.Duration, bool) { return p.Share(0, 1).Due(n) }

// Count implements Curve.
func (p Poisson) Count(t time.Duration) float64 { return p.Rate * t.Seconds() }

// Share returns arrivals of the shard's own at Rate/shards: together, the shards' arrivals are a Poisson process at Rate. What it returns remembers
// how far it has come, so that the next message costs one draw; for an earlier one it begins anew.
func (p Poisson) Share(shard, shards int) Pacer {
	a := &arrivals{mean: float64(shards) / p.Rate * float64(time.Second), seed: seed(p.Seed, "arrivals", shard)}
	a.random = rand.New(&a.source)
	a.source.Seed(a.seed)
	return a
}

// arrivals is one shard's Poisson process.
type arrivals struct {
	mean   float64 // nanoseconds between two
	seed   [32]byte
	source rand.ChaCha8
	random *rand.Rand
	count  uint64  // arrivals that have been drawn
	at     float64 // the last of them, in nanoseconds
}

func (a *arrivals) Due(n uint64) (time.Duration, bool) {
	if n+1 < a.count {
		a.source.Seed(a.seed)
		a.count, a.at = 0, 0
	}
	for a.count <= n && a.at < never {
		a.at += a.random.ExpFloat64() * a.mean
		a.count++
	}
	return time.Duration(min(a.at, never)), true
}
