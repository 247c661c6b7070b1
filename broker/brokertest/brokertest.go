// Package brokertest is what every driver must pass, on every testbed. It knows what package broker promises; it doesn't know any kind of broker.
package brokertest

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-228c25e4/squall/broker"
)

// Options say what the tested pair can do.
type Options struct {
	Run        uint64            // the run's id, as the driver was given it
	Replicas   int               // of each topic; 0: one a node
	Topic      map[string]string // the topics' settings, in the broker's own names
	Session    time.Duration     // a group's session time-out that the cluster accepts; 0: 6 s
	Failover   time.Duration     // a killed leader is replaced within it; 0: 30 s
	Idempotent bool              // producers can be idempotent
	// Transactions: the kind of broker has them.
	Transactions bool
	// Consumed: a message leaves when it is acknowledged, so that only a group can read, and only once. Nobody coordinates a group, and who breaks its
	// connection has left it.
	Consumed bool
	// Groupless: there are no groups, and every consumer reads everything.
	Groupless bool
}

// Run tests the driver on the cluster that makeBoth returns, and closes both. Where the cluster has no links, what needs them is skipped.
func Run(t *testing.T, makeBoth func(t *testing.T) (broker.Cluster, broker.Driver), o Options) {
	if o.Session == 0 {
		o.Session = 6 * time.Second
	}
	if o.Failover == 0 {
		o.Failover = 30 * time.Second
	}
	before := goleak.IgnoreCurrent()
	s := &suite{o: o}
	s.cluster, s.driver = makeBoth(t)
	if s.o.Replicas == 0 {
		s.o.Replicas = len(s.cluster.Nodes())
	}
	for _, test := range []struct {
		name string
		run  func(*suite, *testing.T)
	}{
		{"a topic is made once", (*suite).topicIsMadeOnce},
		{"a topic is taken away", (*suite).topicIsTakenAway},
		{"every message is read once", (*suite).everyMessageIsReadOnce},
		{"a reader reads its stretch", (*suite).readerReadsItsStretch},
		{"the state names nodes and leaders", (*suite).stateNamesNodes},
		{"a full buffer takes no more", (*suite).fullBuffer},
		{"a late answer is unknown", (*suite).lateAnswer},
		{"nobody there is rejected or unknown", (*suite).nobodyThere},
		{"abort leaves unknown", (*suite).abortLeavesUnknown},
		{"the observer sees through impaired links", (*suite).observerSees},
		{"transactions are whole", (*suite).transactions},
		{"a new incarnation ends what was left open", (*suite).newIncarnation},
		{"a group shares and hands over", (*suite).groupShares},
		{"a group finds out about a crash", (*suite).groupFindsOut},
		{"a killed leader is replaced", (*suite).killedLeader},
		{"a frozen node holds nobody up", (*suite).frozenNode},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
	t.Run("nothing is left behind", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.driver.Close(); err != nil {
			t.Errorf("close the driver: %v", err)
		}
		if err := s.cluster.Close(ctx); err != nil {
			t.Errorf("close the cluster: %v", err)
		}
		goleak.VerifyNone(t, before)
	})
}

type suite struct {
	cluster broker.Cluster
	driver  broker.Driver
	o       Options
}

// topic makes a topic and waits until it is ready.
func (s *suite) topic(t *testing.T, name string, partitions int) broker.Topic {
	t.Helper()
	topic := broker.Topic{Name: "brokertest-" + name, Partitions: partitions, Replicas: s.o.Replicas, Config: s.o.Topic}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.driver.CreateTopic(ctx, topic); err != nil {
		t.Fatalf("create the topic: %v", err)
	}
	if err := s.driver.Ready(ctx, topic); err != nil {
		t.Fatalf("ready: %v", err)
	}
	return topic
}

// links are the links of a client to all nodes; without any the test is skipped.
func (s *suite) links(t *testing.T, client string) []broker.Link {
	t.Helper()
	var all []broker.Link
	for _, l := range s.cluster.Links() {
		if l.From() == client && l.Plane() == broker.PlaneClient {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		t.Skipf("this cluster has no links for %s", client)
	}
	return all
}

// impair does it until the returned function, or the end of the test, undoes it.
func (s *suite) impair(t *testing.T, i broker.Impairment, on []broker.Link) func() {
	t.Helper()
	_, undo, err := s.cluster.Impair(t.Context(), i, on...)
	undone := false
	heal := func() {
		if undone {
			return
		}
		undone = true
		if err := undo(context.Background()); err != nil {
			t.Errorf("heal the links: %v", err)
		}
	}
	t.Cleanup(heal)
	if err != nil {
		t.Fatalf("impair the links: %v", err)
	}
	return heal
}

// eventually fails the test when what is not so within the time.
func eventually(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
