package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
	"pgregory.net/rapid"
)

// A world is a run made up by rapid: what was sent, what became of it, the logs, and who was given what of them.
type world struct {
	t     *rapid.T
	model model
	logs  [][]broker.Delivery // by partition, in the order of offsets
	bare  []bool              // partitions whose offsets nobody is told
	most  uint64              // transactions of a producer; 0: there are none
}

// seldom draws true once in n times.
func (w *world) seldom(n int, label string) bool { return rapid.IntRange(1, n).Draw(w.t, label) == n }

func drawWorld(t *rapid.T) *world {
	w := &world{t: t, model: model{partitions: rapid.IntRange(1, 3).Draw(t, "partitions"), sent: map[stream]uint64{}}}
	producers := rapid.IntRange(1, 2).Draw(t, "producers")
	w.most = rapid.Uint64Range(0, 4).Draw(t, "transactions")
	w.logs = make([][]broker.Delivery, w.model.partitions)
	w.bare = make([]bool, w.model.partitions)
	for p := range w.logs {
		w.bare[p] = w.seldom(4, "bare")
		for k := range producers {
			n := rapid.Uint64Range(0, 12).Draw(t, "sent")
			w.model.sent[stream{uint32(k), int32(p)}] = n
			for seq := range n {
				w.send(broker.ID{Producer: uint32(k), Partition: int32(p), Seq: seq})
			}
		}
		w.tamper(int32(p))
	}
	w.answer()
	w.deliver()
	w.reread()
	return w
}

// send makes up what becomes of one message.
func (w *world) send(id broker.ID) {
	o := broker.Outcome{ID: id, Offset: -1, At: time.Duration(id.Seq) * 7 * time.Millisecond}
	stored := true
	o.Transaction = rapid.Uint64Range(0, w.most).Draw(w.t, "transaction")
	switch rapid.IntRange(0, 9).Draw(w.t, "fate") {
	case 0:
		o.Err, stored = broker.ErrRejected, w.seldom(3, "aborted")
		if w.seldom(2, "on purpose") {
			o.Err = errOnPurpose
		}
	case 1:
		o.Err, stored = errors.New("no answer"), w.seldom(2, "resurrected")
	case 2:
		stored = w.seldom(2, "kept")
	case 3:
		w.model.outcomes = append(w.model.outcomes, broker.Outcome{ID: id, Err: broker.ErrRejected}) // and another
	}
	if !w.seldom(15, "cut short") {
		w.model.outcomes = append(w.model.outcomes, o)
	}
	if stored {
		w.logs[id.Partition] = append(w.logs[id.Partition], broker.Delivery{Partition: id.Partition, ID: id})
	}
}

// tamper shuffles a log, adds what does not belong there, and gives everything its offset.
func (w *world) tamper(p int32) {
	log := w.logs[p]
	insert := func(d broker.Delivery) {
		at := rapid.IntRange(0, len(log)).Draw(w.t, "at")
		log = append(log[:at], append([]broker.Delivery{d}, log[at:]...)...)
	}
	for range rapid.IntRange(0, 5).Draw(w.t, "deeds") {
		d := broker.Delivery{Partition: p, ID: broker.ID{Partition: p, Seq: rapid.Uint64Range(0, 15).Draw(w.t, "seq")}}
		switch rapid.IntRange(0, 8).Draw(w.t, "deed") {
		case 0:
			d.Envelope, d.ID = broker.Corrupt, broker.ID{}
		case 1:
			d.Envelope = broker.Foreign
		case 2:
			d.Envelope = broker.Probe
		case 3:
			d.ID.Seq += 1 << 60
		case 4:
			d.ID.Producer = 9
		case 5:
			d.ID.Partition = 7
		case 6: // a duplicate, or a phantom
		default:
			if len(log) > 1 {
				i := rapid.IntRange(0, len(log)-2).Draw(w.t, "swap")
				log[i], log[i+1] = log[i+1], log[i]
			}
			continue
		}
		insert(d)
	}
	offset := rapid.Int64Range(0, 5000).Draw(w.t, "start")
	for i := range log {
		log[i].Offset = offset
		offset += rapid.Int64Range(1, 3).Draw(w.t, "step")
	}
	w.logs[p] = log
}

// answer tells producers at which offsets their messages are, where consumers are told; of what was not kept, where it would be.
func (w *world) answer() {
	at, next := map[broker.ID]int64{}, map[stream]int64{}
	for p, log := range w.logs {
		for _, d := range log {
			if w.model.ours(d) && at[d.ID] == 0 && !w.bare[p] {
				at[d.ID] = d.Offset
			}
		}
	}
	for i := range w.model.outcomes {
		o := &w.model.outcomes[i]
		if o.Err != nil || w.bare[o.ID.Partition] || w.seldom(8, "no offset told") {
			continue
		}
		of := stream{o.ID.Producer, o.ID.Partition}
		o.Offset = next[of]
		if offset, kept := at[o.ID]; kept {
			o.Offset = offset
		}
		next[of] = o.Offset + 1
	}
}

// deliver gives stretches of the logs to members, which may overlap as after rebalances.
func (w *world) deliver() {
	w.model.pages = make([][]broker.Delivery, rapid.IntRange(0, 3).Draw(w.t, "members"))
	for i := range w.model.pages {
		for range rapid.IntRange(0, 4).Draw(w.t, "assignments") {
			p := rapid.IntRange(0, len(w.logs)-1).Draw(w.t, "partition")
			from := rapid.IntRange(0, len(w.logs[p])).Draw(w.t, "from")
			to := rapid.IntRange(from, len(w.logs[p])).Draw(w.t, "to")
			for _, d := range w.logs[p][from:to] {
				if w.bare[p] {
					d.Offset, d.Redelivered = -1, w.seldom(3, "redelivered")
				}
				w.model.pages[i] = append(w.model.pages[i], d)
			}
		}
	}
}

// giveUp sets some of what was in the logs aside, where nothing can be read again; brokers that do have no transactions.
func (w *world) giveUp() {
	for _, log := range w.logs {
		for _, d := range log {
			if w.most == 0 && w.seldom(4, "given up") {
				d.Offset = -1
				w.model.aside = append(w.model.aside, d)
			}
		}
	}
}

// reread makes up how far the final read came.
func (w *world) reread() {
	f := &w.model.final
	f.Readable = !w.seldom(3, "unreadable")
	f.Dirty, f.LateUnknowns = w.seldom(3, "dirty"), w.seldom(3, "late unknowns")
	f.Grouped, f.Drained = !w.seldom(4, "ungrouped"), rapid.Bool().Draw(w.t, "drained")
	if !f.Readable {
		w.giveUp()
		return
	}
	f.Starts = map[int32]int64{}
	for p, log := range w.logs {
		if len(log) > 0 && !w.seldom(4, "unknown start") {
			f.Starts[int32(p)] = log[0].Offset
		}
		expired := 0
		if w.seldom(2, "retention") {
			expired = rapid.IntRange(0, len(log)).Draw(w.t, "expired")
		}
		reached := len(log)
		if w.seldom(2, "partly") {
			reached = rapid.IntRange(expired, len(log)).Draw(w.t, "reached")
		}
		w.model.read = append(w.model.read, log[expired:reached]...)
		e := report.Partition{Partition: int32(p)}
		if len(log) > 0 {
			e.Start, e.End = log[0].Offset, log[len(log)-1].Offset+1
			if expired > 0 {
				e.Start = log[expired-1].Offset + 1
			}
			e.Reached = e.End
			if reached < len(log) {
				e.Reached = log[reached].Offset
			}
		}
		if !w.seldom(8, "unknown end") {
			f.Ends = append(f.Ends, e)
		}
	}
}

// write fills a ledger with the world, in batches.
func (w *world) write(l *ledger.Ledger) {
	for at, n := range w.model.sent {
		for seq := range n {
			l.Sender(at.producer).Sent([]broker.Message{{ID: broker.ID{Producer: at.producer, Partition: at.partition, Seq: seq}}})
		}
	}
	for _, o := range w.model.outcomes {
		l.Sender(o.ID.Producer).Outcomes([]broker.Outcome{o})
	}
	for _, page := range w.model.pages {
		l.Receiver().Delivered(page)
	}
	l.Reader().Delivered(w.model.read)
	l.Aside().Delivered(w.model.aside)
}

// errOnPurpose is of messages whose transaction was aborted as it was asked for.
var errOnPurpose = fmt.Errorf("%w: %w", broker.ErrRejected, broker.ErrAborted)

// TestLedgerIsItsModel holds the ledger against one that remembers everything.
func TestLedgerIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		producers := len(w.model.sent) / w.model.partitions
		l := ledger.New(producers, w.model.partitions)
		w.write(l)
		got, want := l.Balance(w.model.final), w.model.balance()
		if figures(got) != figures(want) {
			t.Fatalf("the balance is\n%+v\nwant\n%+v\nof %+v", got, want, w.model)
		}
		if sum := got.Verified + got.Lost + got.Expired + got.UnreadTail; sum < got.Acknowledged || w.most == 0 && sum != got.Acknowledged {
			t.Fatalf("the balance does not balance: %+v", got)
		}
		if again := l.Balance(w.model.final); figures(again) != figures(got) {
			t.Fatalf("another balance is\n%+v\nafter\n%+v", again, got)
		}
		c := l.Counts()
		if c != (ledger.Counts{Sent: want.Sent, Acknowledged: want.Acknowledged, Rejected: want.Rejected + want.Aborted, Unknown: want.Unknown, Delivered: want.Delivered}) {
			t.Fatalf("counts are %+v, the balance %+v", c, want)
		}
		told := map[string]bool{}
		for _, a := range got.Examples {
			told[a.Kind] = true
		}
		for kind, n := range map[string]uint64{"lost": want.Lost, "unread-tail": want.UnreadTail, "expired": want.Expired, "group-skip": want.GroupSkip, "group-lag": want.GroupLag,
			"phantom": want.Phantom, "aborted-read": want.AbortedRead, "corrupt": want.Corrupt, "foreign": want.Foreign, "reordered": want.Reordered,
			"resurrected": want.Resurrected, "late": want.Late, "dirty-read": want.DirtyRead, "torn": want.Transactions.Torn} {
			if told[kind] != (n > 0) {
				t.Fatalf("%d are %s, examples: %v", n, kind, got.Examples)
			}
		}
	})
}

// produce writes a producer's page from two goroutines, and passes everything on to consumers. An outcome, or a delivery, may be told before its message.
func produce(l *ledger.Ledger, producer uint32, n, partitions int, delivered chan<- []broker.Message) {
	const batch = 100
	page := l.Sender(producer)
	acknowledged := make(chan []broker.Message)
	var wg sync.WaitGroup
	wg.Go(func() {
		for b := range acknowledged {
			list := make([]broker.Outcome, len(b))
			for i := range b {
				list[i] = broker.Outcome{ID: b[i].ID, Offset: -1}
			}
			page.Outcomes(list)
		}
	})
	for from := 0; from < n; from += batch {
		b := make([]broker.Message, batch)
		for i := range b {
			b[i].ID = broker.ID{Producer: producer, Partition: int32((from + i) % partitions), Seq: uint64((from + i) / partitions)}
		}
		acknowledged <- b
		delivered <- b
		page.Sent(b)
	}
	close(acknowledged)
	wg.Wait()
}

func consume(l *ledger.Ledger, delivered <-chan []broker.Message) {
	page := l.Receiver()
	for b := range delivered {
		list := make([]broker.Delivery, len(b))
		for i := range b {
			list[i] = broker.Delivery{Partition: b[i].ID.Partition, Offset: -1, ID: b[i].ID}
		}
		page.Delivered(list)
	}
}

// TestPagesAreWrittenAtOnce is for the race detector.
func TestPagesAreWrittenAtOnce(t *testing.T) {
	const n, partitions = 50_000, 3
	l := ledger.New(2, partitions)
	delivered, over := make(chan []broker.Message, 10), make(chan struct{})
	var producers, others sync.WaitGroup
	for producer := range uint32(2) {
		producers.Go(func() { produce(l, producer, n, partitions, delivered) })
		others.Go(func() { consume(l, delivered) })
	}
	others.Go(func() {
		for running := true; running; {
			if c := l.Counts(); c.Acknowledged > 2*n || c.Sent > 2*n {
				t.Errorf("counts are %+v", c)
			}
			select {
			case <-over:
				running = false
			default:
			}
		}
	})
	producers.Wait()
	close(delivered)
	close(over)
	others.Wait()
	s := l.Balance(ledger.Final{Grouped: true, Drained: true})
	if s.Sent != 2*n || s.Acknowledged != 2*n || s.Verified != 2*n || s.Examples != nil {
		t.Errorf("the balance is %+v", s)
	}
}

// TestGarbageIsCheap: numbers and offsets that no run could come to get no place of their own.
func TestGarbageIsCheap(t *testing.T) {
	l := ledger.New(1, 1)
	page := l.Receiver()
	const n = 200_000
	for i := range uint64(n) {
		page.Delivered([]broker.Delivery{
			{Offset: int64(i), ID: broker.ID{Seq: i<<40 + 1<<60}},
			{Offset: int64(i) << 20, ID: broker.ID{Producer: 0, Seq: i}},
		})
		l.Sender(0).Outcomes([]broker.Outcome{{ID: broker.ID{Seq: i<<40 + 1<<60}}})
	}
	s := l.Balance(ledger.Final{})
	if s.Phantom != n+n || s.Late != n || s.Redelivered != 0 || s.Duplicates != 0 {
		t.Errorf("the balance is %+v", s)
	}
}

// Where nothing can be read again, what was acknowledged and given to nobody is lost once the group was seen to have everything, and before that nobody knows.
func TestNothingCanBeReadAgain(t *testing.T) {
	l := ledger.New(1, 1)
	page := l.Receiver()
	for seq := range uint64(10) {
		id := broker.ID{Seq: seq}
		l.Sender(0).Sent([]broker.Message{{ID: id}})
		l.Sender(0).Outcomes([]broker.Outcome{{ID: id, Offset: -1}})
		if seq != 4 {
			page.Delivered([]broker.Delivery{{ID: id, Offset: -1, Epoch: -1}})
		}
	}
	for _, c := range []struct {
		final        ledger.Final
		lost, unread uint64
		done         bool
	}{
		{ledger.Final{Grouped: true, Drained: true}, 1, 0, true},
		{ledger.Final{Grouped: true, Reason: "messages were left"}, 0, 1, false},
		{ledger.Final{Grouped: true, Drained: true, Reason: "what was set aside was not read"}, 0, 1, false},
		{ledger.Final{Reason: "nobody consumed"}, 0, 1, false},
	} {
		if s := l.Balance(c.final); s.Lost != c.lost || s.UnreadTail != c.unread || s.FinalRead.Done != c.done || s.Verified != 9 {
			t.Errorf("%+v: the balance is %+v", c.final, s)
		}
	}
	l.Aside().Delivered([]broker.Delivery{{ID: broker.ID{Seq: 4}, Offset: -1, Epoch: -1}, {ID: broker.ID{Seq: 5}, Offset: -1, Epoch: -1}})
	if s := l.Balance(ledger.Final{Grouped: true, Drained: true}); s.Lost != 0 || s.DeadLettered != 2 || s.Verified != 10 {
		t.Errorf("with what the broker set aside, the balance is %+v", s)
	}
}

// TestLostBeyondTheEnd: an acknowledgement at an offset that the log no longer has proves a loss, even when the final read did not get to the end.
func TestLostBeyondTheEnd(t *testing.T) {
	l := ledger.New(1, 1)
	var sent []broker.Message
	var outcomes []broker.Outcome
	for seq := range uint64(10) {
		id := broker.ID{Seq: seq}
		sent = append(sent, broker.Message{ID: id})
		outcomes = append(outcomes, broker.Outcome{ID: id, Offset: 100 + int64(seq), At: time.Duration(seq) * time.Second})
	}
	l.Sender(0).Sent(sent)
	l.Sender(0).Outcomes(outcomes)
	s := l.Balance(ledger.Final{Readable: true, Ends: []report.Partition{{Start: 100, End: 105, Reached: 102}}, Reason: "time was up"})
	if s.Lost != 1 || s.UnreadTail != 9 || s.FinalRead.Done {
		t.Errorf("the balance is %+v", s)
	}
	if a := s.Examples[0]; a.First != 9 || a.Offset != 109 {
		t.Errorf("the example is %+v", a)
	}
}

// TestEvidence: of lost messages it is told when they were acknowledged and where they should be.
func TestEvidence(t *testing.T) {
	l := ledger.New(1, 1)
	for seq := range uint64(100) {
		id := broker.ID{Seq: seq}
		l.Sender(0).Sent([]broker.Message{{ID: id}})
		l.Sender(0).Outcomes([]broker.Outcome{{ID: id, Offset: int64(seq), At: time.Duration(seq) * time.Second}})
		if seq < 40 || seq >= 60 {
			l.Reader().Delivered([]broker.Delivery{{ID: id, Offset: int64(seq)}})
		}
	}
	s := l.Balance(ledger.Final{Readable: true, Ends: []report.Partition{{End: 100, Reached: 100}}})
	want := report.Anomaly{Kind: "lost", First: 40, Last: 59, Offset: 40, Note: "acknowledged between 40s (offset 40) and 59s (offset 59); " +
		"the log has message 39 of producer 0 (offset 39) before its place and message 60 of producer 0 (offset 60) behind it"}
	if s.Lost != 20 || len(s.Examples) != 1 || s.Examples[0] != want {
		t.Errorf("the balance is %+v", s)
	}
}

// Where a sender goes on elsewhere, what is unknown may be stored behind what was sent later, and what is acknowledged may not.
func TestLateUnknowns(t *testing.T) {
	for late, want := range map[bool][]report.Anomaly{
		false: {{Kind: "reordered", First: 0, Last: 0, Offset: 2}, {Kind: "reordered", First: 3, Last: 3, Offset: 4}},
		true:  {{Kind: "reordered", First: 3, Last: 3, Offset: 4}},
	} {
		l := ledger.New(1, 1)
		for seq := range uint64(5) {
			o := broker.Outcome{ID: broker.ID{Seq: seq}, Offset: int64(seq)}
			if seq == 0 {
				o.Offset, o.Err = -1, errors.New("no answer")
			}
			l.Sender(0).Sent([]broker.Message{{ID: o.ID}})
			l.Sender(0).Outcomes([]broker.Outcome{o})
		}
		for offset, seq := range []uint64{1, 2, 0, 4, 3} {
			l.Reader().Delivered([]broker.Delivery{{ID: broker.ID{Seq: seq}, Offset: int64(offset)}})
		}
		s := l.Balance(ledger.Final{Readable: true, LateUnknowns: late, Ends: []report.Partition{{End: 5, Reached: 5}}})
		told := slices.DeleteFunc(slices.Clone(s.Examples), func(a report.Anomaly) bool { return a.Kind != "reordered" })
		for i := range told {
			told[i].Note = ""
		}
		if s.Reordered != uint64(len(want)) || !slices.Equal(told, want) {
			t.Errorf("late unknowns %t: %d reordered, %+v", late, s.Reordered, told)
		}
	}
}
