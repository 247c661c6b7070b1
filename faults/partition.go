package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
)

// How the links of a partition are cut.
const (
	byBlackhole = "blackhole" // nothing passes, and what was held passes after the heal: a cut cable
	byRefuse    = "refuse"    // connections are closed, and new ones refused: a firewall that says no
)

// bothPlanes are data and control.
const bothPlanes = "both"

// A cut is what all partitions have in common: how links are cut, and of which plane.
type cut struct {
	By    string
	Plane string
}

// newCut returns the cut of a network that is gone.
func newCut() cut { return cut{By: byBlackhole, Plane: bothPlanes} }

// Params are by and plane.
func (c *cut) Params() []Param {
	return []Param{
		{Name: "by", About: "blackhole: nothing passes until the heal; refuse: connections are closed, and new ones refused", Value: &c.By, OneOf: []string{byBlackhole, byRefuse}},
		{Name: "plane", About: "which links between nodes: data (replication), control (consensus) or both", Value: &c.Plane,
			OneOf: []string{bothPlanes, broker.PlaneData, broker.PlaneControl}},
	}
}

// Check has nothing to find: every word is one of a few.
func (c *cut) Check() error { return nil }

// on reports whether the cut is about a link between nodes.
func (c *cut) on(l broker.Link) bool {
	return l.Plane() != broker.PlaneClient && (c.Plane == bothPlanes || c.Plane == l.Plane())
}

// between returns the links between two groups of nodes, whoever dials.
func (c *cut) between(v Victims, some, others []string) []broker.Link {
	return slices.DeleteFunc(slices.Clone(v.Cluster.Links()), func(l broker.Link) bool {
		there := slices.Contains(some, l.From()) && slices.Contains(others, l.To())
		back := slices.Contains(others, l.From()) && slices.Contains(some, l.To())
		return !c.on(l) || !there && !back
	})
}

// apply cuts the links, all at once.
func (c *cut) apply(ctx context.Context, v Victims, links []broker.Link) (Revert, error) {
	if len(links) == 0 {
		return nothing, errors.New("there is no link to cut")
	}
	v.Links = links
	if c.By == byRefuse {
		return v.act(ctx, broker.Impairment{Refuse: true})
	}
	return v.act(ctx, broker.Both(broker.Half{Hold: true}))
}

// needsNetwork asks for links between nodes.
func needsNetwork(v Victims) error {
	if !slices.ContainsFunc(v.Cluster.Links(), func(l broker.Link) bool { return l.Plane() != broker.PlaneClient }) {
		return errors.New("this testbed has no network between its brokers; write run: containers")
	}
	return nil
}

// peers returns the names of all nodes but those.
func (v Victims) peers(nodes []string) []string { return without(nodeNames(v.Cluster.Nodes()), nodes) }

// inTheMinority reports whether a victim has a replica of the partition.
func inTheMinority(v Victims, p broker.PartitionState) bool {
	return len(only(append([]string{p.Leader}, p.Replicas...), nodeNames(v.hurt()))) > 0
}

// everywhere is for faults that every partition may suffer from.
func everywhere(Victims, broker.PartitionState) bool { return true }

// always is for faults during which every node can reach a majority.
func always(_, _ []string, _ []broker.PartitionState) bool { return true }

// tooFew says that there are not enough nodes for a shape.
func tooFew(shape string, need, have int) error {
	return fmt.Errorf("a %s needs %d nodes or more, and there are %d; raise broker.nodes", shape, need, have)
}
