package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Pick chooses some of the nodes, or of the load's clients: all of a set, or some that are drawn from it.
type Pick struct {
	Draw Draw
	Of   int   // with DrawCount, how many
	Part Share // with DrawPart, which share of the set, rounded down, but at least one
	Not  bool  // the set is whoever is not in it

	Set       Set
	Names     string // with SetNamed: "b1, b2"
	Topic     string // of leader and followers
	Partition int32  // of leader and followers
	Group     string // of the coordinator
	Short     bool   // written without "of ..."
}

// A Draw says how many of a set are chosen.
type Draw string

// The draws.
const (
	DrawAll      Draw = ""         // none is drawn: it is the whole set
	DrawCount    Draw = "any"      // so many
	DrawPart     Draw = "%"        // such a share
	DrawMinority Draw = "minority" // as many as a majority can do without
	DrawMajority Draw = "majority" // the fewest that are more than half of all
)

// A Set is what is chosen from.
type Set string

// The sets.
const (
	SetAll         Set = "all"
	SetNamed       Set = "named"
	SetLeader      Set = "leader"
	SetFollowers   Set = "followers"
	SetBusiest     Set = "busiest"
	SetController  Set = "controller"
	SetCoordinator Set = "coordinator"
	SetSame        Set = "same"  // whom the last fault had
	SetPeers       Set = "peers" // of a link: all other nodes
	SetRest        Set = "rest"  // of a split: the nodes on no other side
	// The load's clients.
	SetProducers Set = "producers"
	SetConsumers Set = "consumers"
	SetClients   Set = "clients" // both
)

// clients reports whether the pick is of clients by what they are.
func (p Pick) clients() bool {
	return p.Set == SetProducers || p.Set == SetConsumers || p.Set == SetClients
}

// drawn reports whether chance decides.
func (p Pick) drawn() bool { return p.Draw != DrawAll }

// Fixed reports whether the pick is of the same ones whenever it is made.
func (p Pick) Fixed() bool {
	return !p.drawn() && (p.Set == SetNamed || p.Set == SetAll || p.Set == SetRest || p.Set == SetPeers || p.clients())
}

// numbers are the words for small numbers.
var numbers = []string{"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// String prints the pick as a scenario writes it.
func (p Pick) String() string {
	if p.Set == SetFollowers && p.Draw == DrawCount && p.Of == 1 && !p.Not {
		return "follower" + p.of()
	}
	how := p.quantity()
	switch set := p.set(); {
	case how == "":
		return set
	case p.Set == SetAll:
		return how
	case p.Set == SetNamed && !p.Not:
		return how + " of " + set
	default:
		return how + " " + set
	}
}

// quantity prints how many are drawn.
func (p Pick) quantity() string {
	switch {
	case p.Draw == DrawPart:
		return p.Part.String()
	case p.Draw != DrawCount || p.Of == 1:
		return string(p.Draw)
	case p.Of < len(numbers):
		return "any " + numbers[p.Of]
	}
	return "any " + strconv.Itoa(p.Of)
}

// set prints what is chosen from.
func (p Pick) set() string {
	text := string(p.Set)
	if p.Set == SetNamed {
		text = p.Names
	}
	if p.Not {
		text = "not " + text
	}
	return text + p.of()
}

// of prints what a role is about.
func (p Pick) of() string {
	switch {
	case p.Short:
		return ""
	case p.Set == SetLeader, p.Set == SetFollowers:
		return fmt.Sprintf(" of %s/%d", p.Topic, p.Partition)
	case p.Set == SetCoordinator:
		return " of " + p.Group
	}
	return ""
}

// many returns how many of n are chosen.
func (p Pick) many(n, all int) int {
	switch p.Draw {
	case DrawCount:
		return p.Of
	case DrawPart:
		return max(1, int(float64(p.Part)*float64(n)+1e-9))
	case DrawMinority:
		return (all - 1) / 2
	case DrawMajority:
		return all/2 + 1
	}
	return n
}

// Most returns how many can be chosen at most in a place; for the rest, and for whom the last fault had, that is all.
func (p Pick) Most(in Place) int {
	all := len(in.pool(p))
	return min(p.many(p.size(in), all), all)
}

// size returns how many are in the set, as far as it can be known without a cluster; else the most that there can be.
func (p Pick) size(in Place) int {
	all := len(in.pool(p))
	n := 1
	switch p.Set {
	case SetNamed:
		n = len(p.names())
	case SetFollowers:
		n = max(in.Topic.Replicas-1, 0)
	case SetAll, SetSame, SetRest, SetPeers, SetProducers, SetConsumers, SetClients:
		n = all
	}
	if p.Not && p.Set != SetSame {
		return all - n
	}
	return n
}

func (p Pick) names() []string { return strings.Split(p.Names, ", ") }

// check returns why nothing can be chosen, as far as it can be known without a cluster.
func (p Pick) check(in Place) error {
	pool := in.pool(p)
	size, want := p.size(in), p.many(p.size(in), len(pool))
	switch {
	case p.Set == SetFollowers && in.Topic.Replicas == 1:
		return fmt.Errorf("%s has no followers: each of its partitions has one replica; raise topic.replicas", in.Topic.Name)
	case size <= 0:
		return fmt.Errorf("%q is nobody: there are only %s", p, list(pool))
	case want == 0:
		return fmt.Errorf("%q is nobody: more than half of %d are all of them", p, len(pool))
	case want > size:
		return fmt.Errorf("%q asks for %d, and there are at most %d", p, want, size)
	}
	return nil
}

// list prints names for people: "b1, b2 and b3".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// without returns the names that are not among others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
}

// only returns the names that are among others.
func only(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(others, n) })
}
