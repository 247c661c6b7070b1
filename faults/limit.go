package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-228c25e4/squall/broker"
)

// noMachine says why an embedded broker cannot be given less of the machine, and noDisk why it has no data.
const (
	noMachine = "an embedded broker has no processor and no memory of its own that it could be left less of"
	noDisk    = "an embedded broker has no disk"
)

// needsPower asks every victim for a power.
func needsPower[T any](v Victims, lack string) error {
	if slices.ContainsFunc(v.Nodes, func(n broker.Node) bool { _, ok := n.(T); return !ok }) {
		return errors.New(lack + "; write run: containers")
	}
	return nil
}

// limit puts a limit on all victims at once. The way back takes it away and starts whoever did not survive it; tell writes down, before that, what
// became of a node.
func (v Victims) limit(ctx context.Context, want broker.Limits, told func(broker.Limits) string, tell func(n broker.Node, before, now broker.Vitals)) (Revert, error) {
	var mu sync.Mutex
	undo := map[broker.Node]Revert{}
	before := map[broker.Node]broker.Vitals{}
	err := each(v.Nodes, func(n broker.Node) error {
		l, ok := n.(broker.Limiter)
		if !ok {
			return errors.New(noMachine)
		}
		was, err := vitals(ctx, n)
		if err == nil && !was.Running {
			err = fmt.Errorf("%s was not running", n.Name())
		}
		if err != nil {
			return err
		}
		inForce, back, err := l.Limit(ctx, want)
		mu.Lock()
		undo[n], before[n] = back, was
		mu.Unlock()
		if err == nil {
			v.Witness.Note("%s: %s", n.Name(), told(inForce))
		}
		return err
	})
	return func(ctx context.Context) error {
		return each(v.Nodes, func(n broker.Node) error {
			back := undo[n]
			if back == nil {
				return nil
			}
			if now, err := vitals(ctx, n); err == nil {
				tell(n, before[n], now)
			}
			return errors.Join(back(ctx), startAgain(ctx, n))
		})
	}, err
}
