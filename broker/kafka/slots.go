package kafka

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
)

// A slot holds one message from Send until franz-go gives its record back. It is the record's context, which is how the record leads back to it
// without a map; as a context it never ends.
type slot struct {
	record kgo.Record
	context.Context

	index     uint32
	id        broker.ID
	due, sent time.Duration
	before    uint64 // attempts on the partition when the message came

	// until is when the slot's outcome is overdue, on the run's clock in ns; or one of the constants below. The sender sets it when the slot is
	// filled; from then on it belongs to who holds producer.telling.
	until atomic.Int64

	// Of a producer with transactions, and of who holds producer.telling.
	transaction uint64 // that the message was given to the client in; 0: it was not given yet
	offset      int64
	kept        bool // franz-go has given the record back
}

const (
	idle = 0  // the slot holds no message
	told = -1 // the outcome was told, and franz-go still has the record
)

// newSlots makes n slots of the topic.
func newSlots(n int, topic string) []slot {
	slots := make([]slot, n)
	for i := range slots {
		s := &slots[i]
		s.Context, s.index = context.Background(), uint32(i)
		s.record.Topic, s.record.Context = topic, s
	}
	return slots
}

// fill copies the message: Send keeps nothing of what it was given.
func (s *slot) fill(m *broker.Message, now time.Time) {
	s.id, s.due, s.sent = m.ID, m.Due, m.Sent
	s.transaction, s.kept = 0, false
	r := &s.record
	r.Partition, r.Timestamp = m.ID.Partition, now
	r.Value = append(r.Value[:0], m.Value...)
	if m.Key == nil {
		r.Key = nil
	} else {
		r.Key = append(r.Key[:0], m.Key...)
	}
}

// A ring hands free slots from the one goroutine that returns them to the one that takes them, without a lock.
type ring struct {
	free  []uint32 // a power of two
	taken atomic.Uint64
	_     [56]byte // the two ends are written by different goroutines: keep them on cache lines of their own
	given atomic.Uint64
	back  uint64 // slots that were given back: given, and those that were not published yet
}

// newRing holds the slots 0 to n-1.
func newRing(n int) *ring {
	size := 1
	for size < n {
		size *= 2
	}
	r := &ring{free: make([]uint32, size)}
	for i := range n {
		r.free[i] = uint32(i)
	}
	r.back = uint64(n)
	r.publish()
	return r
}

// available is how many slots can be taken.
func (r *ring) available() int { return int(r.given.Load() - r.taken.Load()) }

// take takes n slots, which available has promised, and returns where the first stands. The places may be read with at, in order, until the slots that
// stand there are given away one after the other: what comes back meanwhile overwrites only places behind them.
func (r *ring) take(n int) (first uint64) { return r.taken.Add(uint64(n)) - uint64(n) }

func (r *ring) at(place uint64) uint32 { return r.free[place&uint64(len(r.free)-1)] }

// put gives a slot back, for take to find when it was published. Both are for one goroutine at a time.
func (r *ring) put(index uint32) {
	r.free[r.back&uint64(len(r.free)-1)] = index
	r.back++
}

func (r *ring) publish() {
	if r.given.Load() != r.back {
		r.given.Store(r.back)
	}
}
