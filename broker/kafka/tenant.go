package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Tenant = (*driver)(nil)

// own takes it down that a topic is this driver's own.
func (d *driver) own(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owned[topic] = true
}

// Vacant implements broker.Tenant. A group that is empty and has offsets is somebody's, too.
func (d *driver) Vacant(ctx context.Context, topic, group string) error {
	admin := kadm.NewClient(d.eyes)
	topics, err := admin.ListTopicsWithInternal(ctx) // of one that is asked for by name, brokers may make it
	if err != nil {
		return d.refused("ask which topics there are", err)
	}
	if topics.Has(topic) {
		return fmt.Errorf("there is a topic %s already, and squall uses only what it made: delete it if a run that was killed left it, or write another topic.name", topic)
	}
	if group == "" {
		return nil
	}
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		return d.refused("ask which groups there are", err)
	}
	if _, there := groups[group]; there {
		return fmt.Errorf("there is a group %s already, and squall uses only what it made: delete it if a run that was killed left it, or write another load.consumers.group", group)
	}
	return nil
}

// refused says why a question was not answered. A broker may tell everybody who is there, and the rest only to who says who asks.
func (d *driver) refused(question string, err error) error {
	if e := d.cluster.Endpoint(broker.Observer); e.User == "" && !isTold(err) && hungUp(err) {
		return signIn(e, e.Addrs[0], err)
	}
	return fmt.Errorf("%s: %w", question, err)
}

// Vacate implements broker.Tenant. Groups go first: the offsets of a topic that is gone would keep them.
func (d *driver) Vacate(ctx context.Context) (gone []string, err error) {
	d.mu.Lock()
	topics, groups := slices.Sorted(maps.Keys(d.owned)), slices.Clone(d.groups)
	d.mu.Unlock()
	if len(topics) == 0 { // then nobody was in a group either
		return nil, nil
	}
	for _, g := range groups {
		was, e := d.deleteGroup(ctx, g)
		if was {
			gone = append(gone, "group "+g)
		}
		err = errors.Join(err, e)
	}
	for _, t := range topics {
		was, e := d.vacateTopic(ctx, t)
		if was {
			gone = append(gone, "topic "+t)
		}
		err = errors.Join(err, e)
	}
	return gone, err
}

// vacateAgain is how long is waited before what did not work is tried again.
const vacateAgain = 200 * time.Millisecond

// vacateTopic deletes a topic of the driver's own, and reports whether there was one.
func (d *driver) vacateTopic(ctx context.Context, topic string) (was bool, err error) {
	err = d.patiently(ctx, func() error {
		told, err := d.deleteTopic(ctx, topic)
		was = was || err != nil || told.Err == nil
		return err
	})
	if err != nil {
		return was, err
	}
	d.forget(topic)
	return was, nil
}

// deleteGroup reports whether there was one to delete. Who was aborted is still in it, and is shown out.
func (d *driver) deleteGroup(ctx context.Context, group string) (was bool, err error) {
	err = d.patiently(ctx, func() error {
		told, err := kadm.NewClient(d.eyes).DeleteGroups(ctx, group)
		if err == nil {
			err = told[group].Err
		}
		switch {
		case errors.Is(err, kerr.GroupIDNotFound):
			return nil
		case errors.Is(err, kerr.NonEmptyGroup):
			return errors.Join(err, d.showOut(ctx, group))
		}
		was = true
		return err
	})
	if err != nil {
		return was, fmt.Errorf("delete group %s: %w", group, err)
	}
	return was, nil
}

// showOut has every member leave the group.
func (d *driver) showOut(ctx context.Context, group string) error {
	described, err := kadm.NewClient(d.eyes).DescribeGroups(ctx, group)
	if err != nil {
		return err
	}
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = group
	for _, m := range described[group].Members {
		one := kmsg.NewLeaveGroupRequestMember()
		one.MemberID = m.MemberID
		req.Members = append(req.Members, one)
	}
	_, err = req.RequestWith(ctx, d.eyes)
	return err
}

// patiently tries again until it works or ctx ends.
func (d *driver) patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(vacateAgain):
			d.eyes.ForceMetadataRefresh() // who led the cluster may be dead
		}
	}
}
