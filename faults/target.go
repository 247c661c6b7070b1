package faults

import (
	"slices"
	"strings"
)

// A TargetType says what a kind of fault hurts.
type TargetType string

// The types of targets.
const (
	Nodes   TargetType = "nodes"
	Links   TargetType = "links"
	Clients TargetType = "clients" // of the load
	Sides   TargetType = "sides"   // groups of nodes
	Nowhere TargetType = "nowhere" // the fault's parameters say all: what is done through the broker's API, or to its protocol
)

// A Form is one way to write a target.
type Form struct {
	Write string
	Type  TargetType
	About string
}

// Forms returns every way to write a target.
func Forms() []Form {
	return []Form{
		{"b1", Nodes, "a node by its name: b1, b2, ...; several with commas: b1, b3"},
		{"leader", Nodes, "who leads partition 0 of the scenario's topic when the fault begins; leader of TOPIC/PARTITION: who leads that one"},
		{"follower", Nodes, "one of those who follow the leader of partition 0, in sync where there is one; follower of TOPIC/PARTITION; followers: all of them"},
		{"busiest", Nodes, "who leads most partitions of the topic; of several, the first by name"},
		{"controller", Nodes, "who leads the cluster's metadata when the fault begins"},
		{"coordinator", Nodes, "who coordinates the consumers' group; also coordinator of GROUP"},
		{"any", Nodes, "one that the seed draws; any two, any 5: so many"},
		{"minority", Nodes, "as many, drawn, as the majority can do without; majority: the fewest that are more than half"},
		{"50%", Nodes, "such a share, drawn, rounded down, but at least one"},
		{"all", Nodes, "every node"},
		{"same", Nodes, "whom the fault before had"},
		{"not TARGET", Nodes, "every node that is not one of the target's: not leader; any not leader: one of them"},
		{"A -> B", Links, "every connection that A dials to B; A is producers, consumers, clients, peers or a target of nodes, B peers or a target of nodes"},
		{"A <-> B", Links, "every connection that one of A and B dials to the other; leader <-> peers: all between the leader and the other nodes"},
		{"A | B", Sides, "nodes on different sides; rest, on the last: all that are on no other; a node on none of them still sees all"},
		{"consumer-0", Clients, "a client by its name: producer-0, consumer-0, ...; also any, any two, 50%, all, same, not consumer-0"},
	}
}

// A Target says what a fault hurts, as it was parsed; which nodes, links or clients these are shows when it is resolved.
type Target struct {
	Type     TargetType
	From, To Pick   // of nodes and clients: To alone
	Parts    []Pick // of Sides
	Both     bool   // the links that To dials to From as well
	Plane    string // only links of this plane; empty: of all
	Half     Half   // of the links
	Share    Share  // of the links' connections; 0: all
	Of       string // of clients: broker.Producers or broker.Consumers; empty: all
}

// Fixed reports whether the target names the same victims whenever it is resolved.
func (t Target) Fixed() bool {
	switch t.Type {
	case Nowhere:
		return false
	case Links:
		return t.From.Fixed() && t.To.Fixed()
	case Sides:
		return !slices.ContainsFunc(t.Parts, func(p Pick) bool { return !p.Fixed() })
	}
	return t.To.Fixed()
}

// NodesIn returns the names of the nodes that a fixed target of nodes is; of any other, nothing.
func (t Target) NodesIn(in Place) []string {
	if t.Type != Nodes || !t.Fixed() {
		return nil
	}
	names := in.Nodes
	if t.To.Set == SetNamed {
		names = only(in.Nodes, t.To.names())
	}
	if t.To.Not {
		return without(in.Nodes, names)
	}
	return names
}

// Loses returns the most nodes that the cluster can have to do without when the target is cut off; 0 for links to clients, and for sides, which know only
// what they are called.
func (t Target) Loses(in Place) int {
	switch {
	case t.Type == Nodes, t.Type == Links && t.From.Set == SetPeers:
		return t.To.Most(in)
	case t.Type != Links || t.From.clients():
		return 0
	case t.To.Set == SetPeers:
		return t.From.Most(in)
	}
	return min(t.From.Most(in), t.To.Most(in))
}

// Uses reports whether the target is about whom the fault before had.
func (t Target) Uses(set Set) bool {
	return t.From.Set == set || t.To.Set == set || slices.ContainsFunc(t.Parts, func(p Pick) bool { return p.Set == set })
}

// Write prints the target as a scenario writes it, without plane, half and share; empty for one of Nowhere.
func (t Target) Write() string {
	switch {
	case t.Type == Nowhere:
		return ""
	case t.Type == Sides:
		parts := make([]string, len(t.Parts))
		for i, p := range t.Parts {
			parts[i] = p.String()
		}
		return strings.Join(parts, " | ")
	case t.Type != Links:
		return t.To.String()
	case t.Both:
		return t.From.String() + " <-> " + t.To.String()
	}
	return t.From.String() + " -> " + t.To.String()
}

// String prints the target as people read it: "leader", "b2 -> b1 (data, requests only)".
func (t Target) String() string {
	var more []string
	if t.Plane != "" {
		more = append(more, t.Plane)
	}
	if t.Half != BothHalves {
		more = append(more, string(t.Half)+" only")
	}
	if t.Share > 0 {
		more = append(more, t.Share.String()+" of the connections")
	}
	if len(more) == 0 {
		return t.Write()
	}
	return t.Write() + " (" + strings.Join(more, ", ") + ")"
}
