package ledger_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// sendEverySecond has one producer send n messages to one partition, a second apart, of which the final read does not find some.
func sendEverySecond(n uint64, missing func(seq uint64) bool) *ledger.Ledger {
	l := ledger.New(1, 1)
	for seq := range n {
		id := broker.ID{Seq: seq}
		l.Sender(0).Sent([]broker.Message{{ID: id}})
		l.Sender(0).Outcomes([]broker.Outcome{{ID: id, Offset: int64(seq), At: time.Duration(seq) * time.Second}})
		if !missing(seq) {
			l.Reader().Delivered([]broker.Delivery{{ID: id, Offset: int64(seq)}})
		}
	}
	return l
}

func readTo(end int64) ledger.Final {
	return ledger.Final{Readable: true, Ends: []report.Partition{{End: end, Reached: end}}}
}

// TestLosses: what is lost is told as stretches, with when and where it had been acknowledged.
func TestLosses(t *testing.T) {
	l := sendEverySecond(300, func(seq uint64) bool { return seq >= 40 && seq < 200 || seq == 210 })
	at := func(seq int64) report.Span {
		return report.Span{From: time.Duration(seq) * time.Second, To: time.Duration(seq) * time.Second}
	}
	want := []ledger.Loss{
		{First: 40, Last: 199, Oldest: at(40), Newest: at(199), Start: 40, End: 200},
		{First: 210, Last: 210, Oldest: at(210), Newest: at(210), Start: 210, End: 211},
	}
	if got := l.Losses(readTo(300)); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if s := l.Balance(readTo(300)); s.Lost != 161 {
		t.Errorf("%d are lost", s.Lost)
	}
	honest := sendEverySecond(300, func(uint64) bool { return false })
	if got := honest.Losses(readTo(300)); got != nil {
		t.Errorf("nothing is lost, and %+v is told", got)
	}
}

// TestLossesBetweenMarks: where not every acknowledgement is remembered, those remembered around it say within which times and offsets a message lies.
func TestLossesBetweenMarks(t *testing.T) {
	l := newTape(2)
	l.append(350_000, 1, false) // so that windows forget the first of them
	l.log = slices.Delete(l.log, 5000, 5010)
	losses := l.losses(t)
	if len(losses) != 2 {
		t.Fatalf("%+v", losses)
	}
	for i, x := range losses {
		first, last := int64(5000+i), int64(5008+i)
		if x.First != 2500 || x.Last != 2504 || x.Start > first || x.Start < first-20_000 || x.End <= last || x.End > last+20_000 {
			t.Errorf("%+v", x)
		}
		if x.Oldest.From > time.Duration(first)*time.Microsecond || x.Oldest.To < time.Duration(first)*time.Microsecond || x.Oldest.To-x.Oldest.From > 40*time.Millisecond {
			t.Errorf("the first of %+v", x)
		}
	}
	l = newTape(1)
	l.append(1, 10, false)
	l.log = l.log[:5]
	if x := l.losses(t); len(x) != 1 || x[0].Newest.To != 9*time.Microsecond || x[0].End != 10 {
		t.Errorf("%+v", x)
	}
	silent := ledger.New(1, 1) // which is told no offsets
	for seq := range uint64(3) {
		silent.Sender(0).Sent([]broker.Message{{ID: broker.ID{Seq: seq}}})
		silent.Sender(0).Outcomes([]broker.Outcome{{ID: broker.ID{Seq: seq}, Offset: -1, At: time.Duration(seq)}})
	}
	x := silent.Losses(readTo(0))
	if len(x) != 1 || x[0].Start != 0 || x[0].End != math.MaxInt64 || x[0].Newest != (report.Span{To: ledger.Later}) {
		t.Errorf("%+v", x)
	}
}

func (t *tape) losses(test *testing.T) []ledger.Loss {
	test.Helper()
	t.ledger.Reader().Delivered(t.log)
	return t.ledger.Losses(readTo(t.end))
}

// TestAgain: what is found when it is looked for once more is not lost, and is in no other account.
func TestAgain(t *testing.T) {
	l := sendEverySecond(300, func(seq uint64) bool { return seq >= 40 && seq < 60 })
	var found []broker.Delivery
	for seq := range uint64(50) {
		found = append(found, broker.Delivery{ID: broker.ID{Seq: seq}, Offset: int64(seq)})
	}
	if n := l.Reader().Again(found); n != 10 {
		t.Errorf("%d were found", n)
	}
	s := l.Balance(readTo(300))
	if s.Lost != 10 || s.Verified != 290 || s.Duplicates+s.Reordered+s.OffsetConflict+s.Phantom != 0 || s.FinalRead.Read != 290 {
		t.Errorf("%+v", s)
	}
}
