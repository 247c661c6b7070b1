package nats

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/seed-228c25e4/squall/broker"
)

// A reader reads stretches of the log again, in the stream's order, through an ordered consumer of its own.
type reader struct {
	*consumer
	stretches map[int32]broker.Range
	end       int64 // behind the last sequence number of all of them
	over      bool
}

// NewReader implements broker.Reader. A stretch that ends beyond the log never ends: take it from Ends.
func (d *driver) NewReader(_ context.Context, t broker.Topic, stretches map[int32]broker.Range) (broker.Consumer, error) {
	r := &reader{stretches: map[int32]broker.Range{}}
	first := int64(math.MaxInt64)
	for p, s := range stretches {
		if s.Start < s.End {
			r.stretches[p] = s
			first, r.end = min(first, s.Start), max(r.end, s.End)
		}
	}
	r.over = len(r.stretches) == 0
	var err error
	if r.consumer, err = d.newConsumer(broker.Observer, "squall-reader", nil); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	if !r.over {
		r.attach = r.ordered(t.Name, uint64(max(first, 1)))
		r.work.Go(r.pull)
	}
	return r, nil
}

// Receive implements broker.Consumer.
func (r *reader) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	if r.over {
		return into[:0], io.EOF
	}
	all, err := r.consumer.Receive(ctx, into)
	if err != nil {
		return all[:0], fmt.Errorf("read: %w", err)
	}
	kept := all[:0]
	for _, d := range all {
		if s := r.stretches[d.Partition]; d.Offset >= s.Start && d.Offset < s.End {
			kept = append(kept, d)
		}
		r.over = r.over || d.Offset >= r.end-1
	}
	return kept, nil
}
