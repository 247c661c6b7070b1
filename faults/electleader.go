package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var electLeaderKind = Kind{
	Name:      "elect-leader",
	About:     "asks the cluster to elect leaders of the topic's partitions: the preferred ones, or unclean ones where there is none; nothing takes it back",
	Target:    Nowhere,
	New:       func() Fault { return &ElectLeader{Type: preferred, Partition: AllPartitions} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsElector,
	Only:      OnlyContainers,
	Why:       "emulated brokers know no preferred leader: they would make any other one",
	Elsewhere: OwnReach,
}

const (
	preferred = "preferred"
	unclean   = "unclean"
)

// ElectLeader has leaders elected.
type ElectLeader struct {
	Type      string
	Partition Partition
}

// Params are the type and the partition.
func (e *ElectLeader) Params() []Param {
	return []Param{
		{Name: "type", About: "preferred: the first replica of each; unclean: where nobody leads, a replica that may lack messages", Value: &e.Type,
			OneOf: []string{preferred, unclean}},
		partitionParam(&e.Partition),
	}
}

// Check has nothing to say.
func (e *ElectLeader) Check() error { return nil }

// Needs wants the partition to be there.
func (e *ElectLeader) Needs(v Victims) error {
	if needsElector(v) != nil {
		return nil // told by the kind
	}
	return isThere(v, e.Partition)
}

func needsElector(v Victims) error {
	if _, ok := v.Driver.(broker.Elector); !ok {
		return errors.New("this kind of broker takes no orders to elect a leader; kill the leader instead")
	}
	return nil
}

// isThere returns an error where the topic has no such partition, or nobody can tell.
func isThere(v Victims, which Partition) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	_, err := partitionsOf(ctx, v, which)
	return err
}

// partitionsOf returns the state of a partition of the topic, or of all, by number.
func partitionsOf(ctx context.Context, v Victims, which Partition) (map[int32]broker.PartitionState, error) {
	var s broker.State
	err := shown(ctx, func(ctx context.Context) (err error) { // busy nodes may need to be asked again
		s, err = v.Driver.State(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	found := map[int32]broker.PartitionState{}
	for _, p := range s.Partitions {
		if p.Topic == v.Topic && which.has(p.Partition) {
			found[p.Partition] = p
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no partition %s", v.Topic, which)
	}
	return found, nil
}

// Inject returns when the cluster shows the new leaders. That no election was needed is an error: nothing changed.
func (e *ElectLeader) Inject(ctx context.Context, v Victims) (Revert, error) {
	before, err := partitionsOf(ctx, v, e.Partition)
	if err != nil {
		return nothing, err
	}
	var which []int32
	for p := range before {
		which = append(which, p)
	}
	slices.Sort(which)
	elected, err := e.elect(ctx, v, before, which)
	if err != nil {
		return nothing, err
	}
	if len(elected) == 0 {
		return nothing, fmt.Errorf("no %s election was needed: every partition asked for has such a leader", e.Type)
	}
	return nothing, shown(ctx, func(ctx context.Context) error {
		after, err := partitionsOf(ctx, v, e.Partition)
		if err != nil {
			return err
		}
		for _, p := range elected {
			if after[p].Leader == "" || after[p].Epoch <= before[p].Epoch {
				return fmt.Errorf("the cluster said that it elected a leader of %s/%d, and shows none that is new", v.Topic, p)
			}
		}
		v.Witness.Effective(time.Now())
		for _, p := range elected {
			v.Witness.Note("%s/%d: %q leads (epoch %d), elected after %q (epoch %d)", v.Topic, p, after[p].Leader, after[p].Epoch, before[p].Leader, before[p].Epoch)
		}
		return nil
	})
}

// Asking for an election again costs nothing: a node that dies takes the answer with it, and a leader that is just dying is no longer one a little later.
const (
	electTries = 5
	electAgain = 500 * time.Millisecond
)

// elect asks until there is an answer. Whom an earlier attempt elected, whose answer was lost, counts as well.
func (e *ElectLeader) elect(ctx context.Context, v Victims, before map[int32]broker.PartitionState, which []int32) ([]int32, error) {
	for try := 1; ; try++ {
		elected, err := v.Driver.(broker.Elector).Elect(ctx, v.Topic, which, e.Type == unclean)
		switch {
		case err == nil && (len(elected) > 0 || try == 1):
			return elected, nil
		case err == nil:
			return e.changed(ctx, v, before)
		case try == electTries || !sleep(ctx, electAgain):
			return nil, err
		}
	}
}

// changed returns the partitions that have a newer leader, who is the preferred one. Who was elected in an unclean way, and who came back by itself, look alike.
func (e *ElectLeader) changed(ctx context.Context, v Victims, before map[int32]broker.PartitionState) (all []int32, _ error) {
	if e.Type == unclean {
		return nil, errors.New("the answer to the first attempt was lost, and no election is needed any more: whether it elected anybody is not known")
	}
	after, err := partitionsOf(ctx, v, e.Partition)
	for p, is := range after {
		if is.Epoch > before[p].Epoch && is.Leader == is.Replicas[0] {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all, err
}
