package ledger_test

import (
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// A model is a ledger that remembers everything and counts by the definitions alone.
type model struct {
	partitions int
	sent       map[stream]uint64
	outcomes   []broker.Outcome
	pages      [][]broker.Delivery
	read       []broker.Delivery
	aside      []broker.Delivery
	final      ledger.Final
}

type place struct {
	partition int32
	offset    int64
}

// sets of ids and of places, as maps.
type (
	ids    map[broker.ID]bool
	places map[place]bool
)

func (m *model) balance() report.Safety {
	var s report.Safety
	for _, n := range m.sent {
		s.Sent += n
	}
	acked, rejected, unknown := m.promises(&s)
	given, found := ids{}, ids{}
	for _, d := range m.intact() {
		given[d.ID] = true
		s.Delivered++
	}
	for _, d := range m.read {
		if m.ours(d) {
			found[d.ID] = true
		}
	}
	aside := ids{}
	for _, d := range m.aside {
		if m.ours(d) {
			if m.wasSent(d.ID) && !aside[d.ID] {
				s.DeadLettered++
			}
			aside[d.ID] = true
		}
	}
	presumed := m.transactions(&s, acked, rejected, given, found)
	m.missing(&s, acked, presumed, union(given, aside), union(found, aside))
	visible := union(given, found, aside)
	if m.final.Dirty {
		visible = union(found, aside)
		for id := range given {
			if rejected[id] && !visible[id] {
				s.DirtyRead++
			}
		}
	}
	for id := range union(given, found, aside) {
		switch {
		case !m.wasSent(id):
			if id.Seq < 1<<30 {
				s.Phantom++
			}
		case !visible[id]:
		case rejected[id]:
			s.AbortedRead++
		case unknown[id]:
			s.Resurrected++
		}
	}
	m.ungiven(&s, given, found)
	m.conflicts(&s)
	m.strangers(&s)
	for p := range int32(m.partitions) {
		m.repetitions(&s, p)
		m.order(&s, p, unknown)
	}
	for _, page := range m.pages { // what is not ours is delivered, too
		for _, d := range page {
			if d.Envelope == broker.Intact && !m.ours(d) {
				s.Delivered++
			}
		}
	}
	return s
}

func union(sets ...ids) ids {
	all := ids{}
	for _, s := range sets {
		for id := range s {
			all[id] = true
		}
	}
	return all
}

func (m *model) wasSent(id broker.ID) bool { return id.Seq < m.sent[stream{id.Producer, id.Partition}] }

// ours are intact deliveries from where they say, with numbers that could be the run's.
func (m *model) ours(d broker.Delivery) bool {
	_, known := m.sent[stream{d.ID.Producer, d.ID.Partition}]
	return d.Envelope == broker.Intact && known && d.ID.Partition == d.Partition && d.ID.Seq < 1<<30
}

func (m *model) intact() []broker.Delivery {
	var all []broker.Delivery
	for _, page := range m.pages {
		for _, d := range page {
			if m.ours(d) {
				all = append(all, d)
			}
		}
	}
	return all
}

func (m *model) promises(s *report.Safety) (acked, rejected, unknown ids) {
	told := ids{}
	acked, rejected, unknown = ids{}, ids{}, ids{}
	for _, o := range m.outcomes {
		switch {
		case told[o.ID] || !m.wasSent(o.ID):
			s.Late++
			continue
		case o.Err == nil:
			acked[o.ID] = true
			s.Acknowledged++
		case o.Err == errOnPurpose:
			rejected[o.ID] = true
			s.Aborted++
		case o.Err == broker.ErrRejected:
			rejected[o.ID] = true
			s.Rejected++
		default:
			unknown[o.ID] = true
			s.Unknown++
		}
		told[o.ID] = true
	}
	s.Pending = s.Sent - uint64(len(told))
	return acked, rejected, unknown
}

// reached reports whether the final read saw the end of a partition.
func (m *model) reached(p int32) bool {
	for _, e := range m.final.Ends {
		if e.Partition == p {
			return m.final.Readable && e.Reached >= e.End
		}
	}
	return false
}

// transactions counts them, and returns the messages that count as promised though nobody knew what became of them.
func (m *model) transactions(s *report.Safety, acked, rejected, given, found ids) (presumed ids) {
	type key struct {
		producer uint32
		number   uint64
	}
	of, told := map[key][]broker.ID{}, ids{}
	for _, o := range m.outcomes {
		if !told[o.ID] && m.wasSent(o.ID) && o.Transaction != 0 {
			k := key{o.ID.Producer, o.Transaction}
			of[k] = append(of[k], o.ID)
		}
		told[o.ID] = true
	}
	presumed = ids{}
	for _, list := range of {
		var acks, rejections, there, lost int
		seen := false
		for _, id := range list {
			is := m.final.Readable && found[id] || !m.final.Readable && given[id]
			switch {
			case rejected[id]:
				rejections++
				continue
			case acked[id]:
				acks++
			default:
				seen = seen || given[id] && !m.final.Dirty
			}
			if is {
				there++
			} else if m.fateless(id) == "lost" {
				lost++
			}
		}
		committed := acks > 0 || rejections == 0 && (seen || there > 0)
		switch {
		case acks > 0:
			s.Transactions.Committed++
		case rejections > 0:
			s.Transactions.Aborted++
		default:
			s.Transactions.Unknown++
		}
		if committed && there > 0 && lost > 0 {
			s.Transactions.Torn++
		}
		for _, id := range list {
			if committed && lost > 0 && !acked[id] && !rejected[id] {
				presumed[id] = true
			}
		}
	}
	return presumed
}

// fateless says what a promised message is that was not found.
func (m *model) fateless(id broker.ID) string {
	start := m.moved(id.Partition)
	below, above := m.marks(stream{id.Producer, id.Partition}, start)
	switch {
	case m.beyond(id):
		return "lost"
	case start > 0 && below >= int64(id.Seq):
		return "expired"
	case start > 0 && above > int64(id.Seq):
		return "unread"
	case m.reached(id.Partition), !m.final.Readable && m.final.Grouped && m.final.Drained:
		return "lost"
	}
	return "unread"
}

func (m *model) missing(s *report.Safety, acked, presumed, given, found ids) {
	for id := range union(acked, presumed) {
		if m.final.Readable && found[id] || !m.final.Readable && given[id] {
			if acked[id] {
				s.Verified++
			}
			continue
		}
		switch m.fateless(id) {
		case "lost":
			s.Lost++
		case "expired":
			s.Expired++
		default:
			s.UnreadTail++
		}
	}
}

// moved returns where a partition's log begins, if it began earlier before the load; else 0.
func (m *model) moved(p int32) int64 {
	for _, e := range m.final.Ends {
		if start, known := m.final.Starts[p]; m.final.Readable && e.Partition == p && known && e.Start > start {
			return e.Start
		}
	}
	return 0
}

// beyond reports whether a message is the one of its stream that was stored last, and the log ends before it.
func (m *model) beyond(id broker.ID) bool {
	high, told := broker.Outcome{Offset: -1}, ids{}
	for _, o := range m.outcomes {
		if o.ID.Producer == id.Producer && o.ID.Partition == id.Partition && !told[o.ID] && o.Err == nil && o.Offset > high.Offset {
			high = o
		}
		told[o.ID] = true
	}
	for _, e := range m.final.Ends {
		if m.final.Readable && e.Partition == id.Partition {
			return high.ID == id && high.Offset >= e.End
		}
	}
	return false
}

// marks returns the last message of a stream that is remembered to have been stored below an offset, and the first one at or above it. One message in
// 10 ms is remembered, and the one that was stored last.
func (m *model) marks(of stream, offset int64) (below, above int64) {
	below, above = -1, 1<<62
	next, high := time.Duration(0), broker.Outcome{Offset: -1}
	look := func(o broker.Outcome) {
		switch {
		case o.Offset < 0:
		case o.Offset < offset:
			below = max(below, int64(o.ID.Seq))
		default:
			above = min(above, int64(o.ID.Seq))
		}
	}
	told := ids{}
	for _, o := range m.outcomes {
		if (stream{o.ID.Producer, o.ID.Partition}) != of || told[o.ID] {
			continue
		}
		told[o.ID] = true
		if o.Err != nil {
			continue
		}
		if o.Offset > high.Offset {
			high = o
		}
		if o.At >= next {
			look(o)
			next = o.At + 10*time.Millisecond
		}
	}
	look(high)
	return below, above
}

func (m *model) ungiven(s *report.Safety, given, found ids) {
	for id := range found {
		switch {
		case given[id] || !m.wasSent(id) || !m.final.Grouped || !m.final.Readable:
		case m.final.Drained:
			s.GroupSkip++
		default:
			s.GroupLag++
		}
	}
}

// conflicts counts the offsets of which different messages were told.
func (m *model) conflicts(s *report.Safety) {
	at, told := map[place]ids{}, ids{}
	claim := func(p place, id broker.ID) {
		if p.offset >= 0 {
			at[p] = union(at[p], ids{id: true})
		}
	}
	for _, o := range m.outcomes {
		if o.Err == nil && !told[o.ID] && m.wasSent(o.ID) {
			claim(place{o.ID.Partition, o.Offset}, o.ID)
		}
		told[o.ID] = true
	}
	read := m.read
	if !m.final.Readable {
		read = nil
	}
	for _, d := range append(m.intact(), read...) {
		if m.ours(d) {
			claim(place{d.Partition, d.Offset}, d.ID)
		}
	}
	for _, different := range at {
		if len(different) > 1 {
			s.OffsetConflict++
		}
	}
}

// strangers counts values that are no message of the run's, by where they were found.
func (m *model) strangers(s *report.Safety) {
	var found [3]places
	var bareGiven, bareRead [3]uint64
	look := func(d broker.Delivery, bare *[3]uint64) {
		k := map[broker.EnvelopeState]int{broker.Corrupt: 1, broker.Foreign: 2}[d.Envelope]
		if d.Envelope == broker.Probe || m.ours(d) {
			return
		}
		if d.Offset < 0 {
			bare[k]++
			return
		}
		if found[k] == nil {
			found[k] = places{}
		}
		found[k][place{d.Partition, d.Offset}] = true
	}
	for _, page := range m.pages {
		for _, d := range page {
			look(d, &bareGiven)
		}
	}
	for _, d := range m.aside {
		look(d, &bareGiven)
	}
	for _, d := range m.read {
		look(d, &bareRead)
	}
	for k, n := range []*uint64{&s.Phantom, &s.Corrupt, &s.Foreign} {
		*n += uint64(len(found[k])) + max(bareGiven[k], bareRead[k])
	}
}

// repetitions counts copies in the log, and deliveries of one copy.
func (m *model) repetitions(s *report.Safety, p int32) {
	given, at := ids{}, places{}
	bare := false
	var deliveries uint64
	for _, d := range m.intact() {
		if d.Partition == p {
			deliveries++
			given[d.ID] = true
			at[place{p, d.Offset}] = true
			bare = bare || d.Offset < 0
		}
	}
	copies := uint64(len(at) - len(given))
	if bare {
		copies = 0
	}
	s.Redelivered += deliveries - uint64(len(given)) - copies

	var stored uint64
	found := ids{}
	for _, d := range m.read {
		if d.Partition == p && m.ours(d) && m.final.Readable {
			if found[d.ID] {
				stored++
			}
			found[d.ID] = true
		}
	}
	if !m.reached(p) {
		stored = max(stored, copies)
	}
	s.Duplicates += stored
}

// order counts messages that came behind a later one of their stream when they came first; unknown ones may where the contract says so.
func (m *model) order(s *report.Safety, p int32, unknown ids) {
	late := ids{}
	if m.final.Readable {
		behind, _ := m.behind(m.read, p)
		late = behind
	}
	if !m.reached(p) {
		behind, inPlace := ids{}, ids{}
		for _, page := range m.pages {
			b, i := m.behind(page, p)
			behind, inPlace = union(behind, b), union(inPlace, i)
		}
		for id := range behind {
			if !inPlace[id] {
				late[id] = true
			}
		}
	}
	for id := range late {
		if !m.final.LateUnknowns || !unknown[id] {
			s.Reordered++
		}
	}
}

// behind returns which messages came behind a later one, and which did not. Where offsets go back, a new stretch begins.
func (m *model) behind(list []broker.Delivery, p int32) (behind, inPlace ids) {
	behind, inPlace = ids{}, ids{}
	last := int64(-1)
	var stretch []broker.ID
	for _, d := range list {
		if d.Partition != p || !m.ours(d) {
			continue
		}
		if d.Offset >= 0 && d.Offset <= last {
			stretch = nil
		}
		last = max(d.Offset, -1)
		first := !behind[d.ID] && !inPlace[d.ID]
		if d.Offset < 0 && d.Redelivered {
			if first {
				inPlace[d.ID] = true
			}
			continue
		}
		later := false
		for _, o := range stretch {
			later = later || o.Producer == d.ID.Producer && o.Seq > d.ID.Seq && m.wasSent(o)
		}
		stretch = append(stretch, d.ID)
		switch {
		case first && later && m.wasSent(d.ID):
			behind[d.ID] = true
		case first:
			inPlace[d.ID] = true
		}
	}
	return behind, inPlace
}
