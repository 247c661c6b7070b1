package ledger

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sort"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A Loss is a stretch of a stream's messages that were acknowledged and are lost.
type Loss struct {
	Producer    uint32
	Partition   int32
	First, Last uint64
	// Oldest and Newest are when the first and the last of them was acknowledged: not before From, and not after To, which is Later where nothing of the
	// stream was acknowledged behind them. They rest on a stream's messages being acknowledged in the order of sending.
	Oldest, Newest report.Span
	// Start and End hold all offsets that they were acknowledged at, as far as that is known: from 0, or up to math.MaxInt64, where it is not.
	Start, End int64
}

// Later is a time that nobody knows, behind all others.
const Later = time.Duration(math.MaxInt64)

// Losses returns what Balance would count as lost, by stream and in the order of sending. The same holds for calling it.
func (l *Ledger) Losses(f Final) []Loss {
	b := l.strike(f)
	slices.SortFunc(b.losses, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Producer, b.Producer), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.First, b.First))
	})
	var all []Loss
	for _, x := range b.losses {
		if n := len(all); n > 0 && all[n-1].Producer == x.Producer && all[n-1].Partition == x.Partition && all[n-1].Last+1 == x.First {
			all[n-1].Last = x.Last
		} else {
			all = append(all, x)
		}
	}
	var of diary
	for i := range all {
		if x := &all[i]; i == 0 || all[i-1].Producer != x.Producer || all[i-1].Partition != x.Partition {
			of = newDiary(&l.senders[x.Producer].streams[x.Partition])
		}
		of.date(&all[i])
	}
	return all
}

// lose notes the messages of a stream whose bits are set.
func (b *balance) lose(producer uint32, partition int32, base, word uint64) {
	for word != 0 {
		from := bits.TrailingZeros64(word)
		length := bits.TrailingZeros64(^(word >> from))
		first := base + uint64(from)
		last := first + uint64(length) - 1
		if n := len(b.losses) - 1; n >= 0 && b.losses[n].Producer == producer && b.losses[n].Partition == partition && b.losses[n].Last+1 == first {
			b.losses[n].Last = last
		} else {
			b.losses = append(b.losses, Loss{Producer: producer, Partition: partition, First: first, Last: last})
		}
		if from+length == 64 {
			return
		}
		word &= ^uint64(0) << (from + length)
	}
}

// A diary is what is remembered of a stream's acknowledgements, to be looked up many times.
type diary struct {
	marks []mark // by sequence
	runs  []run  // by sequence
}

func newDiary(s *promised) diary {
	d := diary{marks: slices.Clone(s.trail.marks), runs: s.claims.all()}
	if s.trail.high.offset >= 0 {
		d.marks = append(d.marks, s.trail.high)
	}
	slices.SortFunc(d.marks, func(a, b mark) int { return cmp.Compare(a.seq, b.seq) })
	slices.SortFunc(d.runs, func(a, b run) int { return cmp.Compare(a.seq, b.seq) })
	return d
}

// around returns the nearest marks that are not behind a message and not before it; nil: there is none.
func (d *diary) around(seq uint64) (before, behind *mark) {
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].seq >= seq })
	if i < len(d.marks) {
		behind = &d.marks[i]
		if behind.seq == seq {
			return behind, behind
		}
	}
	if i > 0 {
		before = &d.marks[i-1]
	}
	return before, behind
}

// offset returns at which offset a message was acknowledged, and false where that is forgotten.
func (d *diary) offset(seq uint64) (int64, bool) {
	i := sort.Search(len(d.runs), func(i int) bool { return d.runs[i].seq > seq }) - 1
	if i < 0 || seq-d.runs[i].seq >= d.runs[i].n {
		return 0, false
	}
	return d.runs[i].offset + int64(seq-d.runs[i].seq), true
}

// date fills in when and where the messages of a loss were acknowledged.
func (d *diary) date(x *Loss) {
	x.Oldest, x.Newest = d.when(x.First), d.when(x.Last)
	x.Start, x.End = 0, math.MaxInt64
	if at, known := d.offset(x.First); known {
		x.Start = at
	} else if before, _ := d.around(x.First); before != nil {
		x.Start = max(0, before.offset)
	}
	if at, known := d.offset(x.Last); known {
		x.End = at + 1
	} else if _, behind := d.around(x.Last); behind != nil && behind.offset >= 0 {
		x.End = behind.offset + 1
	}
}

func (d *diary) when(seq uint64) report.Span {
	s := report.Span{To: Later}
	before, behind := d.around(seq)
	if before != nil {
		s.From = before.at
	}
	if behind != nil {
		s.To = behind.at
	}
	return s
}
