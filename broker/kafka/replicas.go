package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Reassigner = (*driver)(nil)

// Reassign implements broker.Reassigner.
func (d *driver) Reassign(ctx context.Context, topic string, replicas map[int32][]string) error {
	ids := map[string]int32{}
	for id, name := range d.names {
		ids[name] = id
	}
	var req kadm.AlterPartitionAssignmentsReq
	for p, nodes := range replicas {
		var on []int32
		for _, n := range nodes {
			id, ok := ids[n]
			if !ok {
				return fmt.Errorf("reassign %s/%d: there is no node %q", topic, p, n)
			}
			on = append(on, id)
		}
		req.Assign(topic, p, on)
	}
	told, err := kadm.NewClient(d.eyes).AlterPartitionAssignments(ctx, req)
	for _, partitions := range told {
		for p, r := range partitions {
			if r.Err != nil {
				err = errors.Join(err, fmt.Errorf("partition %d: %w", p, tell(r.Err, &r.ErrMessage)))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("reassign %s: %w", topic, err)
	}
	return nil
}
