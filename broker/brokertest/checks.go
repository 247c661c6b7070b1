package brokertest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func (s *suite) topicIsMadeOnce(t *testing.T) {
	topic := s.topic(t, "once", 2)
	if err := s.driver.CreateTopic(t.Context(), topic); err == nil {
		t.Error("a topic was made that was there already")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.driver.Ready(ctx, broker.Topic{Name: "brokertest-nowhere", Partitions: 1, Replicas: 1}); err == nil {
		t.Error("a topic is ready that nobody made")
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ready gave up with %v; it has until its context ends", err)
	}
}

func (s *suite) everyMessageIsReadOnce(t *testing.T) {
	const n = 3000
	topic := s.topic(t, "exact", 3)
	x := s.sender(t, topic, 7, settings(s))
	group := ""
	if s.o.Consumed {
		group = topic.Name + "-group"
	}
	c := s.consumer(t, topic, group, "direct")
	x.send(n)
	outcomes := x.settle(n, 30*time.Second)
	x.acknowledged(outcomes)
	if b := x.producer.Buffered(); b != 0 {
		t.Errorf("%d messages are buffered though each has its outcome", b)
	}
	if err := x.producer.Close(t.Context()); err != nil {
		t.Errorf("close the producer: %v", err)
	}
	if taken := x.producer.Send(t.Context(), x.messages(1)); taken != 0 {
		t.Error("a closed producer takes messages")
	}
	h := s.harvest(t)
	h.until(n, 30*time.Second, c)
	s.compare(t, outcomes, h)
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("close the consumer: %v", err)
	}
}

func (s *suite) readerReadsItsStretch(t *testing.T) {
	const n = 900
	topic := s.topic(t, "stretch", 3)
	x := s.sender(t, topic, 1, settings(s))
	x.send(n)
	outcomes := x.settle(n, 30*time.Second)
	ends := s.ends(t, topic)
	h := s.harvest(t)
	h.drain(30*time.Second, s.reader(t, topic, ends))
	s.compare(t, outcomes, h)

	whole := h
	part := map[int32]broker.Range{}
	want := 0
	for p, r := range ends {
		length := r.End - r.Start
		if length < n/3 {
			t.Errorf("partition %d holds %d messages, and at least %d were acknowledged", p, length, n/3)
		}
		part[p] = broker.Range{Start: r.Start + length/4, End: r.End - length/4}
		for _, at := range whole.at[p] { // there may be holes between them
			if at >= part[p].Start && at < part[p].End {
				want++
			}
		}
	}
	h = s.harvest(t)
	h.drain(30*time.Second, s.reader(t, topic, part))
	if h.all != want || want == 0 {
		t.Errorf("a reader of %d messages read %d", want, h.all)
	}
	for id, got := range h.got {
		if r := part[id.Partition]; len(got) != 1 || got[0].Offset < r.Start || got[0].Offset >= r.End {
			t.Errorf("%v at offset %d is not in [%d, %d), or came %d times", id, got[0].Offset, r.Start, r.End, len(got))
		}
	}
	nothing := s.reader(t, topic, map[int32]broker.Range{0: {Start: ends[0].End, End: ends[0].End}})
	if got, err := nothing.Receive(t.Context(), nil); len(got) > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("a reader of nothing got %d messages and %v", len(got), err)
	}
}

func (s *suite) stateNamesNodes(t *testing.T) {
	topic := s.topic(t, "state", 3)
	var names []string
	for _, n := range s.cluster.Nodes() {
		names = append(names, n.Name())
	}
	slices.Sort(names)
	var st broker.State
	eventually(t, 30*time.Second, "the state names every node, and the topic is fully in sync", func() bool { // on a busy machine a node answers late
		var err error
		st, err = s.driver.State(t.Context())
		return err == nil && slices.Equal(st.Nodes, names) && st.FullyInSync()
	})
	if st.Controller != "" && !slices.Contains(names, st.Controller) {
		t.Errorf("the controller is %q, which is no node", st.Controller)
	}
	for i := range int32(topic.Partitions) {
		p, ok := st.Partition(topic.Name, i)
		if !ok || !slices.Contains(names, p.Leader) || len(p.Replicas) != topic.Replicas || len(p.InSync) != topic.Replicas {
			t.Errorf("partition %d: %+v (known: %v)", i, p, ok)
		}
		if !slices.Contains(p.Replicas, p.Leader) {
			t.Errorf("partition %d is led by %s, which is none of its replicas %v", i, p.Leader, p.Replicas)
		}
	}
	s.everyVersion(t)
}

func (s *suite) everyVersion(t *testing.T) {
	t.Helper()
	v, ok := s.driver.(broker.Versions)
	if !ok {
		return
	}
	versions, err := v.Versions(t.Context())
	if err != nil || len(versions) != len(s.cluster.Nodes()) {
		t.Errorf("versions: %v, %v", versions, err)
	}
	t.Logf("versions: %v", versions)
}
