package brokertest

import (
	"maps"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// grouped skips a test of groups where there are none.
func (s *suite) grouped(t *testing.T) {
	t.Helper()
	if s.o.Groupless {
		t.Skip("there are no groups here")
	}
}

func (s *suite) groupShares(t *testing.T) {
	s.grouped(t)
	const n = 400
	topic := s.topic(t, "group", 4)
	x := s.sender(t, topic, 1, settings(s))
	x.send(n)
	x.acknowledged(x.settle(n, 30*time.Second))
	group := topic.Name + "-group"
	c1, c2 := s.consumer(t, topic, group, "c1"), s.consumer(t, topic, group, "c2")
	h1, h2 := s.harvest(t), s.harvest(t)
	// Both must have had partitions of their own in the end: send until they have.
	sent := n
	eventually(t, 60*time.Second, "both members get messages", func() bool {
		before1, before2 := h1.all, h2.all
		x.send(40)
		sent += 40
		for range 3 {
			h1.once(t.Context(), c1)
			h2.once(t.Context(), c2)
		}
		return h1.all > before1 && h2.all > before2
	})
	both := func() int {
		all := maps.Clone(h1.got)
		maps.Copy(all, h2.got)
		return len(all)
	}
	eventually(t, 60*time.Second, "the group gets everything", func() bool {
		h1.once(t.Context(), c1)
		h2.once(t.Context(), c2)
		return both() >= sent
	})
	h1.once(t.Context(), c1) // what was received last counts as processed
	if err := c1.Close(t.Context()); err != nil {
		t.Errorf("close a member: %v", err)
	}
	before := len(h2.got)
	start := time.Now()
	x.send(40)
	sent += 40
	eventually(t, 60*time.Second, "the other member takes over", func() bool {
		h2.once(t.Context(), c2)
		return both() >= sent
	})
	t.Logf("handed over in %v, %d messages came twice", time.Since(start), len(h1.got)+len(h2.got)-both())
	if got := len(h2.got) - before; got < 40 {
		t.Errorf("the other member got %d new messages of 40", got)
	}
	if st, err := s.driver.State(t.Context()); err != nil || !s.o.Consumed && st.Coordinators[group] == "" {
		t.Errorf("who coordinates %s: %v, %v", group, st.Coordinators, err)
	}
	if err := c2.Close(t.Context()); err != nil {
		t.Errorf("close the last member: %v", err)
	}
	s.committedAll(t, topic, group)
}

func (s *suite) committedAll(t *testing.T, topic broker.Topic, group string) {
	d, ok := s.driver.(broker.Committed)
	if !ok {
		return
	}
	got, err := d.Committed(t.Context(), group, topic.Name)
	if err != nil {
		t.Fatalf("committed: %v", err)
	}
	for p, r := range s.ends(t, topic) {
		if got[p] != r.End {
			t.Errorf("partition %d: the group committed %d, and the log ends at %d", p, got[p], r.End)
		}
	}
}

func (s *suite) groupFindsOut(t *testing.T) {
	s.grouped(t)
	topic := s.topic(t, "crash", 2)
	x := s.sender(t, topic, 1, settings(s))
	x.send(100)
	x.acknowledged(x.settle(100, 30*time.Second))
	group := topic.Name + "-group"
	c1 := s.consumer(t, topic, group, "c1")
	h1 := s.harvest(t)
	h1.until(100, 60*time.Second, c1)
	c1.Abort() // what it received last was never processed
	crashed := time.Now()
	c2 := s.consumer(t, topic, group, "c2")
	h2 := s.harvest(t)
	eventually(t, s.o.Session+60*time.Second, "the survivor gets something", func() bool {
		h2.once(t.Context(), c2)
		return len(h2.got) > 0
	})
	if took := time.Since(crashed); took < s.o.Session/3 && !s.o.Consumed {
		t.Errorf("the group gave the partitions away after %v: the crashed member must have said farewell (its session time-out is %v)", took, s.o.Session)
	} else {
		t.Logf("the group found out after %v", took)
	}
	x.send(20)
	eventually(t, 30*time.Second, "the survivor gets what follows", func() bool {
		h2.once(t.Context(), c2)
		all := maps.Clone(h1.got)
		maps.Copy(all, h2.got)
		return len(all) >= 120
	})
	if err := c2.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
}
