package ledger

import "github.com/seed-228c25e4/squall/broker"

// Where nothing goes wrong, messages come as they were sent: one after the other in their stream and in the log, and each of them once. Such neighbours are
// taken together, which costs a fraction of looking at each; whatever is the least unusual about them is left to be looked at one by one.

// shortest is the least number of neighbours for which it pays to look at them together.
const shortest = 4

// deliveredTogether returns how many deliveries from the first on, at least 1, are intact messages of one stream that follow one another there and in the log, all
// within one chunk of both, written by one leader, and delivered for the first time as far as the broker says.
func deliveredTogether(batch []broker.Delivery) int {
	first := &batch[0]
	if first.Envelope != broker.Intact || first.Offset < 0 || first.Redelivered || first.ID.Partition != first.Partition {
		return 1
	}
	most := min(len(batch), roomAt(uint64(first.Offset)), roomAt(first.ID.Seq))
	for i := 1; i < most; i++ {
		d := &batch[i]
		if d.Offset != first.Offset+int64(i) || d.ID.Seq != first.ID.Seq+uint64(i) || d.ID.Producer != first.ID.Producer || d.ID.Partition != first.Partition ||
			d.Partition != first.Partition || d.Envelope != broker.Intact || d.Epoch != first.Epoch || d.Redelivered {
			return i
		}
	}
	return most
}

// acknowledgedTogether returns how many outcomes from the first on, at least 1, are acknowledgements of messages of one stream that follow one another there
// and in the log, within one chunk of the stream, in no transaction.
func acknowledgedTogether(batch []broker.Outcome) int {
	first := &batch[0]
	if first.Err != nil || first.Transaction != 0 || first.Offset < 0 {
		return 1
	}
	most := min(len(batch), roomAt(first.ID.Seq))
	for i := 1; i < most; i++ {
		o := &batch[i]
		if o.Err != nil || o.Transaction != 0 || o.ID.Seq != first.ID.Seq+uint64(i) || o.Offset != first.Offset+int64(i) ||
			o.ID.Partition != first.ID.Partition || o.ID.Producer != first.ID.Producer {
			return i
		}
	}
	return most
}

// roomAt returns how many numbers from n on are in n's chunk.
func roomAt(n uint64) int { return chunkSize - int(n%chunkSize) }

// together takes neighbours that were never seen before, and reports false where it did not.
func (p *ReceivePage) together(batch []broker.Delivery) bool {
	d, n := &batch[0], len(batch)
	if !p.knows(d) {
		return false
	}
	part := p.parts[d.Partition]
	if part.bare || d.Offset <= part.last || len(part.offsets.spans) >= maxSpans || !part.offsets.vacant(uint64(d.Offset), n, &p.free) || !p.goOn(part, d, part.turn, n) {
		return false
	}
	part.offsets.fill(uint64(d.Offset), n, &p.free)
	part.last = d.Offset + int64(n) - 1
	return true
}

// together takes neighbours that were never read before, and reports false where it did not.
func (p *ReadPage) together(batch []broker.Delivery) bool {
	d, n := &batch[0], len(batch)
	if !p.knows(d) {
		return false
	}
	part := p.parts[d.Partition]
	if d.Offset <= part.last || d.Epoch >= 0 && d.Epoch != part.epoch || !p.goOn(part, d, 0, n) {
		return false
	}
	part.last = d.Offset + int64(n) - 1
	return true
}

// together takes acknowledgements that are the first outcomes of their messages, and reports false where it did not.
func (p *SendPage) together(batch []broker.Outcome) bool {
	first, n := &batch[0], len(batch)
	k := uint(first.ID.Partition)
	if first.ID.Producer != p.producer || k >= uint(len(p.streams)) || first.ID.Seq+uint64(n) > p.sent[k].Load() {
		return false
	}
	s := &p.streams[k]
	if !s.told.vacant(first.ID.Seq, n, &p.free) {
		return false
	}
	s.told.fill(first.ID.Seq, n, &p.free)
	s.trail.acknowledged(first)
	s.trail.acknowledged(&batch[n-1])
	s.claims.extend(first.Offset, p.producer, first.ID.Seq, n)
	return true
}

// knows reports whether something came from an intact delivery's partition before.
func (in *intake) knows(d *broker.Delivery) bool {
	return uint(d.Partition) < uint(len(in.parts)) && uint64(d.ID.Producer) < uint64(len(in.ledger.senders)) && in.parts[d.Partition] != nil
}

// goOn takes n neighbours into their stream, where they are sure to have been sent, and are neither repeated nor behind a later one; else it does nothing
// and reports false.
func (in *intake) goOn(part *intakePart, d *broker.Delivery, turn uint32, n int) bool {
	s := &part.streams[d.ID.Producer]
	end := d.ID.Seq + uint64(n)
	if turn != s.turn || d.ID.Seq < s.top {
		return false
	}
	if end > s.known {
		if s.known = max(s.known, in.sent(&d.ID).Load()); end > s.known {
			return false
		}
	}
	if !s.ids.vacant(d.ID.Seq, n, &in.free) {
		return false
	}
	s.ids.fill(d.ID.Seq, n, &in.free)
	s.top = end
	part.taken += uint64(n)
	part.claims.extend(d.Offset, d.ID.Producer, d.ID.Seq, n)
	return true
}
