package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var rollingKind = Kind{
	Name:   "rolling",
	About:  "restarts nodes one after another, each when the cluster is whole again; let it last as long as all of them take",
	Target: Nodes,
	New:    func() Fault { return &Rolling{ending: ending{By: byStop, Grace: defaultGrace}} },
	Survives: func(victims, nodes []string, partitions []broker.PartitionState) bool {
		return !slices.ContainsFunc(victims, func(n string) bool { return !survivesLoss([]string{n}, nodes, partitions) })
	},
	Affects:   holdsReplica,
	Exclusive: true,
	Elsewhere: NodeReach,
}

// Rolling restarts one victim after another.
type Rolling struct {
	ending
	Every time.Duration // from one node to the next; 0: as soon as every node is there and every replica in sync
	Down  time.Duration // how long each node stays down
}

// Params are by, grace, every and down.
func (r *Rolling) Params() []Param {
	return append(r.ending.Params(),
		Param{Name: "every", About: "how long after one node's start the next ends; without it, as soon as every replica is in sync again", Value: &r.Every},
		Param{Name: "down", About: "how long each node stays down", Value: &r.Down})
}

// Check wants a node to come back within the time of one act.
func (r *Rolling) Check() error {
	if r.Grace+r.Down > longestGrace {
		return fmt.Errorf("grace and down are %s together, and may be %s at most", report.Human(r.Grace+r.Down), report.Human(longestGrace))
	}
	return nil
}

// Inject returns when the first process is gone. The others follow while the fault lasts.
func (r *Rolling) Inject(ctx context.Context, v Victims) (Revert, error) {
	down := &downed{}
	if err := down.end(ctx, v, v.Nodes[0], r.ending); err != nil {
		return down.start, err
	}
	rolled := 0
	stop := down.aside(ctx, v, func(ctx context.Context) {
		if err := r.roll(ctx, v, down, &rolled); err != nil {
			v.Witness.Wrong("%v", err)
		}
	})
	return func(ctx context.Context) error {
		err := stop(ctx)
		if left := nodeNames(v.Nodes[min(rolled, len(v.Nodes)):]); err == nil && len(left) > 0 {
			v.Witness.Wrong("%s not restarted when the fault was over; let it last longer", list(left))
		}
		return err
	}, nil
}

// roll goes on after the first node has ended.
func (r *Rolling) roll(ctx context.Context, v Victims, down *downed, rolled *int) error {
	for i, n := range v.Nodes {
		if err := r.one(ctx, v, down, n, i > 0); err != nil {
			return err
		}
		*rolled++
		begun := time.Now()
		if !r.next(ctx, v) {
			return nil
		}
		if r.Every == 0 {
			v.Witness.Note("%s: every replica in sync again %s after its start", n.Name(), report.Human(time.Since(begun)))
		}
	}
	return nil
}

// one ends a node and starts it, without being cut short.
func (r *Rolling) one(ctx context.Context, v Victims, down *downed, n broker.Node, end bool) error {
	ctx, cancel := uncut(ctx)
	defer cancel()
	if end {
		if err := down.end(ctx, v, n, r.ending); err != nil {
			return err
		}
	}
	sleep(ctx, r.Down)
	return startAgain(ctx, n)
}

// next waits until the next node may end, and is false when the fault is over before that.
func (r *Rolling) next(ctx context.Context, v Victims) bool {
	if r.Every > 0 {
		return sleep(ctx, r.Every)
	}
	for sleep(ctx, lookEvery) {
		s, err := v.Driver.State(ctx)
		if err == nil && len(s.Nodes) >= len(v.Cluster.Nodes()) && s.FullyInSync() {
			return true
		}
	}
	return false
}

// Needs asks for somebody to say when the cluster is whole.
func (r *Rolling) Needs(v Victims) error {
	if r.Every == 0 && v.Driver == nil {
		return errors.New("nobody can tell when every replica is in sync; write every: 20s")
	}
	return nil
}
