package ledger_test

import (
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// What retention removed before the final read has expired; it is not lost, and what a broker really lost is still found beside it.
func TestExpiredIsNotLost(t *testing.T) {
	const sent, start, gone = 10_000, 6_000, 8_123 // one message for each offset; one above the start is missing
	l := ledger.New(1, 1)
	p := l.Sender(0)
	for seq := range uint64(sent) {
		id := broker.ID{Seq: seq}
		at := time.Duration(seq) * time.Millisecond
		p.Sent([]broker.Message{{ID: id, Due: at, Sent: at}})
		p.Outcomes([]broker.Outcome{{ID: id, At: at, Offset: int64(seq)}})
	}
	read := l.Reader()
	for seq := range uint64(sent) {
		if seq >= start && seq != gone {
			read.Delivered([]broker.Delivery{{Offset: int64(seq), ID: broker.ID{Seq: seq}}})
		}
	}
	ends := []report.Partition{{Start: start, End: sent, Reached: sent}}
	s := l.Balance(ledger.Final{Readable: true, Ends: ends, Starts: map[int32]int64{0: 0}})
	if s.Lost != 1 || s.Verified != sent-start-1 || s.Expired+s.UnreadTail != start || s.Expired < start-200 {
		t.Errorf("lost %d, verified %d, expired %d, unread %d of %d messages, of which %d were removed and one is lost",
			s.Lost, s.Verified, s.Expired, s.UnreadTail, sent, start)
	}
	s = l.Balance(ledger.Final{Readable: true, Ends: ends, Starts: map[int32]int64{0: start}})
	if s.Lost != start+1 || s.Expired != 0 {
		t.Errorf("the log began there from the first: lost %d, expired %d", s.Lost, s.Expired)
	}
}

// An acknowledgement beyond the log's end is lost, once, also where later messages of its stream have expired: the log was cut back, and grew again.
func TestLostBeyondTheEndOfAnExpiredLog(t *testing.T) {
	l := ledger.New(1, 1)
	for seq, offset := range []int64{1000, 400, 401} {
		id := broker.ID{Seq: uint64(seq)}
		l.Sender(0).Sent([]broker.Message{{ID: id}})
		l.Sender(0).Outcomes([]broker.Outcome{{ID: id, Offset: offset, At: time.Duration(seq) * time.Second}})
	}
	ends := []report.Partition{{Start: 500, End: 900, Reached: 700}}
	s := l.Balance(ledger.Final{Readable: true, Ends: ends, Starts: map[int32]int64{0: 0}, Reason: "time was up"})
	if s.Lost != 1 || s.Expired != 2 || s.UnreadTail != 0 {
		t.Errorf("lost %d, expired %d, unread %d", s.Lost, s.Expired, s.UnreadTail)
	}
}
