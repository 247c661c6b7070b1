package faults

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// member is a client that leaves and comes back.
type member struct {
	broker.Client
	mu     sync.Mutex
	there  bool
	left   int
	given  int
	refuse int // it leaves so often, and then no more
	takes  time.Duration
}

func (m *member) Name() string { return "consumer-0" }
func (m *member) Leave(context.Context) error {
	time.Sleep(m.takes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left++; m.refuse > 0 && m.left > m.refuse {
		return errors.New("the coordinator does not answer")
	}
	m.there = false
	return nil
}
func (m *member) isThere() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.there
}
func (m *member) Resume(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.there = true
	m.given++
	return nil
}
func (m *member) Assigned() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.given
}

func TestRebalanceStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			refuse int
			wrong  string
		}{{0, ""}, {2, "after departure 2: the coordinator does not answer"}} {
			m := &member{there: true, refuse: c.refuse}
			v := Victims{Clients: []broker.Client{m}, Witness: &Witness{}}
			back, err := (&RebalanceStorm{Every: time.Second}).Inject(t.Context(), v)
			if err != nil || m.isThere() {
				t.Fatalf("%v, there %v", err, m.isThere())
			}
			time.Sleep(4300 * time.Millisecond) // it is away for the fifth time
			if err := back(t.Context()); err != nil || !m.isThere() {
				t.Errorf("afterwards: %v, there %v", err, m.isThere())
			}
			if got := v.Witness.complaint(); got != c.wrong {
				t.Errorf("complains %q, want %q", got, c.wrong)
			}
			if _, notes := v.Witness.told(); c.wrong == "" && (m.left != 5 || notes[0] != "consumer-0 left 5 times, every 1s; in between the group gave partitions 4 times") {
				t.Errorf("left %d times, evidence %q", m.left, notes)
			}
		}
		m := &member{refuse: 1, left: 1, there: true}
		if _, err := (&RebalanceStorm{Every: time.Second}).Inject(t.Context(), Victims{Clients: []broker.Client{m}}); err == nil {
			t.Error("a member that does not leave is told as one that did")
		}
		if err := needsLeavers(Victims{Clients: []broker.Client{fakeClient{name: "producer-0"}}}); err == nil {
			t.Error("a client that cannot leave is taken")
		}
	})
}

// A storm that is behind its times when it is over does not go on to catch up.
func TestRebalanceStormEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			m := &member{there: true, takes: 2500 * time.Millisecond}
			back, err := (&RebalanceStorm{Every: time.Second}).Inject(t.Context(), Victims{Clients: []broker.Client{m}})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second) // it is about to leave for the second time
			if err := back(t.Context()); err != nil || m.left != 2 || !m.isThere() {
				t.Errorf("left %d times, there %v: %v", m.left, m.isThere(), err)
			}
		}
	})
}

// doors is a cluster of one node with a real listener.
type doors struct {
	*fakeCluster
	addr string
}

func (d doors) Endpoint(string) broker.Endpoint { return broker.Endpoint{Addrs: []string{d.addr}} }

func TestConnectionStorm(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	taken, open, most := 0, 0, 0
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			taken, open = taken+1, open+1
			most = max(most, open)
			mu.Unlock()
			all.Go(func() {
				_, _ = c.Read(make([]byte, 1))
				c.Close()
				mu.Lock()
				defer mu.Unlock()
				open--
			})
		}
	})
	cluster := doors{newFakeClusterOf(1), l.Addr().String()}
	v := Victims{Nodes: cluster.Nodes(), Cluster: cluster, Witness: &Witness{}}
	back, err := (&ConnectionStorm{Rate: 200, Keep: 200 * time.Millisecond}).Inject(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	l.Close()
	time.Sleep(100 * time.Millisecond) // refused now
	if err := back(t.Context()); err != nil {
		t.Error(err)
	}
	all.Wait()
	_, notes := v.Witness.told()
	if told := strings.Join(notes, "\n"); taken < 50 || taken > 202 || most < 5 || most > 60 || open != 0 || !strings.Contains(told, "b1: ") || !strings.Contains(told, "refused") {
		t.Errorf("%d connections, %d at once, %d left open; evidence %q", taken, most, open, notes)
	}
	if _, err := (&ConnectionStorm{Rate: 1, Keep: time.Second}).Inject(t.Context(), v); err == nil {
		t.Error("nobody listens, and the storm is told to have begun")
	}
	for _, c := range []ConnectionStorm{{Rate: 0, Keep: 1}, {Rate: 5}, {Rate: 1000, Keep: 3 * time.Second}} {
		if c.Check() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
