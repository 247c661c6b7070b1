package ledger_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
)

func BenchmarkLedger(b *testing.B) {
	const batch, partitions = 1000, 8
	b.Run("Sent", func(b *testing.B) {
		l, list := ledger.New(1, partitions), make([]broker.Message, batch)
		perRecord(b, batch, func(n uint64) { list[n%batch].ID = idOf(n, partitions) }, func() { l.Sender(0).Sent(list) })
	})
	// Alone, a producer's messages follow one another in a partition; with others beside it, each may be a batch of its own.
	for name, c := range map[string]struct{ stride, together uint64 }{"Outcomes": {1, 20}, "OutcomesOneByOne": {1, 1}, "OutcomesAmongOthers": {2, 1}} {
		b.Run(name, func(b *testing.B) {
			l, list, sent := ledger.New(1, partitions), make([]broker.Outcome, batch), make([]broker.Message, batch)
			perRecord(b, batch, func(n uint64) {
				id := idOfBatch(n, c.together, partitions)
				sent[n%batch].ID = id
				list[n%batch] = broker.Outcome{ID: id, Offset: int64(id.Seq * c.stride), At: time.Duration(n) * time.Microsecond}
				if n%batch == batch-1 {
					l.Sender(0).Sent(sent)
				}
			}, func() { l.Sender(0).Outcomes(list) })
		})
	}
	// A broker's log is given out as producers' batches; with batches of one message, nothing has a neighbour.
	for name, together := range map[string]uint64{"Delivered": 20, "DeliveredOneByOne": 1, "Read": 20, "ReadOneByOne": 1} {
		b.Run(name, func(b *testing.B) {
			l, list, sent := ledger.New(1, partitions), make([]broker.Delivery, batch), make([]broker.Message, batch)
			page := l.Receiver().Delivered
			if strings.HasPrefix(name, "Read") {
				page = l.Reader().Delivered
			}
			perRecord(b, batch, func(n uint64) {
				id := idOfBatch(n, together, partitions)
				sent[n%batch].ID = id
				list[n%batch] = broker.Delivery{ID: id, Partition: id.Partition, Offset: int64(id.Seq)}
				if n%batch == batch-1 {
					l.Sender(0).Sent(sent)
				}
			}, func() { page(list) })
		})
	}
}

func idOf(n uint64, partitions int32) broker.ID {
	return broker.ID{Partition: int32(n % uint64(partitions)), Seq: n / uint64(partitions)}
}

// idOfBatch returns the n-th message of a load that goes to the partitions in turn, several messages at a time.
func idOfBatch(n, together uint64, partitions int32) broker.ID {
	id := idOf(n/together, partitions)
	id.Seq = id.Seq*together + n%together
	return id
}

// perRecord measures only write, which is given batches that fill has made, and reports the median batch too, which others on the machine disturb
// least.
func perRecord(b *testing.B, batch uint64, fill func(n uint64), write func()) {
	b.ReportAllocs()
	var spent time.Duration
	var n uint64
	batches := make([]time.Duration, 0, 1<<16)
	for b.Loop() {
		for range batch {
			fill(n)
			n++
		}
		start := time.Now()
		write()
		took := time.Since(start)
		spent += took
		if len(batches) < cap(batches) {
			batches = append(batches, took)
		}
	}
	slices.Sort(batches)
	b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "ns/record")
	b.ReportMetric(float64(batches[len(batches)/2].Nanoseconds())/float64(batch), "median-ns/record")
}

// BenchmarkSettled sends b.N messages, each of them acknowledged, delivered and found again, and reports what is left of them in memory.
func BenchmarkSettled(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := newLiar(4, 6)
	b.ResetTimer()
	l.run(uint64(b.N))
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)), "B-left")
	b.StartTimer()
	if s := l.ledger.Balance(ledger.Final{Readable: true, Ends: l.ends(), Grouped: true, Drained: true}); s.Verified != uint64(b.N) {
		b.Errorf("the balance is %v", figures(s))
	}
}
