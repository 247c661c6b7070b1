// Package external is the testbed of clusters that squall did not start. It checks that a cluster is the one that is meant before anything is sent there, and
// does to its nodes what commands do that it is given for them. It knows no kind of broker and no container, breaks no network, and removes nothing.
package external

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

// Options say which cluster it is and how it is reached.
type Options struct {
	Endpoint  broker.Endpoint // Addrs are those to ask first
	ClusterID string          // what the cluster is to call itself
	Nodes     int             // how many nodes it is to have
	// Commands are what acts on each node's process, by its name and the act: an argument list, which no shell reads.
	Commands map[string]map[broker.Act][]string
	Wide     bool // the run may also touch what others use

	// Find finds out what cluster answers, and Look what there is at a node's address, as the kind does. Both take an endpoint as Endpoint is.
	Find func(context.Context, broker.Endpoint) (broker.Found, error)
	Look func(ctx context.Context, e broker.Endpoint, addr string) broker.Presence
}

// Testbed begins what the testbed is called in a report.
const Testbed = "external"

// A Cluster was there before the run, and stays.
type Cluster struct {
	options Options
	found   broker.Found
	nodes   []*node
}

var _ broker.Shared = (*Cluster)(nil)

// An UnusableError says why a cluster cannot be used, before anything was done to it.
type UnusableError struct{ Err error }

func (e *UnusableError) Error() string { return "the cluster cannot be used: " + e.Err.Error() }

// Unwrap returns why.
func (e *UnusableError) Unwrap() error { return e.Err }

// Open finds out what cluster it is. Its nodes are called b1, b2, ... in the order of their ids. The error is an *UnusableError; nothing has been made or
// changed then, nor is it otherwise.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{options: o}
	var err error
	if c.found, err = o.Find(ctx, o.Endpoint); err == nil {
		err = c.isMeant()
	}
	if err == nil {
		err = c.canAct()
	}
	if err != nil {
		return nil, &UnusableError{err}
	}
	for i, n := range c.found.Nodes {
		name := fmt.Sprintf("b%d", i+1)
		c.nodes = append(c.nodes, &node{cluster: c, name: name, id: n.ID, addr: n.Addr, commands: o.Commands[name]})
	}
	return c, nil
}

// isMeant compares what was found with what was stated. That an address is the right one says nothing: tunnels end anywhere.
func (c *Cluster) isMeant() error {
	if c.found.ClusterID != c.options.ClusterID {
		return fmt.Errorf("the scenario is for the cluster %q, and %q answers at %s: nothing was sent. If that is the one you mean, state its id as broker.external.cluster-id",
			c.options.ClusterID, c.found.ClusterID, strings.Join(c.options.Endpoint.Addrs, ", "))
	}
	if n := len(c.found.Nodes); n != c.options.Nodes {
		var ids []string
		for _, f := range c.found.Nodes {
			ids = append(ids, f.ID)
		}
		return fmt.Errorf("the scenario is for %d nodes, and the cluster has %d now (ids %s): state as many as broker.nodes, or look where the others are", c.options.Nodes, n, strings.Join(ids, ", "))
	}
	return nil
}

// canAct looks for the programs of the commands.
func (c *Cluster) canAct() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.options.Commands)) {
		for _, act := range slices.Sorted(maps.Keys(c.options.Commands[name])) {
			if err := there(c.options.Commands[name][act]); err != nil {
				errs = append(errs, fmt.Errorf("broker.external.commands.%s.%s: %w", name, act, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Nodes implements broker.Cluster.
func (c *Cluster) Nodes() []broker.Node {
	all := make([]broker.Node, len(c.nodes))
	for i, n := range c.nodes {
		all[i] = n
	}
	return all
}

// Links implements broker.Cluster: there are none.
func (c *Cluster) Links() []broker.Link { return nil }

// Impair implements broker.Cluster: it refuses.
func (c *Cluster) Impair(context.Context, broker.Impairment, ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	return broker.Effect{}, func(context.Context) error { return nil }, errors.New("the testbed cannot break the network: nothing of this cluster passes squall")
}

// Endpoint implements broker.Cluster: every client is reached in the same way.
func (c *Cluster) Endpoint(string) broker.Endpoint {
	e := c.options.Endpoint
	e.Addrs = make([]string, len(c.nodes))
	for i, n := range c.nodes {
		e.Addrs[i] = n.addr
	}
	return e
}

// ClusterWide implements broker.Shared.
func (c *Cluster) ClusterWide() bool { return c.options.Wide }

// Describe implements broker.Cluster.
func (c *Cluster) Describe() broker.Description {
	notes := []string{
		fmt.Sprintf("The cluster %s was not started by squall. What else it served meanwhile, what its machines had to spare, and what its brokers wrote was not looked at.", c.found.ClusterID),
		"Whether a broker's process runs is told by its address: whether somebody answers there.",
	}
	return broker.Description{Testbed: Testbed + " (cluster " + c.found.ClusterID + ")", InForce: maps.Clone(c.found.Config), Notes: append(notes, c.found.Notes...)}
}

// Close implements broker.Cluster. There is nothing to remove.
func (c *Cluster) Close(context.Context) error { return nil }
