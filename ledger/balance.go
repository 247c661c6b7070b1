package ledger

import (
	"math/bits"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// Final is what the balance needs to know of how the run ended.
type Final struct {
	// Readable: this kind of broker keeps a log that can be read again, and what the final read found is the truth. False: what consumers were
	// given is.
	Readable bool
	// Ends is how far the final read got. A partition that is missing was not read; one that the cluster no longer has is an empty one that was
	// read to its end.
	Ends []report.Partition
	// Starts is where each partition's log began before the load did, or up to where the final read saw what a fault deleted. One that begins above it now
	// has had its beginning removed, by retention; of a partition that is missing, nobody knows that anything was removed.
	Starts  map[int32]int64
	Reason  string // why the final read did not reach every end, or was not made
	Grouped bool   // there were consumers, which had to be given everything
	Drained bool   // they were seen to reach the end
	Renewed bool   // the topic was made anew, and its offsets began again
	// LateUnknowns: a message that is unknown may be behind later ones.
	LateUnknowns bool
	Dirty        bool // they may be given what was aborted in a transaction, and what is not committed yet; the final read may not
}

// Balance holds all pages against one another. Everyone who writes a page must have ended; Balance changes none, and may be called again. Unsent is
// not the ledger's to know, and is left 0.
//
// What counts as lost is what cannot be read back whole and as itself: a message that is only there corrupt, or in another partition, is
// lost too.
func (l *Ledger) Balance(f Final) report.Safety {
	return l.strike(f).safety()
}

func (l *Ledger) strike(f Final) *balance {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &balance{ledger: l, final: f, reader: l.reader, aside: l.aside}
	if b.reader == nil {
		b.reader = &ReadPage{intake: newIntake(l, found)}
	}
	if b.aside == nil {
		b.aside = &AsidePage{intake: newIntake(l, found)}
	}
	for k := range l.partitions {
		b.parts = append(b.parts, b.open(int32(k)))
	}
	b.disorder()
	for producer := range l.senders {
		b.transactions(producer)
	}
	for _, p := range b.parts {
		for producer := range l.senders {
			b.stream(p, producer)
		}
		b.conflicts(p)
		b.repetitions(p)
	}
	b.oddities()
	b.collect()
	return b
}

// A balance is being struck.
type balance struct {
	ledger *Ledger
	final  Final
	reader *ReadPage
	aside  *AsidePage
	parts  []*part // by partition

	counts   [kinds]uint64
	examples [kinds]examples
	losses   []Loss // without when and where
	sent     uint64
	told     uint64
	failed   [2]uint64 // rejected, unknown
	verified uint64
	deleted  uint64
	dead     uint64
	ended    report.Transactions
	free     spare
}

// A part is one partition while its balance is struck.
type part struct {
	partition int32
	pages     []*intakePart // of the consumers that were given something of it
	reached   bool          // the final read saw all of it
	start     int64         // where the log begins, if its beginning was removed; else 0
	end       int64         // where the log ends; -1: not known
	bare      bool          // consumers were not told every offset
	presumed  []set         // by producer: nobody knew of these messages, and their transaction was committed
	ids       uint64        // different messages that consumers were given
	regiven   uint64        // offsets at which consumers were given different ones
	repeats   examples      // ids that several pages have
}

// open returns what there is to be said of one partition.
func (b *balance) open(k int32) *part {
	p := &part{partition: k, end: -1, presumed: make([]set, len(b.ledger.senders))}
	for _, r := range b.ledger.receivers {
		if page := r.parts[k]; page != nil {
			p.pages = append(p.pages, page)
			p.bare = p.bare || page.bare
		}
	}
	for _, e := range b.final.Ends {
		if e.Partition == k && b.final.Readable {
			p.end, p.reached = e.End, e.Reached >= e.End
			if start, known := b.final.Starts[k]; known && e.Start > start {
				p.start = e.Start
			}
		}
	}
	return p
}

// repetitions counts what was stored or delivered more than once, by counting deliveries, offsets and ids. Where an offset had two contents, because
// the log was cut back, it counts twice; where that is forgotten, there may be more ids than offsets.
func (b *balance) repetitions(p *part) {
	var taken, stored uint64
	var offsets []*set
	for _, page := range p.pages {
		taken += page.taken
		offsets = append(offsets, &page.offsets)
	}
	places := p.ids
	if !p.bare && len(offsets) > 0 {
		places = max(places, union(offsets)+p.regiven)
	}
	delivered := places - p.ids
	b.counts[redelivered] += taken - places
	if delivered == 0 {
		for _, a := range p.repeats.list {
			b.examples[redelivered].add(a)
		}
	}
	if read := b.reader.parts[p.partition]; read != nil && b.final.Readable {
		stored = read.taken
		for i := range read.streams {
			stored -= read.streams[i].ids.count()
		}
	}
	if !p.reached {
		stored = max(stored, delivered)
	}
	b.counts[duplicates] += stored
}

func (b *balance) safety() report.Safety {
	var aborted uint64
	for _, p := range b.ledger.senders {
		aborted += p.aborted
	}
	s := report.Safety{
		Sent: b.sent, Acknowledged: b.told - b.failed[0] - b.failed[1], Rejected: b.failed[0] - aborted, Aborted: aborted, Unknown: b.failed[1], Pending: b.sent - b.told,
		Late: b.counts[late], Verified: b.verified,
		Lost: b.counts[lost], UnreadTail: b.counts[unreadTail], Expired: b.counts[expired], Deleted: b.deleted, DeadLettered: b.dead, GroupSkip: b.counts[groupSkip], GroupLag: b.counts[groupLag],
		Duplicates: b.counts[duplicates], Redelivered: b.counts[redelivered], Reordered: b.counts[reordered], Phantom: b.counts[phantom],
		OffsetConflict: b.counts[offsetConflict],
		AbortedRead:    b.counts[abortedRead], Corrupt: b.counts[corrupt], Foreign: b.counts[foreign], Resurrected: b.counts[resurrected],
		DirtyRead: b.counts[dirtyRead], Transactions: b.ended,
		FinalRead: report.FinalRead{Done: b.done(), Reason: b.final.Reason, Read: b.reader.intact.Load(), Ends: b.final.Ends},
		Drained:   b.final.Drained,
	}
	for _, r := range b.ledger.receivers {
		s.Delivered += r.intact.Load()
	}
	if b.final.Readable && !b.final.Renewed {
		s.EpochRegression, s.Regressions = b.reader.backward, slices.Clone(b.reader.regressions)
	}
	for k := range kinds {
		for _, a := range b.examples[k].list {
			a.Kind = kindNames[k]
			s.Examples = append(s.Examples, a)
		}
	}
	return s
}

// done reports whether the final read saw the end of every partition; where nothing can be read again, whether consumers were given everything.
func (b *balance) done() bool {
	if !b.final.Readable {
		return b.final.Grouped && b.final.Drained && b.final.Reason == ""
	}
	reached := map[int32]bool{}
	for _, e := range b.final.Ends {
		if e.Reached >= e.End {
			reached[e.Partition] = true
		}
	}
	return len(reached) >= b.ledger.partitions
}

// count adds the messages of a stream whose bits are set.
func (b *balance) count(k kind, producer, partition int, base, word uint64) {
	if word != 0 {
		b.counts[k] += uint64(bits.OnesCount64(word))
		b.examples[k].addBits(uint32(producer), int32(partition), base, word)
		if k == lost {
			b.lose(uint32(producer), int32(partition), base, word)
		}
	}
}
