package embedded

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/links"
)

// NATSOptions say what cluster of NATS servers to make.
type NATSOptions struct {
	Nodes  int               // 0: three
	Config map[string]string // the server's own settings; blocks are dotted: jetstream.sync_interval
	// Command starts one server, as ServeNATS does, with the path of its configuration as one more argument; nil: this executable's internal command.
	Command []string
	Env     []string // NAME=VALUE for the servers, beside this process's own
}

// A NATSCluster is a cluster of real NATS servers with JetStream: each a process of its own, made of this executable, which ends with this one however
// that ends. Their data is in a temporary folder, which Close removes, and the next cluster where this process was killed.
type NATSCluster struct {
	nodes   []*natsNode
	config  map[string]string
	command []string
	env     []string
	user    string
	secret  string // the password of all users
	dir     string
	claim   *os.File // held while the cluster lives
	parent  *parent

	addresses []io.Closer // the claims to the nodes' addresses

	server *links.Server
	set    *links.Set
	paths  map[string]map[string]string // client -> a node's address -> its link's address

	mu     sync.Mutex
	closed bool
	once   sync.Once
}

var _ broker.Cluster = (*NATSCluster)(nil)

// dies is what Close waits for a killed process.
const dies = 10 * time.Second

// NATS starts a cluster. It returns when the processes run, which is before they serve.
func NATS(ctx context.Context, o NATSOptions) (*NATSCluster, error) {
	c := &NATSCluster{
		config: maps.Clone(o.Config), command: o.Command, env: o.Env, user: "squall", secret: rand.Text(),
		parent: newParent(), server: links.NewServer(), set: links.NewSet(), paths: map[string]map[string]string{},
	}
	err := c.start(ctx, cmp.Or(o.Nodes, 3))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start an embedded cluster of NATS servers: %w", err), c.Close(context.Background()))
	}
	return c, nil
}

func (c *NATSCluster) start(ctx context.Context, n int) (err error) {
	if c.command == nil {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find squall's own executable: %w", err)
		}
		c.command = []string{self, "nats-server"}
	}
	if c.dir, c.claim, err = claimFolder(); err != nil {
		return err
	}
	for i := range n {
		name := "b" + strconv.Itoa(i+1)
		n := &natsNode{cluster: c, name: name, dir: filepath.Join(c.dir, name)}
		if n.client, err = c.claimAddress(); err != nil {
			return err
		}
		if n.routes, err = c.claimAddress(); err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	if err := c.link(); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := c.configure(n); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := n.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// claimAddress finds an address on the loopback, which a node that is down finds free again.
func (c *NATSCluster) claimAddress() (string, error) {
	addr, claim, err := links.ClaimPort("127.0.0.1", func(addr string) error {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		return l.Close()
	})
	if err != nil {
		return "", err
	}
	c.addresses = append(c.addresses, claim)
	return addr, nil
}

// link makes the links of the clients to each node, and of each node to each other one.
func (c *NATSCluster) link() error {
	for _, client := range []string{broker.Producers, broker.Consumers} {
		c.paths[client] = map[string]string{}
		for _, n := range c.nodes {
			name := wayName(client, n.name)
			addr, err := c.server.Add(name, "127.0.0.1:0", n.client)
			if err != nil {
				return fmt.Errorf("link %s: %w", name, err)
			}
			c.set.Add(client, n.name, broker.PlaneClient, name, c.server)
			c.paths[client][n.client] = addr
		}
	}
	for _, from := range c.nodes {
		c.paths[from.name] = map[string]string{}
		for _, to := range c.nodes {
			if from == to {
				continue
			}
			name := wayName(from.name, to.name)
			addr, err := c.server.Add(name, "127.0.0.1:0", to.routes)
			if err != nil {
				return fmt.Errorf("link %s: %w", name, err)
			}
			c.set.AddFlow(from.name, to.name, broker.PlaneData, links.Way{Proxy: name, Control: c.server}, links.Way{Proxy: wayName(to.name, from.name), Control: c.server, Back: true})
			c.paths[from.name][to.routes] = addr
		}
	}
	return nil
}

func wayName(from, to string) string { return from + " -> " + to }

// Nodes implements broker.Cluster.
func (c *NATSCluster) Nodes() []broker.Node {
	all := make([]broker.Node, len(c.nodes))
	for i, n := range c.nodes {
		all[i] = n
	}
	return all
}

// Links implements broker.Cluster: those of the producers and the consumers to each node, and of each node to each other. Between two nodes there are
// several connections, each made by either of them: a link between nodes is all that one of them says to the other.
func (c *NATSCluster) Links() []broker.Link { return c.set.Links() }

// Impair implements broker.Cluster.
func (c *NATSCluster) Impair(ctx context.Context, i broker.Impairment, on ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	return c.set.Impair(ctx, i, on...)
}

// Endpoint implements broker.Cluster. The observer's and the administrator's connections pass no link.
func (c *NATSCluster) Endpoint(client string) broker.Endpoint {
	e := broker.Endpoint{Dial: c.dial(c.paths[client]), User: c.user, Password: c.secret}
	if client == broker.Administrator {
		e.User = systemUser
	}
	for _, n := range c.nodes {
		e.Addrs = append(e.Addrs, n.client)
	}
	return e
}

// dial leads a client to its link, save to a node that is down: a link would take the connection before it finds nobody behind, and a kernel refuses.
func (c *NATSCluster) dial(paths map[string]string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		for _, n := range c.nodes {
			if up, _ := n.now(); n.client == addr && up == nil {
				return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			}
		}
		return new(net.Dialer).DialContext(ctx, network, cmp.Or(paths[addr], addr))
	}
}

// Describe implements broker.Cluster.
func (c *NATSCluster) Describe() broker.Description {
	return broker.Description{Testbed: "embedded (nats-server " + natsVersion + ", a process for each node)", Config: maps.Clone(c.config), Proxied: true}
}

func (c *NATSCluster) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close implements broker.Cluster.
func (c *NATSCluster) Close(ctx context.Context) error {
	var err error
	c.once.Do(func() {
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dies)
		defer cancel()
		for _, n := range c.nodes {
			err = errors.Join(err, n.Kill(ctx))
		}
		c.parent.close()
		for _, a := range c.addresses {
			err = errors.Join(err, a.Close())
		}
		err = errors.Join(err, c.server.Close(), releaseFolder(c.dir, c.claim))
	})
	return err
}
