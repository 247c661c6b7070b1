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
	"github.com/seed-228c25e4/squall/report"
)

var reassignKind = Kind{
	Name:      "reassign",
	About:     "moves replicas of the topic's partitions to other nodes while they are in use; afterwards they are moved back",
	Target:    Nowhere,
	New:       func() Fault { return &Reassign{Partition: AllPartitions} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsReassigner,
	Only:      OnlyContainers,
	Why:       "emulated brokers take the order and move nothing",
	Elsewhere: OwnReach,
}

// Reassign moves replicas.
type Reassign struct {
	Partition Partition
	To        []string
}

// Params are the partition and its new nodes.
func (r *Reassign) Params() []Param {
	return []Param{
		partitionParam(&r.Partition),
		{Name: "to", About: "the nodes that are to hold the replicas, the preferred leader first; without it each replica moves on by one node, which changes only " +
			"their order where every node holds one", Value: &r.To},
	}
}

// Check wants each node once.
func (r *Reassign) Check() error {
	if n := len(slices.Compact(slices.Sorted(slices.Values(r.To)))); n < len(r.To) {
		return fmt.Errorf("to names a node twice: %s", strings.Join(r.To, ", "))
	}
	return nil
}

func needsReassigner(v Victims) error {
	if _, ok := v.Driver.(broker.Reassigner); !ok {
		return errors.New("this kind of broker takes no orders where replicas are to be; wipe a node to have them copied")
	}
	return nil
}

// Needs wants the nodes to be there, and something to be moved.
func (r *Reassign) Needs(v Victims) error {
	if needsReassigner(v) != nil {
		return nil // told by the kind
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	_, err := r.plan(ctx, v)
	return err
}

// plan asks where the replicas are, and says where they are to be.
func (r *Reassign) plan(ctx context.Context, v Victims) (move, error) {
	m := move{v: v, driver: v.Driver.(broker.Reassigner), from: map[int32][]string{}, to: map[int32][]string{}}
	var now map[int32]broker.Assignment
	err := shown(ctx, func(ctx context.Context) (err error) { // busy nodes may need to be asked again
		now, err = m.driver.Assignment(ctx, v.Topic)
		return err
	})
	if err != nil {
		return m, err
	}
	nodes := nodeNames(v.Cluster.Nodes())
	for _, name := range r.To {
		if !slices.Contains(nodes, name) {
			return m, fmt.Errorf("there is no node %q%s; there are %s", name, report.Suggest(name, nodes), strings.Join(nodes, ", "))
		}
	}
	found := false
	for p, a := range now {
		if !r.Partition.has(p) {
			continue
		}
		found = true
		to := onward(a.Replicas, nodes)
		if len(r.To) > 0 {
			to = r.To
		}
		if len(to) != len(a.Replicas) {
			return m, fmt.Errorf("%s/%d has %d replicas, and to names %d nodes; name as many", v.Topic, p, len(a.Replicas), len(to))
		}
		if !slices.Equal(to, a.Replicas) {
			m.from[p], m.to[p] = a.Replicas, to
		}
	}
	switch {
	case !found:
		return m, fmt.Errorf("%s has no partition %s", v.Topic, r.Partition)
	case len(m.to) == 0:
		return m, errors.New("every replica is there already, so nothing would move")
	}
	return m, nil
}

// onward returns for each replica's node the next one in the cluster.
func onward(replicas, nodes []string) []string {
	next := make([]string, len(replicas))
	for i, name := range replicas {
		next[i] = nodes[(slices.Index(nodes, name)+1)%len(nodes)]
	}
	return next
}

// Inject returns when the cluster shows that it moves the replicas, or that it has. It does not wait until all are there: that is written down when it is seen.
func (r *Reassign) Inject(ctx context.Context, v Victims) (Revert, error) {
	m, err := r.plan(ctx, v)
	if err != nil {
		return nothing, err
	}
	m.begun = time.Now()
	if err := m.driver.Reassign(ctx, v.Topic, m.to); err != nil {
		return m.back, err // an answer that was lost: they may be on their way
	}
	if err := shown(ctx, func(ctx context.Context) error { return m.agreed(ctx, m.to) }); err != nil {
		return m.back, err
	}
	v.Witness.Effective(time.Now())
	for _, p := range slices.Sorted(maps.Keys(m.to)) {
		v.Witness.Note("%s/%d: replicas on %s move to %s", v.Topic, p, strings.Join(m.from[p], ", "), strings.Join(m.to[p], ", "))
	}
	stop := v.aside(ctx, m.follow)
	return func(ctx context.Context) error {
		if err := stop(ctx); err != nil {
			return err
		}
		return m.back(ctx)
	}, nil
}

// A move of replicas, by partition.
type move struct {
	v        Victims
	driver   broker.Reassigner
	from, to map[int32][]string
	begun    time.Time
}

// agreed says which partition the cluster has other plans for; nil: none.
func (m move) agreed(ctx context.Context, to map[int32][]string) error {
	now, err := m.driver.Assignment(ctx, m.v.Topic)
	if err != nil {
		return err
	}
	for p, want := range to {
		if got := now[p].Replicas; !slices.Equal(got, want) {
			return fmt.Errorf("the replicas of %s/%d are to be on %s, not on %s", m.v.Topic, p, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	return nil
}

// arrived says which partition's replicas are not all there yet; nil: none.
func (m move) arrived(ctx context.Context, to map[int32][]string) error {
	now, err := m.driver.Assignment(ctx, m.v.Topic)
	if err != nil {
		return err
	}
	for p, want := range to {
		if got := now[p]; got.Moving || !slices.Equal(got.Replicas, want) {
			return fmt.Errorf("the replicas of %s/%d are not all on %s yet", m.v.Topic, p, strings.Join(want, ", "))
		}
	}
	return nil
}

// follow writes down when all replicas are where they were to be.
func (m move) follow(ctx context.Context) {
	for {
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
		err := m.arrived(look, m.to)
		cancel()
		took := report.Human(time.Since(m.begun))
		switch {
		case err == nil:
			m.v.Witness.Note("complete %s after the command", took)
			return
		case !sleep(ctx, lookEvery):
			m.v.Witness.Note("not complete %s after the command, when it was taken back: %v", took, err)
			return
		}
	}
}

// back returns when the replicas are where they were. Another fault's plans are left alone: when it ends, it puts ours back.
func (m move) back(ctx context.Context) error {
	now, err := m.driver.Assignment(ctx, m.v.Topic)
	if err != nil {
		return err
	}
	for p := range m.to {
		if got := now[p].Replicas; !slices.Equal(got, m.to[p]) && !slices.Equal(got, m.from[p]) {
			return fmt.Errorf("the replicas of %s/%d have been moved to %s meanwhile", m.v.Topic, p, strings.Join(got, ", "))
		}
	}
	begun := time.Now()
	if err := m.driver.Reassign(ctx, m.v.Topic, m.from); err != nil {
		return err
	}
	for {
		err := m.arrived(ctx, m.from)
		if err == nil {
			m.v.Witness.Note("every replica is back after %s", report.Human(time.Since(begun)))
			return nil
		}
		if !sleep(ctx, lookEvery) {
			return err
		}
	}
}
