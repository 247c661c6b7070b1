package nats

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
)

// Ready implements broker.Driver. What it asks and writes takes the observer's path; the probes stay in the stream, and broker.Decode knows them.
func (d *driver) Ready(ctx context.Context, t broker.Topic) error {
	d.know(t)
	if err := d.await(ctx, func(ctx context.Context) (string, error) { return d.missing(ctx, t), nil }); err != nil {
		return fmt.Errorf("topic %s is not ready: %w", t.Name, err)
	}
	if err := d.probe(ctx, t); err != nil {
		return fmt.Errorf("topic %s is not ready: %w", t.Name, err)
	}
	return nil
}

func (d *driver) missing(ctx context.Context, t broker.Topic) string {
	stories, err := d.ask(ctx)
	if err != nil {
		return err.Error()
	}
	if absent := d.absentees(stories); absent != "" {
		return absent
	}
	switch p, _ := d.stream(stories, t); {
	case len(p.Replicas) == 0:
		return "no node has the stream"
	case p.Leader == "":
		return "the stream has no leader"
	case len(p.InSync) < max(t.Replicas, len(p.Replicas)):
		return fmt.Sprintf("%d of %d replicas of the stream are in sync", len(p.InSync), max(t.Replicas, len(p.Replicas)))
	}
	return ""
}

// probe writes one message to each partition and reads it back. It asks for it by its number: a consumer would be one more thing that the cluster has to keep.
func (d *driver) probe(ctx context.Context, t broker.Topic) error {
	value := make([]byte, broker.HeaderSize)
	broker.EncodeProbe(value, d.run)
	for p := range int32(t.Partitions) {
		at, err := d.publishOnce(ctx, subject(t.Name, p), value)
		if err != nil {
			return fmt.Errorf("write to partition %d: %w", p, err)
		}
		if err := d.readBack(ctx, t.Name, at, value); err != nil {
			return fmt.Errorf("read from partition %d: %w", p, err)
		}
	}
	return nil
}

// readBack tries until the stream gives the message of this number.
func (d *driver) readBack(ctx context.Context, stream string, at int64, want []byte) error {
	return d.await(ctx, func(ctx context.Context) (string, error) {
		ask, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		s, err := d.streams.Stream(ask, stream)
		if err != nil {
			return err.Error(), nil
		}
		m, err := s.GetMsg(ask, uint64(at))
		if err != nil {
			return err.Error(), nil
		}
		if !bytes.Equal(m.Data, want) {
			return "", fmt.Errorf("message %d is another one than was written", at)
		}
		return "", nil
	})
}

// publishOnce tries until the stream's leader, who may just have been elected, takes the message. One whose answer was lost may be there twice: it is a probe.
func (d *driver) publishOnce(ctx context.Context, subject string, value []byte) (at int64, err error) {
	err = d.await(ctx, func(ctx context.Context) (string, error) {
		ask, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		ack, err := d.streams.Publish(ask, subject, value, jetstream.WithRetryAttempts(0))
		if err == nil {
			at = int64(ack.Sequence)
		}
		var told *jetstream.APIError
		if errors.As(err, &told) {
			return "", err
		}
		return text(err), nil
	})
	return at, err
}
