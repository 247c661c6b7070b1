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

var cancelConsumerKind = Kind{
	Name:     "cancel-consumer",
	About:    "has the broker cancel the consumers of a partition, and tell their clients, which have to ask for messages anew; the queue stays as it is",
	Target:   Nowhere,
	New:      func() Fault { return &CancelConsumer{} },
	Survives: anyTime,
	Affects:  everyPartition,
	LeavesUp: true,
	Needs:    needsCanceller,
}

// CancelConsumer has consumers cancelled by the broker.
type CancelConsumer struct{ Partition Partition }

// Params is the partition.
func (c *CancelConsumer) Params() []Param { return []Param{partitionParam(&c.Partition)} }

// Check has nothing to say.
func (c *CancelConsumer) Check() error { return nil }

func needsCanceller(v Victims) error {
	if _, ok := v.Driver.(broker.ConsumerCanceller); !ok {
		return errors.New("this kind of broker cancels no consumers; write crash-consumer instead")
	}
	return nil
}

// Needs wants the partition to be there.
func (c *CancelConsumer) Needs(v Victims) error {
	if needsCanceller(v) != nil {
		return nil // told by the kind
	}
	return isThere(v, c.Partition)
}

// Inject returns when the broker lists none of the consumers any more that it had. Nothing takes it back: when the fault is over, it is told who came again.
func (c *CancelConsumer) Inject(ctx context.Context, v Victims) (Revert, error) {
	driver := v.Driver.(broker.ConsumerCanceller)
	there, err := partitionsOf(ctx, v, c.Partition)
	if err != nil {
		return nothing, err
	}
	cancelled := map[int32]int{}
	var without []string
	for _, p := range slices.Sorted(maps.Keys(there)) {
		queue := fmt.Sprintf("%s/%d", v.Topic, p)
		n, err := driver.CancelConsumers(ctx, v.Topic, p)
		switch {
		case err != nil:
			return nothing, fmt.Errorf("cancel the consumers of %s: %w", queue, err)
		case n == 0:
			without = append(without, queue)
			continue
		}
		cancelled[p] = n
		v.Witness.Effective(time.Now())
		v.Witness.Note("cancelled %s of %s", consumers(n), queue)
	}
	if len(cancelled) == 0 {
		return nothing, fmt.Errorf("nobody consumes from %s: there was no consumer to cancel", strings.Join(without, ", "))
	}
	if len(without) > 0 {
		v.Witness.Note("nobody consumed from %s", strings.Join(without, ", "))
	}
	return func(ctx context.Context) error {
		cameBack(ctx, v, cancelled)
		return nil
	}, nil
}

// cameBack writes down how many consumers the broker lists again.
func cameBack(ctx context.Context, v Victims, cancelled map[int32]int) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	for _, p := range slices.Sorted(maps.Keys(cancelled)) {
		n, err := v.Driver.(broker.ConsumerCanceller).Consumers(ctx, v.Topic, p)
		if err != nil {
			v.Witness.Note("%s/%d: whether its consumers came back is not known: %v", v.Topic, p, err)
			continue
		}
		v.Witness.Note("%s/%d has %s when the fault is over, and had %d", v.Topic, p, consumers(n), cancelled[p])
	}
}

func consumers(n int) string {
	if n == 1 {
		return "1 consumer"
	}
	return fmt.Sprintf("%d consumers", n)
}
