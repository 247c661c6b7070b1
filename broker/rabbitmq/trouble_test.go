package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// What makes trouble for clients on real nodes, and what they are told of it: an alarm, a full queue, a queue that is deleted, consumers that are cancelled, and a node that confirms nothing.
func TestContainersTrouble(t *testing.T) {
	c := pods(t, testcontainers.Options{Kind: "rabbitmq", Nodes: 3})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	d, err := rabbitmq.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for _, sub := range []struct {
		name string
		test func(*testing.T, broker.Cluster, broker.Driver)
	}{
		{"a memory alarm blocks", func(t *testing.T, _ broker.Cluster, d broker.Driver) { alarmBlocks(t, d, broker.MemoryResource) }},
		{"a disk alarm blocks", func(t *testing.T, _ broker.Cluster, d broker.Driver) { alarmBlocks(t, d, broker.DiskResource) }},
		{"a full queue refuses", fullQueueRefuses},
		{"a policy is in force and goes again", policyInForce},
		{"a deleted queue is told", deletedQueue},
		{"a cancelled consumer goes on", cancelledGoesOn},
		{"a consumer that is not told starves", untoldStarves},
		{"a leader hands over", leaderHandsOver},
		{"who confirms nothing is left", confirmsNothing},
	} {
		t.Run(sub.name, func(t *testing.T) { sub.test(t, c, d) })
	}
}

// A diary keeps what clients are told.
type diary struct {
	mu       sync.Mutex
	events   []broker.ClientEvent
	outcomes map[broker.ID]error
}

func (d *diary) event(e broker.ClientEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

func (d *diary) outcome(list []broker.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range list {
		d.outcomes[o.ID] = o.Err
	}
}

// told returns the events of a kind.
func (d *diary) told(kind broker.ClientEventKind) (all []broker.ClientEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

// counts are how many messages were acknowledged, rejected and are unknown.
func (d *diary) counts() (acknowledged, rejected, unknown int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, err := range d.outcomes {
		switch {
		case err == nil:
			acknowledged++
		case errors.Is(err, broker.ErrRejected):
			rejected++
		default:
			unknown++
		}
	}
	return acknowledged, rejected, unknown
}

// eventually waits for what has to come.
func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(within); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// made returns a topic that is ready, with three replicas.
func made(t *testing.T, d broker.Driver, name string, partitions int, config map[string]string) broker.Topic {
	t.Helper()
	return madeOf(t, d, name, partitions, 3, config)
}

func madeOf(t *testing.T, d broker.Driver, name string, partitions, replicas int, config map[string]string) broker.Topic {
	t.Helper()
	topic := broker.Topic{Name: name, Partitions: partitions, Replicas: replicas, Config: config}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := errors.Join(d.CreateTopic(ctx, topic), d.Ready(ctx, topic)); err != nil {
		t.Fatal(err)
	}
	return topic
}

// A sender sends to the partitions of a topic in turn.
type sender struct {
	broker.Producer
	diary
	topic broker.Topic
	next  uint64
}

// newSender returns one whose name decides at which node it begins.
func newSender(t *testing.T, d broker.Driver, topic broker.Topic, name string) *sender {
	t.Helper()
	s := &sender{topic: topic, diary: diary{outcomes: map[broker.ID]error{}}}
	var err error
	if s.Producer, err = d.NewProducer(t.Context(), topic, broker.ProducerOptions{Name: name, Events: s.event}, s.outcome); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Abort)
	eventually(t, 20*time.Second, "the producer is connected", func() bool { return len(s.told(broker.Connected)) > 0 })
	return s
}

func (s *sender) send(t *testing.T, n int) {
	t.Helper()
	for range n {
		m := broker.Message{ID: broker.ID{Producer: 1, Partition: int32(s.next) % int32(s.topic.Partitions), Seq: s.next}, Value: make([]byte, broker.HeaderSize+100)}
		broker.Encode(m.Value, run, m.ID, 0)
		s.next++
		if s.Send(t.Context(), []broker.Message{m}) != 1 {
			t.Fatal("the buffer is full")
		}
	}
}

// settled waits until nothing is without its outcome.
func (s *sender) settled(t *testing.T, within time.Duration) {
	t.Helper()
	eventually(t, within, "every message has its outcome", func() bool { return s.Buffered() == 0 })
}

// drain receives as a group's member until nothing is left in the queues, and returns the ids.
func drain(t *testing.T, d broker.Driver, topic broker.Topic) map[broker.ID]bool {
	t.Helper()
	c, err := d.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "drain-0", ConsumerSettings: broker.ConsumerSettings{Group: "g"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	got := map[broker.ID]bool{}
	eventually(t, time.Minute, "the queues are empty", func() bool {
		receive(t, c, got)
		left, err := d.(broker.Outstanding).Outstanding(t.Context(), "g", topic.Name)
		return err == nil && left == 0
	})
	return got
}

func receive(t *testing.T, c broker.Consumer, got map[broker.ID]bool) {
	t.Helper()
	batch, err := c.Receive(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch {
		if broker.Decode(&batch[i], run); batch[i].Envelope == broker.Intact {
			got[batch[i].ID] = true
		}
	}
}

// While a node has an alarm, producers at every node are told that they are blocked, what they send waits and is neither acknowledged nor given up, and it is
// stored when the alarm is over.
func alarmBlocks(t *testing.T, d broker.Driver, of broker.Resource) {
	topic := made(t, d, "alarm-"+string(of), 2, nil)
	s := newSender(t, d, topic, "producer-1")
	s.send(t, 20)
	s.settled(t, 20*time.Second)
	alarms := d.(broker.Alarmer)
	told, undo, err := alarms.Alarm(t.Context(), "b3", of)
	if err != nil {
		t.Fatal(err)
	}
	raised := func() bool {
		on, err := alarms.Alarms(t.Context(), "b3")
		return err == nil && slices.Contains(on, of)
	}
	eventually(t, 10*time.Second, "b3 has the alarm: "+told, raised)
	eventually(t, 20*time.Second, "the producer is told that it is blocked", func() bool {
		s.send(t, 1) // a node tells who sends
		return len(s.told(broker.Blocked)) > 0
	})
	if others, err := alarms.Alarms(t.Context(), "b1"); err != nil || len(others) > 0 {
		t.Errorf("b1 has the alarms %v of its own, %v", others, err)
	}
	s.send(t, 50)
	time.Sleep(2 * time.Second) // time in which a broker that blocks nobody would confirm
	if waiting := s.Buffered(); waiting < 50 {
		t.Errorf("blocked, and of 50 messages %d wait", waiting)
	}
	if err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "b3 has the alarm no more", func() bool { return !raised() })
	s.settled(t, 20*time.Second)
	acknowledged, rejected, unknown := s.counts()
	if uint64(acknowledged) != s.next || rejected+unknown > 0 || len(s.told(broker.Lost)) > 0 {
		t.Errorf("of %d messages %d are acknowledged, %d rejected, %d unknown; connections lost: %v", s.next, acknowledged, rejected, unknown, s.told(broker.Lost))
	}
	blocked, unblocked := s.told(broker.Blocked), s.told(broker.Unblocked)
	if len(blocked) != 1 || len(unblocked) != 1 || unblocked[0].At-blocked[0].At < 2*time.Second || !strings.Contains(blocked[0].Detail, "low on "+string(of)) ||
		!strings.HasPrefix(unblocked[0].Detail, "after ") {
		t.Errorf("told: %+v, %+v", blocked, unblocked)
	}
	t.Logf("%s; %+v; %+v", told, blocked, unblocked)
}

// What a full queue refuses is rejected, and never there.
func fullQueueRefuses(t *testing.T, _ broker.Cluster, d broker.Driver) {
	topic := made(t, d, "full", 1, map[string]string{"x-max-length": "50", "x-overflow": "reject-publish"})
	s := newSender(t, d, topic, "producer-0")
	for range 8 { // a quorum queue notices a while after it is full
		s.send(t, 50)
		s.settled(t, 20*time.Second)
	}
	acknowledged, rejected, unknown := s.counts()
	if rejected == 0 || acknowledged == 0 || unknown > 0 {
		t.Fatalf("%d acknowledged, %d rejected, %d unknown", acknowledged, rejected, unknown)
	}
	got := drain(t, d, topic)
	for id, err := range s.outcomes {
		if got[id] != (err == nil) {
			t.Errorf("%v was told as %v, and is there: %v", id, err, got[id])
		}
	}
	t.Logf("%d acknowledged and there, %d rejected and not", acknowledged, rejected)
}

// A policy counts at every node as long as it is set, and where a queue was declared with less, that goes on counting.
func policyInForce(t *testing.T, _ broker.Cluster, d broker.Driver) {
	topic := made(t, d, "policy", 2, map[string]string{"x-max-length": "100000"})
	settings := d.(broker.Configurer)
	want := func(value string, own *string) {
		t.Helper()
		var last broker.Setting
		eventually(t, 10*time.Second, "max-length is "+value+" everywhere", func() bool {
			var err error
			last, err = settings.Setting(t.Context(), topic.Name, "max-length")
			return err == nil && len(last.InForce) == 3 && !slices.ContainsFunc([]string{"b1", "b2", "b3"}, func(n string) bool { return last.InForce[n] != value })
		})
		if (last.Own == nil) != (own == nil) || own != nil && *own != *last.Own {
			t.Errorf("set is %v, want %v", last.Own, own)
		}
	}
	want("100000", nil)
	for _, value := range []string{"10", "200000"} {
		if err := settings.SetSetting(t.Context(), topic.Name, "max-length", &value); err != nil {
			t.Fatal(err)
		}
		overflow := "reject-publish"
		if err := settings.SetSetting(t.Context(), topic.Name, "overflow", &overflow); err != nil {
			t.Fatal(err)
		}
		want(map[string]string{"10": "10", "200000": "100000"}[value], &value)
	}
	for _, name := range []string{"overflow", "max-length", "max-length"} {
		if err := settings.SetSetting(t.Context(), topic.Name, name, nil); err != nil {
			t.Fatal(err)
		}
	}
	want("100000", nil)
	if _, err := settings.Setting(t.Context(), topic.Name, "colour"); err == nil {
		t.Error("there is a setting colour")
	}
	if _, err := settings.Setting(t.Context(), "", "max-length"); err == nil {
		t.Error("nodes have a max-length")
	}
}

// A queue that is deleted is told to both sides: what is sent to it is rejected, the broker ends the subscription, and when there is a new one, both go on.
func deletedQueue(t *testing.T, _ broker.Cluster, d broker.Driver) {
	topic := made(t, d, "deleted", 2, nil)
	s := newSender(t, d, topic, "producer-0")
	var told diary
	c, err := d.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "consumer-0", Events: told.event, ConsumerSettings: broker.ConsumerSettings{Group: "g"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	got := map[broker.ID]bool{}
	comes := func(n int) {
		t.Helper()
		s.send(t, n)
		s.settled(t, 20*time.Second)
		acknowledged, _, _ := s.counts()
		eventually(t, 20*time.Second, "everything acknowledged is delivered", func() bool {
			receive(t, c, got)
			return len(got) == acknowledged
		})
	}
	comes(20)
	for round := 1; round <= 2; round++ { // the second time is told as the first
		if _, err := d.(broker.QueueDeleter).DeleteQueue(t.Context(), topic.Name, 1); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "the consumer is told", func() bool {
			receive(t, c, got)
			return len(told.told(broker.Revoked)) == round
		})
		if e := told.told(broker.Revoked)[round-1]; !strings.Contains(e.Detail, "deleted.1: the broker ended the subscription (basic.cancel)") {
			t.Errorf("told: %+v", e)
		}
		_, before, _ := s.counts()
		s.send(t, 20)
		s.settled(t, 20*time.Second)
		if _, rejected, unknown := s.counts(); rejected-before != 10 || unknown > 0 {
			t.Errorf("of 10 messages for no queue, %d were rejected; %d unknown", rejected-before, unknown)
		}
		if _, err := d.(broker.QueueDeleter).DeleteQueue(t.Context(), topic.Name, 1); err == nil {
			t.Error("a queue that is not there was deleted")
		}
		for range 2 { // which may be done again
			if err := d.(broker.QueueDeleter).DeclareQueue(t.Context(), topic.Name, 1); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, 20*time.Second, "the consumer has the new queue", func() bool {
			receive(t, c, got)
			return len(told.told(broker.Assigned)) == round+1
		})
		comes(20)
	}
	s.send(t, 20)
	s.settled(t, 20*time.Second)
	was, is, err := d.(broker.Recreator).RecreateTopic(t.Context(), topic.Name)
	if err != nil || was != "2 queues with 0 messages" && !strings.HasPrefix(was, "2 queues with ") || is != "2 empty ones" {
		t.Errorf("%q, %q, %v", was, is, err)
	}
}

// A leader that is asked hands over, and says so; a role that there is not is refused.
func leaderHandsOver(t *testing.T, _ broker.Cluster, d broker.Driver) {
	topic := made(t, d, "handed", 1, nil)
	at := func() broker.PartitionState {
		s, err := d.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, _ := s.Partition(topic.Name, 0)
		return p
	}
	before := at()
	if err := d.(broker.Resigner).Resign(t.Context(), broker.LeaderRole, topic.Name); err != nil {
		t.Fatal(err)
	}
	var after broker.PartitionState
	eventually(t, 10*time.Second, "another leads", func() bool {
		after = at()
		return after.Leader != "" && after.Leader != before.Leader && after.Epoch > before.Epoch
	})
	t.Logf("%s led in term %d, %s leads in term %d", before.Leader, before.Epoch, after.Leader, after.Epoch)
	if err := d.(broker.Resigner).Resign(t.Context(), broker.ControllerRole, topic.Name); err == nil {
		t.Error("a controller stepped down")
	}
}

// A producer on a node that is cut off from the others is confirmed nothing, and keeps its connection. It goes to another node when ten seconds have passed,
// what it had published is unknown, and what follows is acknowledged.
func confirmsNothing(t *testing.T, c broker.Cluster, d broker.Driver) {
	topic := made(t, d, "silent", 1, nil)
	s := newSender(t, d, topic, "producer-0")
	s.send(t, 20)
	s.settled(t, 20*time.Second)
	at := s.told(broker.Connected)[0].Node
	var links []broker.Link
	for _, l := range c.Links() {
		if l.Plane() != broker.PlaneClient && (l.From() == at || l.To() == at) {
			links = append(links, l)
		}
	}
	_, undo, err := c.Impair(t.Context(), broker.Both(broker.Half{Hold: true}), links...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := undo(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	cut := time.Now()
	s.send(t, 20)
	eventually(t, time.Minute, "the producer goes to another node", func() bool {
		connected := s.told(broker.Connected)
		return len(connected) > 1 && connected[len(connected)-1].Node != at
	})
	t.Logf("gone from %s after %v", at, time.Since(cut).Round(100*time.Millisecond))
	stuck := s.told(broker.Stuck)
	if len(stuck) != 1 || stuck[0].Node != at || !strings.Contains(stuck[0].Detail, fmt.Sprintf("no confirm for 10s while %d messages wait for one", 20)) {
		t.Errorf("told: %+v", stuck)
	}
	if acknowledged, rejected, unknown := s.counts(); acknowledged != 20 || rejected > 0 || unknown != 20 {
		t.Errorf("%d acknowledged, %d rejected, %d unknown", acknowledged, rejected, unknown)
	}
	s.send(t, 20)
	s.settled(t, time.Minute)
	if acknowledged, _, unknown := s.counts(); acknowledged != 40 || unknown != 20 {
		t.Errorf("elsewhere: %d acknowledged, %d unknown", acknowledged, unknown)
	}
}
