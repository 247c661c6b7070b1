package faults

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
)

var dataOnlyKind = Kind{
	Name:     "data-only",
	About:    "cuts nodes off from their peers' replication alone: they go on reporting to the controller, and nobody takes them for dead",
	Target:   Nodes,
	New:      func() Fault { return newPlaneOnly(broker.PlaneData) },
	Survives: survivesLoss,
	Noticed:  AsFollower,
	Affects:  inTheMinority,
	LeavesUp: true,
}

var raftOnlyKind = Kind{
	Name:     "raft-only",
	About:    "cuts nodes off from their peers' consensus alone: they go on replicating, and are taken for dead",
	Target:   Nodes,
	New:      func() Fault { return newPlaneOnly(broker.PlaneControl) },
	Survives: survivesLoss,
	Noticed:  AsNode,
	Affects:  inTheMinority,
	LeavesUp: true,
}

// PlaneOnly isolates nodes from their peers on one plane.
type PlaneOnly struct{ isolate Isolate }

func newPlaneOnly(plane string) *PlaneOnly {
	return &PlaneOnly{Isolate{From: fromPeers, Direction: bothWays, cut: cut{By: byBlackhole, Plane: plane}}}
}

// Params are direction and by.
func (p *PlaneOnly) Params() []Param { return p.isolate.Params()[1:3] }

// Check has nothing to find: every word is one of a few.
func (p *PlaneOnly) Check() error { return nil }

// Needs asks for a network between the nodes.
func (p *PlaneOnly) Needs(v Victims) error { return p.isolate.Needs(v) }

// Inject returns when the last of the links is cut.
func (p *PlaneOnly) Inject(ctx context.Context, v Victims) (Revert, error) {
	return p.isolate.Inject(ctx, v)
}
