package embedded_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

// start makes a cluster whose failover takes 400 ms, and a driver. Both are closed with the test.
func start(t *testing.T, config map[string]string) (*embedded.Cluster, broker.Driver, broker.Topic) {
	t.Helper()
	c, err := embedded.Kafka(t.Context(), embedded.Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	d, err := kafka.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(d.Close(), c.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	topic := broker.Topic{Name: "t", Partitions: 3, Replicas: 3, Config: map[string]string{"min.insync.replicas": "2"}}
	if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
		t.Fatal(err)
	}
	return c, d, topic
}

var quick = map[string]string{"broker.session.timeout.ms": "400"}

// state waits until the cluster's state is as wanted.
func state(t *testing.T, d broker.Driver, what string, so func(broker.State) bool) {
	t.Helper()
	began := time.Now()
	for {
		s, err := d.State(t.Context())
		if err == nil && so(s) {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%s: not within half a minute: %+v, %v", what, s, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func without(node string) func(broker.State) bool {
	return func(s broker.State) bool {
		return !slices.Contains(s.Nodes, node) && !slices.ContainsFunc(s.Partitions, func(p broker.PartitionState) bool {
			return p.Leader == node || p.Leader == "" || slices.Contains(p.InSync, node) || len(p.Replicas) != 3
		})
	}
}

func whole(s broker.State) bool { return len(s.Nodes) == 3 && s.FullyInSync() }

func TestLeadersAreSpread(t *testing.T) {
	_, d, topic := start(t, quick)
	s, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"b1", "b2", "b3"} {
		if p, _ := s.Partition(topic.Name, int32(i)); p.Leader != want {
			t.Errorf("partition %d is led by %s", i, p.Leader)
		}
	}
	if s.Controller != "b3" {
		t.Errorf("the controller is %q", s.Controller)
	}
}

func TestFailover(t *testing.T) {
	for name, test := range map[string]struct {
		hurt, heal       func(broker.Node) error
		fastest, slowest time.Duration
		runs             bool // while it is hurt
	}{
		"kill": {
			func(n broker.Node) error { return n.Kill(context.Background()) },
			func(n broker.Node) error { return n.Start(context.Background()) },
			400 * time.Millisecond, time.Second, false,
		},
		"stop": {
			func(n broker.Node) error { return n.Stop(context.Background(), time.Second) },
			func(n broker.Node) error { return n.Start(context.Background()) },
			0, 300 * time.Millisecond, false,
		},
		"pause": {
			func(n broker.Node) error { return n.Pause(context.Background()) },
			func(n broker.Node) error { return n.Resume(context.Background()) },
			400 * time.Millisecond, time.Second, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, d, topic := start(t, quick)
			victim, fastest := c.Nodes()[0], time.Hour
			for range 8 { // what else the machine does only makes one slower
				began := time.Now()
				if err := test.hurt(victim); err != nil {
					t.Fatal(err)
				}
				if runs, err := victim.(broker.Process).Running(t.Context()); runs != test.runs || err != nil {
					t.Errorf("the process runs: %v, %v", runs, err)
				}
				state(t, d, "b1 is replaced", without("b1"))
				fastest = min(fastest, time.Since(began))
				if !test.runs { // a new client that happens to ask the frozen node first waits for it for long
					send(t, d, topic, nil)
				}
				if err := test.heal(victim); err != nil {
					t.Fatal(err)
				}
				state(t, d, "b1 is back", whole)
				send(t, d, topic, nil)
				if fastest <= test.slowest {
					break
				}
			}
			if fastest < test.fastest || fastest > test.slowest {
				t.Errorf("b1 was replaced after %v", fastest)
			}
		})
	}
}

// TestShortPause wakes a node before anybody has noticed.
func TestShortPause(t *testing.T) {
	c, d, topic := start(t, map[string]string{"broker.session.timeout.ms": "1500"})
	if err := errors.Join(c.Nodes()[0].Pause(t.Context()), c.Nodes()[0].Resume(t.Context())); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1600 * time.Millisecond)
	s, err := d.State(t.Context())
	if p, _ := s.Partition(topic.Name, 0); err != nil || !whole(s) || p.Leader != "b1" {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestTooFewInSync kills two of three: with min.insync.replicas 2 the last one refuses, and nobody is lost when all are back.
func TestTooFewInSync(t *testing.T) {
	c, d, topic := start(t, quick)
	for _, n := range c.Nodes()[:2] {
		if err := n.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	state(t, d, "b3 is alone", func(s broker.State) bool {
		return slices.Equal(s.Nodes, []string{"b3"}) && without("b1")(s) && without("b2")(s)
	})
	send(t, d, topic, broker.ErrRejected)
	for _, n := range c.Nodes()[:2] {
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	state(t, d, "all are back", whole)
	send(t, d, topic, nil)
}

func TestAllDead(t *testing.T) {
	c, d, topic := start(t, quick)
	for _, n := range c.Nodes() {
		if err := n.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := d.State(t.Context()); err == nil {
		t.Errorf("every node is dead, and the state is %+v", s)
	}
	time.Sleep(500 * time.Millisecond)
	if err := c.Nodes()[1].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	state(t, d, "b2 leads everything", func(s broker.State) bool { return without("b1")(s) && without("b3")(s) })
	for _, i := range []int{0, 2} {
		if err := c.Nodes()[i].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	state(t, d, "all are back", whole)
	send(t, d, topic, nil)
}

// send sends one message to each partition, which must end as wanted.
func send(t *testing.T, d broker.Driver, topic broker.Topic, want error) {
	t.Helper()
	told := make(chan broker.Outcome, 3)
	p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{ProducerSettings: broker.ProducerSettings{
		Acks: "all", Idempotent: true, Buffer: 3, DeliveryTimeout: 2 * time.Second, MetadataMinAge: 50 * time.Millisecond,
	}}, func(list []broker.Outcome) {
		for _, o := range list {
			told <- o
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	for i := range int32(3) {
		m := broker.Message{ID: broker.ID{Partition: i}, Value: make([]byte, broker.HeaderSize)}
		broker.Encode(m.Value, 1, m.ID, 0)
		p.Send(t.Context(), []broker.Message{m})
	}
	for range 3 {
		if o := <-told; !errors.Is(o.Err, want) {
			t.Errorf("%v: %v", o.ID, o.Err)
		}
	}
}

func TestLinksAreTheClients(t *testing.T) {
	c, d, topic := start(t, quick)
	var names []string
	for _, l := range c.Links() {
		if l.Plane() != broker.PlaneClient {
			t.Errorf("%s -> %s on plane %s", l.From(), l.To(), l.Plane())
		}
		names = append(names, l.From()+" -> "+l.To())
	}
	want := []string{"producers -> b1", "producers -> b2", "producers -> b3", "consumers -> b1", "consumers -> b2", "consumers -> b3"}
	if !slices.Equal(names, want) {
		t.Errorf("the links are %v", names)
	}
	send(t, d, topic, nil)
	for i, l := range c.Links() {
		traffic, err := l.Traffic(t.Context())
		if used := traffic.Requests > 0 && traffic.Replies > 0; err != nil || used != (i < 3) {
			t.Errorf("%s: %+v, %v", names[i], traffic, err)
		}
	}
	if about := c.Describe(); about.Emulated == "" || about.Testbed != "embedded (kfake)" || about.Config["broker.session.timeout.ms"] != "400" {
		t.Errorf("%+v", about)
	}
}

func TestClosed(t *testing.T) {
	c, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Nodes()[0].Kill(t.Context()), c.Close(t.Context()), c.Close(t.Context())); err != nil {
		t.Error(err)
	}
	if err := c.Nodes()[0].Start(t.Context()); err == nil {
		t.Error("a node of a closed cluster starts")
	}
	if _, err := embedded.Kafka(t.Context(), embedded.Options{Config: map[string]string{"broker.session.timeout.ms": "soon"}}); err == nil {
		t.Error("a session time-out of soon is taken")
	}
}
