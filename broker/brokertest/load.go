package brokertest

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A sender is a producer with what became of its messages.
type sender struct {
	t        *testing.T
	suite    *suite
	topic    broker.Topic
	number   uint32
	producer broker.Producer
	next     []uint64 // a partition's next sequence number

	busy     atomic.Bool
	mu       sync.Mutex
	outcomes map[broker.ID]broker.Outcome
}

func settings(s *suite) broker.ProducerSettings {
	return broker.ProducerSettings{Acks: "all", Idempotent: s.o.Idempotent, Buffer: 1000, DeliveryTimeout: 30 * time.Second,
		MetadataMinAge: 50 * time.Millisecond, Compression: "none"}
}

// sender makes a producer, which the end of the test aborts if nothing did before.
func (s *suite) sender(t *testing.T, topic broker.Topic, number uint32, o broker.ProducerSettings) *sender {
	t.Helper()
	x := &sender{t: t, suite: s, topic: topic, number: number, next: make([]uint64, topic.Partitions), outcomes: map[broker.ID]broker.Outcome{}}
	var err error
	x.producer, err = s.driver.NewProducer(t.Context(), topic, broker.ProducerOptions{ProducerSettings: o, Name: "brokertest"}, x.outcome)
	if err != nil {
		t.Fatalf("make a producer: %v", err)
	}
	t.Cleanup(x.producer.Abort)
	return x
}

func (x *sender) outcome(list []broker.Outcome) {
	if x.busy.Swap(true) {
		x.t.Error("outcomes are told twice at the same time")
	}
	defer x.busy.Store(false)
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, o := range list {
		if old, ok := x.outcomes[o.ID]; ok {
			x.t.Errorf("%v has two outcomes: %v, then %v", o.ID, old.Err, o.Err)
		}
		x.outcomes[o.ID] = o
	}
}

// messages are the next n, over all partitions in turn, of different sizes.
func (x *sender) messages(n int) []broker.Message {
	all := make([]broker.Message, n)
	for i := range all {
		p := i % x.topic.Partitions
		m := broker.Message{
			ID:    broker.ID{Producer: x.number, Partition: int32(p), Seq: x.next[p]},
			Due:   time.Duration(i) * time.Microsecond,
			Value: make([]byte, broker.HeaderSize+i%200),
		}
		if i%3 == 0 {
			m.Key = []byte{byte(i), byte(i >> 8)}
		}
		x.next[p]++
		broker.Encode(m.Value, x.suite.o.Run, m.ID, m.Due)
		all[i] = m
	}
	return all
}

// send offers messages until all are taken, and then spoils what it gave: Send keeps nothing.
func (x *sender) send(n int) {
	x.t.Helper()
	all := x.messages(n)
	rest := all
	eventually(x.t, 30*time.Second, "the producer takes all messages", func() bool {
		rest = rest[x.producer.Send(x.t.Context(), rest):]
		return len(rest) == 0
	})
	for _, m := range all {
		clear(m.Value)
		clear(m.Key)
	}
}

func (x *sender) told() map[broker.ID]broker.Outcome {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.outcomes)
}

// settle waits for so many outcomes in all and checks that there are no more.
func (x *sender) settle(n int, within time.Duration) map[broker.ID]broker.Outcome {
	x.t.Helper()
	eventually(x.t, within, "every message has its outcome", func() bool { return len(x.told()) >= n })
	if got := len(x.told()); got > n {
		x.t.Errorf("%d outcomes of %d messages", got, n)
	}
	return x.told()
}

// acknowledged checks that all were, and returns their ids in order.
func (x *sender) acknowledged(outcomes map[broker.ID]broker.Outcome) []broker.ID {
	x.t.Helper()
	for id, o := range outcomes {
		if o.Err != nil {
			x.t.Fatalf("%v: %v", id, o.Err)
		}
	}
	return sorted(outcomes)
}

func sorted[V any](of map[broker.ID]V) []broker.ID { return slices.SortedFunc(maps.Keys(of), byID) }

func byID(a, b broker.ID) int {
	return slices.Compare([]uint64{uint64(a.Producer), uint64(a.Partition), a.Seq}, []uint64{uint64(b.Producer), uint64(b.Partition), b.Seq})
}

// consumer makes a consumer, which the end of the test aborts if nothing did before.
func (s *suite) consumer(t *testing.T, topic broker.Topic, group, name string) broker.Consumer {
	t.Helper()
	o := broker.ConsumerOptions{ConsumerSettings: broker.ConsumerSettings{Group: group, MetadataMinAge: 50 * time.Millisecond}, Name: name}
	if group != "" {
		o.SessionTimeout = s.o.Session
	}
	c, err := s.driver.NewConsumer(t.Context(), topic, o)
	if err != nil {
		t.Fatalf("make a consumer: %v", err)
	}
	t.Cleanup(c.Abort)
	return c
}

// reader makes a reader of the stretches, or skips the test where the driver has none.
func (s *suite) reader(t *testing.T, topic broker.Topic, stretches map[int32]broker.Range) broker.Consumer {
	t.Helper()
	d, ok := s.driver.(broker.Reader)
	if !ok {
		t.Skip("this driver cannot read again")
	}
	r, err := d.NewReader(t.Context(), topic, stretches)
	if err != nil {
		t.Fatalf("make a reader: %v", err)
	}
	t.Cleanup(r.Abort)
	return r
}

// everything returns what a topic holds, probes left out. Where messages leave when they are acknowledged, the topic is empty afterwards.
func (s *suite) everything(t *testing.T, topic broker.Topic, within time.Duration) *harvest {
	t.Helper()
	h := s.harvest(t)
	if !s.o.Consumed {
		h.drain(within, s.reader(t, topic, s.ends(t, topic)))
		return h
	}
	group := topic.Name + "-everything"
	c := s.consumer(t, topic, group, "everything")
	eventually(t, within, "nothing is left", func() bool {
		h.once(t.Context(), c)
		left, err := s.driver.(broker.Outstanding).Outstanding(t.Context(), group, topic.Name)
		return err == nil && left == 0
	})
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("close the consumer: %v", err)
	}
	return h
}

func (s *suite) ends(t *testing.T, topic broker.Topic) map[int32]broker.Range {
	t.Helper()
	d, ok := s.driver.(broker.Ends)
	if !ok {
		t.Skip("this driver knows no ends")
	}
	e, err := d.Ends(t.Context(), topic.Name)
	if err != nil {
		t.Fatalf("ends: %v", err)
	}
	return e
}

// A harvest is what consumers got of the load; probes are left out.
type harvest struct {
	t    *testing.T
	run  uint64
	got  map[broker.ID][]broker.Delivery // without values
	last map[int32]int64                 // a partition's last offset
	at   map[int32][]int64               // a partition's offsets, with those of probes
	into []broker.Delivery
	all  int // with probes
	// place is when a message came first, counted in its partition.
	place map[broker.ID]int64
}

func (s *suite) harvest(t *testing.T) *harvest {
	return &harvest{t: t, run: s.o.Run, got: map[broker.ID][]broker.Delivery{}, last: map[int32]int64{}, at: map[int32][]int64{}, into: make([]broker.Delivery, 0, 256), place: map[broker.ID]int64{}}
}

// once receives once, and returns false at the end of a bounded reader.
func (h *harvest) once(ctx context.Context, c broker.Consumer) bool {
	h.t.Helper()
	var err error
	h.into, err = c.Receive(ctx, h.into)
	for i := range h.into {
		d := &h.into[i]
		broker.Decode(d, h.run)
		h.all++
		h.at[d.Partition] = append(h.at[d.Partition], d.Offset)
		switch d.Envelope {
		case broker.Probe, broker.Marker:
			continue
		case broker.Corrupt, broker.Foreign:
			h.t.Errorf("partition %d, offset %d: envelope state %d", d.Partition, d.Offset, d.Envelope)
			continue
		}
		if d.ID.Partition != d.Partition {
			h.t.Errorf("%v came from partition %d", d.ID, d.Partition)
		}
		if _, again := h.place[d.ID]; !again {
			h.place[d.ID] = int64(len(h.at[d.Partition]))
		}
		kept := *d
		kept.Value = nil
		h.got[d.ID] = append(h.got[d.ID], kept)
		h.last[d.Partition] = d.Offset
	}
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		h.t.Fatalf("receive: %v", err)
	}
	return true
}

// until receives until so many different messages are there.
func (h *harvest) until(n int, within time.Duration, from ...broker.Consumer) {
	h.t.Helper()
	eventually(h.t, within, "the consumers get everything", func() bool {
		for _, c := range from {
			h.once(h.t.Context(), c)
		}
		return len(h.got) >= n
	})
}

// drain receives until the reader's end.
func (h *harvest) drain(within time.Duration, r broker.Consumer) {
	h.t.Helper()
	eventually(h.t, within, "the reader reaches its end", func() bool { return !h.once(h.t.Context(), r) })
}
