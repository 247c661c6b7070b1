package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var reassignKind = Kind{
	Name:     "reassign",
	About:    "moves the topic's replicas to other nodes while it is in use; afterwards they go back to where they were",
	Target:   Nowhere,
	New:      func() Fault { return &Reassign{Partition: allPartitions} },
	Survives: anyTime,
	Affects:  everyPartition,
	LeavesUp: true,
	Needs:    needsReassigner,
	Only:     OnlyContainers,
	Why:      "emulated brokers take such an order and move nothing",
}

// Reassign has replicas moved.
type Reassign struct {
	Partition string   // a number, or all
	To        []string // nodes; empty: each replica goes to the next node
}

// Params are the partition and the nodes.
func (r *Reassign) Params() []Param {
	return []Param{
		partitionParam(&r.Partition),
		{Name: "to", About: "the nodes that keep it then, the first preferred as leader; without it each replica goes on to the next node, so that leaders are to change", Value: &r.To},
	}
}

// Check wants a number or all.
func (r *Reassign) Check() error { return checkPartition(r.Partition) }

// Needs wants the partition to be there, and to have other replicas or another order of them.
func (r *Reassign) Needs(v Victims) error {
	if needsReassigner(v) != nil {
		return nil // told by the kind
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	_, _, err := r.plan(ctx, v)
	return err
}

func needsReassigner(v Victims) error {
	if _, ok := v.Driver.(broker.Reassigner); !ok {
		return errors.New("this kind of broker does not move replicas on demand")
	}
	return nil
}

// plan returns where the replicas are, and where they are to be.
func (r *Reassign) plan(ctx context.Context, v Victims) (was, want map[int32][]string, err error) {
	found, err := partitionsOf(ctx, v, r.Partition)
	if err != nil {
		return nil, nil, err
	}
	nodes := nodeNames(v.Cluster.Nodes())
	if strangers := without(r.To, nodes); len(strangers) > 0 {
		return nil, nil, fmt.Errorf("there is no node %s; the nodes are %s", list(strangers), list(nodes))
	}
	was, want = map[int32][]string{}, map[int32][]string{}
	for n, p := range found {
		was[n], want[n] = p.Replicas, r.To
		if len(r.To) == 0 {
			want[n] = nextNodes(p.Replicas, nodes)
		}
	}
	if maps.EqualFunc(was, want, slices.Equal) {
		return nil, nil, fmt.Errorf("the replicas are on %s already, in this order; write others", list(r.To))
	}
	return was, want, nil
}

// nextNodes returns the node behind each, the first behind the last.
func nextNodes(replicas, nodes []string) []string {
	next := make([]string, len(replicas))
	for i, n := range replicas {
		next[i] = nodes[(slices.Index(nodes, n)+1)%len(nodes)]
	}
	return next
}

// Inject returns when the cluster shows the new replicas, which may be catching up still.
func (r *Reassign) Inject(ctx context.Context, v Victims) (Revert, error) {
	was, want, err := r.plan(ctx, v)
	if err != nil {
		return nothing, err
	}
	back := func(ctx context.Context) error {
		if now, err := partitionsOf(ctx, v, r.Partition); err == nil {
			left := 0
			for n := range want {
				if !slices.Equal(now[n].Replicas, want[n]) {
					left++
				}
			}
			v.Witness.Note("%d of %d partitions had moved when it was over", len(want)-left, len(want))
		}
		return r.move(ctx, v, was)
	}
	if err := r.move(ctx, v, want); err != nil {
		return back, err
	}
	v.Witness.Effective(time.Now())
	for _, n := range slices.Sorted(maps.Keys(want)) {
		v.Witness.Note("%s/%d: from %s to %s", v.Topic, n, strings.Join(was[n], " "), strings.Join(want[n], " "))
	}
	return back, nil
}

// move gives the order, and looks whether the cluster follows it.
func (r *Reassign) move(ctx context.Context, v Victims, to map[int32][]string) error {
	if err := v.Driver.(broker.Reassigner).Reassign(ctx, v.Topic, to); err != nil {
		return err
	}
	return shown(ctx, func(ctx context.Context) error {
		now, err := partitionsOf(ctx, v, r.Partition)
		if err != nil {
			return err
		}
		for n, nodes := range to {
			switch have := now[n].Replicas; {
			case len(without(nodes, have)) > 0:
				return fmt.Errorf("%s/%d is on %s, and was to go to %s", v.Topic, n, list(have), list(nodes))
			case len(have) == len(nodes) && !slices.Equal(have, nodes):
				return fmt.Errorf("%s/%d prefers %s as leader, and was to prefer %s", v.Topic, n, have[0], nodes[0])
			}
		}
		return nil
	})
}
