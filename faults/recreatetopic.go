package faults

import (
	"context"
	"errors"

	"github.com/seed-228c25e4/squall/broker"
)

var recreateTopicKind = Kind{
	Name:      "recreate-topic",
	About:     "deletes the topic with all that is in it, and makes it again; what nobody had read is lost, and nothing takes it back",
	Target:    Nowhere,
	New:       func() Fault { return &RecreateTopic{} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsRecreator,
	Elsewhere: OwnReach,
}

// RecreateTopic has the topic made anew.
type RecreateTopic struct{}

func needsRecreator(v Victims) error {
	if _, ok := v.Driver.(broker.Recreator); !ok {
		return errors.New("this kind of broker makes no topic anew")
	}
	return nil
}

// Inject returns when there is the new topic. It is not cut short: half of it would be no topic at all.
func (*RecreateTopic) Inject(ctx context.Context, v Victims) (Revert, error) {
	ctx, cancel := uncut(ctx)
	defer cancel()
	recreate := func(ctx context.Context) error {
		was, is, err := v.Driver.(broker.Recreator).RecreateTopic(ctx, v.Topic)
		if err == nil && v.Renewed != nil {
			v.Renewed()
		}
		if err == nil {
			v.Witness.Note("%s was %s, and is %s now", v.Topic, was, is)
		}
		return err
	}
	if err := recreate(ctx); err != nil {
		return recreate, err
	}
	return nothing, nil
}
