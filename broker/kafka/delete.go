package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/seed-228c25e4/squall/broker"
)

var (
	_ broker.Deleter      = (*driver)(nil)
	_ broker.Recreator    = (*driver)(nil)
	_ broker.TopicDeleter = (*driver)(nil)
)

// DeleteRecords implements broker.Deleter.
func (d *driver) DeleteRecords(ctx context.Context, topic string, below map[int32]int64) error {
	var offsets kadm.Offsets
	for p, at := range below {
		offsets.AddOffset(topic, p, at, -1)
	}
	told, err := kadm.NewClient(d.eyes).DeleteRecords(ctx, offsets)
	told.Each(func(r kadm.DeleteRecordsResponse) {
		if r.Err != nil {
			err = errors.Join(err, fmt.Errorf("partition %d: %w", r.Partition, r.Err))
		}
	})
	if err != nil {
		return fmt.Errorf("delete records of %s: %w", topic, err)
	}
	return nil
}

// RecreateTopic implements broker.Recreator: was and is are Kafka's topic ids.
func (d *driver) RecreateTopic(ctx context.Context, topic string) (was, is string, err error) {
	d.mu.Lock()
	t, ok := d.made[topic]
	d.mu.Unlock()
	if !ok {
		return "", "", fmt.Errorf("recreate topic %s: it was not made here, so that nobody knows how", topic)
	}
	told, err := d.deleteTopic(ctx, topic)
	if err != nil {
		return "", "", err
	}
	var made kadm.TopicID
	err = d.await(ctx, func(ctx context.Context) (string, error) {
		if made, err = d.createOnce(ctx, t); err != nil {
			return err.Error(), nil
		}
		return "", nil
	})
	if err != nil {
		return "", "", fmt.Errorf("create topic %s again: %w", topic, err)
	}
	return told.ID.String(), made.String(), nil
}

// deleteTopic deletes a topic. That there is none is no error: an attempt before may have left it so.
func (d *driver) deleteTopic(ctx context.Context, topic string) (kadm.DeleteTopicResponse, error) {
	told, err := kadm.NewClient(d.eyes).DeleteTopics(ctx, topic)
	if err == nil {
		err = told[topic].Err
	}
	if err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
		return kadm.DeleteTopicResponse{}, fmt.Errorf("delete topic %s: %w", topic, err)
	}
	return told[topic], nil
}

// DeleteTopic implements broker.TopicDeleter.
func (d *driver) DeleteTopic(ctx context.Context, t broker.Topic) error {
	if _, err := d.deleteTopic(ctx, t.Name); err != nil {
		return err
	}
	d.forget(t.Name)
	return nil
}
