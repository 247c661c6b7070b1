package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
)

// outcomes collects what became of messages.
type outcomes struct {
	mu  sync.Mutex
	all []broker.Outcome
}

func (o *outcomes) add(list []broker.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, list...)
}

// wait waits for n outcomes, for longer than any delivery time-out here lasts on a machine that has much else to do.
func (o *outcomes) wait(t *testing.T, n int) []broker.Outcome {
	t.Helper()
	const within = 30 * time.Second
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		o.mu.Lock()
		all := append([]broker.Outcome(nil), o.all...)
		o.mu.Unlock()
		if len(all) >= n {
			return all
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d outcomes within %v", len(all), n, within)
		}
	}
}

// sendOne sends one message to the partition.
func sendOne(t *testing.T, p broker.Producer, partition int32, seq uint64) {
	t.Helper()
	m := broker.Message{ID: broker.ID{Partition: partition, Seq: seq}, Value: make([]byte, broker.HeaderSize)}
	broker.Encode(m.Value, run, m.ID, 0)
	if p.Send(t.Context(), []broker.Message{m}) != 1 {
		t.Fatal("the producer does not take a message")
	}
}

func closeBoth(t *testing.T, c *embedded.Cluster, d broker.Driver) {
	t.Cleanup(func() {
		if err := errors.Join(d.Close(), c.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
}

// TestRejectedIsSurelyAbsent has the broker refuse in different ways, one after the other, until the message fails.
func TestRejectedIsSurelyAbsent(t *testing.T) {
	type refusal struct {
		err   *kerr.Error
		times int // -1: from then on
	}
	for name, test := range map[string]struct {
		refusals []refusal
		rejected bool
	}{
		"too large":                           {[]refusal{{kerr.MessageTooLarge, -1}}, true},
		"not allowed":                         {[]refusal{{kerr.TopicAuthorizationFailed, -1}}, true},
		"never enough replicas":               {[]refusal{{kerr.NotEnoughReplicas, -1}}, true},
		"appended, then not enough replicas":  {[]refusal{{kerr.NotEnoughReplicasAfterAppend, 1}, {kerr.NotEnoughReplicas, -1}}, false},
		"timed out, then not enough":          {[]refusal{{kerr.RequestTimedOut, 1}, {kerr.NotEnoughReplicas, -1}}, false},
		"no leader any more, then not enough": {[]refusal{{kerr.NotLeaderForPartition, 1}, {kerr.NotEnoughReplicas, -1}}, false},
		"an error that says nothing":          {[]refusal{{kerr.UnknownServerError, -1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, d := start(t, nil)
			closeBoth(t, c, d)
			topic := broker.Topic{Name: "refusals", Partitions: 1, Replicas: 3}
			if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
				t.Fatal(err)
			}
			for _, r := range test.refusals {
				c.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic.Name, Err: r.err, Count: r.times})
			}
			var got outcomes
			p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{ProducerSettings: broker.ProducerSettings{
				Acks: "all", Idempotent: true, Buffer: 10, DeliveryTimeout: 1500 * time.Millisecond, MetadataMinAge: 50 * time.Millisecond,
			}}, got.add)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Abort()
			sendOne(t, p, 0, 0)
			o := got.wait(t, 1)[0]
			if o.Err == nil || o.Offset != -1 || errors.Is(o.Err, broker.ErrRejected) != test.rejected {
				t.Errorf("the outcome is %v at offset %d; rejected should be %v", o.Err, o.Offset, test.rejected)
			}
			if last := test.refusals[len(test.refusals)-1].err; !errors.Is(o.Err, last) {
				t.Errorf("the outcome is %v, which does not tell the cause %v", o.Err, last)
			}
		})
	}
}

// TestRejectedInFlight loses an answer: what is sent again and refused then may be stored all the same.
func TestRejectedInFlight(t *testing.T) {
	c, d := start(t, nil)
	closeBoth(t, c, d)
	topic := broker.Topic{Name: "lost", Partitions: 1, Replicas: 3}
	if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
		t.Fatal(err)
	}
	var got outcomes
	p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{ProducerSettings: broker.ProducerSettings{
		Acks: "all", Idempotent: true, Buffer: 10, DeliveryTimeout: 2 * time.Second, MetadataMinAge: 50 * time.Millisecond,
	}}, got.add)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Abort()
	sendOne(t, p, 0, 0)
	if o := got.wait(t, 1)[0]; o.Err != nil {
		t.Fatal(o.Err)
	}
	_, heal, err := c.Impair(t.Context(), broker.Impairment{Replies: broker.Half{Drop: true}}, c.Links()...)
	if err != nil {
		t.Fatal(err)
	}
	sendOne(t, p, 0, 1)
	stored := func() int64 { return c.Fake().PartitionInfo(topic.Name, 0).HighWatermark } // the probe and those that were sent
	for end := time.Now().Add(30 * time.Second); stored() < 3; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not stored")
		}
	}
	c.Fake().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic.Name, Err: kerr.NotEnoughReplicas, Count: -1})
	if err := heal(t.Context()); err != nil { // connections that dropped something are reset
		t.Fatal(err)
	}
	sendOne(t, p, 0, 2) // refused, always
	all := got.wait(t, 3)
	for _, o := range all[1:] {
		rejected := errors.Is(o.Err, broker.ErrRejected)
		if o.Err == nil || o.ID.Seq == 1 && rejected {
			t.Errorf("%v: %v", o.ID, o.Err)
		}
		t.Logf("%v: %v", o.ID, o.Err)
	}
	if end := stored(); end != 3 {
		t.Errorf("the log holds %d messages", end)
	}
}

// TestLateAcknowledgement counts an answer that comes after its message was given up.
func TestLateAcknowledgement(t *testing.T) {
	c, d := start(t, nil)
	closeBoth(t, c, d)
	topic := broker.Topic{Name: "late", Partitions: 1, Replicas: 3}
	if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
		t.Fatal(err)
	}
	var got outcomes
	p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{ProducerSettings: broker.ProducerSettings{
		Acks: "all", Idempotent: true, Buffer: 10, DeliveryTimeout: time.Second,
	}}, got.add)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Abort()
	sendOne(t, p, 0, 0)
	got.wait(t, 1)
	_, heal, err := c.Impair(t.Context(), broker.Impairment{Replies: broker.Half{Hold: true}}, c.Links()...)
	if err != nil {
		t.Fatal(err)
	}
	sendOne(t, p, 0, 1)
	if o := got.wait(t, 2)[1]; !errors.Is(o.Err, broker.ErrDeliveryTimeout) {
		t.Fatalf("the outcome is %v", o.Err)
	}
	if err := heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := p.(interface{ Late() int64 })
	for end := time.Now().Add(10 * time.Second); late.Late() != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d acknowledgements came late", late.Late())
		}
	}
	if all := got.wait(t, 2); len(all) != 2 {
		t.Errorf("two messages have %d outcomes", len(all))
	}
}
