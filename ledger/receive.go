package ledger

import (
	"fmt"
	"sync/atomic"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// An intake sorts what one goroutine is given, from consumers or from the final read.
type intake struct {
	ledger *Ledger
	side   side
	parts  []*intakePart // by partition; nil: nothing came from it
	free   spare
	odd    [kinds]*odd // of phantom, corrupt and foreign; nil: none
	intact atomic.Uint64
	seen   [kinds]examples
}

// An intakePart is what came from one partition.
type intakePart struct {
	offsets set
	bare    bool   // offsets were missing, or too sparse to keep: offsets is not used
	last    int64  // the offset before
	epoch   int32  // of the leader that wrote it, of the final read
	turn    uint32 // how often offsets began anew: each time a member starts again at an earlier one
	taken   uint64 // messages, every repetition counted
	streams []intakeStream
	claims  claims
}

// An intakeStream is what came of one stream: of one producer, from one partition.
type intakeStream struct {
	ids    set
	behind *set // came behind a later one; nil: none
	gone   *set // of those that the final read found, those that were deleted after it; nil: none
	top    uint64
	turn   uint32 // the turn that top belongs to
	known  uint64 // at least so many were sent
}

// odd are values that are no message of the run's, by where they were found.
type odd struct {
	offsets map[int32]*set
	bare    uint64 // without an offset
}

// maxSpans is how many pieces the offsets of one partition may fall into before they are given up: 37 MiB.
const maxSpans = 1 << 16

func newIntake(l *Ledger, s side) intake {
	return intake{ledger: l, side: s, parts: make([]*intakePart, l.partitions)}
}

// place returns where an intact delivery belongs; nil: it is a phantom, which is noted.
func (in *intake) place(d *broker.Delivery) (*intakePart, *intakeStream) {
	if uint(d.Partition) >= uint(len(in.parts)) || d.ID.Partition != d.Partition || uint64(d.ID.Producer) >= uint64(len(in.ledger.senders)) {
		in.strange(phantom, d)
		return nil, nil
	}
	part := in.part(d.Partition)
	s := &part.streams[d.ID.Producer]
	if !s.ids.ready(d.ID.Seq) && !plausible(d.ID.Seq, &s.known, in.sent(&d.ID)) {
		in.strange(phantom, d)
		return nil, nil
	}
	return part, s
}

// part returns the place of a partition, which has to be one of the run's.
func (in *intake) part(partition int32) *intakePart {
	if in.parts[partition] == nil {
		in.parts[partition] = &intakePart{last: -1, streams: make([]intakeStream, len(in.ledger.senders)), claims: claims{left: &in.ledger.left[in.side]}}
	}
	return in.parts[partition]
}

func (in *intake) sent(id *broker.ID) *atomic.Uint64 {
	return &in.ledger.senders[id.Producer].sent[id.Partition]
}

// strange notes a value that is no message of the run's: its offset, so that it counts once however often it is delivered.
func (in *intake) strange(k kind, d *broker.Delivery) {
	o := in.odd[k]
	if o == nil {
		o = &odd{offsets: map[int32]*set{}}
		in.odd[k] = o
	}
	a := report.Anomaly{Producer: d.ID.Producer, Partition: d.Partition, First: d.ID.Seq, Last: d.ID.Seq, Offset: d.Offset}
	if d.ID.Partition != d.Partition && k == phantom {
		a.Note = fmt.Sprintf("names partition %d", d.ID.Partition)
	}
	if d.Offset < 0 {
		o.bare++
		in.seen[k].keep(a)
		return
	}
	s := o.offsets[d.Partition]
	if s == nil {
		s = &set{}
		o.offsets[d.Partition] = s
	}
	if s.add(uint64(d.Offset), &in.free) {
		in.seen[k].keep(a)
	}
}

// notIntact notes what is not.
func (in *intake) notIntact(d *broker.Delivery) {
	switch d.Envelope {
	case broker.Corrupt:
		in.strange(corrupt, d)
	case broker.Foreign:
		in.strange(foreign, d)
	}
}

// follow notes that a message came after those of its stream before it, and reports whether it came behind a later one. What may never have been
// sent has nobody behind it.
func (in *intake) follow(s *intakeStream, id *broker.ID, turn uint32) bool {
	if turn != s.turn {
		s.turn, s.top = turn, 0
	}
	if id.Seq < s.top {
		return id.Seq+1 < s.top
	}
	if id.Seq >= s.known {
		if s.known = in.sent(id).Load(); id.Seq >= s.known {
			return false
		}
	}
	s.top = id.Seq + 1
	return false
}

func (s *intakeStream) remove(seq uint64, free *spare) {
	if s.gone == nil {
		s.gone = &set{}
	}
	s.gone.add(seq, free)
}

func (s *intakeStream) late(seq uint64, free *spare) {
	if s.behind == nil {
		s.behind = &set{}
	}
	s.behind.add(seq, free)
}

// A ReceivePage is what one consumer was given, from when it joined until it left.
type ReceivePage struct{ intake }

// Delivered is told decoded deliveries in the order in which the consumer got them. It must not be called twice at once.
func (p *ReceivePage) Delivered(batch []broker.Delivery) {
	var intact uint64
	for len(batch) > 0 {
		n := deliveredTogether(batch)
		if n >= shortest && p.together(batch[:n]) {
			intact += uint64(n)
		} else {
			for i := range batch[:n] {
				intact += p.deliver(&batch[i])
			}
		}
		batch = batch[n:]
	}
	p.intact.Add(intact)
}

// deliver takes one delivery, and returns how many of it are intact.
func (p *ReceivePage) deliver(d *broker.Delivery) uint64 {
	if d.Envelope != broker.Intact {
		p.notIntact(d)
		return 0
	}
	part, s := p.place(d)
	if s == nil {
		return 1
	}
	part.taken++
	if !part.claims.goesOn(d.Offset, d.ID.Producer, d.ID.Seq) {
		part.claims.begin(d.Offset, d.ID.Producer, d.ID.Seq)
	}
	fresh := s.ids.add(d.ID.Seq, &p.free)
	again := part.again(d.Offset, &p.free)
	if !fresh {
		p.repeated(d, again)
	}
	if d.Offset < 0 && d.Redelivered {
		return 1 // its place among the others says nothing
	}
	if p.follow(s, &d.ID, part.turn) && fresh {
		s.late(d.ID.Seq, &p.free)
		p.seen[reordered].fold(d.ID, d.Offset)
	}
	return 1
}

// again notes an offset, and reports whether it was delivered before, or may have been.
func (p *intakePart) again(offset int64, free *spare) bool {
	if offset >= 0 {
		if offset <= p.last {
			p.turn++
		}
		p.last = offset
	}
	switch {
	case p.bare:
		return true
	case offset < 0 || len(p.offsets.spans) >= maxSpans:
		p.bare, p.offsets = true, set{}
		return true
	}
	return !p.offsets.add(uint64(offset), free)
}

func (in *intake) repeated(d *broker.Delivery, again bool) {
	k := duplicates
	if again {
		k = redelivered
	}
	in.seen[k].fold(d.ID, d.Offset)
}

// A ReadPage is what the final read found in the log.
type ReadPage struct {
	intake
	backward    uint64 // how often a leader epoch went back
	regressions []report.Regression
}

// Delivered is told decoded messages of the log, of each partition in the order of their offsets. What is read again, because a reader had to
// start anew, is passed over. It must not be called twice at once.
func (p *ReadPage) Delivered(batch []broker.Delivery) { p.take(batch, false) }

// Removed is told, as Delivered is, messages that were read because they are about to be deleted: the rest of the log is read later. That they were
// there is proven; those that no consumer was given have expired.
func (p *ReadPage) Removed(batch []broker.Delivery) { p.take(batch, true) }

func (p *ReadPage) take(batch []broker.Delivery, gone bool) {
	var intact uint64
	for len(batch) > 0 {
		n := deliveredTogether(batch)
		if n >= shortest && !gone && p.together(batch[:n]) {
			intact += uint64(n)
		} else {
			for i := range batch[:n] {
				intact += p.find(&batch[i], gone)
			}
		}
		batch = batch[n:]
	}
	p.intact.Add(intact)
}

// find takes one delivery, and returns how many of it are intact and not passed over.
func (p *ReadPage) find(d *broker.Delivery, gone bool) uint64 {
	passed := p.before(d)
	if d.Envelope != broker.Intact {
		p.notIntact(d)
		return 0
	}
	part, s := p.place(d)
	if passed && (s == nil || s.ids.has(d.ID.Seq)) {
		return 0 // else it is of another log: the topic was made anew
	}
	if s == nil {
		return 1
	}
	part.taken++
	if !part.claims.goesOn(d.Offset, d.ID.Producer, d.ID.Seq) {
		part.claims.begin(d.Offset, d.ID.Producer, d.ID.Seq)
	}
	if gone {
		s.remove(d.ID.Seq, &p.free)
	}
	if !s.ids.add(d.ID.Seq, &p.free) {
		p.repeated(d, false)
		return 1
	}
	if p.follow(s, &d.ID, 0) {
		s.late(d.ID.Seq, &p.free)
		p.seen[reordered].fold(d.ID, d.Offset)
	}
	return 1
}

// Again is told messages that were read once more because the read had passed over their places without finding them: what is new among them was there.
// It returns how many are. The order in which they come says nothing.
func (p *ReadPage) Again(batch []broker.Delivery) (fresh int) {
	for i := range batch {
		d := &batch[i]
		if d.Envelope != broker.Intact {
			p.notIntact(d)
			continue
		}
		part, s := p.place(d)
		if s == nil || !s.ids.add(d.ID.Seq, &p.free) {
			continue
		}
		part.taken++
		if !part.claims.goesOn(d.Offset, d.ID.Producer, d.ID.Seq) {
			part.claims.begin(d.Offset, d.ID.Producer, d.ID.Seq)
		}
		fresh++
	}
	p.intact.Add(uint64(fresh))
	return fresh
}

// before reports whether the final read has passed d's offset already, and notes that it has now.
func (p *ReadPage) before(d *broker.Delivery) bool {
	if d.Offset < 0 || uint(d.Partition) >= uint(len(p.parts)) {
		return false
	}
	part := p.part(d.Partition)
	if d.Offset <= part.last {
		return true
	}
	part.last = d.Offset
	if d.Epoch != part.epoch {
		p.turnover(part, d)
	}
	return false
}

// turnover notes that another leader wrote what follows in the log; one of an earlier epoch has no business there.
func (p *ReadPage) turnover(part *intakePart, d *broker.Delivery) {
	if d.Epoch < 0 {
		return
	}
	if d.Epoch < part.epoch {
		p.backward++
		if len(p.regressions) < mostExamples {
			p.regressions = append(p.regressions, report.Regression{Of: "leader epoch", Partition: d.Partition, From: int64(part.epoch), To: int64(d.Epoch),
				Where: fmt.Sprintf("in the log at offset %d", d.Offset)})
		}
	}
	part.epoch = d.Epoch
}
