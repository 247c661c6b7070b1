package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// Ready implements broker.Driver. What it asks and writes takes the observer's path; the probes stay in the topic, and broker.Decode knows them.
func (d *driver) Ready(ctx context.Context, t broker.Topic) error {
	d.know(t.Name)
	if err := d.await(ctx, func(ctx context.Context) (string, error) { return d.missing(ctx, t), nil }); err != nil {
		return fmt.Errorf("topic %s is not ready: %w", t.Name, err)
	}
	if err := d.probe(ctx, t); err != nil {
		return fmt.Errorf("topic %s is not ready: %w", t.Name, err)
	}
	return nil
}

// missingNodes says which nodes do not serve, or are unknown to one that does.
func (d *driver) missingNodes(ctx context.Context) (string, error) {
	answers, err := d.ask(ctx)
	if err != nil {
		return err.Error(), nil
	}
	return d.absentees(answers), nil
}

func (d *driver) absentees(answers []answer) string {
	silent := []string{}
	for _, n := range d.cluster.Nodes() {
		if !slices.ContainsFunc(answers, func(a answer) bool { return a.node == n.Name() }) {
			silent = append(silent, n.Name())
		}
	}
	if len(silent) > 0 {
		return "no answer from " + strings.Join(silent, ", ")
	}
	for _, a := range answers {
		registered := d.nodeNames(a.brokers())
		for _, n := range d.cluster.Nodes() {
			if !slices.Contains(registered, n.Name()) {
				return n.Name() + " is not registered, says " + a.node
			}
		}
	}
	return ""
}

func (d *driver) missing(ctx context.Context, t broker.Topic) string {
	answers, err := d.ask(ctx)
	if err != nil {
		return err.Error()
	}
	if absent := d.absentees(answers); absent != "" {
		return absent
	}
	s := d.merge(answers)
	if s.Controller == "" {
		return "no controller"
	}
	for i := range int32(t.Partitions) {
		switch p, ok := s.Partition(t.Name, i); {
		case !ok:
			return fmt.Sprintf("partition %d is unknown", i)
		case p.Leader == "":
			return fmt.Sprintf("partition %d has no leader", i)
		case len(p.InSync) < max(t.Replicas, len(p.Replicas)):
			return fmt.Sprintf("partition %d has %d of %d replicas in sync", i, len(p.InSync), max(t.Replicas, len(p.Replicas)))
		}
	}
	return ""
}

// probe writes one message to each partition and reads it back.
func (d *driver) probe(ctx context.Context, t broker.Topic) error {
	value := make([]byte, broker.HeaderSize)
	broker.EncodeProbe(value, d.run)
	records := make([]*kgo.Record, t.Partitions)
	for i := range records {
		records[i] = &kgo.Record{Topic: t.Name, Partition: int32(i), Value: value}
	}
	writer, err := d.client(broker.Observer, "squall-probe", nil, nil, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DisableIdempotentWrite(), kgo.MetadataMinAge(observe.PollEvery),
		kgo.UnknownTopicRetries(-1)) // a busy broker learns late of a new topic that it leads; ctx bounds the wait
	if err != nil {
		return err
	}
	defer writer.Close()
	stretches := map[int32]broker.Range{}
	for _, r := range writer.ProduceSync(ctx, records...) {
		if r.Err != nil {
			return fmt.Errorf("write to partition %d: %w", r.Record.Partition, r.Err)
		}
		stretches[r.Record.Partition] = broker.Range{Start: r.Record.Offset, End: r.Record.Offset + 1}
	}
	r, err := d.newReader(t, stretches)
	if err != nil {
		return err
	}
	return observe.ReadBack(ctx, r, stretches)
}
