package ledger

import (
	"errors"
	"sync/atomic"

	"github.com/seed-228c25e4/squall/broker"
)

// A SendPage is what one producer sent and what became of it. Sent and Outcomes may be called at the same time, and an outcome may be told before
// its message; neither may be called twice at once.
type SendPage struct {
	producer uint32

	next  []uint64        // by partition: one above the last that was sent; the sending goroutine's own
	sent  []atomic.Uint64 // the same, for all
	total atomic.Uint64

	_ [64]byte // the other goroutine's from here on

	streams                         []promised // by partition
	free                            spare
	late, aborted                   uint64
	odd                             examples
	acknowledged, rejected, unknown atomic.Uint64
}

// promised is what was told of one stream's messages.
type promised struct {
	told         set // has an outcome
	known        uint64
	failed       *failed
	trail        trail
	claims       claims
	transactions stretches
}

// failed are the messages of a stream that have an outcome and were not acknowledged.
type failed struct{ rejected, unknown set }

func newSendPage(producer uint32, partitions, streams int, left *atomic.Int64) *SendPage {
	p := &SendPage{producer: producer, next: make([]uint64, partitions), sent: make([]atomic.Uint64, partitions), streams: make([]promised, partitions)}
	for i := range p.streams {
		p.streams[i].trail = newTrail(streams)
		p.streams[i].claims.left = left
	}
	return p
}

// Sent is told messages that the client took, in the order of their sequence within each partition and without a hole.
func (p *SendPage) Sent(batch []broker.Message) {
	for i := range batch {
		id := &batch[i].ID
		p.next[id.Partition] = id.Seq + 1
	}
	for i := range batch {
		k := batch[i].ID.Partition
		if n := p.next[k]; p.sent[k].Load() != n {
			p.sent[k].Store(n)
		}
	}
	p.total.Add(uint64(len(batch)))
}

// Outcomes is told how the sending of messages ended. Of several outcomes of one message the first stands; the others are counted as late, and so
// are outcomes of messages that this producer did not send.
func (p *SendPage) Outcomes(batch []broker.Outcome) {
	var ends ends
	for len(batch) > 0 {
		n := acknowledgedTogether(batch)
		if n >= shortest && p.together(batch[:n]) {
			ends.acknowledged += uint64(n)
		} else {
			for i := range batch[:n] {
				p.outcome(&batch[i], &ends)
			}
		}
		batch = batch[n:]
	}
	count(&p.acknowledged, ends.acknowledged)
	count(&p.rejected, ends.rejected)
	count(&p.unknown, ends.unknown)
}

// ends counts how messages ended.
type ends struct{ acknowledged, rejected, unknown uint64 }

// outcome takes one outcome.
func (p *SendPage) outcome(o *broker.Outcome, ends *ends) {
	s := p.stream(o)
	if s == nil || !s.told.add(o.ID.Seq, &p.free) {
		p.late++
		p.odd.fold(o.ID, o.Offset)
		return
	}
	if o.Transaction != 0 {
		s.transactions.add(o.Transaction, o.ID.Seq)
	}
	switch {
	case o.Err == nil:
		ends.acknowledged++
		s.trail.acknowledged(o)
		if !s.claims.goesOn(o.Offset, p.producer, o.ID.Seq) {
			s.claims.begin(o.Offset, p.producer, o.ID.Seq)
		}
	case errors.Is(o.Err, broker.ErrRejected):
		if errors.Is(o.Err, broker.ErrAborted) {
			p.aborted++
		}
		ends.rejected++
		s.fail().rejected.add(o.ID.Seq, &p.free)
	default:
		ends.unknown++
		s.fail().unknown.add(o.ID.Seq, &p.free)
	}
}

// count leaves a counter alone that does not change: outcomes come one at a time, and adding nothing costs as much as adding something.
func count(to *atomic.Uint64, n uint64) {
	if n > 0 {
		to.Add(n)
	}
}

// stream returns the stream of an outcome; nil: it cannot be of a message of this producer.
func (p *SendPage) stream(o *broker.Outcome) *promised {
	k := uint(o.ID.Partition)
	if k >= uint(len(p.streams)) || o.ID.Producer != p.producer {
		return nil
	}
	s := &p.streams[k]
	if !s.told.ready(o.ID.Seq) && !plausible(o.ID.Seq, &s.known, &p.sent[k]) {
		return nil
	}
	return s
}

func (s *promised) fail() *failed {
	if s.failed == nil {
		s.failed = &failed{}
	}
	return s.failed
}
