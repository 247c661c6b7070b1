package loadgen

import (
	"math"
	"math/rand/v2"
)

// Keys says which keys messages have: numbers from 0 on, of which 0 is the most frequent where they differ. nil stands for none.
type Keys interface {
	// Count is how many keys there are, above 0.
	Count() uint64
	// weight is how often a key comes, against the others.
	weight(key uint64) float64
	// rest is the weight of all keys from one on, nearly.
	rest(from uint64) float64
	// chooser returns what chooses the key of message n of all senders, without an allocation. It is for one goroutine.
	chooser(r *rand.Rand) func(n uint64) uint64
}

// RoundRobinKeys is as many keys, one after the other.
type RoundRobinKeys uint64

// Count implements Keys.
func (k RoundRobinKeys) Count() uint64 { return uint64(k) }

func (k RoundRobinKeys) weight(uint64) float64 { return 1 }

func (k RoundRobinKeys) rest(from uint64) float64 { return float64(uint64(k) - from) }

func (k RoundRobinKeys) chooser(*rand.Rand) func(uint64) uint64 {
	return func(n uint64) uint64 { return n % uint64(k) }
}

// UniformKeys is as many keys, drawn with equal chances.
type UniformKeys uint64

// Count implements Keys.
func (k UniformKeys) Count() uint64 { return uint64(k) }

func (k UniformKeys) weight(uint64) float64 { return 1 }

func (k UniformKeys) rest(from uint64) float64 { return float64(uint64(k) - from) }

func (k UniformKeys) chooser(r *rand.Rand) func(uint64) uint64 {
	return func(uint64) uint64 { return r.Uint64N(uint64(k)) }
}

// ZipfKeys is keys of which number i is drawn with a chance in proportion to 1/(i+1)^Exponent: few are hot, most are hardly used.
type ZipfKeys struct {
	Keys     uint64
	Exponent float64 // above 0, 10 at most
}

// Count implements Keys.
func (k ZipfKeys) Count() uint64 { return k.Keys }

func (k ZipfKeys) weight(key uint64) float64 { return k.density(float64(key + 1)) }

func (k ZipfKeys) rest(from uint64) float64 {
	return k.integral(float64(k.Keys)+0.5) - k.integral(float64(from)+0.5)
}

// chooser draws by rejection-inversion (Hörmann and Derflinger, 1996), which takes about one try and no memory, however many keys there are.
func (k ZipfKeys) chooser(r *rand.Rand) func(uint64) uint64 {
	first, last := k.integral(1.5)-1, k.integral(float64(k.Keys)+0.5)
	accept := 2 - k.inverse(k.integral(2.5)-k.density(2))
	return func(uint64) uint64 {
		for {
			u := last + r.Float64()*(first-last)
			x := k.inverse(u)
			rank := min(max(math.Floor(x+0.5), 1), float64(k.Keys))
			if rank-x <= accept || u >= k.integral(rank+0.5)-k.density(rank) {
				return uint64(rank) - 1
			}
		}
	}
}

func (k ZipfKeys) density(x float64) float64 { return math.Exp(-k.Exponent * math.Log(x)) }

// integral is the density's, but for a constant; it holds for an exponent of 1 as well.
func (k ZipfKeys) integral(x float64) float64 {
	log := math.Log(x)
	if t := (1 - k.Exponent) * log; math.Abs(t) > 1e-8 {
		return math.Expm1(t) / t * log
	}
	return log
}

// inverse is the integral's.
func (k ZipfKeys) inverse(x float64) float64 {
	t := max(x*(1-k.Exponent), -1)
	if math.Abs(t) > 1e-8 {
		return math.Exp(math.Log1p(t) / t * x)
	}
	return math.Exp(x)
}

// A keyring writes keys for one batch of messages into memory of its own.
type keyring struct {
	choose func(n uint64) uint64
	length int
	slab   []byte
}

// keyPrefix is what every key begins with; the number follows, with as many digits as the largest one has.
const keyPrefix = "key-"

func newKeyring(k Keys, r *rand.Rand) keyring {
	if k == nil {
		return keyring{}
	}
	length := len(keyPrefix)
	for rest := k.Count() - 1; ; rest /= 10 {
		length++
		if rest < 10 {
			break
		}
	}
	return keyring{choose: k.chooser(r), length: length, slab: make([]byte, batchSize*length)}
}

// write returns the text of a key, for the batch's message i.
func (k *keyring) write(i int, key uint64) []byte {
	text := k.slab[i*k.length : (i+1)*k.length : (i+1)*k.length]
	at := copy(text, keyPrefix)
	for digit := k.length - 1; digit >= at; digit-- {
		text[digit] = '0' + byte(key%10)
		key /= 10
	}
	return text
}
