package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// fakeNode is a node whose process is a bool.
type fakeNode struct {
	name      string
	mu        sync.Mutex
	up        bool
	killTakes time.Duration
	silent    bool  // dies at once, and Kill returns later
	killErr   error // told after the process is gone
	startErr  error
	immortal  bool
	starts    int
	started   time.Time

	stopTakes time.Duration // it ends then, whatever becomes of who asked
	paused    bool
	pauseErr  error
	deaf      bool // does not do what it is told, and says that it did
	limits    []*broker.Limits
	used      time.Duration
	throttled time.Duration
	oom       bool
	files     map[string][]byte
	stubborn  bool // its files stay as they are
}

// set changes what the process is.
func (n *fakeNode) set(up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up = up
}

func (n *fakeNode) Name() string { return n.name }
func (n *fakeNode) ID() string   { return n.name }
func (n *fakeNode) Kill(ctx context.Context) error {
	if n.silent {
		n.mu.Lock()
		n.up = false
		n.mu.Unlock()
	}
	select {
	case <-time.After(n.killTakes):
	case <-ctx.Done():
		return ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up, n.paused = n.immortal, false
	return n.killErr
}
func (n *fakeNode) Start(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := errors.Join(ctx.Err(), n.startErr); err != nil {
		return err
	}
	n.up = true
	n.starts++
	n.started = time.Now()
	return nil
}
func (n *fakeNode) Running(context.Context) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.up, nil
}

// fakeLink carries 1 kB each time that it is looked at.
type fakeLink struct {
	from, to, plane string
	mu              sync.Mutex
	looks           uint64
	delay           broker.Impairment // all that lasts, added up
	lasts           map[int]broker.Impairment
	open            uint64
	kept            time.Duration
	deaf, idle      bool   // does not do what it is told; carries nothing
	oneWay          bool   // carries what from says alone
	late            uint64 // connections that end late each time that it is looked at
	err             error
}

// set makes an impairment last on the link, or an empty one no longer last.
func (l *fakeLink) set(id int, imp broker.Impairment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lasts == nil {
		l.lasts = map[int]broker.Impairment{}
	}
	if l.lasts[id] = imp; imp == (broker.Impairment{}) {
		delete(l.lasts, id)
	}
	l.delay = broker.Impairment{}
	for _, i := range l.lasts {
		l.delay.Requests.Delay += i.Requests.Delay
		l.delay.Replies.Delay += i.Replies.Delay
		l.delay.Requests.Hold = l.delay.Requests.Hold || i.Requests.Hold
		l.delay.Replies.Hold = l.delay.Replies.Hold || i.Replies.Hold
		l.delay.Refuse = l.delay.Refuse || i.Refuse
	}
}

// whole reports whether everything passes the link.
func (l *fakeLink) whole() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lasts) == 0
}

func (l *fakeLink) From() string  { return l.from }
func (l *fakeLink) To() string    { return l.to }
func (l *fakeLink) Plane() string { return l.plane }
func (l *fakeLink) OneWay() bool  { return l.oneWay }
func (l *fakeLink) Traffic(context.Context) (broker.LinkTraffic, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle {
		return broker.LinkTraffic{}, l.err
	}
	l.looks++
	if !l.deaf {
		l.kept += l.delay.Requests.Delay
	}
	kept := broker.Kept{Pieces: l.looks, Sum: l.kept}
	return broker.LinkTraffic{Requests: 1000 * l.looks, Replies: 10 * l.looks, Open: l.open, Late: l.late * l.looks, RequestsKept: kept, RepliesKept: kept}, l.err
}

// fakeCluster has three nodes, which lead two partitions each.
type fakeCluster struct {
	broker.Cluster
	nodes     []*fakeNode
	links     []*fakeLink
	impairErr error
	undoErrs  int // so many undos fail
	mu        sync.Mutex
	impaired  int // calls of Impair
	bug       int // the one that panics; 0: none
}

func newFakeCluster() *fakeCluster { return newFakeClusterOf(3) }

func newFakeClusterOf(n int) *fakeCluster {
	c := &fakeCluster{}
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("b%d", i+1))
	}
	for _, n := range names {
		c.nodes = append(c.nodes, &fakeNode{name: n, up: true})
		c.links = append(c.links, &fakeLink{from: broker.Producers, to: n, plane: broker.PlaneClient},
			&fakeLink{from: broker.Consumers, to: n, plane: broker.PlaneClient})
		for _, o := range names {
			if o != n {
				c.links = append(c.links, &fakeLink{from: n, to: o, plane: broker.PlaneData}, &fakeLink{from: n, to: o, plane: broker.PlaneControl})
			}
		}
	}
	return c
}

func (c *fakeCluster) Nodes() []broker.Node {
	var all []broker.Node
	for _, n := range c.nodes {
		all = append(all, n)
	}
	return all
}

func (c *fakeCluster) Links() []broker.Link {
	var all []broker.Link
	for _, l := range c.links {
		all = append(all, l)
	}
	return all
}

func (c *fakeCluster) Impair(_ context.Context, imp broker.Impairment, links ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	c.mu.Lock()
	c.impaired++
	id := c.impaired
	c.mu.Unlock()
	if id == c.bug {
		panic("a bug")
	}
	set := func(imp broker.Impairment) {
		for _, l := range links {
			l.(*fakeLink).set(id, imp)
		}
	}
	set(imp)
	now := time.Now()
	return broker.Effect{First: now, Last: now.Add(3 * time.Millisecond), Links: links}, func(ctx context.Context) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.undoErrs > 0 {
			c.undoErrs--
			return errors.New("sidecar does not answer")
		}
		if ctx.Err() == nil {
			set(broker.Impairment{})
		}
		return ctx.Err()
	}, c.impairErr
}

// sees reports whether whatever one dials to the other arrives, on a plane.
func (c *fakeCluster) sees(from, to, plane string) bool {
	for _, l := range c.links {
		if l.from == from && l.to == to && l.plane == plane {
			return l.whole()
		}
	}
	return false
}

// state has partition p of orders led by b(p mod 3 + 1), with both others as followers but for partition 5, which b3 holds alone.
func (c *fakeCluster) state(context.Context) (broker.State, error) {
	names := []string{"b1", "b2", "b3"}
	s := broker.State{Nodes: names, Controller: "b3"}
	for p := range 6 {
		replicas := []string{names[p%3], names[(p+1)%3]}
		if p == 5 {
			replicas = []string{"b3"}
		}
		s.Partitions = append(s.Partitions, broker.PartitionState{Topic: "orders", Partition: int32(p), Leader: names[p%3], Replicas: replicas, InSync: replicas})
	}
	s.Partitions = append(s.Partitions, broker.PartitionState{Topic: "other", Partition: 9, Leader: "b1", Replicas: names, InSync: names})
	return s, nil
}

var orders = Place{Nodes: []string{"b1", "b2", "b3"}, Clients: []string{"producer-0", "producer-1", "consumer-0", "consumer-1"}, Group: "billing",
	Topic: broker.Topic{Name: "orders", Partitions: 6, Replicas: 2}}

// fakeClient is a client by name.
type fakeClient struct {
	broker.Client
	name string
}

func (c fakeClient) Name() string { return c.name }

// clients are those of orders.
func (c *fakeCluster) clients() []broker.Client {
	var all []broker.Client
	for _, n := range orders.Clients {
		all = append(all, fakeClient{name: n})
	}
	return all
}
