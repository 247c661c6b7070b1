package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var crashLoopKind = Kind{
	Name:      "crash-loop",
	About:     "kills the process and starts it, again and again until the fault is over",
	Target:    Nodes,
	New:       func() Fault { return &CrashLoop{Every: 5 * time.Second} },
	Survives:  survivesLoss,
	Affects:   holdsReplica,
	Exclusive: true,
	Elsewhere: NodeReach,
	Acts:      []broker.Act{broker.ActKill, broker.ActStart},
}

// CrashLoop kills the victims again and again.
type CrashLoop struct {
	Every time.Duration // from one kill of a node to its next
}

// Params is the period.
func (c *CrashLoop) Params() []Param {
	return []Param{{Name: "every", About: "from one kill of a node to its next", Value: &c.Every}}
}

// Check wants a process to have a moment to live.
func (c *CrashLoop) Check() error {
	if c.Every < time.Second {
		return fmt.Errorf("a start takes longer than %s; write every: 1s or more", report.Human(c.Every))
	}
	return nil
}

// Inject returns when every process was killed and started once.
func (c *CrashLoop) Inject(ctx context.Context, v Victims) (Revert, error) {
	down := &downed{}
	round := func(ctx context.Context) error {
		return each(v.Nodes, func(n broker.Node) error { return down.bounce(ctx, v, n, ending{By: byKill}) })
	}
	begun := time.Now()
	if err := round(ctx); err != nil {
		return down.start, err
	}
	kills := 1
	stop := down.aside(ctx, v, func(ctx context.Context) {
		for next := begun.Add(c.Every); sleep(ctx, time.Until(next)); next = next.Add(c.Every) {
			act, cancel := uncut(ctx)
			err := round(act)
			cancel()
			if err != nil {
				v.Witness.Wrong("crash %d: %v", kills+1, err)
				return
			}
			kills++
		}
	})
	return func(ctx context.Context) error {
		err := stop(ctx)
		if err == nil {
			v.Witness.Note("crashed %d times", kills)
		}
		return err
	}, nil
}
