package faults

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
)

var restartKind = Kind{
	Name:      "restart",
	About:     "ends the process and starts it again at once",
	Target:    Nodes,
	New:       func() Fault { return &Restart{ending{By: byStop, Grace: defaultGrace}} },
	Survives:  survivesLoss,
	Affects:   holdsReplica,
	Exclusive: true,
	Elsewhere: NodeReach,
}

// Restart ends the victims' processes, all at once, and starts each as soon as it is gone.
type Restart struct{ ending }

// Inject returns when every process runs again, which is before it serves.
func (r *Restart) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	return down.start, each(v.Nodes, func(n broker.Node) error { return down.bounce(ctx, v, n, r.ending) })
}
