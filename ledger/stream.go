package ledger

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/seed-228c25e4/squall/report"
)

// The sets that a stream's balance is struck over, before two for each page: what consumers were given, and what of it came behind a later one.
const (
	inTold = iota
	inRejected
	inUnknown
	inRead
	inReadBehind
	inGone
	inAside
	inPresumed
	inPages
)

// facts are 64 neighbouring messages of one stream, a bit each.
type facts struct {
	sent, told, rejected, unknown uint64
	read, readBehind              uint64
	gone                          uint64 // read, and deleted since
	aside                         uint64 // where the broker puts what it gives up on
	presumed                      uint64 // unknown, and of a transaction that was committed
	given                         uint64 // to a consumer
	again                         uint64 // to several
	givenBehind                   uint64 // behind a later one, to every consumer that was given it
}

// stream strikes the balance of one stream.
func (b *balance) stream(p *part, producer int) {
	sent := b.ledger.senders[producer].sent[p.partition].Load()
	b.sent += sent
	v := b.verdicts(p, producer)
	for w := newWalk(b.sets(p, producer)...); ; {
		base, more := w.next()
		if !more {
			break
		}
		for i := range chunkWords {
			at := base + uint64(i)*64
			v.judge(at, gather(w.views, i, below(sent, at)))
		}
	}
}

// verdicts returns who judges one stream.
func (b *balance) verdicts(p *part, producer int) *verdicts {
	v := &verdicts{balance: b, part: p, producer: producer, presumed: &p.presumed[producer]}
	v.removed, v.kept = v.promised().trail.astride(p.start)
	v.beyond = v.beyondEnd(v.promised())
	return v
}

// promised returns what was told of the stream's messages.
func (v *verdicts) promised() *promised { return &v.ledger.senders[v.producer].streams[v.partition] }

// sets returns the sets of one stream in the order of the constants above.
func (b *balance) sets(p *part, producer int) []*set {
	sets := make([]*set, inPages, inPages+2*len(p.pages))
	promised := &b.ledger.senders[producer].streams[p.partition]
	sets[inTold] = &promised.told
	if f := promised.failed; f != nil {
		sets[inRejected], sets[inUnknown] = &f.rejected, &f.unknown
	}
	if read := b.reader.parts[p.partition]; read != nil {
		s := &read.streams[producer]
		sets[inRead], sets[inReadBehind], sets[inGone] = &s.ids, s.behind, s.gone
	}
	if aside := b.aside.parts[p.partition]; aside != nil {
		sets[inAside] = &aside.streams[producer].ids
	}
	sets[inPresumed] = &p.presumed[producer]
	for _, page := range p.pages {
		sets = append(sets, &page.streams[producer].ids, page.streams[producer].behind)
	}
	return sets
}

// below returns the bits of numbers from at on that are less than end.
func below(end, at uint64) uint64 {
	switch {
	case end <= at:
		return 0
	case end-at >= 64:
		return ^uint64(0)
	}
	return 1<<(end-at) - 1
}

func gather(views []*words, i int, sent uint64) facts {
	f := facts{sent: sent, told: views[inTold][i], rejected: views[inRejected][i], unknown: views[inUnknown][i], read: views[inRead][i],
		readBehind: views[inReadBehind][i], gone: views[inGone][i], aside: views[inAside][i], presumed: views[inPresumed][i]}
	var inPlace uint64
	for k := inPages; k < len(views); k += 2 {
		ids, behind := views[k][i], views[k+1][i]
		f.again |= f.given & ids
		f.given |= ids
		inPlace |= ids &^ behind
		f.givenBehind |= behind
	}
	f.givenBehind &^= inPlace
	return f
}

// verdicts says what each message of a stream is.
type verdicts struct {
	*balance
	*part
	producer int
	removed  uint64 // messages before this one were stored below the log's start
	kept     uint64 // messages from this one on were stored at or above it
	beyond   uint64 // this one was stored where the log no longer goes; or nowhere
	presumed *set   // these are promised, though nobody said so
}

// absent notes what acknowledged messages are that were not found. What was stored below the log's start has expired; where nobody can know on which side
// of it a message was, it counts as not read.
func (v *verdicts) absent(at, word uint64) {
	if v.beyond-at < 64 && word&(1<<(v.beyond-at)) != 0 {
		v.cutOff()
		word &^= 1 << (v.beyond - at)
	}
	gone := word & below(v.removed, at)
	sure := word &^ below(v.kept, at)
	v.note(expired, at, gone)
	v.note(unreadTail, at, word&^gone&^sure)
	v.note(v.missing(), at, sure&^gone)
}

// missing is what an acknowledged message is that was not found.
func (v *verdicts) missing() kind {
	if v.reached || !v.final.Readable && v.done() {
		return lost
	}
	return unreadTail
}

func (v *verdicts) judge(at uint64, f facts) {
	told := f.told & f.sent
	rejected, unknown := f.rejected&f.sent, f.unknown&f.sent
	acknowledged := told &^ rejected &^ unknown
	found, behind := f.given, f.givenBehind
	if v.final.Readable {
		found = f.read
		behind = f.readBehind
		if !v.reached {
			behind |= f.givenBehind
		}
	}
	found |= f.aside
	anywhere := f.given | f.read | f.aside
	visible, owed := anywhere, acknowledged|unknown&f.presumed
	if v.final.Dirty {
		visible = f.read | f.aside
	}
	deleted := acknowledged & f.gone &^ f.given
	v.told += ones(told)
	v.failed[0] += ones(rejected)
	v.failed[1] += ones(unknown)
	v.verified += ones(acknowledged & found &^ deleted)
	v.deleted += ones(deleted)
	v.dead += ones(f.aside & f.sent)
	v.ids += ones(f.given)

	v.note(late, at, f.told&^f.sent)
	v.absent(at, owed&^found)
	v.note(expired, at, deleted)
	v.note(abortedRead, at, rejected&visible)
	v.note(dirtyRead, at, rejected&anywhere&^visible)
	v.note(resurrected, at, unknown&visible)
	v.note(phantom, at, anywhere&^f.sent)
	if v.final.LateUnknowns {
		behind &^= unknown
	}
	v.note(reordered, at, behind&f.sent)
	if v.final.Grouped && v.final.Readable {
		v.note(v.ungiven(), at, f.read&f.sent&^f.given&^f.gone)
	}
	if f.again != 0 {
		v.repeats.addBits(uint32(v.producer), v.partition, at, f.again)
	}
}

// ungiven is what a message is that is in the log and that no consumer was given.
func (v *verdicts) ungiven() kind {
	if v.final.Drained {
		return groupSkip
	}
	return groupLag
}

func (v *verdicts) note(k kind, at, word uint64) {
	if word != 0 {
		v.count(k, v.producer, int(v.partition), at, word)
	}
}

// beyondEnd returns the message of a stream that is known to have been acknowledged at or above the offset at which the log now ends, and is lost even
// where the final read did not get to that end: the one with the highest offset. Nowhere: there is none.
func (v *verdicts) beyondEnd(s *promised) uint64 {
	high := s.trail.high
	if v.end < 0 || high.offset < v.end || v.reached && high.seq >= v.removed {
		return nowhere
	}
	return high.seq
}

const nowhere = math.MaxUint64

// cutOff notes that the message beyond the log's end is lost.
func (v *verdicts) cutOff() {
	high := v.ledger.senders[v.producer].streams[v.partition].trail.high
	v.counts[lost]++
	v.lose(uint32(v.producer), v.partition, high.seq, 1)
	v.examples[lost].keep(report.Anomaly{Producer: uint32(v.producer), Partition: v.partition, First: high.seq, Last: high.seq, Offset: high.offset,
		Note: fmt.Sprintf("acknowledged at %s, and the log ends at offset %d", high.String(), v.end)})
}

func ones(word uint64) uint64 { return uint64(bits.OnesCount64(word)) }
