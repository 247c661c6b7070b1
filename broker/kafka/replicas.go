package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Reassigner = (*driver)(nil)

// Assignment implements broker.Reassigner. The controller tells what is on its way; where nothing is, the nodes tell what there is, and most of them are right:
// one that is cut off tells an old story.
func (d *driver) Assignment(ctx context.Context, topic string) (map[int32]broker.Assignment, error) {
	d.know(topic)
	var which kadm.TopicsSet
	stories, err := d.ask(ctx)
	if err != nil {
		return nil, err
	}
	told := map[int32][][]int32{}
	for _, s := range stories {
		for _, t := range s.metadata.Topics {
			if t.Topic == nil || *t.Topic != topic {
				continue
			}
			for _, p := range t.Partitions {
				which.Add(topic, p.Partition)
				told[p.Partition] = append(told[p.Partition], p.Replicas)
			}
		}
	}
	if len(told) == 0 {
		return nil, fmt.Errorf("replicas of %s: %w", topic, kerr.UnknownTopicOrPartition)
	}
	moving, err := kadm.NewClient(d.eyes).ListPartitionReassignments(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("replicas of %s: %w", topic, err)
	}
	all := map[int32]broker.Assignment{}
	for p, lists := range told {
		all[p] = broker.Assignment{Replicas: d.nodeNames(most(lists))}
	}
	for p, m := range moving[topic] {
		there := slices.DeleteFunc(m.Replicas, func(id int32) bool { return slices.Contains(m.RemovingReplicas, id) })
		all[p] = broker.Assignment{Replicas: d.nodeNames(there), Moving: true}
	}
	return all, nil
}

// most returns the list that there is most often, and of several the first.
func most(lists [][]int32) []int32 {
	votes := func(list []int32) (n int) {
		for _, l := range lists {
			if slices.Equal(l, list) {
				n++
			}
		}
		return n
	}
	return slices.MaxFunc(lists, func(a, b []int32) int { return votes(a) - votes(b) })
}

// Reassign implements broker.Reassigner.
func (d *driver) Reassign(ctx context.Context, topic string, to map[int32][]string) error {
	var req kadm.AlterPartitionAssignmentsReq
	for p, nodes := range to {
		ids := make([]int32, len(nodes))
		for i, name := range nodes {
			var ok bool
			if ids[i], ok = d.nodeID(name); !ok {
				return fmt.Errorf("reassign %s/%d: there is no node %s", topic, p, name)
			}
		}
		req.Assign(topic, p, ids)
	}
	told, err := kadm.NewClient(d.eyes).AlterPartitionAssignments(ctx, req)
	if err != nil {
		return fmt.Errorf("reassign %s: %w", topic, err)
	}
	var errs []error
	for _, r := range told.Sorted() {
		if r.Err != nil {
			errs = append(errs, fmt.Errorf("reassign %s/%d: %w", topic, r.Partition, tell(r.Err, &r.ErrMessage)))
		}
	}
	return errors.Join(errs...)
}

func (d *driver) nodeID(name string) (int32, bool) {
	for id, n := range d.names {
		if n == name {
			return id, true
		}
	}
	return 0, false
}
