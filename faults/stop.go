package faults

import (
	"context"
)

var stopKind = Kind{
	Name:      "stop",
	About:     "asks the process to end with SIGTERM, and starts it again with its data when the fault is over",
	Target:    Nodes,
	New:       func() Fault { return &Stop{ending{By: byStop, Grace: defaultGrace}} },
	Survives:  survivesLoss,
	Affects:   holdsReplica,
	Exclusive: true,
	Elsewhere: NodeReach,
}

// Stop ends the victims' processes in their own way, all at once; the way back starts them again.
type Stop struct{ ending }

// Params is the grace.
func (s *Stop) Params() []Param { return s.ending.Params()[1:] }

// Inject returns when every process is gone.
func (s *Stop) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	return down.start, down.endAll(ctx, v, s.ending)
}
