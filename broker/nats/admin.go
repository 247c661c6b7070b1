package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
)

var (
	_ broker.Resigner = (*driver)(nil)
	_ broker.Deleter  = (*driver)(nil)
)

// DeleteRecords implements broker.Deleter: what the stream holds of each partition's subject below the offset is purged.
func (d *driver) DeleteRecords(ctx context.Context, topic string, below map[int32]int64) error {
	s, err := d.streams.Stream(ctx, topic)
	for _, p := range slices.Sorted(maps.Keys(below)) {
		if err == nil {
			err = s.Purge(ctx, jetstream.WithPurgeSubject(subject(topic, p)), jetstream.WithPurgeSequence(uint64(below[p])))
		}
		if err == nil {
			d.raise(topic, p, uint64(below[p]))
		}
	}
	if err != nil {
		return fmt.Errorf("purge %s: %w", topic, err)
	}
	return nil
}

// raise notes below which offset a partition's messages were deleted.
func (d *driver) raise(topic string, partition int32, to uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.floors[topic] == nil {
		d.floors[topic] = map[int32]uint64{}
	}
	d.floors[topic][partition] = max(d.floors[topic][partition], to)
}

// Resign implements broker.Resigner: the leader of a stream, of a durable consumer or of the cluster proposes a successor that has everything it has.
func (d *driver) Resign(ctx context.Context, role broker.Role, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var err error
	switch role {
	case broker.ControllerRole:
		err = d.resignMeta(ctx)
	case broker.CoordinatorRole:
		err = d.resignGroups(ctx, topic)
	default:
		err = stepDown(ctx, d.eyes, "STREAM.LEADER.STEPDOWN."+topic)
	}
	if err != nil {
		return fmt.Errorf("ask the %s to step down: %w", role, err)
	}
	return nil
}

// resignMeta asks on the way to any node: the system account knows the one that leads.
func (d *driver) resignMeta(ctx context.Context) error {
	err := errors.New("no node can be asked")
	for _, w := range d.witnesses {
		if w.conn.IsConnected() {
			if err = stepDown(ctx, w.conn, "META.LEADER.STEPDOWN"); err == nil {
				return nil
			}
		}
	}
	return err
}

func (d *driver) resignGroups(ctx context.Context, topic string) error {
	d.mu.Lock()
	groups := slices.Clone(d.groups)
	d.mu.Unlock()
	if len(groups) == 0 {
		return errors.New("there is no group")
	}
	for _, group := range groups {
		if err := stepDown(ctx, d.eyes, "CONSUMER.LEADER.STEPDOWN."+topic+"."+group); err != nil {
			return err
		}
	}
	return nil
}

// stepDown asks the servers' own interface.
func stepDown(ctx context.Context, nc *nats.Conn, what string) error {
	m, err := nc.RequestWithContext(ctx, "$JS.API."+what, nil)
	if err != nil {
		return err
	}
	var told struct {
		Success bool `json:"success"`
		Error   *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &told); err != nil {
		return err
	}
	switch {
	case told.Error != nil:
		return errors.New(told.Error.Description)
	case !told.Success:
		return errors.New("the server says that it did not")
	}
	return nil
}
