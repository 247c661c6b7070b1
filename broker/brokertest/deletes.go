package brokertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// topicIsTakenAway: a topic that is deleted is gone with all that was in it, and one of its name can be made anew; that there is none is no error.
func (s *suite) topicIsTakenAway(t *testing.T) {
	s.delete(t, broker.Topic{Name: "brokertest-never-made", Partitions: 2, Replicas: s.o.Replicas, Config: s.o.Topic})
	const n = 300
	topic := s.topic(t, "taken-away", 2)
	other := s.topic(t, "stays", 1)
	x := s.sender(t, topic, 11, settings(s))
	x.send(n)
	x.acknowledged(x.settle(n, 30*time.Second))
	if err := x.producer.Close(t.Context()); err != nil {
		t.Errorf("close the producer: %v", err)
	}
	s.delete(t, topic)
	s.delete(t, topic)
	s.gone(t, topic, other)
	again := s.topic(t, "taken-away", 2)
	if h := s.everything(t, again, 30*time.Second); len(h.got) > 0 {
		t.Errorf("made anew, the topic holds %d messages of the one that was deleted", len(h.got))
	}
}

// delete deletes a topic, or one that there is not. The cluster may just have started, so that nobody leads it yet.
func (s *suite) delete(t *testing.T, topic broker.Topic) {
	t.Helper()
	deleter, ok := s.driver.(broker.TopicDeleter)
	if !ok {
		t.Fatal("the driver cannot delete a topic that it made: what many runs send would stay until the end")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := deleter.DeleteTopic(ctx, topic); err != nil {
		t.Fatalf("delete the topic: %v", err)
	}
}

// gone waits until neither the log nor the cluster's state tells of a topic; another one stays.
func (s *suite) gone(t *testing.T, topic, other broker.Topic) {
	t.Helper()
	if ends, ok := s.driver.(broker.Ends); ok {
		eventually(t, 30*time.Second, "a deleted topic has no log", func() bool {
			_, err := ends.Ends(t.Context(), topic.Name)
			return err != nil // broker.ErrNoTopic, or that nobody here knows of it any more
		})
		if _, err := ends.Ends(t.Context(), other.Name); err != nil {
			t.Errorf("the log of another topic: %v", err)
		}
	}
	eventually(t, 30*time.Second, "the state tells no more of a deleted topic, and of another one", func() bool {
		st, err := s.driver.State(t.Context())
		of := func(name string) bool {
			return slices.ContainsFunc(st.Partitions, func(p broker.PartitionState) bool { return p.Topic == name })
		}
		return err == nil && !of(topic.Name) && of(other.Name)
	})
}
