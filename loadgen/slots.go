package loadgen

import (
	"math/bits"
	"time"
)

// slots marks milliseconds by partition. It covers a stretch that begins a second before it was reset, so that what was due earlier and is told
// late still has its place; what lies outside is marked at the stretch's nearer end.
type slots struct {
	from  int64 // the first millisecond
	marks [][slotWords]uint64
}

const (
	slotWords  = 64 // 4,096 ms, when a recording is taken away each second
	slotsAhead = 1024
)

func newSlots(partitions int) slots { return slots{marks: make([][slotWords]uint64, partitions)} }

func (s *slots) reset(now time.Duration) {
	s.from = int64(now/time.Millisecond) - slotsAhead
	clear(s.marks)
}

func (s *slots) set(partition int32, at time.Duration) {
	if uint(partition) >= uint(len(s.marks)) {
		return
	}
	i := min(max(int64(at/time.Millisecond)-s.from, 0), slotWords*64-1)
	s.marks[partition][i/64] |= 1 << (i % 64)
}

// each calls f with every marked millisecond of a partition, in ascending order.
func (s *slots) each(partition int, f func(ms int64)) {
	for w, word := range s.marks[partition] {
		for ; word != 0; word &= word - 1 {
			f(s.from + int64(w*64+bits.TrailingZeros64(word)))
		}
	}
}
