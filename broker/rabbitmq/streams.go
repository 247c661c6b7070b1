package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-228c25e4/squall/broker"
)

// Ends implements broker.Ends: the nodes are asked from inside. A stream ends behind what its leader has written, for what a majority does not have yet may soon be confirmed.
func (d streaming) Ends(ctx context.Context, topic string) (map[int32]broker.Range, error) {
	for _, t := range d.known() {
		if t.Name == topic {
			all, err := d.ends(ctx, t)
			if err != nil {
				return nil, fmt.Errorf("where %s ends: %w", topic, err)
			}
			return all, nil
		}
	}
	return nil, fmt.Errorf("where %s ends: nobody here knows the topic", topic)
}

func (d *driver) ends(ctx context.Context, t broker.Topic) (map[int32]broker.Range, error) {
	seen := d.survey(ctx)
	if seen.err != nil {
		return nil, seen.err
	}
	all := map[int32]broker.Range{}
	there := false
	var missing error
	for p, stream := range queues(t) {
		rows, ids := d.rows(seen, stream)
		there = there || len(rows) > 0
		r, led := extent(rows, ids)
		if !led {
			missing = fmt.Errorf("nobody is known to lead the stream %s", stream)
			continue
		}
		all[int32(p)] = r
	}
	if !there && d.absentees(seen) == "" {
		return nil, broker.ErrNoTopic
	}
	return all, missing
}

// extent is what the leader of the newest term has; false: it does not answer.
func extent(rows []row, ids []string) (broker.Range, bool) {
	leader, term := elected(rows, ids)
	for i, r := range rows {
		if ids[i] == leader && r.term == term && r.state == leading {
			return broker.Range{Start: max(r.first, 0), End: r.written}, true
		}
	}
	return broker.Range{}, false
}

// probeStream writes a message to a stream and reads it back.
func (d *driver) probeStream(ctx context.Context, t broker.Topic, partition int32) error {
	stream := queues(t)[partition]
	if err := d.visit(ctx, probeWithin, func(w *wire) error { _, err := d.publishProbe(w, t, stream); return err }); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	ends, err := d.ends(ctx, t)
	if err != nil {
		return err
	}
	r := d.newReader(t, map[int32]broker.Range{partition: ends[partition]})
	defer r.Abort()
	var into []broker.Delivery
	for came := false; ; {
		into, err = r.Receive(ctx, into)
		for i := range into {
			broker.Decode(&into[i], d.run)
			came = came || into[i].Envelope == broker.Probe
		}
		switch {
		case errors.Is(err, io.EOF) && came:
			return nil
		case errors.Is(err, io.EOF):
			return errNoProbe
		case err != nil:
			return err
		}
	}
}
