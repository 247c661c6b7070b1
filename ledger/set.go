package ledger

import (
	"cmp"
	"math/bits"
	"slices"
)

// A chunk is 4,096 numbers: small enough that thousands of streams may each have one open, large enough that opening one costs nothing a message.
const (
	chunkShift = 12
	chunkSize  = 1 << chunkShift
	chunkWords = chunkSize / 64
)

type words [chunkWords]uint64

type chunk struct {
	left  int // numbers that are not in it yet
	words words
}

// A span is one chunk with some of its numbers in the set, or a run of chunks that are wholly in it and need no bits.
type span struct {
	first, end uint64 // chunks: [first, end)
	chunk      *chunk // nil: all of them are full
}

// A set holds numbers. What is added roughly in order, without holes, is folded into one span as it goes, so that a set costs as much as it has
// gaps. The zero value is empty.
type set struct {
	hot   *chunk // the chunk used last; nil: none
	hotAt uint64
	spans []span // ascending; neighbouring runs are folded
}

// spare keeps chunks that became full, for all sets of one page to use again.
type spare struct{ chunks []*chunk }

func (s *spare) get() *chunk {
	n := len(s.chunks)
	if n == 0 {
		return &chunk{left: chunkSize}
	}
	c := s.chunks[n-1]
	s.chunks = s.chunks[:n-1]
	*c = chunk{left: chunkSize}
	return c
}

// ready reports that adding n needs no look for its chunk.
func (s *set) ready(n uint64) bool { return s.hot != nil && s.hotAt == n>>chunkShift }

// add puts n into the set and reports whether it is new there.
func (s *set) add(n uint64, free *spare) bool {
	c := s.hot
	if c == nil || s.hotAt != n>>chunkShift {
		if c = s.open(n>>chunkShift, free); c == nil {
			return false
		}
	}
	word, bit := &c.words[n>>6%chunkWords], uint64(1)<<(n&63)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	if c.left--; c.left == 0 {
		s.fold(n>>chunkShift, free)
	}
	return true
}

// vacant reports that the n numbers from first on lie in one chunk, which is the one used last from then on, and that none of them is in the set. It is false
// where finding out takes longer than adding them one by one.
func (s *set) vacant(first uint64, n int, free *spare) bool {
	last := first + uint64(n) - 1
	if first>>chunkShift != last>>chunkShift || !s.ready(first) && s.open(first>>chunkShift, free) == nil {
		return false
	}
	for at := first &^ 63; at <= last; at += 64 {
		if s.hot.words[at>>6%chunkWords]&below(last+1, at)&^below(first, at) != 0 {
			return false
		}
	}
	return true
}

// fill puts the n numbers from first on into the set, which has been found vacant there.
func (s *set) fill(first uint64, n int, free *spare) {
	last := first + uint64(n) - 1
	for at := first &^ 63; at <= last; at += 64 {
		s.hot.words[at>>6%chunkWords] |= below(last+1, at) &^ below(first, at)
	}
	if s.hot.left -= n; s.hot.left == 0 {
		s.fold(first>>chunkShift, free)
	}
}

// open makes the chunk that holds the numbers from at*chunkSize on the one used last, and returns it; nil: it is full.
func (s *set) open(at uint64, free *spare) *chunk {
	i, found := s.find(at)
	if !found {
		s.spans = slices.Insert(s.spans, i, span{at, at + 1, free.get()})
	}
	if c := s.spans[i].chunk; c != nil {
		s.hot, s.hotAt = c, at
		return c
	}
	return nil
}

// find returns the index of the span with that chunk, or the index where it belongs and false.
func (s *set) find(at uint64) (int, bool) {
	if n := len(s.spans); n == 0 || at >= s.spans[n-1].end {
		return n, false
	}
	i, _ := slices.BinarySearchFunc(s.spans, at, func(p span, at uint64) int { return cmp.Compare(p.end, at+1) })
	return i, s.spans[i].first <= at
}

// fold makes a chunk that became full part of the run beside it.
func (s *set) fold(at uint64, free *spare) {
	i, _ := s.find(at)
	free.chunks = append(free.chunks, s.spans[i].chunk)
	s.spans[i].chunk, s.hot = nil, nil
	if next := i + 1; next < len(s.spans) && s.spans[next].chunk == nil && s.spans[next].first == at+1 {
		s.spans[i].end = s.spans[next].end
		s.spans = slices.Delete(s.spans, next, next+1)
	}
	if i > 0 && s.spans[i-1].chunk == nil && s.spans[i-1].end == at {
		s.spans[i-1].end = s.spans[i].end
		s.spans = slices.Delete(s.spans, i, i+1)
	}
}

// has reports whether n is in the set.
func (s *set) has(n uint64) bool {
	i, found := s.find(n >> chunkShift)
	if !found {
		return false
	}
	c := s.spans[i].chunk
	return c == nil || c.words[n>>6%chunkWords]&(1<<(n&63)) != 0
}

// within returns how many of the numbers from first to last are in the set.
func (s *set) within(first, last uint64) (n uint64) {
	for i, _ := s.find(first >> chunkShift); i < len(s.spans) && s.spans[i].first <= last>>chunkShift; i++ {
		p := &s.spans[i]
		from, to := max(first, p.first<<chunkShift), min(last, p.end<<chunkShift-1)
		if p.chunk == nil {
			n += to - from + 1
			continue
		}
		for at := from &^ 63; at <= to; at += 64 {
			n += uint64(bits.OnesCount64(p.chunk.words[at>>6%chunkWords] & below(to+1, at) &^ below(from, at)))
		}
	}
	return n
}

// count returns how many numbers are in the set.
func (s *set) count() uint64 {
	var n uint64
	for _, p := range s.spans {
		n += (p.end - p.first) * chunkSize
		if p.chunk != nil {
			n -= uint64(p.chunk.left)
		}
	}
	return n
}

var (
	noWords  words
	allWords = func() (w words) {
		for i := range w {
			w[i] = ^uint64(0)
		}
		return w
	}()
)

// A walk goes through several sets side by side, chunk by chunk. Chunks that no set has anything in are passed over.
type walk struct {
	sets  []*set // nil: an empty one
	index []int
	views []*words // of each set, its bits in the chunk that next returned
	at    uint64
}

func newWalk(sets ...*set) *walk {
	return &walk{sets: sets, index: make([]int, len(sets)), views: make([]*words, len(sets))}
}

// next returns the first number of the next chunk, and false behind the last.
func (w *walk) next() (uint64, bool) {
	at, found := ^uint64(0), false
	for i, s := range w.sets {
		if s == nil {
			continue
		}
		for w.index[i] < len(s.spans) && s.spans[w.index[i]].end <= w.at {
			w.index[i]++
		}
		if w.index[i] < len(s.spans) {
			at, found = min(at, max(w.at, s.spans[w.index[i]].first)), true
		}
	}
	if !found {
		return 0, false
	}
	for i, s := range w.sets {
		w.views[i] = s.view(w.index[i], at)
	}
	w.at = at + 1
	return at << chunkShift, true
}

// view returns a chunk's bits, which the set has in its span i if it has any.
func (s *set) view(i int, at uint64) *words {
	switch {
	case s == nil || i >= len(s.spans) || s.spans[i].first > at:
		return &noWords
	case s.spans[i].chunk == nil:
		return &allWords
	}
	return &s.spans[i].chunk.words
}

// union returns how many numbers are in at least one of the sets.
func union(sets []*set) uint64 {
	if len(sets) == 1 {
		return sets[0].count()
	}
	var n int
	for w := newWalk(sets...); ; {
		if _, more := w.next(); !more {
			return uint64(n)
		}
		for i := range chunkWords {
			var all uint64
			for _, v := range w.views {
				all |= v[i]
			}
			n += bits.OnesCount64(all)
		}
	}
}
