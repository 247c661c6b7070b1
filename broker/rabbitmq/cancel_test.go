package rabbitmq_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
)

// listed are how many consumers of the topic's partition 0 the broker lists.
func listed(t *testing.T, d broker.Driver, topic broker.Topic) int {
	t.Helper()
	n, err := d.(broker.ConsumerCanceller).Consumers(t.Context(), topic.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A consumer that the broker cancels again and again, in the middle of a backlog and with messages that it has not acknowledged, is told each time, asks anew and is
// given everything. It keeps its connection; who reads a stream makes another.
func cancelledGoesOn(t *testing.T, c broker.Cluster, d broker.Driver) {
	streams, err := rabbitmq.New(c, broker.Settings{Nodes: 3, Topic: broker.Topic{Config: map[string]string{"queue-type": "stream"}}}, broker.NewClock(), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = streams.Close() })
	for _, kind := range []struct {
		config   map[string]string
		group    string
		driver   broker.Driver
		told     broker.ClientEventKind
		replicas int
	}{
		{map[string]string{"queue-type": "quorum", "x-delivery-limit": "-1"}, "g", d, broker.Revoked, 3},
		{map[string]string{"queue-type": "classic"}, "g", d, broker.Revoked, 1},
		{map[string]string{"queue-type": "stream"}, "", streams, broker.Lost, 3},
	} {
		t.Run(kind.config["queue-type"], func(t *testing.T) {
			d := kind.driver
			topic := madeOf(t, d, "cancelled-"+kind.config["queue-type"], 1, kind.replicas, kind.config)
			s := newSender(t, d, topic, "producer-0")
			var told diary
			c, err := d.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "consumer-0", Events: told.event, ConsumerSettings: broker.ConsumerSettings{Group: kind.group}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Abort)
			got := map[broker.ID]bool{}
			const rounds, more = 10, 1000 // much more than a consumer holds
			for round := 1; round <= rounds; round++ {
				s.send(t, more)
				eventually(t, 20*time.Second, "messages come", func() bool {
					receive(t, c, got)
					return len(got) > (round-1)*more
				})
				if n, err := d.(broker.ConsumerCanceller).CancelConsumers(t.Context(), topic.Name, 0); n != 1 || err != nil {
					t.Fatalf("%d consumers were cancelled, %v", n, err)
				}
				eventually(t, 20*time.Second, "the consumer is told, and asks anew", func() bool {
					receive(t, c, got)
					return len(told.told(kind.told)) == round && listed(t, d, topic) == 1
				})
				if e := told.told(kind.told)[round-1]; e.Detail != topic.Name+".0: the broker ended the subscription (basic.cancel)" {
					t.Errorf("told: %+v", e)
				}
			}
			s.settled(t, 30*time.Second)
			eventually(t, 30*time.Second, "every message is given", func() bool {
				receive(t, c, got)
				return len(got) == rounds*more
			})
			if lost := told.told(broker.Lost); kind.told != broker.Lost && len(lost) > 0 {
				t.Errorf("connections were lost: %+v", lost)
			}
			if o, queues := d.(broker.Outstanding); queues {
				eventually(t, 10*time.Second, "nothing is left", func() bool {
					receive(t, c, got)
					left, err := o.Outstanding(t.Context(), kind.group, topic.Name)
					return err == nil && left == 0
				})
			}
		})
	}
}

// cancelSilently cancels the consumers of a queue, and tells nobody.
const cancelSilently = `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"%s">>)),
[rabbit_channel:do(element(1, C), {'basic.cancel', element(2, C), true}) || C <- rabbit_amqqueue:consumers(Q)],
"done".`

// A consumer that is cancelled and not told starves, beside a queue that fills: the driver does not hide it, and shows what is left.
func untoldStarves(t *testing.T, _ broker.Cluster, d broker.Driver) {
	topic := made(t, d, "untold", 1, nil)
	s := newSender(t, d, topic, "producer-0")
	var told diary
	c, err := d.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "consumer-0", Events: told.event, ConsumerSettings: broker.ConsumerSettings{Group: "g"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	left := func() uint64 {
		n, err := d.(broker.Outstanding).Outstanding(t.Context(), "g", topic.Name)
		if err != nil {
			t.Log(err)
		}
		return n
	}
	got := map[broker.ID]bool{}
	s.send(t, 20)
	s.settled(t, 20*time.Second)
	eventually(t, 20*time.Second, "everything is given and acknowledged", func() bool {
		receive(t, c, got)
		return len(got) == 20 && left() == 0
	})
	if _, err := rabbitmq.Evaluate(t.Context(), d, "b2", fmt.Sprintf(cancelSilently, topic.Name+".0")); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "nobody is listed", func() bool { return listed(t, d, topic) == 0 })
	s.send(t, 20)
	s.settled(t, 20*time.Second)
	for range 20 {
		receive(t, c, got)
	}
	if n := left(); n != 20 || len(got) != 20 {
		t.Errorf("of 20 messages that nobody was to be given %d are left, and %d came", n, len(got)-20)
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if i := slices.IndexFunc(told.events, func(e broker.ClientEvent) bool { return strings.Contains(e.Detail, "basic.cancel") }); i >= 0 {
		t.Errorf("the client was told: %+v", told.events[i])
	}
}
