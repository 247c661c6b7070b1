package ledger

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// A stretch are consecutive messages of a stream that were sent in one transaction.
type stretch struct{ transaction, first, last uint64 }

// stretches are those of one stream, in the order in which their outcomes came. All but the last one are kept as differences, in a few bytes each.
type stretches struct {
	open   stretch // the last one; of transaction 0: there is none
	before stretch // the one before
	log    []byte  // all but the last
}

// add notes one message of a transaction.
func (s *stretches) add(transaction, seq uint64) {
	if o := &s.open; o.transaction == transaction && o.last+1 == seq {
		o.last = seq
		return
	}
	if o := s.open; o.transaction != 0 {
		s.log = binary.AppendVarint(s.log, int64(o.transaction-s.before.transaction))
		s.log = binary.AppendVarint(s.log, int64(o.first-s.before.last))
		s.log = binary.AppendUvarint(s.log, o.last-o.first)
		s.before = o
	}
	s.open = stretch{transaction, seq, seq}
}

func (s *stretches) all() iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		var at stretch
		next := func(log []byte) ([]byte, bool) {
			transaction, a := binary.Varint(log)
			first, b := binary.Varint(log[a:])
			more, c := binary.Uvarint(log[a+b:])
			at.transaction, at.first = at.transaction+uint64(transaction), at.last+uint64(first)
			at.last = at.first + more
			return log[a+b+c:], yield(at)
		}
		more := true
		for log := s.log; len(log) > 0 && more; {
			log, more = next(log)
		}
		if more && s.open.transaction != 0 {
			yield(s.open)
		}
	}
}

// A fate is what became of one transaction.
type fate struct {
	messages, acknowledged, rejected uint64 // by their outcomes
	found, missing                   uint64 // by what was read; missing are those that are lost if it was committed
	seen                             bool   // a message was found, or given to who reads committed
	gap                              report.Anomaly
}

// committed reports whether a transaction surely was: the broker said so, or nobody knows and a message of it came to light.
func (f *fate) committed() bool { return f.acknowledged > 0 || f.rejected == 0 && f.seen }

// transactions finds out what became of a producer's transactions. Messages that nobody knew of and whose transaction was committed count as promised from
// then on.
func (b *balance) transactions(producer int) {
	fates := map[uint64]*fate{}
	for _, p := range b.parts {
		v := b.verdicts(p, producer)
		for s := range v.promised().transactions.all() {
			f := fates[s.transaction]
			if f == nil {
				f = &fate{}
				fates[s.transaction] = f
			}
			v.learn(f, s)
		}
	}
	for _, p := range b.parts {
		v := b.verdicts(p, producer)
		for s := range v.promised().transactions.all() {
			if f := fates[s.transaction]; f.missing > 0 && f.committed() {
				v.presume(s)
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(fates)) {
		b.tell(fates[number])
	}
}

// learn takes in what is known of a transaction's messages in one stream. Nearly always all of them were found, or none was to be.
func (v *verdicts) learn(f *fate, s stretch) {
	n, failed := s.last-s.first+1, v.promised().failed
	if failed == nil {
		failed = &noneFailed
	}
	rejected, unknown := failed.rejected.within(s.first, s.last), failed.unknown.within(s.first, s.last)
	f.messages += n
	f.rejected += rejected
	f.acknowledged += n - rejected - unknown
	f.seen = f.seen || unknown > 0 && v.given(s)
	if rejected == n {
		return
	}
	if found := v.found(s); rejected == 0 && found == n {
		f.found += found
	} else {
		for seq := s.first; seq <= s.last; seq++ {
			v.follow(f, failed, seq)
		}
	}
	f.seen = f.seen || f.found > 0
}

// noneFailed is of streams of which every message was acknowledged.
var noneFailed failed

// follow takes in one message of a transaction.
func (v *verdicts) follow(f *fate, failed *failed, seq uint64) {
	switch {
	case failed.rejected.has(seq):
	case v.found(stretch{0, seq, seq}) > 0:
		f.found++
	case v.lost(seq):
		f.miss(v, seq)
	}
}

// miss notes a message that is lost if its transaction was committed.
func (f *fate) miss(v *verdicts, seq uint64) {
	g := &f.gap
	switch {
	case f.missing == 0:
		*g = report.Anomaly{Producer: uint32(v.producer), Partition: v.partition, First: seq, Last: seq, Offset: -1}
	case g.Partition == v.partition && g.Last+1 == seq:
		g.Last = seq
	}
	f.missing++
}

// found returns how many messages of a stretch were found: in the log, or where it cannot be read, by consumers.
func (v *verdicts) found(s stretch) uint64 {
	if read := v.reader.parts[v.partition]; v.final.Readable {
		if read == nil {
			return 0
		}
		return read.streams[v.producer].ids.within(s.first, s.last)
	}
	var most uint64
	for _, page := range v.pages {
		most = max(most, page.streams[v.producer].ids.within(s.first, s.last))
	}
	return most
}

// given reports whether consumers that read committed were given any message of a stretch.
func (v *verdicts) given(s stretch) bool {
	return !v.final.Dirty && slices.ContainsFunc(v.pages, func(p *intakePart) bool { return p.streams[v.producer].ids.within(s.first, s.last) > 0 })
}

// lost reports whether a message that was not found is, if it was promised.
func (v *verdicts) lost(seq uint64) bool {
	return seq == v.beyond || v.missing() == lost && seq >= max(v.removed, v.kept)
}

// presume takes a stretch's messages that nobody knew of for promised.
func (v *verdicts) presume(s stretch) {
	failed := v.promised().failed
	if failed == nil {
		return
	}
	for seq := s.first; seq <= s.last; seq++ {
		if failed.unknown.has(seq) {
			v.presumed.add(seq, &v.free)
		}
	}
}

// tell counts one transaction.
func (b *balance) tell(f *fate) {
	t := &b.ended
	switch {
	case f.acknowledged > 0:
		t.Committed++
	case f.rejected > 0:
		t.Aborted++
	default:
		t.Unknown++
	}
	if f.committed() && f.found > 0 && f.missing > 0 {
		t.Torn++
		f.gap.Note = fmt.Sprintf("%s of its transaction's %s messages were found, and %s are lost", report.Thousands(f.found), report.Thousands(f.messages),
			report.Thousands(f.missing))
		b.examples[torn].keep(f.gap)
	}
}
