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

// What a fault deletes is read before. Then each message is known: those that a consumer was given are verified, those that none was given have expired, and
// what the broker had lost before, or loses later, on either side of the mark, is lost.
func TestDeletedIsKnownToTheMessage(t *testing.T) {
	const sent, mark, given = 10_000, 6_000, 2_500 // one message for each offset; consumers got on to given, and from the mark on
	gone := map[uint64]bool{1_000: true, mark - 1: true, mark: true, mark + 1: true, 9_000: true}
	l := ledger.New(1, 1)
	p, c, read := l.Sender(0), l.Receiver(), l.Reader()
	told := func(to func([]broker.Delivery), from, until uint64) {
		for seq := from; seq < until; seq++ {
			if !gone[seq] {
				to([]broker.Delivery{{Offset: int64(seq), ID: broker.ID{Seq: seq}}})
			}
		}
	}
	for seq := range uint64(sent) {
		id := broker.ID{Seq: seq}
		p.Sent([]broker.Message{{ID: id}})
		p.Outcomes([]broker.Outcome{{ID: id, At: time.Duration(seq) * time.Millisecond, Offset: int64(seq)}})
	}
	told(c.Delivered, 0, given)
	told(read.Removed, 0, mark/2) // in two deletions, the second of which was read from the beginning again
	told(read.Removed, 0, mark)
	told(c.Delivered, mark, sent)
	told(read.Delivered, mark, sent)
	f := ledger.Final{Readable: true, Grouped: true, Drained: true, Starts: map[int32]int64{0: mark}, Ends: []report.Partition{{Start: mark, End: sent, Reached: sent}}}
	s := l.Balance(f)
	const expired = mark - given - 1
	if s.Lost != 5 || s.Expired != expired || s.Deleted != expired || s.Verified != sent-5-expired || s.UnreadTail+s.GroupSkip+s.Duplicates+s.Reordered != 0 {
		t.Errorf("lost %d, expired %d (deleted %d), verified %d, unread %d, skipped %d, duplicates %d, reordered %d", s.Lost, s.Expired, s.Deleted, s.Verified,
			s.UnreadTail, s.GroupSkip, s.Duplicates, s.Reordered)
	}
}

// A message that is stored on both sides of the mark is a duplicate, and one behind a later one that was deleted is out of order. A topic that was made
// anew begins at offset 0 again, and what is in it is read all the same.
func TestDeletedStillCounts(t *testing.T) {
	l := ledger.New(1, 1)
	p, read := l.Sender(0), l.Reader()
	for seq := range uint64(6) {
		p.Sent([]broker.Message{{ID: broker.ID{Seq: seq}}})
		p.Outcomes([]broker.Outcome{{ID: broker.ID{Seq: seq}, Offset: int64(seq)}})
	}
	at := func(offset int64, seq uint64) broker.Delivery {
		return broker.Delivery{Offset: offset, ID: broker.ID{Seq: seq}}
	}
	read.Removed([]broker.Delivery{at(10, 0), at(11, 1), at(12, 3)})
	read.Delivered([]broker.Delivery{at(13, 1), at(14, 2)})
	read.Delivered([]broker.Delivery{at(0, 4), at(1, 5)})
	s := l.Balance(ledger.Final{Readable: true, Starts: map[int32]int64{0: 13}, Ends: []report.Partition{{End: 15, Reached: 15}}})
	if s.Duplicates != 1 || s.Reordered != 1 || s.Lost != 0 || s.Expired != 3 {
		t.Errorf("duplicates %d, reordered %d, lost %d, expired %d", s.Duplicates, s.Reordered, s.Lost, s.Expired)
	}
}
