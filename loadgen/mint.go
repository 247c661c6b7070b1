package loadgen

import (
	"math/rand/v2"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// slabBytes bounds what the messages of one batch take; a batch of large messages has fewer, and one at least.
const slabBytes = 4 << 20

// A mint makes one sender's messages, in memory that it uses again for each batch. Everything that chance decides has a stream of its own, so that
// none of the choices disturbs another.
type mint struct {
	run       uint64
	shard     uint32
	shards    uint64
	made      uint64                    // messages so far
	seqs      []uint64                  // the next sequence of each partition's stream
	partition func(i, key uint64) int32 // of message i of this sender
	size      func(uint64) int          // what random bits stand for
	sizes     *rand.ChaCha8             // nil: all of one size
	largest   int                       // bytes
	keys      keyring
	bodies    reel
	sums      []uint32 // of the bodies that stay in the slab for good; nil: each message has another
	slab      []byte
	used      int // bytes of the slab
	count     int // messages of the batch
}

func newMint(o Options, shard, shards int) mint {
	sizes, body := o.Sizes, o.Body
	if sizes == nil {
		sizes = Fixed(o.Size)
	}
	if body == nil {
		body = RandomBody(o.Seed+uint64(shard), 0)
	}
	least, most := sizes.Bounds()
	m := mint{
		run: o.Run, shard: uint32(shard), shards: uint64(shards), seqs: make([]uint64, o.Partitions), size: sizes.sampler(), largest: most,
		partition: o.Spread.chooser(o.Partitions, stream(o.Seed, "partition", shard)),
		keys:      newKeyring(o.Keys, stream(o.Seed, "key", shard)),
		bodies:    body.reel(shard, shards),
		slab:      make([]byte, max(most, min(most*batchSize, slabBytes))),
	}
	switch {
	case least < most:
		m.sizes = rand.NewChaCha8(seed(o.Seed, "size", shard))
	case o.Body == nil:
		m.keepBodies()
	}
	return m
}

// keepBodies gives each message of a batch a random body for good: what a message costs most is the copying and summing up of its body.
func (m *mint) keepBodies() {
	for at := 0; at+m.largest <= len(m.slab) && len(m.sums) < batchSize; at += m.largest {
		value := m.slab[at : at+m.largest]
		m.bodies.fill(value[broker.HeaderSize:])
		m.sums = append(m.sums, broker.BodySum(value))
	}
}

// begin begins a new batch: the messages of the one before are gone.
func (m *mint) begin() { m.used, m.count = 0, 0 }

// full reports whether the batch cannot take any message more.
func (m *mint) full() bool { return m.count == batchSize || m.used+m.largest > len(m.slab) }

// message makes the next message of a batch that is not full.
func (m *mint) message(due time.Duration) broker.Message {
	id, key, size := m.draw()
	var text []byte
	if m.keys.choose != nil {
		text = m.keys.write(m.count, key)
	}
	end := m.used + size
	value := m.slab[m.used:end:end]
	if m.sums != nil {
		broker.EncodeAgain(value, m.sums[m.count], m.run, id, due)
	} else {
		m.bodies.fill(value[broker.HeaderSize:])
		broker.Encode(value, m.run, id, due)
	}
	m.used = end
	m.count++
	return broker.Message{ID: id, Due: due, Key: text, Value: value}
}

// draw decides everything about the next message that does not depend on when it is due.
func (m *mint) draw() (id broker.ID, key uint64, size int) {
	var bits uint64
	if m.sizes != nil {
		bits = m.sizes.Uint64()
	}
	if m.keys.choose != nil {
		key = m.keys.choose(m.made*m.shards + uint64(m.shard))
	}
	partition := m.partition(m.made+uint64(m.shard), key) // so that the senders do not all begin with the same one
	id = broker.ID{Producer: m.shard, Partition: partition, Seq: m.seqs[partition]}
	m.seqs[partition]++
	m.made++
	return id, key, m.size(bits)
}

// stream returns randomness of its own for one use and one sender.
func stream(base uint64, use string, n int) *rand.Rand {
	return rand.New(rand.NewChaCha8(seed(base, use, n)))
}

// seed derives a stream of randomness from the scenario's seed, by what it is for and for whom, so that no use disturbs another.
func seed(base uint64, use string, n int) (out [32]byte) {
	r := rand.New(rand.NewPCG(base, uint64(n)))
	for i := range out {
		out[i] = byte(r.Uint32()) ^ use[i%len(use)]
	}
	return out
}
