package rabbitmq_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/testcontainers"
)

const each = 20 // messages of a queue

// What came back too often is read where it was put, each with the queue that gave it up, and nothing of what was acknowledged; whichever exchange it takes. Dead
// letters that nobody has read are gone with their topic.
func TestDeadLetters(t *testing.T) {
	c := pods(t, testcontainers.Options{Kind: "rabbitmq", Nodes: 1})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("remove the node: %v", err)
		}
	})
	for name, config := range map[string]map[string]string{
		"named":     {"x-dead-letter-exchange": "poison"},
		"bydefault": {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "graves"},
		"forsure":   {"x-dead-letter-exchange": "poison", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"},
	} {
		topic := broker.Topic{Name: name, Partitions: 2, Replicas: 1, Config: map[string]string{"x-delivery-limit": "2"}}
		maps.Copy(topic.Config, config)
		d, err := rabbitmq.New(c, broker.Settings{Nodes: 1}, broker.NewClock(), run)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
			t.Fatal(err)
		}
		publish(t, d, topic)
		giveBack(t, d, topic)
		found := dig(t, d, topic)
		if len(found) != 2*each {
			t.Errorf("%s: %d dead letters, want %d: %v", name, len(found), 2*each, found)
		}
		publish(t, d, topic)
		giveBack(t, d, topic)
		remake(t, d, topic)
		if found := dig(t, d, topic); len(found) > 0 {
			t.Errorf("%s: made anew, the topic has %d dead letters of the one that was deleted", name, len(found))
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// publish sends each queue its messages, and waits until they are confirmed.
func publish(t *testing.T, d broker.Driver, topic broker.Topic) {
	t.Helper()
	confirmed := make(chan broker.Outcome, topic.Partitions*each)
	p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{Name: "producer-0"}, func(list []broker.Outcome) {
		for _, o := range list {
			confirmed <- o
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for q := range int32(topic.Partitions) {
		for seq := range uint64(each) {
			m := broker.Message{ID: broker.ID{Partition: q, Seq: seq}, Value: make([]byte, broker.HeaderSize)}
			broker.Encode(m.Value, run, m.ID, 0)
			p.Send(t.Context(), []broker.Message{m})
		}
	}
	for range topic.Partitions * each {
		if o := <-confirmed; o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// giveBack has one consumer after the other take messages, and die without acknowledging any, until the queues hold none.
func giveBack(t *testing.T, d broker.Driver, topic broker.Topic) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		left, err := d.(broker.Outstanding).Outstanding(ctx, "billing", topic.Name)
		if ctx.Err() != nil {
			t.Fatalf("%d are left in the queues, %v", left, err)
		}
		if err == nil && left == 0 {
			return
		}
		c, err := d.NewConsumer(ctx, topic, broker.ConsumerOptions{Name: "consumer-0", ConsumerSettings: broker.ConsumerSettings{Group: "billing"}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Receive(ctx, nil) // whatever comes first is not acknowledged, nor what waits behind it
		c.Abort()
	}
}

// remake deletes the topic and makes it anew.
func remake(t *testing.T, d broker.Driver, topic broker.Topic) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(d.(broker.TopicDeleter).DeleteTopic(ctx, topic), d.CreateTopic(ctx, topic), d.Ready(ctx, topic)); err != nil {
		t.Fatal(err)
	}
}

// dig reads all dead letters, and returns them by their ids.
func dig(t *testing.T, d broker.Driver, topic broker.Topic) map[broker.ID]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := d.(broker.AsideReader).NewAsideReader(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Abort()
	found := map[broker.ID]bool{}
	for {
		batch, err := r.Receive(ctx, nil)
		for _, x := range batch {
			if broker.Decode(&x, run); x.Envelope == broker.Intact && x.ID.Partition == x.Partition {
				found[x.ID] = true
			} else if x.Envelope != broker.Probe {
				t.Errorf("%+v", x)
			}
		}
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
