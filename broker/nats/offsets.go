package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
)

// Ends implements broker.Ends. A partition ends behind the last message of its subject: what follows in the stream is other partitions'.
func (d *driver) Ends(ctx context.Context, topic string) (map[int32]broker.Range, error) {
	s, err := d.find(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("where %s ends: %w", topic, err)
	}
	info, err := s.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("where %s ends: %w", topic, err)
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		errs   []error
		ranges = map[int32]broker.Range{}
	)
	for _, name := range info.Config.Subjects {
		all.Go(func() {
			r, err := end(ctx, s, name, info.State, d.floor(topic, partition(name)))
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			ranges[partition(name)] = r
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("where %s ends: %w", topic, err)
	}
	return ranges, nil
}

// end asks the stream's leader for the last message of a subject, and for the first one where everything below the floor was deleted.
func end(ctx context.Context, s jetstream.Stream, subject string, state jetstream.StreamState, floor uint64) (broker.Range, error) {
	m, err := s.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return broker.Range{Start: int64(state.LastSeq) + 1, End: int64(state.LastSeq) + 1}, nil
	case err != nil:
		return broker.Range{}, fmt.Errorf("%s: %w", subject, err)
	}
	r := broker.Range{Start: int64(state.FirstSeq), End: int64(m.Sequence) + 1}
	if floor <= state.FirstSeq {
		return r, nil
	}
	if m, err = s.GetMsg(ctx, state.FirstSeq, jetstream.WithGetMsgSubject(subject)); err != nil {
		return broker.Range{}, fmt.Errorf("%s: %w", subject, err)
	}
	if m.Sequence >= floor {
		r.Start = int64(floor)
	}
	return r, nil
}

// floor is below which offset a partition's messages were deleted.
func (d *driver) floor(topic string, partition int32) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.floors[topic][partition]
}

// find returns the stream; broker.ErrNoTopic where the cluster's leader hears from every node and knows of none. On a busy machine a node may be late to say so.
func (d *driver) find(ctx context.Context, topic string) (jetstream.Stream, error) {
	s, err := d.streams.Stream(ctx, topic)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return s, err
	}
	patient, cancel := context.WithTimeout(ctx, createWithin)
	defer cancel()
	if missing := d.await(patient, d.missingNodes); missing != nil {
		return nil, fmt.Errorf("%w, and the cluster is not whole: %w", err, missing)
	}
	if s, err = d.streams.Stream(ctx, topic); errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, broker.ErrNoTopic
	}
	return s, err
}

// Outstanding implements broker.Outstanding.
func (d *driver) Outstanding(ctx context.Context, group, topic string) (uint64, error) {
	c, err := d.streams.Consumer(ctx, topic, group)
	if err != nil {
		return 0, fmt.Errorf("what group %s has not acknowledged: %w", group, err)
	}
	info := c.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}

// Versions implements broker.Versions. Every server says it of itself to whom it lets in.
func (d *driver) Versions(context.Context) (map[string]string, error) {
	found := map[string]string{}
	for _, w := range d.witnesses {
		if v := w.conn.ConnectedServerVersion(); v != "" {
			found[w.node] = v
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("versions: %w", nats.ErrDisconnected)
	}
	return found, nil
}
