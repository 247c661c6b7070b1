package ledger

import (
	"slices"
	"sort"
	"sync/atomic"
)

// How many runs all the claims of one side together keep, the sides being producers, consumers and the final read: 8 MiB each. Every list of claims may
// keep the fewest, and as many again of those that something else was claimed about.
const (
	runsOfSide = 1 << 18
	fewestRuns = 64
	mostPinned = 1 << 12
)

// A run says of neighbouring offsets that they hold neighbouring messages of one stream: offset + i holds message seq + i.
type run struct {
	offset   int64
	seq      uint64
	n        uint64
	producer uint32
}

func (r *run) end() int64 { return r.offset + int64(r.n) }

// at returns the message that the run says is at one of its offsets.
func (r *run) at(offset int64) uint64 { return r.seq + uint64(offset-r.offset) }

// disagrees reports whether two runs tell different messages of the offsets that they share; they do of all of those or of none.
func (r *run) disagrees(o *run) bool {
	return r.producer != o.producer || r.at(o.offset) != o.seq
}

// claims is a sliding window of what was said to be at which offset of one partition, by one page. What goes on as it began is one run, so that the claims of a
// partition that one producer sends to cost nothing, and those of others as much as there are batches.
type claims struct {
	first    int64  // the open run's first offset
	next     int64  // the offset that would go on with it
	ahead    uint64 // its messages are so far ahead of their offsets
	producer uint32
	runs     []run // closed ones, of ascending offsets
	pinned   []run // what was claimed about offsets once more and otherwise, and what had been claimed before
	left     *atomic.Int64
}

// goesOn notes that a message is at an offset where that goes on with the open run, and else reports false: begin notes it then. The two are not one,
// so that this one costs no call.
func (c *claims) goesOn(offset int64, producer uint32, seq uint64) bool {
	if offset != c.next || seq-uint64(offset) != c.ahead || producer != c.producer {
		return false
	}
	c.next++
	return true
}

// extend notes that n neighbouring messages are at neighbouring offsets.
func (c *claims) extend(offset int64, producer uint32, seq uint64, n int) {
	if !c.goesOn(offset, producer, seq) {
		c.begin(offset, producer, seq)
	}
	c.next += int64(n - 1)
}

// begin begins another run; an offset below 0 is none.
func (c *claims) begin(offset int64, producer uint32, seq uint64) {
	if offset >= 0 {
		c.close()
		c.first, c.next, c.ahead, c.producer = offset, offset+1, seq-uint64(offset), producer
	}
}

// last returns the open run, which may be empty.
func (c *claims) last() run {
	return run{offset: c.first, seq: c.ahead + uint64(c.first), n: uint64(c.next - c.first), producer: c.producer}
}

func (c *claims) close() {
	r := c.last()
	switch n := len(c.runs); {
	case r.n == 0:
	case n > 0 && r.offset < c.runs[n-1].end():
		c.pin(r)
	case n == cap(c.runs) && !c.grow():
		c.runs = append(c.runs[:0], c.runs[n/2:]...)
		c.runs = append(c.runs, r)
	default:
		c.runs = append(c.runs, r)
	}
}

// pin keeps a run of offsets that were claimed before, with what disagrees. What says the same again says nothing.
func (c *claims) pin(r run) {
	from := sort.Search(len(c.runs), func(i int) bool { return c.runs[i].end() > r.offset })
	said := int64(0)
	for i := from; i < len(c.runs) && c.runs[i].offset < r.end() && len(c.pinned) < mostPinned; i++ {
		if old := c.runs[i]; old.disagrees(&r) {
			c.pinned = append(c.pinned, old)
		} else {
			said += min(old.end(), r.end()) - max(old.offset, r.offset)
		}
	}
	if said < int64(r.n) && len(c.pinned) < mostPinned {
		c.pinned = append(c.pinned, r)
	}
}

// grow makes room for twice as many runs, and reports false where its side keeps as many as it may.
func (c *claims) grow() bool {
	n := cap(c.runs)
	if n >= fewestRuns && c.left.Add(-int64(n)) < 0 {
		c.left.Add(int64(n))
		return false
	}
	c.runs = slices.Grow(c.runs, max(fewestRuns-n, n))
	return true
}

// all returns every run that is kept.
func (c *claims) all() []run {
	all := slices.Concat(c.runs, c.pinned)
	if r := c.last(); r.n > 0 {
		all = append(all, r)
	}
	return all
}

// find returns the offset at which a message was claimed to be, and false where that is not known any more.
func (c *claims) find(seq uint64) (int64, bool) {
	for _, r := range c.all() {
		if seq >= r.seq && seq-r.seq < r.n {
			return r.offset + int64(seq-r.seq), true
		}
	}
	return 0, false
}
