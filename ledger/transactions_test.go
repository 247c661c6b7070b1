package ledger_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// An end is how one transaction ended, as its producer was told and as it was.
type end int

const (
	commits       end = iota // as it was told
	aborts                   // as it was told
	maybeCommits             // nobody was told; it was committed
	maybeAborts              // nobody was told; it was aborted
	abortsVisibly            // told to be aborted, and committed
	tears                    // told to be committed; the messages of one partition were aborted
	maybeTears               // nobody was told; committed, but for the messages of one partition
	ends
)

// books are what a broker with transactions writes into a ledger.
type books struct {
	*ledger.Ledger
	member *ledger.ReceivePage
	dirty  bool
	next   [][]uint64 // by producer and partition
	logs   []int64    // where each ends
	number uint64
}

const txPartitions = 6

// transact sends a transaction of n messages to every partition, and returns how many messages that are.
func (b *books) transact(producer uint32, e end, n int) uint64 {
	b.number += 1 + b.number%3*1e6
	var sent []broker.Message
	var outcomes []broker.Outcome
	var log []broker.Delivery
	for p := range int32(txPartitions) {
		for range n {
			id := broker.ID{Producer: producer, Partition: p, Seq: b.next[producer][p]}
			b.next[producer][p]++
			o := broker.Outcome{ID: id, Offset: b.logs[p], Transaction: b.number}
			switch e {
			case aborts, abortsVisibly:
				o.Err, o.Offset = errOnPurpose, -1
			case maybeCommits, maybeAborts, maybeTears:
				o.Err, o.Offset = errNoAnswer, -1
			}
			sent, outcomes = append(sent, broker.Message{ID: id}), append(outcomes, o)
			visible := e == commits || e == maybeCommits || e == abortsVisibly || (e == tears || e == maybeTears) && p != 2
			d := broker.Delivery{Partition: p, ID: id, Offset: b.logs[p]}
			b.logs[p]++
			if visible {
				log = append(log, d)
			}
			if visible || b.dirty {
				b.member.Delivered([]broker.Delivery{d})
			}
		}
		b.logs[p]++ // the marker
	}
	b.Sender(producer).Sent(sent)
	b.Sender(producer).Outcomes(outcomes)
	b.Reader().Delivered(log)
	return uint64(len(sent))
}

// TestPlantedTransactions: of many transactions some end otherwise than their producers were told. Each of them is found, with its messages, and no other is
// accused; consumers that read uncommitted are given what they may be given.
func TestPlantedTransactions(t *testing.T) {
	for name, dirty := range map[string]bool{"committed": false, "uncommitted": true} {
		t.Run(name, func(t *testing.T) {
			b := &books{Ledger: ledger.New(3, txPartitions), dirty: dirty, next: make([][]uint64, 3), logs: make([]int64, txPartitions)}
			b.member = b.Receiver()
			for i := range b.next {
				b.next[i] = make([]uint64, txPartitions)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			var transactions, messages [ends]uint64
			for range 3000 {
				e := commits
				if rng.IntN(4) == 0 {
					e = end(rng.IntN(int(ends)))
				}
				transactions[e]++
				messages[e] += b.transact(rng.Uint32N(3), e, 1+rng.IntN(200))
			}
			f := ledger.Final{Readable: true, Grouped: true, Drained: true, Dirty: dirty}
			for p, end := range b.logs {
				f.Ends = append(f.Ends, report.Partition{Partition: int32(p), End: end, Reached: end})
			}
			s := b.Balance(f)
			m, x := messages, transactions
			torn := m[tears]/txPartitions + m[maybeTears]/txPartitions
			want := report.Safety{
				Acknowledged: m[commits] + m[tears], Aborted: m[aborts] + m[abortsVisibly], Unknown: m[maybeCommits] + m[maybeAborts] + m[maybeTears],
				Verified: m[commits] + m[tears] - m[tears]/txPartitions, Lost: torn, AbortedRead: m[abortsVisibly],
				Resurrected: m[maybeCommits] + m[maybeTears] - m[maybeTears]/txPartitions,
				Transactions: report.Transactions{Committed: x[commits] + x[tears], Aborted: x[aborts] + x[abortsVisibly],
					Unknown: x[maybeCommits] + x[maybeAborts] + x[maybeTears], Torn: x[tears] + x[maybeTears]},
			}
			for _, n := range m {
				want.Sent += n
				want.Delivered += n
			}
			if dirty {
				want.DirtyRead = m[aborts]
			} else {
				want.Delivered -= m[aborts] + m[maybeAborts] + torn
			}
			if figures(s) != figures(want) {
				t.Errorf("the balance is\n%v\nwant\n%v", figures(s), figures(want))
			}
			for _, a := range s.Examples {
				if a.Kind == "torn" && (a.Partition != 2 || !strings.Contains(a.Note, " of its transaction's ")) || a.Kind == "lost" && a.Note == "" {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}
