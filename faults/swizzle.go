package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// longestSwizzle bounds cutting, and healing, all nodes one by one.
const longestSwizzle = ActWithin * 3 / 4

var swizzleKind = Kind{
	Name:     "swizzle",
	About:    "cuts nodes off from all others one by one, in a drawn order, and heals them one by one in another",
	Target:   Nodes,
	New:      func() Fault { return &Swizzle{Step: time.Second, cut: newCut()} },
	Survives: survivesLoss,
	Noticed:  AsNode,
	Affects:  inTheMinority,
	LeavesUp: true,
	Needs:    needsNetwork,
}

// Swizzle isolates each victim from all other nodes, one after another.
type Swizzle struct {
	Step time.Duration // from one node to the next
	cut
}

// Params are step and those of every cut.
func (s *Swizzle) Params() []Param {
	return append([]Param{{Name: "step", About: "how long after one node the next is cut off, and later healed", Value: &s.Step}}, s.cut.Params()...)
}

// Needs asks for a network, and for so few nodes that they are all cut in time.
func (s *Swizzle) Needs(v Victims) error {
	if all := time.Duration(len(v.Nodes)) * s.Step; all > longestSwizzle {
		return fmt.Errorf("%d nodes every %s take %s, longer than %s; lower step", len(v.Nodes), report.Human(s.Step), report.Human(all), report.Human(longestSwizzle))
	}
	return needsNetwork(v)
}

// Inject returns when the last node is cut off.
func (s *Swizzle) Inject(ctx context.Context, v Victims) (Revert, error) {
	order := v.Chance.Perm(len(v.Nodes))
	back := v.Chance.Perm(len(v.Nodes))
	if slices.Equal(order, back) {
		slices.Reverse(back)
	}
	undo := make([]Revert, len(v.Nodes)) // by node; nil: it was never cut
	revert := func(ctx context.Context) error { return s.heal(ctx, v, back, undo) }
	for i, n := range order {
		if i > 0 && !sleep(ctx, s.Step) {
			return revert, ctx.Err()
		}
		name := v.Nodes[n].Name()
		var err error
		if undo[n], err = s.apply(ctx, v, s.between(v, []string{name}, v.peers([]string{name}))); err != nil {
			return revert, fmt.Errorf("cut off %s: %w", name, err)
		}
		v.Witness.Note("%s cut off", name)
	}
	return revert, nil
}

// heal goes the ways back in their order. One that fails is left for the next call, and does not keep the others.
func (s *Swizzle) heal(ctx context.Context, v Victims, order []int, undo []Revert) error {
	var errs []error
	first := true
	for _, n := range order {
		if undo[n] == nil {
			continue
		}
		if !first {
			sleep(ctx, s.Step)
		}
		first = false
		if err := undo[n](ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", v.Nodes[n].Name(), err))
			continue
		}
		undo[n] = nil
	}
	return errors.Join(errs...)
}

// sleep waits, and is false where ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
