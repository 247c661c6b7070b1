package squall_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// transacted is a load in transactions, some of which are aborted on purpose.
var transacted = strings.Replace(quietly, "delivery-timeout: 10s", "delivery-timeout: 10s, transactions: { every: 50ms, abort: 20% }, transaction-timeout: 2s", 1)

// dirtily is the same with consumers that may be given what is aborted.
var dirtily = strings.Replace(transacted, "group: billing", "group: billing, isolation: read_uncommitted", 1)

const expectAtomic = "expect: [ lost == 0, aborted-read == 0, torn == 0, duplicates == 0, reordered == 0, corrupt == 0, phantom == 0 ]\n"

// expectSome is the same where much may be refused or without an answer. How much is no more than a warning: on a slow machine nobody can know.
var expectSome = strings.Replace(expectAtomic, " ]", ", unknown < 3000 (warn), rejected < 3000 (warn) ]", 1)

// checkEnds checks that every message has its outcome, that what could be seen by the end was, and that transactions ended in each of the ways that are wanted.
func checkEnds(t *testing.T, r *report.Report, unknown bool) {
	t.Helper()
	s, tx := r.Safety, r.Safety.Transactions
	if s.Sent != s.Acknowledged+s.Aborted+s.Rejected+s.Unknown || s.Pending+s.Late != 0 || s.GroupSkip+s.GroupLag != 0 || !s.Drained || !s.FinalRead.Done {
		t.Errorf("of %d sent, %d were acknowledged, %d aborted, %d rejected and %d ended unknown: %s\n%+v", s.Sent, s.Acknowledged, s.Aborted, s.Rejected, s.Unknown, r.Verdict.Sentence, s)
	}
	if tx.Committed == 0 || tx.Aborted == 0 || (tx.Unknown > 0) != unknown {
		t.Errorf("transactions ended as %+v", tx)
	}
	for _, w := range r.Windows {
		if len(w.Errors) > 0 && t.Failed() {
			t.Logf("%v: %v", w.Start, w.Errors)
		}
	}
}

// An honest broker's transactions are whole or not there at all, whoever dies or is not told how they ended.
func TestTransactions(t *testing.T) {
	t.Parallel()
	r, _, _ := play(t, t.Context(), transacted+`
faults:
  - { name: death, at: 0s, for: 3s, kill: leader }
  - { name: crash, at: 1s, for: 500ms, crash-producer: producer-0 }
  - { name: secret, at: 5s, for: 2s, error: { api: end-txn, code: UNKNOWN_SERVER_ERROR, share: 30% }, node: all }
`+expectSome, nil)
	checkEnds(t, r, true)
	s := r.Safety
	if r.Verdict.Outcome != report.Pass || s.Lost+s.AbortedRead+s.DirtyRead+s.Transactions.Torn != 0 || s.Resurrected == 0 {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
}

// Producers that are cut off for longer than transactions may last are fenced, and go on under the same id; what they had open is whole or not there at all.
func TestFencedProducers(t *testing.T) {
	t.Parallel()
	// Only who has a transaction open is fenced: with 300ms each, one is open at nearly any time.
	lasting := strings.Replace(transacted, "every: 50ms", "every: 300ms", 1)
	r, seen, _ := play(t, t.Context(), lasting+`
faults:
  - { name: zombie, at: 1s, for: 4s, repeat: 2, blackhole: {}, link: producers -> all }
`+expectSome, nil)
	checkEnds(t, r, true)
	s := r.Safety
	if r.Verdict.Outcome != report.Pass || s.Lost+s.AbortedRead+s.DirtyRead+s.Transactions.Torn != 0 {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
	if !fenced(r, seen.all) {
		t.Errorf("no producer was fenced, though both were cut off for longer than transactions may last: %+v", s)
		for _, w := range r.Windows {
			if len(w.Errors) > 0 {
				t.Logf("%v: %v", w.Start, w.Errors)
			}
		}
	}
}

// fenced is true where a producer was told that its transaction is no more: by what it sent, or when it began the next one.
func fenced(r *report.Report, seen []report.Event) bool {
	for _, e := range seen {
		if e.Client != nil && e.Client.Kind == string(broker.Renewed) {
			return true
		}
	}
	for _, w := range r.Windows {
		for class := range w.Errors {
			if strings.HasPrefix(class, "PRODUCER_FENCED") || strings.HasPrefix(class, "INVALID_PRODUCER_EPOCH") {
				return true
			}
		}
	}
	return false
}

// Who reads uncommitted is given what is aborted, and nobody is accused of it.
func TestReadUncommitted(t *testing.T) {
	t.Parallel()
	r, _, _ := play(t, t.Context(), dirtily+expectAtomic, nil)
	checkEnds(t, r, false)
	if s := r.Safety; r.Verdict.Outcome != report.Pass || s.DirtyRead == 0 || s.DirtyRead != s.Aborted || s.AbortedRead+s.Lost+s.Transactions.Torn != 0 {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
}

// A broker that commits what it was to abort is found out, to the message: by consumers that read committed, and where they do not, by the final read.
func TestAbortedIsCommitted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"committed": transacted, "uncommitted": dirtily} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := play(t, t.Context(), text+expectAtomic, func(c *embedded.Cluster) {
				c.Fake().ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
					c.Fake().KeepControl()
					r.(*kmsg.EndTxnRequest).Commit = true
					return nil, nil, false
				})
			})
			checkEnds(t, r, false)
			s := r.Safety
			if s.AbortedRead == 0 || s.AbortedRead != s.Aborted || s.DirtyRead+s.Lost+s.Transactions.Torn != 0 || r.Verdict.ExitCode != report.ExitSafety {
				t.Errorf("%d aborted messages were read of %d: %s\n%+v", s.AbortedRead, s.Aborted, r.Verdict.Sentence, s)
			}
		})
	}
}

// tearer makes a broker abort partition 1 of a few transactions that it commits, once a second.
func tearer(t *testing.T, c *embedded.Cluster, torn *atomic.Int64) {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Endpoint(broker.Observer).Addrs...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var last atomic.Int64
	c.Fake().ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake().KeepControl()
		req, now := r.(*kmsg.EndTxnRequest), time.Now().UnixNano()
		if !req.Commit || now-last.Load() < int64(time.Second) {
			return nil, nil, false
		}
		if last.Swap(now) == 0 {
			return nil, nil, false // the first of all may be empty
		}
		marker := kmsg.NewWriteTxnMarkersRequestMarker()
		marker.ProducerID, marker.ProducerEpoch = req.ProducerID, req.ProducerEpoch
		marker.Topics = []kmsg.WriteTxnMarkersRequestMarkerTopic{{Topic: "orders", Partitions: []int32{1}}}
		abort := kmsg.NewPtrWriteTxnMarkersRequest()
		abort.Markers = append(abort.Markers, marker)
		leader := c.Fake().LeaderFor("orders", 1)
		c.Fake().SleepControl(func() {
			resp, err := client.Broker(int(leader)).Request(context.Background(), abort)
			if err == nil && resp.(*kmsg.WriteTxnMarkersResponse).Markers[0].Topics[0].Partitions[0].ErrorCode == 0 {
				torn.Add(1)
			}
		})
		return nil, nil, false
	})
}

// A broker that commits only a part of a transaction is found out: the transactions are counted as torn, and their other messages lost.
func TestTornTransactions(t *testing.T) {
	t.Parallel()
	var torn atomic.Int64
	r, _, _ := play(t, t.Context(), strings.Replace(transacted, ", abort: 20%", ", abort: 5%", 1)+expectAtomic, func(c *embedded.Cluster) { tearer(t, c, &torn) })
	checkEnds(t, r, false)
	s := r.Safety
	if torn.Load() == 0 || s.Transactions.Torn != uint64(torn.Load()) || s.Lost == 0 || s.Verified+s.Lost != s.Acknowledged || s.AbortedRead != 0 ||
		r.Verdict.ExitCode != report.ExitSafety {
		t.Errorf("%d transactions were torn: %s\n%+v", torn.Load(), r.Verdict.Sentence, s)
	}
	told := map[string]bool{}
	for _, a := range s.Examples {
		told[a.Kind] = true
		if a.Partition != 1 {
			t.Errorf("only partition 1 was aborted: %+v", a)
		}
	}
	if !told["torn"] || !told["lost"] {
		t.Errorf("nothing is named: %+v", s.Examples)
	}
}
