package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Alarm has the victims take a resource for short. Two kinds of faults are made of it.
type Alarm struct{ of broker.Resource }

func needsAlarmer(v Victims) error {
	if _, ok := v.Driver.(broker.Alarmer); !ok {
		return errors.New("nodes of this kind of broker raise no alarms")
	}
	return nil
}

// stalls: nothing is taken from producers, whichever node raised the alarm.
func stalls(_, _ []string, _ []broker.PartitionState) bool { return false }

// Inject returns when every victim says that the alarm is on.
func (a *Alarm) Inject(ctx context.Context, v Victims) (Revert, error) {
	driver := v.Driver.(broker.Alarmer)
	var mu sync.Mutex
	undo := map[broker.Node]Revert{}
	since := map[broker.Node]time.Time{}
	err := each(v.Nodes, func(n broker.Node) error {
		on, err := a.on(ctx, driver, n)
		switch {
		case err != nil:
			return err
		case on:
			return fmt.Errorf("%s has a %s alarm already, so nothing would change", n.Name(), a.of)
		}
		told, back, err := driver.Alarm(ctx, n.Name(), a.of)
		mu.Lock()
		undo[n] = back
		mu.Unlock()
		if err != nil {
			return fmt.Errorf("raise the %s alarm of %s: %w", a.of, n.Name(), err)
		}
		if err := a.becomes(ctx, driver, n, true); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		since[n] = time.Now()
		v.Witness.Effective(since[n])
		v.Witness.Note("%s: %s alarm on, by %s", n.Name(), a.of, told)
		return nil
	})
	return func(ctx context.Context) error {
		return each(v.Nodes, func(n broker.Node) error {
			back := undo[n]
			if back == nil {
				return nil
			}
			if began, raised := since[n]; raised {
				a.tell(ctx, v, n, began)
			}
			if err := back(ctx); err != nil {
				return fmt.Errorf("end the %s alarm of %s: %w", a.of, n.Name(), err)
			}
			return a.becomes(ctx, driver, n, false)
		})
	}, err
}

// tell writes down how long the alarm was on. One that is over before its time held nobody back as long as it was to.
func (a *Alarm) tell(ctx context.Context, v Victims, n broker.Node, began time.Time) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	switch on, err := a.on(ctx, v.Driver.(broker.Alarmer), n); {
	case err != nil:
		v.Witness.Note("%s: whether the %s alarm was still on is not known: %v", n.Name(), a.of, err)
	case on:
		v.Witness.Note("%s: %s alarm still on after %s", n.Name(), a.of, report.Human(time.Since(began)))
	default:
		v.Witness.Wrong("the %s alarm of %s was over before the fault was", a.of, n.Name())
	}
}

func (a *Alarm) on(ctx context.Context, driver broker.Alarmer, n broker.Node) (bool, error) {
	all, err := driver.Alarms(ctx, n.Name())
	if err != nil {
		return false, fmt.Errorf("ask %s for its alarms: %w", n.Name(), err)
	}
	return slices.Contains(all, a.of), nil
}

// becomes waits until the node has the alarm, or has it no more.
func (a *Alarm) becomes(ctx context.Context, driver broker.Alarmer, n broker.Node, want bool) error {
	return shown(ctx, func(ctx context.Context) error {
		switch on, err := a.on(ctx, driver, n); {
		case err != nil:
			return err
		case on && !want:
			return fmt.Errorf("%s still has a %s alarm: what its own limit leaves may be used up in truth", n.Name(), a.of)
		case !on && want:
			return fmt.Errorf("%s took another limit of %s, and raises no alarm", n.Name(), a.of)
		}
		return nil
	})
}
