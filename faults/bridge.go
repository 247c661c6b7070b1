package faults

import (
	"context"
)

var bridgeKind = Kind{
	Name:     "bridge",
	About:    "parts all other nodes into two halves, drawn, that only the nodes of the target still see both of",
	Target:   Nodes,
	New:      func() Fault { return &Bridge{newCut()} },
	Survives: always,
	Affects:  everywhere,
	LeavesUp: true,
	Needs: func(v Victims) error {
		if others := len(v.Cluster.Nodes()) - len(v.Nodes); others < 2 {
			return tooFew("bridge", len(v.Nodes)+2, len(v.Cluster.Nodes()))
		}
		return needsNetwork(v)
	},
}

// Bridge cuts the links between two halves of the nodes that are not its victims.
type Bridge struct{ cut }

// Inject returns when the last of the links is cut.
func (b *Bridge) Inject(ctx context.Context, v Victims) (Revert, error) {
	others := v.peers(nodeNames(v.Nodes))
	one := draw(v.Chance, others, len(others)/2)
	other := without(others, one)
	v.Witness.Note("parted %s from %s, with %s between them", list(one), list(other), list(nodeNames(v.Nodes)))
	return b.apply(ctx, v, b.between(v, one, other))
}
