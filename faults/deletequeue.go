package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var deleteQueueKind = Kind{
	Name:     "delete-queue",
	About:    "deletes a partition's queue with all that is in it, and makes it again when the fault is over; what nobody was given is lost",
	Target:   Nowhere,
	New:      func() Fault { return &DeleteQueue{} },
	Survives: stalls,
	Affects:  everyPartition,
	LeavesUp: true,
	Needs:    needsQueueDeleter,
}

// DeleteQueue has queues deleted.
type DeleteQueue struct{ Partition Partition }

// Params is the partition.
func (d *DeleteQueue) Params() []Param { return []Param{partitionParam(&d.Partition)} }

// Check has nothing to say.
func (d *DeleteQueue) Check() error { return nil }

func needsQueueDeleter(v Victims) error {
	if _, ok := v.Driver.(broker.QueueDeleter); !ok {
		return errors.New("the partitions of this kind of broker are no queues")
	}
	return nil
}

// Needs wants the partition to be there.
func (d *DeleteQueue) Needs(v Victims) error {
	if needsQueueDeleter(v) != nil {
		return nil // told by the kind
	}
	return isThere(v, d.Partition)
}

// Inject returns when the broker has deleted the queues.
func (d *DeleteQueue) Inject(ctx context.Context, v Victims) (Revert, error) {
	driver := v.Driver.(broker.QueueDeleter)
	there, err := partitionsOf(ctx, v, d.Partition)
	if err != nil {
		return nothing, err
	}
	var gone []int32 // or perhaps gone: an answer may be lost
	back := func(ctx context.Context) error {
		var errs []error
		for _, p := range gone {
			errs = append(errs, driver.DeclareQueue(ctx, v.Topic, p))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return d.served(ctx, v, gone)
	}
	for _, p := range slices.Sorted(maps.Keys(there)) {
		gone = append(gone, p)
		held, err := driver.DeleteQueue(ctx, v.Topic, p)
		if err != nil {
			return back, fmt.Errorf("delete the queue of %s/%d: %w", v.Topic, p, err)
		}
		v.Witness.Effective(time.Now())
		v.Witness.Note("the queue of %s/%d is deleted; messages in it that nobody had been given: %s", v.Topic, p, report.Thousands(held))
	}
	return back, nil
}

// served waits until somebody leads the queues again.
func (d *DeleteQueue) served(ctx context.Context, v Victims, queues []int32) error {
	return shown(ctx, func(ctx context.Context) error {
		state, err := v.Driver.State(ctx)
		if err != nil {
			return err
		}
		for _, number := range queues {
			p, _ := state.Partition(v.Topic, number)
			if p.Leader == "" {
				return fmt.Errorf("the queue of %s/%d was made again, and nobody leads it", v.Topic, number)
			}
		}
		return nil
	})
}
