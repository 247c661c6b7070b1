package kafka

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// A reader reads stretches of the log again.
type reader struct {
	*consumer
	stretches map[int32]broker.Range // what is missing: Start is the next offset
}

// NewReader implements broker.Reader. What lies below the log's start when it is called is not waited for. A stretch that ends beyond the log never
// ends: take it from Ends.
func (d *driver) NewReader(ctx context.Context, t broker.Topic, stretches map[int32]broker.Range) (broker.Consumer, error) {
	starts, err := d.offsets(ctx, t.Name, earliest)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	trimmed := map[int32]broker.Range{}
	for p, r := range stretches {
		r.Start = max(r.Start, starts[p])
		trimmed[p] = r
	}
	r, err := d.newReader(t, trimmed)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return r, nil
}

func (d *driver) newReader(t broker.Topic, stretches map[int32]broker.Range) (*reader, error) {
	r := &reader{consumer: d.newConsumer(t, broker.Observer), stretches: map[int32]broker.Range{}}
	from := map[int32]kgo.Offset{}
	for p, s := range stretches {
		if s.Start < s.End {
			r.stretches[p] = s
			from[p] = kgo.NewOffset().At(s.Start)
		}
	}
	opts := []kgo.Opt{
		kgo.KeepControlRecords(), // one may be a stretch's last
		kgo.MetadataMinAge(observe.PollEvery),
		kgo.FetchMaxWait(500 * time.Millisecond), // nobody waits for what is yet to be written
	}
	if d.transactional.Load() {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if len(from) > 0 {
		opts = append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t.Name: from}))
	}
	return r, r.connect(broker.Observer, "squall-reader", opts...)
}

// Receive implements broker.Consumer.
func (r *reader) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	if len(r.stretches) == 0 {
		r.processed()
		return into[:0], io.EOF
	}
	into, err := r.receive(ctx, into[:0], r.within)
	if err != nil {
		return into, fmt.Errorf("read: %w", err)
	}
	return into, nil
}

// within appends those of a partition's deliveries that belong to its stretch and were not read before.
func (r *reader) within(into []broker.Delivery, p *kgo.FetchPartition, now time.Duration) []broker.Delivery {
	for _, rec := range p.Records {
		s, ok := r.stretches[p.Partition]
		if !ok {
			break
		}
		if rec.Offset >= s.Start && rec.Offset < s.End && !rec.Attrs.IsControl() {
			into = append(into, broker.Delivery{Partition: rec.Partition, Offset: rec.Offset, Epoch: rec.LeaderEpoch, At: now, Value: rec.Value})
		}
		if s.Start = max(s.Start, rec.Offset+1); s.Start < s.End {
			r.stretches[p.Partition] = s
			continue
		}
		delete(r.stretches, p.Partition)
		r.client.PauseFetchPartitions(map[string][]int32{r.topic: {p.Partition}})
	}
	r.last = append(r.last, p.Records...)
	return into
}
