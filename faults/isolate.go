package faults

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
)

var isolateKind = Kind{
	Name:     "isolate",
	About:    "cuts nodes off from their peers, from the clients, or from all, in one direction or in both; several stay together",
	Target:   Nodes,
	New:      func() Fault { return &Isolate{From: fromPeers, Direction: bothWays, cut: newCut()} },
	Survives: survivesLoss,
	Affects:  inTheMinority,
	LeavesUp: true,
}

// Whom a node is isolated from, and in which direction.
const (
	fromPeers   = "peers"
	fromClients = "clients"
	fromAll     = "all"
	inbound     = "inbound"
	outbound    = "outbound"
	bothWays    = "both"
)

// Isolate cuts the links between the victims and others. Links between the victims stay.
type Isolate struct {
	From      string
	Direction string
	cut
}

// Params are from, direction and those of every cut.
func (i *Isolate) Params() []Param {
	return append([]Param{
		{Name: "from", About: "whom it is cut off from: peers (the clients stay: a leader becomes a zombie), clients or all", Value: &i.From,
			OneOf: []string{fromPeers, fromClients, fromAll}},
		{Name: "direction", About: "inbound: what others dial to it; outbound: what it dials; or both", Value: &i.Direction, OneOf: []string{inbound, outbound, bothWays}},
	}, i.cut.Params()...)
}

// Check wants something to be cut.
func (i *Isolate) Check() error {
	switch {
	case i.From == fromClients && i.Direction == outbound:
		return errors.New("a broker dials no client; write direction: inbound, or leave it out")
	case i.From == fromClients && i.Plane != bothPlanes:
		return errors.New("clients have no planes; leave plane out")
	}
	return nil
}

// Noticed is as a follower where only data is cut.
func (i *Isolate) Noticed() Noticed {
	switch {
	case i.From == fromClients:
		return ""
	case i.Plane == broker.PlaneData:
		return AsFollower
	}
	return AsNode
}

// Needs asks for a network between the nodes, unless it is only about clients.
func (i *Isolate) Needs(v Victims) error {
	if i.From != fromClients {
		if len(v.Nodes) == len(v.Cluster.Nodes()) {
			return errors.New("nobody is left to be isolated from; name fewer nodes")
		}
		return needsNetwork(v)
	}
	if len(v.Cluster.Links()) == 0 {
		return errors.New("this testbed cannot break the network: it has no links")
	}
	return nil
}

// Inject returns when the last of the links is cut.
func (i *Isolate) Inject(ctx context.Context, v Victims) (Revert, error) {
	return i.apply(ctx, v, i.links(v))
}

// links returns what is to be cut.
func (i *Isolate) links(v Victims) []broker.Link {
	own := nodeNames(v.Nodes)
	peers := v.peers(own)
	return slices.DeleteFunc(slices.Clone(v.Cluster.Links()), func(l broker.Link) bool {
		in := i.Direction != outbound && slices.Contains(own, l.To())
		if l.Plane() == broker.PlaneClient {
			return i.From == fromPeers || !in
		}
		in = in && slices.Contains(peers, l.From())
		out := i.Direction != inbound && slices.Contains(own, l.From()) && slices.Contains(peers, l.To())
		return i.From == fromClients || !i.on(l) || !in && !out
	})
}
