package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
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
}

// Kill ends the victims' processes with SIGKILL, all at once; the way back starts them again.
type Kill struct{}

// Inject returns when every process is gone.
func (*Kill) Inject(ctx context.Context, v Victims) (Revert, error) {
	var mu sync.Mutex
	var hurt []broker.Node // the others were dead before, and stay so
	revert := func(ctx context.Context) error {
		return each(hurt, func(n broker.Node) error { return startAgain(ctx, n) })
	}
	err := each(v.Nodes, func(n broker.Node) error {
		if p, ok := n.(broker.Process); ok {
			if running, err := p.Running(ctx); err == nil && !running {
				return fmt.Errorf("%s was not running", n.Name())
			}
		}
		mu.Lock()
		hurt = append(hurt, n)
		mu.Unlock()
		begun := time.Now()
		if err := n.Kill(ctx); err != nil {
			return fmt.Errorf("kill %s: %w", n.Name(), err)
		}
		gone := time.Now()
		v.Witness.Effective(gone)
		p, ok := n.(broker.Process)
		if !ok {
			v.Witness.Note("%s: killed in %s; this testbed cannot look whether the process is gone", n.Name(), report.Human(gone.Sub(begun)))
			return nil
		}
		switch running, err := p.Running(ctx); {
		case err != nil:
			return fmt.Errorf("look whether %s is gone: %w", n.Name(), err)
		case running:
			return fmt.Errorf("%s was killed, and its process still runs", n.Name())
		}
		v.Witness.Note("%s: process gone %s after the command", n.Name(), report.Human(gone.Sub(begun)))
		return nil
	})
	return revert, err
}

// startAgain starts a node unless its process is known to run: a kill that was told as failed may have come to nothing.
func startAgain(ctx context.Context, n broker.Node) error {
	if p, ok := n.(broker.Process); ok {
		if running, err := p.Running(ctx); err == nil && running {
			return nil
		}
	}
	if err := n.Start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", n.Name(), err)
	}
	return nil
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
	errs := make([]error, len(nodes))
	for i, n := range nodes {
		all.Go(func() { errs[i] = do(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}
