package ledger

import (
	"math/bits"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// mostExamples is how many examples of one kind are kept.
const mostExamples = 32

// A kind is one thing that a message can be in the balance.
type kind int

const (
	lost kind = iota
	unreadTail
	expired
	groupSkip
	groupLag
	duplicates
	redelivered
	reordered
	phantom
	abortedRead
	corrupt
	foreign
	resurrected
	late
	offsetConflict
	dirtyRead
	torn
	kinds
)

// kindNames are the kinds as the report's metrics call them.
var kindNames = [kinds]string{"lost", "unread-tail", "expired", "group-skip", "group-lag", "duplicates", "redelivered", "reordered", "phantom", "aborted-read",
	"corrupt", "foreign", "resurrected", "late", "offset-conflict", "dirty-read", "torn"}

// examples are the first few of one kind. Neighbours in one stream are one example.
type examples struct{ list []report.Anomaly }

// fold adds one message.
func (e *examples) fold(id broker.ID, offset int64) {
	e.add(report.Anomaly{Producer: id.Producer, Partition: id.Partition, First: id.Seq, Last: id.Seq, Offset: offset})
}

// add adds a stretch of one stream.
func (e *examples) add(a report.Anomaly) {
	for i := range e.list {
		b := &e.list[i]
		if a.Producer != b.Producer || a.Partition != b.Partition || a.Note != b.Note {
			continue
		}
		if a.First >= b.First && a.Last <= b.Last {
			return
		}
		if a.First == b.Last+1 {
			b.Last = a.Last
			return
		}
	}
	if len(e.list) < mostExamples {
		e.list = append(e.list, a)
	}
}

// addBits adds the messages of a stream whose bits are set; the first bit stands for base. Calls for one stream come in ascending order.
func (e *examples) addBits(producer uint32, partition int32, base, word uint64) {
	if n := len(e.list); n == mostExamples && !e.continues(producer, partition, base) {
		return
	}
	for word != 0 {
		from := bits.TrailingZeros64(word)
		length := bits.TrailingZeros64(^(word >> from))
		first := base + uint64(from)
		e.add(report.Anomaly{Producer: producer, Partition: partition, First: first, Last: first + uint64(length) - 1, Offset: -1})
		if from+length == 64 {
			return
		}
		word &= ^uint64(0) << (from + length)
	}
}

func (e *examples) continues(producer uint32, partition int32, base uint64) bool {
	b := &e.list[len(e.list)-1]
	return b.Producer == producer && b.Partition == partition && b.Last+1 == base
}

// keep adds what has no place in a stream, unless it is there already.
func (e *examples) keep(a report.Anomaly) {
	if len(e.list) < mostExamples && !slices.Contains(e.list, a) {
		e.list = append(e.list, a)
	}
}
