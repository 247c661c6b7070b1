package loadgen

import (
	"math/rand/v2"
	"sort"
)

// Spread says which partition a message goes to. The zero value: one after the other.
type Spread struct {
	ByKey   bool      // a key's messages all go to one partition, by a hash of squall's own
	Weights []float64 // of each partition, 0 or more, not all 0: drawn by chance; nil: not by weight
}

// chooser returns what chooses the partition of a sender's message i with a key, without an allocation. It is for one goroutine.
func (s Spread) chooser(partitions int, r *rand.Rand) func(i, key uint64) int32 {
	switch n := uint64(partitions); {
	case s.Weights != nil:
		pick := newPicker(s.Weights)
		return func(uint64, uint64) int32 { return int32(pick.at(r.Uint64())) }
	case s.ByKey:
		return func(_, key uint64) int32 { return int32(mix(key) % n) }
	default:
		return func(i, _ uint64) int32 { return int32(i % n) }
	}
}

// Shares returns the share of all messages that each partition gets, on average. Of more than a hundred thousand keys the rare ones are taken to be
// spread evenly.
func (s Spread) Shares(partitions int, keys Keys) []float64 {
	shares := make([]float64, partitions)
	switch {
	case s.Weights != nil:
		copy(shares, s.Weights)
	case s.ByKey && keys != nil:
		const exact = 100_000
		n := keys.Count()
		for key := range min(n, exact) {
			shares[mix(key)%uint64(partitions)] += keys.weight(key)
		}
		if n > exact {
			for p := range shares {
				shares[p] += keys.rest(exact) / float64(partitions)
			}
		}
	default:
		for p := range shares {
			shares[p] = 1
		}
	}
	sum := 0.0
	for _, share := range shares {
		sum += share
	}
	for p := range shares {
		shares[p] /= sum
	}
	return shares
}

// mix spreads numbers evenly over all 64 bits (the finisher of SplitMix64).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// A picker picks by weight.
type picker struct {
	upTo []float64 // the sum of the weights up to each one, as a share of all
}

func newPicker(weights []float64) picker {
	p := picker{upTo: make([]float64, len(weights))}
	sum := 0.0
	for i, w := range weights {
		sum += w
		p.upTo[i] = sum
	}
	for i := range p.upTo {
		p.upTo[i] /= sum
	}
	return p
}

// at returns what 64 random bits stand for: never what has no weight.
func (p picker) at(u uint64) int {
	x := float64(u>>11) / (1 << 53) // below 1
	if len(p.upTo) > 16 {
		return sort.Search(len(p.upTo), func(i int) bool { return p.upTo[i] > x })
	}
	for i, up := range p.upTo {
		if x < up {
			return i
		}
	}
	return len(p.upTo) - 1
}
