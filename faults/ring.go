package faults

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
)

// leastRing is the fewest nodes of which each can see a majority, and no two the same.
const leastRing = 4

var ringKind = Kind{
	Name:     "ring",
	About:    "lets each node see a majority, and no two the same: its neighbours in a drawn ring, and nobody else; needs four nodes, better five",
	Target:   Nodes,
	Least:    leastRing,
	New:      func() Fault { return &Ring{newCut()} },
	Survives: always,
	Affects:  everywhere,
	LeavesUp: true,
	Needs: func(v Victims) error {
		if len(v.Nodes) < leastRing {
			return tooFew("ring", leastRing, len(v.Nodes))
		}
		return needsNetwork(v)
	},
}

// Ring cuts the links between victims that are no near neighbours in a ring.
type Ring struct{ cut }

// Inject returns when the last of the links is cut.
func (r *Ring) Inject(ctx context.Context, v Victims) (Revert, error) {
	names := nodeNames(v.Nodes)
	order := make([]string, len(names))
	for i, rank := range v.Chance.Perm(len(names)) {
		order[i] = names[rank]
	}
	v.Witness.Note("ring: %s", list(order))
	near := neighbours(len(order))
	var links []broker.Link
	for i, a := range order {
		for j := i + 1; j < len(order); j++ {
			if distance := min(j-i, len(order)-(j-i)); distance > near {
				links = append(links, r.between(v, []string{a}, order[j:j+1])...)
			}
		}
	}
	return r.apply(ctx, v, links)
}

// neighbours is how many on each side a node of a ring of n has to see, so that with itself they are a majority.
func neighbours(n int) int { return (n/2 + 1) / 2 }
