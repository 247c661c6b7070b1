package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-228c25e4/squall/broker"
)

// receiveBatch is how many deliveries a receiver takes at once at most.
const receiveBatch = 4096

// A Receiver reads what one consuming client gets.
type Receiver struct {
	o    Options
	page ReceivePage
	rec  *recorder
}

// NewReceiver returns a receiver that tells the page.
func NewReceiver(o Options, page ReceivePage) *Receiver {
	return &Receiver{o: o, page: page, rec: newRecorder(o.Partitions, o.Phases, o.Start)}
}

// Run receives until ctx ends, which is no error, or the consumer cannot go on.
func (r *Receiver) Run(ctx context.Context, c broker.Consumer) error {
	batch := make([]broker.Delivery, 0, receiveBatch)
	for ctx.Err() == nil {
		var err error
		batch, err = c.Receive(ctx, batch[:0])
		r.took(batch)
		switch {
		case ctx.Err() != nil || errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("receive: %w", err)
		}
	}
	return nil
}

func (r *Receiver) took(batch []broker.Delivery) {
	if len(batch) == 0 {
		return
	}
	for i := range batch {
		broker.Decode(&batch[i], r.o.Run)
	}
	r.page.Delivered(batch)
	r.rec.delivered(batch)
}
