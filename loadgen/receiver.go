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
	o      Options
	pages  func() ReceivePage
	page   ReceivePage
	rec    *recorder
	joined bool    // a client has been there
	worker *worker // nil: messages take no time
}

// NewReceiver returns receiver number i, which tells a page; pages makes one, and another one for each time that its client joins anew.
func NewReceiver(o Options, i int, pages func() ReceivePage) *Receiver {
	return &Receiver{o: o, pages: pages, page: pages(), rec: newRecorder(o.Partitions, o.Phases, o.Start), worker: o.Processing.newWorker(o.Seed, uint64(i))}
}

// rejoin says that a new client comes, whose deliveries have an order of their own.
func (r *Receiver) rejoin() {
	if r.joined {
		r.page = r.pages()
	}
	r.joined = true
}

// Run receives until ctx ends, which is no error, or the consumer cannot go on.
func (r *Receiver) Run(ctx context.Context, c broker.Consumer) error {
	batch := make([]broker.Delivery, 0, r.o.Processing.batch())
	for ctx.Err() == nil {
		var err error
		batch, err = c.Receive(ctx, batch[:0])
		r.took(batch)
		if r.worker != nil && len(batch) > 0 {
			r.worker.work(ctx, len(batch))
		}
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
