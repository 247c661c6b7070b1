package ledger_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// A tape is a partition's log to which producers take turns to append batches, and which a consumer follows.
type tape struct {
	ledger   *ledger.Ledger
	consumer *ledger.ReceivePage
	log      []broker.Delivery // only what the final read is to find
	next     []uint64          // by producer
	end      int64
	keep     bool
}

func newTape(producers int) *tape {
	l := ledger.New(producers, 1)
	return &tape{ledger: l, consumer: l.Receiver(), next: make([]uint64, producers), keep: true}
}

// append stores n batches of so many messages each; unanswered ones have no outcome but unknown.
func (t *tape) append(n, size int, unanswered bool) {
	for range n {
		producer := int(t.end/int64(size)) % len(t.next)
		batch, outcomes := make([]broker.Delivery, size), make([]broker.Outcome, size)
		sent := make([]broker.Message, size)
		for i := range batch {
			id := broker.ID{Producer: uint32(producer), Seq: t.next[producer]}
			t.next[producer]++
			sent[i].ID = id
			outcomes[i] = broker.Outcome{ID: id, Offset: t.end, At: time.Duration(t.end) * time.Microsecond}
			if unanswered {
				outcomes[i].Offset, outcomes[i].Err = -1, errNoAnswer
			}
			batch[i] = broker.Delivery{ID: id, Offset: t.end}
			t.end++
		}
		t.ledger.Sender(uint32(producer)).Sent(sent)
		t.ledger.Sender(uint32(producer)).Outcomes(outcomes)
		t.consumer.Delivered(batch)
		if t.keep {
			t.log = append(t.log, batch...)
		}
	}
}

// cutBack takes the last n messages off the log, and has the consumer begin again there.
func (t *tape) cutBack(n int) {
	t.log, t.end = t.log[:len(t.log)-n], t.end-int64(n)
}

func (t *tape) balance(f ledger.Final) report.Safety {
	t.ledger.Reader().Delivered(t.log)
	f.Readable, f.Ends = true, []report.Partition{{End: t.end, Reached: t.end}}
	return t.ledger.Balance(f)
}

// TestLogCutBack: where the log was cut back and went on, every offset that was given twice is counted once, however long ago it was, whether
// those who sent had been told the offset or only those who received.
func TestLogCutBack(t *testing.T) {
	for name, unanswered := range map[string]bool{"acknowledged": false, "unanswered": true} {
		t.Run(name, func(t *testing.T) {
			l := newTape(3)
			l.append(100, 7, false)
			l.append(20, 7, unanswered)
			l.cutBack(7 * 20)
			l.append(1000, 7, false)
			if s := l.balance(ledger.Final{}); s.OffsetConflict != 7*20 || unanswered != (s.Lost == 0) {
				t.Errorf("%d conflicts, and %d are lost", s.OffsetConflict, s.Lost)
			}
		})
	}
}

// TestLongAgo: what a producer itself was told of an offset twice stays known when windows have moved on.
func TestLongAgo(t *testing.T) {
	l := newTape(2)
	l.append(10, 10, false)
	l.append(2, 10, false)
	l.cutBack(20)
	l.append(350_000, 1, false)
	if s := l.balance(ledger.Final{}); s.OffsetConflict != 20 {
		t.Errorf("%d conflicts", s.OffsetConflict)
	}
}

// TestNoConflict: nobody is accused where offsets are given again with good reason, or the same messages come again.
func TestNoConflict(t *testing.T) {
	t.Run("redelivered", func(t *testing.T) {
		l := newTape(3)
		l.append(500, 7, false)
		l.consumer.Delivered(l.log[1000:3000])
		l.ledger.Receiver().Delivered(l.log[500:1503])
		l.append(500, 7, false)
		if s := l.balance(ledger.Final{}); s.OffsetConflict != 0 || s.Redelivered != 2000+1003 {
			t.Errorf("%d conflicts, %d redelivered", s.OffsetConflict, s.Redelivered)
		}
	})
	t.Run("renewed", func(t *testing.T) {
		l := newTape(3)
		l.append(500, 7, false)
		l.cutBack(500 * 7)
		l.append(600, 7, false)
		if s := l.balance(ledger.Final{Renewed: true}); s.OffsetConflict != 0 || s.Lost != 500*7 || s.Redelivered+s.Duplicates != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWindowIsBounded: batches of several producers cost no more than the windows may hold, and what they forgot is no conflict.
func TestWindowIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := newTape(3)
	l.keep = false
	l.append(400_000, 1, false)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 28<<20 {
		t.Errorf("%d bytes", used)
	}
	if s := l.ledger.Balance(ledger.Final{}); s.OffsetConflict != 0 {
		t.Errorf("%d conflicts", s.OffsetConflict)
	}
}

// TestEpochsInTheLog: what an earlier leader wrote does not stand behind what a later one did, unless the topic is another.
func TestEpochsInTheLog(t *testing.T) {
	for name, tt := range map[string]struct {
		epochs []int32
		want   uint64
	}{
		"going on": {[]int32{0, 0, 3, 3, 4}, 0}, "back": {[]int32{0, 3, 2, 2, 3, 4, 1}, 2}, "not told": {[]int32{-1, 3, -1, 3, -1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledger.New(1, 1)
			for i, epoch := range tt.epochs {
				id := broker.ID{Seq: uint64(i)}
				l.Sender(0).Sent([]broker.Message{{ID: id}})
				l.Sender(0).Outcomes([]broker.Outcome{{ID: id, Offset: int64(i)}})
				l.Reader().Delivered([]broker.Delivery{{ID: id, Offset: int64(i), Epoch: epoch}})
			}
			f := readTo(int64(len(tt.epochs)))
			if s := l.Balance(f); s.EpochRegression != tt.want || len(s.Regressions) != int(tt.want) {
				t.Errorf("%d: %+v", s.EpochRegression, s.Regressions)
			}
			f.Renewed = true
			if s := l.Balance(f); s.EpochRegression != 0 || s.Regressions != nil {
				t.Errorf("anew: %+v", s.Regressions)
			}
		})
	}
}
