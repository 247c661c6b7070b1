package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var pauseKind = Kind{
	Name:      "pause",
	About:     "stops every thread of the process while its sockets stay open, and lets it go on when the fault is over: a zombie, if that takes long",
	Target:    Nodes,
	New:       func() Fault { return &Pause{} },
	Survives:  survivesLoss,
	Noticed:   AsNode,
	Affects:   holdsReplica,
	Exclusive: true,
	LeavesUp:  true,
	Elsewhere: NodeReach,
	Acts:      []broker.Act{broker.ActPause, broker.ActResume},
}

// Pause holds the victims' processes, all at once; the way back lets them go on.
type Pause struct{}

// Inject returns when every process is held.
func (*Pause) Inject(ctx context.Context, v Victims) (Revert, error) {
	var mu sync.Mutex
	before := map[broker.Node]broker.Vitals{} // of those that are to be resumed
	err := each(v.Nodes, func(n broker.Node) error {
		was, err := vitals(ctx, n)
		switch {
		case err != nil:
			return err
		case !was.Running:
			return fmt.Errorf("%s was not running", n.Name())
		case was.Paused:
			return fmt.Errorf("%s was paused already", n.Name())
		}
		mu.Lock()
		before[n] = was
		mu.Unlock()
		begun := time.Now()
		if err := n.Pause(ctx); err != nil {
			return fmt.Errorf("pause %s: %w", n.Name(), err)
		}
		at := time.Now()
		now, err := vitals(ctx, n)
		if err == nil && !now.Paused {
			err = fmt.Errorf("%s was paused, and its process goes on", n.Name())
		}
		if err != nil {
			return err
		}
		mu.Lock()
		before[n] = now
		mu.Unlock()
		v.Witness.Effective(at)
		v.Witness.Note("%s: held %s after the command", n.Name(), report.Human(at.Sub(begun)))
		return nil
	})
	return func(ctx context.Context) error {
		return each(v.Nodes, func(n broker.Node) error {
			held, ours := before[n]
			if !ours {
				return nil
			}
			tellHeld(ctx, v, n, held)
			if err := n.Resume(ctx); err != nil {
				return fmt.Errorf("resume %s: %w", n.Name(), err)
			}
			now, err := vitals(ctx, n)
			if err == nil && now.Paused {
				err = fmt.Errorf("%s was resumed, and is still held", n.Name())
			}
			return err
		})
	}, err
}

// tellHeld writes down how much a node did while it was held.
func tellHeld(ctx context.Context, v Victims, n broker.Node, held broker.Vitals) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	now, err := vitals(ctx, n)
	switch {
	case err != nil, !held.Paused:
	case !now.Running:
		v.Witness.Wrong("%s ended while it was held%s", n.Name(), exitOf(ctx, n))
	case !now.Paused:
		v.Witness.Wrong("%s was let go before the fault was over", n.Name())
	case now.Used >= 0 && held.Used >= 0:
		v.Witness.Note("%s: had %s of a processor while it was held", n.Name(), report.Human(now.Used-held.Used))
	}
}

// vitals asks a node how its process is.
func vitals(ctx context.Context, n broker.Node) (broker.Vitals, error) {
	vital, ok := n.(broker.Vital)
	if !ok {
		return broker.Vitals{}, errors.New("this testbed cannot look at the process of " + n.Name())
	}
	now, err := vital.Vitals(ctx)
	if err != nil {
		return now, fmt.Errorf("look at %s: %w", n.Name(), err)
	}
	return now, nil
}
