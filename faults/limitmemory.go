package faults

import (
	"context"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

var limitMemoryKind = Kind{
	Name:     "limit-memory",
	About:    "lets the process have only so much memory, its share of the page cache included; the kernel ends it when it needs more",
	Target:   Nodes,
	New:      func() Fault { return &LimitMemory{} },
	Survives: survivesLoss,
	Affects:  holdsReplica,
	Needs:    func(v Victims) error { return needsPower[broker.Limiter](v, noMachine) },
	Only:     OnlyContainers,
	Why:      noMachine,
}

// leastMemory is what no process of a broker's starts without.
const leastMemory = 8 << 20

// LimitMemory limits the memory of each victim.
type LimitMemory struct {
	To Bytes
}

// Params is the limit.
func (l *LimitMemory) Params() []Param {
	return []Param{{Name: "to", About: "how much memory each node may use", Value: &l.To}}
}

// Check wants a limit that a process can live with for a moment.
func (l *LimitMemory) Check() error {
	if l.To < leastMemory {
		return fmt.Errorf("write how much is left, %s or more, as in to: 600MiB", Bytes(leastMemory))
	}
	return nil
}

// Inject returns when the limit is in force: what is above it, and can be dropped, is.
func (l *LimitMemory) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.limit(ctx, broker.Limits{Memory: int64(l.To)},
		func(l broker.Limits) string { return "limited to " + Bytes(l.Memory).String() + " of memory" },
		func(n broker.Node, before, now broker.Vitals) {
			switch {
			case now.Running:
				v.Witness.Note("%s: uses %s, and used %s before", n.Name(), bytes(uint64(now.Memory)), bytes(uint64(before.Memory)))
			case now.OutOfMemory:
				v.Witness.Note("%s: the kernel ended it for want of memory, exit code %d", n.Name(), now.ExitCode)
			default:
				v.Witness.Note("%s: ended, exit code %d", n.Name(), now.ExitCode)
			}
		})
}
