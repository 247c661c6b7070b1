package ledger

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// The most marks that all trails together keep, and the least and the most that each of them does.
const (
	marksOfAll  = 1 << 20
	fewestMarks = 64
	mostMarks   = 1 << 14
)

// trailStep is how far apart marks are at first.
const trailStep = 10 * time.Millisecond

// A trail remembers of a few acknowledgements of a stream when they came and where the message was stored, so that it can be told of any message
// roughly when and where. When it has too many marks, it forgets every other one.
type trail struct {
	marks []mark
	step  time.Duration
	due   time.Duration // when the next mark is made
	limit int
	high  mark // the acknowledgement with the highest offset
}

type mark struct {
	seq    uint64
	offset int64 // -1: not told
	at     time.Duration
}

func newTrail(streams int) trail {
	limit := min(max(marksOfAll/max(streams, 1), fewestMarks), mostMarks)
	return trail{step: trailStep, limit: limit, high: mark{offset: -1}}
}

func (t *trail) acknowledged(o *broker.Outcome) {
	if o.Offset > t.high.offset {
		t.high = mark{o.ID.Seq, o.Offset, o.At}
	}
	if o.At >= t.due {
		t.mark(mark{o.ID.Seq, o.Offset, o.At})
	}
}

func (t *trail) mark(m mark) {
	if len(t.marks) == t.limit {
		for i := range t.limit / 2 {
			t.marks[i] = t.marks[2*i]
		}
		t.marks = t.marks[:t.limit/2]
		t.step *= 2
	}
	t.marks = append(t.marks, m)
	t.due = m.at + t.step
}

// around returns the nearest marks before and behind a stretch of sequence numbers, where there are any.
func (t *trail) around(first, last uint64) (before, behind *mark) {
	for i := range t.marks {
		m := &t.marks[i]
		if m.seq <= first && (before == nil || m.seq > before.seq) {
			before = m
		}
		if m.seq >= last && (behind == nil || m.seq < behind.seq) {
			behind = m
		}
	}
	if h := &t.high; h.offset >= 0 && h.seq >= last && (behind == nil || h.seq < behind.seq) {
		behind = h
	}
	return before, behind
}

// astride returns up to which sequence number messages are known to have been stored below an offset, and from which on at or above it: a broker stores
// a stream's messages in order. Nothing lies below 0.
func (t *trail) astride(offset int64) (below, above uint64) {
	if offset <= 0 {
		return 0, 0
	}
	above = math.MaxUint64
	for _, m := range append(t.marks[:len(t.marks):len(t.marks)], t.high) {
		switch {
		case m.offset < 0:
		case m.offset < offset:
			below = max(below, m.seq+1)
		default:
			above = min(above, m.seq)
		}
	}
	return below, above
}

// describe tells when, and at which offsets, the messages around a stretch were acknowledged; nothing where that is not known.
func (t *trail) describe(first, last uint64) string {
	before, behind := t.around(first, last)
	switch {
	case before == nil && behind == nil:
		return ""
	case behind == nil:
		return "after " + before.String()
	case before == nil:
		return "before " + behind.String()
	case before == behind:
		return "at " + before.String()
	}
	return "between " + before.String() + " and " + behind.String()
}

func (m mark) String() string {
	if m.offset < 0 {
		return report.Human(m.at)
	}
	return fmt.Sprintf("%s (offset %d)", report.Human(m.at), m.offset)
}
