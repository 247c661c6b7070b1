// Package embedded runs brokers behind in-process links, so that nothing has to be installed. It knows kfake, a Kafka broker made for tests, and emulates
// what that lacks; and real NATS servers, each in a process of its own made of this executable. It doesn't know what the links are impaired for.
package embedded

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/links"
)

// Options say what cluster to make.
type Options struct {
	Nodes  int               // 0: three
	Config map[string]string // the broker's own settings; broker.session.timeout.ms decides about the emulated failover
	// TLS and Users are what the nodes want of clients; nil: nothing. Endpoint does not have it: whoever asks for it knows.
	TLS   *tls.Config
	Users []User
	// ClusterID is what the cluster calls itself; empty: "kfake".
	ClusterID string
}

// A User is one that the nodes let in.
type User struct{ Mechanism, Name, Password string } // the mechanism is one of broker's

const (
	testbed  = "embedded (kfake)"
	emulated = "kfake keeps one copy in this process: what it acknowledged cannot be lost, so durability was not tested"
)

// A Cluster is a Kafka cluster of kfake's. Kills, pauses and failover are emulated: a dead node's connections end, its partitions and groups move to other
// nodes when the session time-out has passed, and acks=all is refused while too few nodes live. There is one copy of the data, no replication (so acks=all
// never waits for a dead follower, as real brokers do until the session time-out), and no link between brokers. Topics can be made only while the last
// node lives, which is kfake's controller.
type Cluster struct {
	fake           *kfake.Cluster
	nodes          []*node
	config         map[string]string
	id             string
	sessionTimeout time.Duration

	server *links.Server
	set    *links.Set
	paths  map[string]map[string]string // client -> a node's address -> its link's address
	lies   lies

	mu       sync.Mutex
	topics   map[string]bool // whose leaders were spread over the nodes
	groups   map[string]bool
	closed   bool
	refusing *kfake.FaultHandle // nil: every partition has enough replicas in sync

	life   context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	once   sync.Once
}

var _ broker.Cluster = (*Cluster)(nil)

// Kafka starts a cluster.
func Kafka(_ context.Context, o Options) (*Cluster, error) {
	c := &Cluster{
		config: maps.Clone(o.Config),
		id:     cmp.Or(o.ClusterID, "kfake"),
		paths:  map[string]map[string]string{},
		topics: map[string]bool{},
		groups: map[string]bool{},
		server: links.NewServer(),
		set:    links.NewSet(),
	}
	c.life, c.cancel = context.WithCancel(context.Background())
	err := c.start(o)
	if err == nil {
		err = c.link()
	}
	if err != nil {
		c.Close(context.Background())
		return nil, fmt.Errorf("start %s: %w", testbed, err)
	}
	return c, nil
}

func (c *Cluster) start(o Options) error {
	var err error
	if c.sessionTimeout, err = c.milliseconds("broker.session.timeout.ms", 9*time.Second); err != nil {
		return err
	}
	shortest, err := c.milliseconds("group.min.session.timeout.ms", 6*time.Second)
	if err != nil {
		return err
	}
	listen := func(string, string) (net.Listener, error) {
		i := len(c.nodes)
		name := "b" + strconv.Itoa(i+1)
		d, err := newDoor(name, &c.lies, o.TLS)
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, &node{cluster: c, id: int32(i), name: name, door: d, inSync: true})
		return d, nil
	}
	opts := []kfake.Opt{kfake.NumBrokers(cmp.Or(o.Nodes, 3)), kfake.ListenFn(listen), kfake.BrokerConfigs(c.config), kfake.GroupMinSessionTimeout(shortest)}
	for _, u := range o.Users {
		opts = append(opts, kfake.EnableSASL(), kfake.Superuser(strings.ToUpper(u.Mechanism), u.Name, u.Password))
	}
	c.fake, err = kfake.NewCluster(opts...)
	if err != nil {
		return err
	}
	c.fake.ControlKey(int16(kmsg.Metadata), c.tellMetadata)
	c.fake.ControlKey(int16(kmsg.FindCoordinator), c.placeGroups)
	return nil
}

func (c *Cluster) milliseconds(name string, otherwise time.Duration) (time.Duration, error) {
	v, ok := c.config[name]
	if !ok {
		return otherwise, nil
	}
	ms, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("%s is %q: it is a number of milliseconds", name, v)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// link makes the clients' links to every node.
func (c *Cluster) link() error {
	for _, client := range []string{broker.Producers, broker.Consumers} {
		c.paths[client] = map[string]string{}
		for _, n := range c.nodes {
			name := client + " -> " + n.name
			addr, err := c.server.Add(name, "127.0.0.1:0", n.addr())
			if err != nil {
				return fmt.Errorf("link %s: %w", name, err)
			}
			c.paths[client][n.addr()] = addr
			c.set.Add(client, n.name, broker.PlaneClient, name, c.server)
		}
	}
	return nil
}

// Fake is the cluster that answers, for tests that need one that lies. Its control functions for Metadata and FindCoordinator are taken.
func (c *Cluster) Fake() *kfake.Cluster { return c.fake }

// Nodes implements broker.Cluster.
func (c *Cluster) Nodes() []broker.Node {
	all := make([]broker.Node, len(c.nodes))
	for i, n := range c.nodes {
		all[i] = n
	}
	return all
}

// Links implements broker.Cluster: the links of the producers and the consumers to each node, and none between nodes.
func (c *Cluster) Links() []broker.Link { return c.set.Links() }

// Impair implements broker.Cluster.
func (c *Cluster) Impair(ctx context.Context, i broker.Impairment, on ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	return c.set.Impair(ctx, i, on...)
}

// Endpoint implements broker.Cluster. The observer's connections pass no link.
func (c *Cluster) Endpoint(client string) broker.Endpoint {
	e := broker.Endpoint{Dial: c.dial(c.paths[client])}
	if client == broker.Observer {
		e.Dial = c.lies.spare(e.Dial)
	}
	for _, n := range c.nodes {
		e.Addrs = append(e.Addrs, n.addr())
	}
	return e
}

// dial leads a client to its link, save to a node that is down: a link would take the connection before it finds nobody behind, and a kernel refuses.
func (c *Cluster) dial(paths map[string]string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		for _, n := range c.nodes {
			if n.addr() == addr && !n.door.isOpen() {
				return nil, &net.OpError{Op: "dial", Net: network, Addr: n.door.Addr(), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			}
		}
		return new(net.Dialer).DialContext(ctx, network, cmp.Or(paths[addr], addr))
	}
}

// Describe implements broker.Cluster.
func (c *Cluster) Describe() broker.Description {
	return broker.Description{Testbed: testbed, Emulated: emulated, Config: maps.Clone(c.config), Proxied: true}
}

// Close implements broker.Cluster.
func (c *Cluster) Close(context.Context) error {
	var err error
	c.once.Do(func() {
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
		c.cancel()
		c.work.Wait()
		if c.fake != nil {
			c.fake.Close()
		}
		for _, n := range c.nodes {
			err = errors.Join(err, n.door.Close())
		}
		err = errors.Join(err, c.server.Close())
	})
	return err
}
