package faults

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/seed-228c25e4/squall/broker"
)

var killKind = Kind{
	Name:      "kill",
	About:     "ends the process with SIGKILL, and starts it again with its data when the fault is over",
	Target:    Nodes,
	New:       func() Fault { return &Kill{} },
	Survives:  survivesLoss,
	Noticed:   AsNode,
	Affects:   holdsReplica,
	Exclusive: true,
	Elsewhere: NodeReach,
	Acts:      []broker.Act{broker.ActKill, broker.ActStart},
}

// Kill ends the victims' processes with SIGKILL, all at once; the way back starts them again.
type Kill struct{}

// Inject returns when every process is gone.
func (*Kill) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	return down.start, down.endAll(ctx, v, ending{By: byKill})
}

// survivesLoss reports whether the cluster can serve without the victims: they are a minority of the nodes, and every partition has another replica
// in sync. It takes every node for a voter, and does not know how many replicas the broker wants in sync for a write.
func survivesLoss(victims, nodes []string, partitions []broker.PartitionState) bool {
	gone := func(n string) bool { return slices.Contains(victims, n) }
	for _, p := range partitions {
		if !slices.ContainsFunc(p.InSync, func(n string) bool { return !gone(n) }) {
			return false
		}
	}
	return 2*len(victims) < len(nodes)
}

// holdsReplica reports whether a victim leads the partition or follows its leader: a write that waits for all replicas waits for a dead follower too.
func holdsReplica(v Victims, p broker.PartitionState) bool {
	return slices.ContainsFunc(nodeNames(v.Nodes), func(n string) bool { return n == p.Leader || slices.Contains(p.Replicas, n) })
}

// each does the same with every node at once and returns all errors.
func each(nodes []broker.Node, do func(broker.Node) error) error {
	var all sync.WaitGroup
	var r rescue
	errs := make([]error, len(nodes))
	for i, n := range nodes {
		all.Go(r.guard(func() { errs[i] = do(n) }))
	}
	all.Wait()
	r.again()
	return errors.Join(errs...)
}
