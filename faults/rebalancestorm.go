package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var rebalanceStormKind = Kind{
	Name:      "rebalance-storm",
	About:     "has members of the group leave in good order and join again, over and over until the fault is over: a deployment that never ends",
	Target:    Clients,
	New:       func() Fault { return &RebalanceStorm{Every: 2 * time.Second} },
	Survives:  anyTime,
	Affects:   everyPartition,
	Exclusive: true,
	LeavesUp:  true,
	Clients:   broker.Consumers,
	Needs:     needsLeavers,
	Elsewhere: OwnReach,
}

// RebalanceStorm has members leave and join.
type RebalanceStorm struct {
	Every time.Duration // from one departure to the next; half of it a member is away
}

// Params is every.
func (r *RebalanceStorm) Params() []Param {
	return []Param{{Name: "every", About: "from one departure to the next; half of that time a member is away; 200ms or more", Value: &r.Every}}
}

// Check wants time to join in.
func (r *RebalanceStorm) Check() error {
	if r.Every < 200*time.Millisecond {
		return errors.New("a member that comes and goes so fast never joins; write every: 200ms or more")
	}
	return nil
}

func needsLeavers(v Victims) error {
	for _, c := range v.Clients {
		if _, ok := c.(broker.Leaver); !ok {
			return fmt.Errorf("%s cannot leave in good order; write crash-consumer instead", c.Name())
		}
	}
	return nil
}

// Inject returns when all members have left for the first time.
func (r *RebalanceStorm) Inject(ctx context.Context, v Victims) (Revert, error) {
	before := assigned(v.Clients)
	leave := func(ctx context.Context) (Revert, error) {
		return hurtClients(v, func(c broker.Client) error { return c.(broker.Leaver).Leave(ctx) })
	}
	back, err := leave(ctx)
	if err != nil {
		return back, err
	}
	v.Witness.Effective(time.Now())
	begun := time.Now()
	aside, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended, times := make(chan struct{}), 1
	turn := func() error {
		joining, cancel := uncut(aside)
		defer cancel()
		if err := back(joining); err != nil || !sleep(aside, time.Until(begun.Add(time.Duration(times)*r.Every))) || aside.Err() != nil {
			return err
		}
		leaving, cancelToo := uncut(aside)
		defer cancelToo()
		var err error
		if back, err = leave(leaving); err == nil {
			times++
		}
		return err
	}
	go func() {
		defer close(ended)
		v.goOn(func() {
			for sleep(aside, time.Until(begun.Add(time.Duration(times)*r.Every-r.Every/2))) && aside.Err() == nil {
				if err := turn(); err != nil {
					v.Witness.Wrong("after departure %d: %v", times, err)
					return
				}
			}
		})
	}()
	return func(ctx context.Context) error {
		stop()
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
		given := assigned(v.Clients) - before
		if err := back(ctx); err != nil {
			return err
		}
		v.Witness.Note("%s left %d times, every %s; in between the group gave partitions %d times", list(clientNames(v.Clients)), times, report.Human(r.Every), given)
		return nil
	}, nil
}

// assigned is how often the clients were given partitions so far.
func assigned(clients []broker.Client) (n int) {
	for _, c := range clients {
		n += c.(broker.Leaver).Assigned()
	}
	return n
}
