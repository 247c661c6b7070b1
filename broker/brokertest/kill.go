package brokertest

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func (s *suite) killedLeader(t *testing.T) {
	if len(s.cluster.Nodes()) < 2 || s.o.Replicas < 2 {
		t.Skip("there is nobody to take over")
	}
	topic := s.topic(t, "kill", 3)
	x := s.sender(t, topic, 1, settings(s))
	x.send(300)
	x.settle(300, 30*time.Second)
	victim := s.leader(t, topic, 0)
	killed := time.Now()
	if err := victim.Kill(t.Context()); err != nil {
		t.Fatalf("kill %s: %v", victim.Name(), err)
	}
	sent := 300
	var slowest time.Duration
	eventually(t, s.o.Failover, "another node leads partition 0", func() bool {
		x.send(6)
		sent += 6
		time.Sleep(20 * time.Millisecond)
		asked := time.Now()
		st, err := s.driver.State(t.Context())
		slowest = max(slowest, time.Since(asked))
		if err != nil { // none of those that live had the time to answer
			t.Logf("state while %s is dead: %v", victim.Name(), err)
			return false
		}
		p, _ := st.Partition(topic.Name, 0)
		return p.Leader != "" && p.Leader != victim.Name() && !slices.Contains(st.Nodes, victim.Name())
	})
	t.Logf("%s was replaced after %v; the slowest look at the state took %v", victim.Name(), time.Since(killed), slowest)
	if slowest > 2*time.Second {
		t.Errorf("a look at the state took %v", slowest)
	}
	if err := victim.Start(t.Context()); err != nil {
		t.Fatalf("start %s: %v", victim.Name(), err)
	}
	x.send(30)
	sent += 30
	outcomes := x.settle(sent, 60*time.Second)
	eventually(t, 2*time.Minute, "every replica is in sync again", func() bool {
		st, err := s.driver.State(t.Context())
		return err == nil && st.FullyInSync() && slices.Contains(st.Nodes, victim.Name())
	})
	h := s.everything(t, topic, 60*time.Second)
	s.noneRejectedIsThere(t, outcomes, h)
	s.compare(t, outcomes, h)
}

func (s *suite) leader(t *testing.T, topic broker.Topic, partition int32) broker.Node {
	t.Helper()
	st, err := s.driver.State(t.Context())
	if err != nil {
		t.Fatalf("state: %v", err)
	}
	p, _ := st.Partition(topic.Name, partition)
	for _, n := range s.cluster.Nodes() {
		if n.Name() == p.Leader {
			return n
		}
	}
	t.Fatalf("nobody leads partition %d", partition)
	return nil
}

// frozenNode pauses a node for a moment: who looks at the cluster is not held up by it.
func (s *suite) frozenNode(t *testing.T) {
	if len(s.cluster.Nodes()) < 2 {
		t.Skip("there is nobody else to ask")
	}
	topic := s.topic(t, "frozen", 3)
	victim := s.cluster.Nodes()[0]
	if err := victim.Pause(t.Context()); err != nil {
		t.Fatalf("pause %s: %v", victim.Name(), err)
	}
	var slowest time.Duration
	for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(50 * time.Millisecond) {
		asked := time.Now()
		if _, err := s.driver.State(t.Context()); err != nil {
			t.Errorf("state while %s is frozen: %v", victim.Name(), err)
		}
		slowest = max(slowest, time.Since(asked))
	}
	if err := victim.Resume(t.Context()); err != nil {
		t.Fatalf("resume %s: %v", victim.Name(), err)
	}
	s.everyVersion(t) // also where the node still owes an answer
	if t.Logf("the slowest look at the state took %v", slowest); slowest > 700*time.Millisecond {
		t.Errorf("a frozen node makes a look at the state take %v", slowest)
	}
	eventually(t, 2*time.Minute, "every replica is in sync again", func() bool {
		st, err := s.driver.State(t.Context())
		return err == nil && st.FullyInSync() && len(st.Nodes) == len(s.cluster.Nodes())
	})
	x := s.sender(t, topic, 1, settings(s))
	x.send(30)
	x.acknowledged(x.settle(30, time.Minute))
}
