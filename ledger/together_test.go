package ledger_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// A course of a log is drawn in stretches: most go on where the one before ended, some come again, leave something out, or are not what they should be.
func drawCourse(t *rapid.T, producers int, partitions int32) (log []broker.Delivery, outcomes []broker.Outcome) {
	next, offset := map[stream]uint64{}, map[int32]int64{}
	for range rapid.IntRange(1, 8).Draw(t, "stretches") {
		p := rapid.Int32Range(0, partitions-1).Draw(t, "partition")
		of := stream{uint32(rapid.IntRange(0, producers-1).Draw(t, "producer")), p}
		seq, at := next[of], offset[p]
		n := rapid.SampledFrom([]uint64{1, 3, 4, 5, 70, 500, 4090, 4100}).Draw(t, "length")
		deed := rapid.SampledFrom([]string{"", "", "", "again", "hole", "back", "redelivered", "corrupt", "unknown", "epoch", "lost"}).Draw(t, "deed")
		switch deed {
		case "again":
			seq = uint64(max(0, int64(seq)-int64(n)/2))
		case "hole":
			seq += 3
		case "back":
			at = max(0, at-int64(n)/2)
		}
		for i := range n {
			id := broker.ID{Producer: of.producer, Partition: p, Seq: seq + i}
			d := broker.Delivery{ID: id, Partition: p, Offset: at + int64(i)}
			o := broker.Outcome{ID: id, Offset: d.Offset, At: time.Second}
			last := i == n-1
			switch {
			case deed == "redelivered":
				d.Redelivered = true
			case deed == "corrupt" && last:
				d.Envelope = broker.Corrupt
			case deed == "unknown" && last:
				o.Err = errors.New("no answer")
			case deed == "epoch":
				d.Epoch = rapid.Int32Range(0, 2).Draw(t, "epoch")
				deed = ""
			}
			outcomes = append(outcomes, o)
			if deed != "lost" || !last {
				log = append(log, d)
			}
		}
		next[of], offset[p] = max(next[of], seq+n), max(offset[p], at+int64(n))
	}
	return log, outcomes
}

// Whether messages are told of together or one by one makes no difference.
func TestNeighboursAreJudgedAsEachOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		producers, partitions := rapid.IntRange(1, 2).Draw(t, "producers"), rapid.Int32Range(1, 2).Draw(t, "partitions")
		log, outcomes := drawCourse(t, producers, partitions)
		unsent := rapid.Uint64Range(0, 10).Draw(t, "never sent") // of each stream, of what is in the log
		balance := func(together bool) report.Safety {
			l := ledger.New(producers, int(partitions))
			tell(l, outcomes, unsent)
			consumer, reader := l.Receiver(), l.Reader()
			if together {
				for k := range uint32(producers) {
					l.Sender(k).Outcomes(ofProducer(outcomes, k))
				}
				consumer.Delivered(log)
				reader.Delivered(log)
			} else {
				for i := range outcomes {
					l.Sender(outcomes[i].ID.Producer).Outcomes(outcomes[i : i+1])
				}
				for i := range log {
					consumer.Delivered(log[i : i+1])
					reader.Delivered(log[i : i+1])
				}
			}
			var ends []report.Partition
			for p := range partitions {
				ends = append(ends, report.Partition{Partition: p, End: 1 << 20, Reached: 1 << 20})
			}
			return l.Balance(ledger.Final{Readable: true, Grouped: true, Drained: true, Ends: ends})
		}
		if one, all := balance(false), balance(true); !reflect.DeepEqual(one, all) {
			t.Errorf("one by one: %+v\ntogether: %+v", one, all)
		}
	})
}

// tell tells what was sent of each stream: what has an outcome, but for a few of the last.
func tell(l *ledger.Ledger, outcomes []broker.Outcome, unsent uint64) {
	end := map[stream]uint64{}
	for _, o := range outcomes {
		of := stream{o.ID.Producer, o.ID.Partition}
		end[of] = max(end[of], o.ID.Seq+1)
	}
	for of, n := range end {
		for seq := range n - min(n, unsent) {
			l.Sender(of.producer).Sent([]broker.Message{{ID: broker.ID{Producer: of.producer, Partition: of.partition, Seq: seq}}})
		}
	}
}

func ofProducer(outcomes []broker.Outcome, k uint32) (all []broker.Outcome) {
	for _, o := range outcomes {
		if o.ID.Producer == k {
			all = append(all, o)
		}
	}
	return all
}
