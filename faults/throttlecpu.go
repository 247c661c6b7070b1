package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var throttleCPUKind = Kind{
	Name:     "throttle-cpu",
	About:    "lets the process have only a share of one processor",
	Target:   Nodes,
	New:      func() Fault { return &ThrottleCPU{} },
	Survives: always,
	Affects:  holdsReplica,
	LeavesUp: true,
	Needs:    func(v Victims) error { return needsPower[broker.Limiter](v, noMachine) },
	Only:     OnlyContainers,
	Why:      noMachine,
}

// ThrottleCPU limits the processor time of each victim.
type ThrottleCPU struct {
	To Share // of one processor
}

// Params is the share.
func (t *ThrottleCPU) Params() []Param {
	return []Param{{Name: "to", About: "the share of one processor that each node has left", Value: &t.To}}
}

// Check wants a share that the kernel can give.
func (t *ThrottleCPU) Check() error {
	if t.To < 0.01 {
		return errors.New("write what is left of one processor, from 1% to 100%, as in to: 20%")
	}
	return nil
}

// Inject returns when the limit is in force.
func (t *ThrottleCPU) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.limit(ctx, broker.Limits{CPU: float64(t.To)},
		func(l broker.Limits) string { return fmt.Sprintf("limited to %s of a processor", Share(l.CPU)) },
		func(n broker.Node, before, now broker.Vitals) {
			if !now.Running || before.Used < 0 || now.Used < before.Used {
				return
			}
			v.Witness.Note("%s: had %s of a processor, and was kept waiting for one for %s (all threads together)", n.Name(),
				report.Human(now.Used-before.Used), report.Human(now.Throttled-before.Throttled))
			if now.Throttled == before.Throttled {
				v.Witness.Wrong("%s never wanted more than its share of the processor: the limit had no effect", n.Name())
			}
		})
}
