package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	hall *hall
}

func (d doors) Endpoint(string) broker.Endpoint {
	return broker.Endpoint{Addrs: []string{d.hall.Addr().String()}, Dial: d.hall.dial}
}

// greeter is a driver whose broker answers, or says what it says.
type greeter struct {
	broker.Driver
	says error
}

func (g greeter) Greet(_ context.Context, client, addr string, conn net.Conn) error {
	if client != broker.Producers || addr == "" || conn == nil {
		return errors.New("who is greeted?")
	}
	return g.says
}

// A hall is a listener that counts its guests.
type hall struct {
	net.Listener
	dialing           sync.RWMutex // held while one is on the way in
	mu                sync.Mutex
	all               sync.WaitGroup
	taken, open, most int
	made, refused     int // by the dialler's count
}

func newHall(t *testing.T) *hall {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{Listener: l}
	h.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.count(1)
			h.all.Go(func() {
				_, _ = c.Read(make([]byte, 1))
				c.Close()
				h.count(-1)
			})
		}
	})
	return h
}

func (h *hall) count(by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken, h.open = h.taken+max(by, 0), h.open+by
	h.most = max(h.most, h.open)
}

func (h *hall) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	h.dialing.RLock()
	defer h.dialing.RUnlock()
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.made++
	case errors.Is(err, syscall.ECONNREFUSED):
		h.refused++
	}
	return c, err
}

// until waits until the counts are as they are to be.
func (h *hall) until(t *testing.T, what string, so func(h *hall) bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		h.mu.Lock()
		done := so(h)
		h.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within half a minute", what)
		}
	}
}

// shut takes everyone who is on the way in, and refuses all others.
func (h *hall) shut(t *testing.T) {
	t.Helper()
	h.dialing.Lock()
	defer h.dialing.Unlock()
	h.until(t, "all are taken", func(h *hall) bool { return h.taken == h.made })
	h.Close()
}

func TestConnectionStorm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		driver     broker.Driver
		told, says string // evidence, and what is wrong
	}{
		"nobody can be asked": {nil, "is not known: this kind of broker cannot be asked", ""},
		"answers":             {greeter{}, "; 0 got none, 0 still waited for one at the end", ""},
		"only a proxy":        {greeter{says: errors.New("end of file")}, "the last failure: ", "the broker answered on none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			cluster := doors{newFakeClusterOf(1), h}
			v := Victims{Nodes: cluster.Nodes(), Cluster: cluster, Driver: c.driver, Witness: &Witness{}}
			back, err := (&ConnectionStorm{Rate: 200, Keep: 200 * time.Millisecond}).Inject(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			h.until(t, "a storm", func(h *hall) bool { return h.taken >= 150 })
			if took := time.Since(began); took < 500*time.Millisecond {
				t.Errorf("150 connections at 200/s took %v", took)
			}
			h.shut(t)
			h.until(t, "a refusal", func(h *hall) bool { return h.refused > 0 })
			if err := back(t.Context()); err != nil {
				t.Error(err)
			}
			h.all.Wait()
			_, notes := v.Witness.told()
			told := strings.Join(notes, "\n")
			if h.most < 2 || h.most > 100 || h.open != 0 { // 40 on a machine that is never late
				t.Errorf("%d connections, %d at once, %d left open", h.taken, h.most, h.open)
			}
			made := 0
			if m := regexp.MustCompile(`b1: (\d+) connections were made, p50 \S+, p99 \S+, max \S+; [1-9]\d* were refused, \d+ failed`).FindStringSubmatch(told); m != nil {
				made, _ = strconv.Atoi(m[1])
			}
			if made != h.taken || !strings.Contains(told, c.told) {
				t.Errorf("%d connections; evidence %q", h.taken, notes)
			}
			if c.driver == (greeter{}) && !strings.Contains(told, fmt.Sprintf("the broker answered on %d of them, p50 ", made)) {
				t.Errorf("%d connections; evidence %q", h.taken, notes)
			}
			if wrong := v.Witness.complaint(); (wrong == "") != (c.says == "") || !strings.Contains(wrong, c.says) {
				t.Errorf("complains %q, want %q", wrong, c.says)
			}
			if _, err := (&ConnectionStorm{Rate: 1, Keep: time.Second}).Inject(t.Context(), v); err == nil {
				t.Error("nobody listens, and the storm is told to have begun")
			}
		})
	}
}

// rooms is a cluster whose connections are in memory, and may take long.
type rooms struct {
	*fakeCluster
	takes      time.Duration
	fails      error // once some are open
	open, most atomic.Int64
}

func (r *rooms) Endpoint(string) broker.Endpoint {
	return broker.Endpoint{Addrs: []string{"b1:1", "b2:1", "b3:1"}, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if !sleep(ctx, r.takes) {
			return nil, ctx.Err()
		}
		if r.fails != nil && r.open.Load() > 50 {
			return nil, r.fails
		}
		r.most.Store(max(r.most.Load(), r.open.Add(1)))
		return &seat{r}, nil
	}}
}

type seat struct{ *rooms }

func (s *seat) Close() error                   { s.open.Add(-1); return nil }
func (*seat) Read([]byte) (int, error)         { return 0, io.EOF }
func (*seat) Write([]byte) (int, error)        { return 0, io.EOF }
func (*seat) LocalAddr() net.Addr              { return nil }
func (*seat) RemoteAddr() net.Addr             { return nil }
func (*seat) SetDeadline(time.Time) error      { return nil }
func (*seat) SetReadDeadline(time.Time) error  { return nil }
func (*seat) SetWriteDeadline(time.Time) error { return nil }

// Of all nodes together, no more than so many connections are open; what had no room is told. So is what squall's own machine had not.
func TestConnectionStormIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails       error
		told, wrong string
	}{
		"kept too long": {nil, " more were due and not begun, for 2,000 were open at once", ""},
		"no more ports": {&net.OpError{Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}, "", "squall's own machine had no more to give"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cluster := &rooms{fakeCluster: newFakeCluster(), takes: 10 * time.Millisecond, fails: c.fails}
				v := Victims{Nodes: cluster.Nodes(), Cluster: cluster, Driver: greeter{}, Witness: &Witness{}}
				back, err := (&ConnectionStorm{Rate: 1000, Keep: 2 * time.Second}).Inject(t.Context(), v)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * time.Second)
				if err := back(t.Context()); err != nil || cluster.open.Load() != 0 {
					t.Errorf("%v; %d are open", err, cluster.open.Load())
				}
				_, notes := v.Witness.told()
				if told := strings.Join(notes, "\n"); cluster.most.Load() > mostOpen+3 || !strings.Contains(told, c.told) {
					t.Errorf("%d were open at once: %s", cluster.most.Load(), told)
				}
				if wrong := v.Witness.complaint(); (wrong == "") != (c.wrong == "") || !strings.Contains(wrong, c.wrong) {
					t.Errorf("complains %q, want %q", wrong, c.wrong)
				}
			})
		})
	}
	for _, c := range []struct {
		storm ConnectionStorm
		nodes int
		fits  bool
	}{
		{ConnectionStorm{Rate: 0, Keep: 1}, 1, false}, {ConnectionStorm{Rate: 5}, 1, false}, {ConnectionStorm{Rate: 1000, Keep: 3 * time.Second}, 1, false},
		{ConnectionStorm{Rate: 1000, Keep: 2 * time.Second}, 1, true}, {ConnectionStorm{Rate: 1000, Keep: 2 * time.Second}, 2, false},
		{ConnectionStorm{Rate: 100, Keep: 2 * time.Second}, 10, true},
	} {
		if err := errors.Join(c.storm.Check(), c.storm.CheckVictims(c.nodes)); (err == nil) != c.fits {
			t.Errorf("%+v on %d nodes: %v", c.storm, c.nodes, err)
		}
	}
}
