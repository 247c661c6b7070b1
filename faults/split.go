package faults

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
)

var splitKind = Kind{
	Name:     "split",
	About:    "parts groups of nodes from one another; a node in none of them still sees all, and clients do too",
	Target:   Sides,
	New:      func() Fault { return &Split{newCut()} },
	Survives: survivesLoss,
	Noticed:  AsNode,
	Affects:  inTheMinority,
	LeavesUp: true,
	Needs:    needsNetwork,
}

// Split cuts the links between nodes of different sides.
type Split struct{ cut }

// Inject returns when the last of the links is cut.
func (s *Split) Inject(ctx context.Context, v Victims) (Revert, error) {
	var links []broker.Link
	for i, side := range v.Sides {
		for _, other := range v.Sides[i+1:] {
			links = append(links, s.between(v, nodeNames(side), nodeNames(other))...)
		}
	}
	return s.apply(ctx, v, links)
}
