package faults

import (
	"hash/fnv"
	"math/rand/v2"
)

// chance returns a stream of random numbers of one purpose, the same whenever and however often it is asked for.
func chance(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
