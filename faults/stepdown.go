package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var stepDownKind = Kind{
	Name:      "step-down",
	About:     "asks who leads to hand over, as an operator does before maintenance: a partition's leader, the controller, or the coordinator of the group",
	Target:    Nowhere,
	New:       func() Fault { return &StepDown{Of: string(broker.LeaderRole)} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsResigner,
	Elsewhere: WideReach,
}

// StepDown has somebody hand over who leads.
type StepDown struct{ Of string }

// Params are whose role it is.
func (s *StepDown) Params() []Param {
	return []Param{{Name: "of", About: "leader: who leads the topic's partition 0; controller: who leads the cluster; coordinator: who coordinates the group", Value: &s.Of,
		OneOf: []string{string(broker.LeaderRole), string(broker.ControllerRole), string(broker.CoordinatorRole)}}}
}

// Reach is the run's own topic for its leader; who leads the cluster or coordinates groups does so for others, too.
func (s *StepDown) Reach() Reach {
	if s.Of == string(broker.LeaderRole) {
		return OwnReach
	}
	return WideReach
}

// Check has nothing to say.
func (s *StepDown) Check() error { return nil }

func needsResigner(v Victims) error {
	if _, ok := v.Driver.(broker.Resigner); !ok {
		return errors.New("this kind of broker takes no orders to step down; stop the node instead, which hands over what it leads")
	}
	return nil
}

// CheckWords wants a role that there is.
func (s *StepDown) CheckWords(k broker.Kind) error {
	if s.Of == string(broker.LeaderRole) || slices.Contains(k.Roles, s.Of) {
		return nil
	}
	return fmt.Errorf("%s has no %s that could step down; write of: leader", k.Name, s.Of)
}

// Needs wants somebody in the role, and another who can take it.
func (s *StepDown) Needs(v Victims) error {
	if needsResigner(v) != nil {
		return nil // told by the kind
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	return shown(ctx, func(ctx context.Context) error {
		_, err := s.incumbent(ctx, v)
		return err
	})
}

// An incumbent is who has a role, and since which epoch; -1: the role has none.
type incumbent struct {
	node  string
	epoch int32
}

func (s *StepDown) incumbent(ctx context.Context, v Victims) (incumbent, error) {
	state, err := v.Driver.State(ctx)
	if err != nil {
		return incumbent{}, err
	}
	is := incumbent{epoch: -1}
	switch broker.Role(s.Of) {
	case broker.ControllerRole:
		is.node = state.Controller
	case broker.CoordinatorRole:
		for _, node := range state.Coordinators { // a run has one group
			is.node = node
		}
	default:
		p, _ := state.Partition(v.Topic, 0)
		if is = (incumbent{p.Leader, p.Epoch}); len(p.Replicas) == 1 {
			return is, fmt.Errorf("%s/0 has one replica, on %s: nobody could lead it in its place", v.Topic, p.Replicas[0])
		}
	}
	if is.node == "" {
		return is, fmt.Errorf("there is no %s now", s.Of)
	}
	return is, nil
}

// Inject returns when the cluster shows a successor. Where the old one was elected again, as may be, a newer epoch shows it.
func (s *StepDown) Inject(ctx context.Context, v Victims) (Revert, error) {
	before, err := s.incumbent(ctx, v)
	if err != nil {
		return nothing, err
	}
	if err := v.Driver.(broker.Resigner).Resign(ctx, broker.Role(s.Of), v.Topic); err != nil {
		return nothing, err
	}
	return nothing, shown(ctx, func(ctx context.Context) error {
		after, err := s.incumbent(ctx, v)
		switch {
		case err != nil:
			return err
		case after == before:
			return fmt.Errorf("%s was asked to step down, and is still the %s", before.node, s.Of)
		}
		v.Witness.Effective(time.Now())
		v.Witness.Note("%s stepped down as %s, and %s is it now", before.node, s.Of, after.node)
		return nil
	})
}
