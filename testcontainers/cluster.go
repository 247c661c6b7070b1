package testcontainers

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/links"
)

const (
	heartbeat = 15 * time.Second // a sidecar that hears nothing for four of these belongs to a dead run
	closing   = time.Minute      // Close has so long, whatever became of the run
	starting  = 2 * time.Minute  // a broker that does not answer by then will not
	polling   = 50 * time.Millisecond
	tailLines = 30
)

// A cluster is pods on one network.
type cluster struct {
	engine      *engine
	run, token  string
	pods        []*pod
	set         *links.Set
	description broker.Description

	user, password string // of the clients; empty: none is asked for
	administrator  string // the user who is told about the brokers themselves; empty: the clients' own

	made        bool // something may carry the run's id
	life        context.Context
	stopBeating context.CancelFunc
	beating     sync.WaitGroup // what goes on as long as the cluster lives

	mu     sync.Mutex // one Close at a time
	closed bool
}

func newCluster(e *engine, run string) *cluster {
	return &cluster{engine: e, run: run, token: hex.EncodeToString(random(16)), set: links.NewSet(), stopBeating: func() {}}
}

func (c *cluster) labels() map[string]string {
	l := map[string]string{labelRun: c.run}
	if o := self().String(); o != "" {
		l[labelOwner] = o
	}
	return l
}

func (c *cluster) networkName() string { return "squall-" + c.run }

// network makes the run's network, unless another run has the same id: what carries a run's id is removed with it.
func (c *cluster) network(ctx context.Context) error {
	runs, err := c.engine.runs(ctx, c.run)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		return fmt.Errorf("there is a run %s already", c.run)
	}
	c.made = true
	ctx, cancel, err := making(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	if _, err := c.engine.NetworkCreate(ctx, c.networkName(), client.NetworkCreateOptions{Driver: "bridge", Labels: c.labels()}); err != nil {
		return fmt.Errorf("make a network: %w", explain(err))
	}
	return nil
}

// making is the context to make something with: a request that is given up midway may still be carried out, after the run's remains were removed. So
// it is never given up, and a run that ends waits for it.
func making(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	return ctx, cancel, nil
}

// adopt makes pods that run into the cluster: their links are known, and their leases are kept.
func (c *cluster) adopt(pods []*pod) {
	c.pods = pods
	for _, p := range pods {
		for _, x := range p.proxies {
			if !x.shared {
				c.set.Add(x.from, fmt.Sprintf("b%d", x.to), x.plane, x.spec.Name, p.remote)
			}
		}
	}
	for _, from := range pods {
		for _, to := range pods {
			if ways := append(from.ways(to, false), to.ways(from, true)...); len(ways) > 0 {
				c.set.AddFlow(from.name, to.name, broker.PlaneData, ways...)
			}
		}
	}
	c.life, c.stopBeating = context.WithCancel(context.Background())
	for _, p := range pods {
		c.beating.Go(func() { beat(c.life, p.remote) })
		c.keep(p, p.keeper.ask())
	}
}

// aside does something in the background, which Close ends and waits for. After Close its context is over from the beginning.
func (c *cluster) aside(do func(life context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beating.Go(func() { do(c.life) })
}

// ways are the shared proxies by which one pod dials another.
func (p *pod) ways(to *pod, back bool) (all []links.Way) {
	for _, x := range p.proxies {
		if x.shared && x.to == to.index {
			all = append(all, links.Way{Proxy: x.spec.Name, Control: p.remote, Back: back})
		}
	}
	return all
}

// beat keeps a sidecar's lease. An error is no news: who needs the sidecar will notice by himself.
func beat(ctx context.Context, r *links.Remote) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		_ = r.Touch(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// await returns when every broker answers, or one has ended. It is no readiness, which is for a driver: a broker that refuses its settings ends in its
// first seconds, and its log says why.
func (c *cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, starting, fmt.Errorf("no answer for %v", starting))
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range c.pods {
		g.Go(func() error {
			if err := p.remote.Touch(ctx); err != nil {
				return c.whySilent(ctx, p, err)
			}
			return p.awaitAnswer(ctx)
		})
	}
	return g.Wait()
}

func (c *cluster) whySilent(ctx context.Context, p *pod, err error) error {
	if running, e := c.engine.running(ctx, p.sidecar); e == nil && !running {
		return fmt.Errorf("start %s: the sidecar ended\n%s", p.name, c.tail(ctx, p.sidecar))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.engine.unreachable(err)
}

func (p *pod) awaitAnswer(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	wait := func() client.ContainerWaitResult {
		return p.cluster.engine.ContainerWait(waiting, p.broker, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	}
	ended := wait()
	for !answers(ctx, p.published[portObserver], p.greeting) {
		select {
		case <-time.After(polling):
		case <-ended.Result:
			if running, err := (node{p}).Running(ctx); err != nil || !running {
				return errors.Join(fmt.Errorf("start %s: the broker ended\n%s", p.name, p.cluster.tail(ctx, p.broker)), err)
			}
			ended = wait() // it was started again
		case err := <-ended.Error:
			return fmt.Errorf("start %s: %w", p.name, cmp.Or(context.Cause(ctx), err))
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w\n%s", p.name, context.Cause(ctx), p.cluster.tail(ctx, p.broker))
		}
	}
	return nil
}

// answers reports whether a broker behind a published port answers a greeting in its own protocol. That a connection is made says nothing: the engine's
// proxy accepts in any case.
func answers(ctx context.Context, addr string, greeting []byte) bool {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write(greeting); err != nil {
		return false
	}
	_, err = c.Read(make([]byte, 1))
	return err == nil
}

// tail is the end of a container's log, for an error. It is asked for even when the run was cancelled.
func (c *cluster) tail(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answering)
	defer cancel()
	lines, err := c.engine.log(ctx, id, tailLines)
	switch {
	case err != nil:
		return "its log cannot be read: " + err.Error()
	case len(lines) == 0:
		return "its log is empty"
	}
	return "the end of its log:\n  " + strings.Join(lines, "\n  ")
}

// Nodes implements broker.Cluster.
func (c *cluster) Nodes() []broker.Node {
	nodes := make([]broker.Node, len(c.pods))
	for i, p := range c.pods {
		nodes[i] = node{p}
	}
	return nodes
}

// Links implements broker.Cluster.
func (c *cluster) Links() []broker.Link { return c.set.Links() }

// Impair implements broker.Cluster.
func (c *cluster) Impair(ctx context.Context, i broker.Impairment, on ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	return c.set.Impair(ctx, i, on...)
}

// Endpoint implements broker.Cluster. Clients that it does not know get the observer's path.
func (c *cluster) Endpoint(name string) broker.Endpoint {
	port := map[string]int{broker.Producers: portProducers, broker.Consumers: portConsumers, broker.Administrator: portAdmin}[name]
	e := broker.Endpoint{User: c.user, Password: c.password}
	if name == broker.Administrator {
		e.User = cmp.Or(c.administrator, c.user)
	}
	for _, p := range c.pods {
		e.Addrs = append(e.Addrs, cmp.Or(p.published[port], p.published[portObserver]))
	}
	return e
}

// Describe implements broker.Cluster.
func (c *cluster) Describe() broker.Description { return c.description }

// Close implements broker.Cluster. It has its own deadline.
func (c *cluster) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.stopBeating()
	c.beating.Wait()
	for _, p := range c.pods {
		p.remote.Close()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	if c.made {
		if _, err := c.engine.removeRun(ctx, c.run); err != nil {
			return fmt.Errorf("remove run %s: %w", c.run, err)
		}
	}
	c.closed = true
	return c.engine.Close()
}
