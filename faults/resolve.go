package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

// A Scene is what a target is resolved in.
type Scene struct {
	State   broker.State // the cluster's own view of itself
	Cluster broker.Cluster
	Clients []broker.Client // the load's
	Topic   string          // the scenario's
	Chance  *rand.Rand      // what draws are made with
	Before  Victims         // of the fault before, for "same"
	Spared  []string        // nodes that are never drawn
}

// Resolve finds the victims. There is at least one node, link or client, but for a target of type Nowhere; Chosen says how they were found.
func (t Target) Resolve(in Scene) (Victims, error) {
	v := Victims{Cluster: in.Cluster, Half: t.Half, Share: t.Share, Topic: in.Topic}
	var err error
	switch t.Type {
	case Nodes:
		v.Nodes, err = in.nodes(t.To, &v, nil)
	case Clients:
		v.Clients, err = in.clients(t, &v)
	case Links:
		v.Links, err = in.links(t, &v)
		if t.Share > 0 {
			v.draw = in.Chance.Uint64()
		}
	case Sides:
		v.Sides, err = in.sides(t, &v)
	}
	return v, err
}

func (in Scene) nodes(p Pick, v *Victims, taken []string) ([]broker.Node, error) {
	all := in.Cluster.Nodes()
	names, err := in.choose(p, nodeNames(all), taken, v)
	if err != nil {
		return nil, err
	}
	var found []broker.Node
	for _, n := range names {
		i := slices.IndexFunc(all, func(o broker.Node) bool { return o.Name() == n })
		if i < 0 {
			return nil, fmt.Errorf("the cluster has no node %q", n)
		}
		found = append(found, all[i])
	}
	return found, nil
}

func (in Scene) clients(t Target, v *Victims) ([]broker.Client, error) {
	var pool []string
	for _, c := range in.Clients {
		if isClientOf(c.Name(), t.Of) {
			pool = append(pool, c.Name())
		}
	}
	names, err := in.choose(t.To, pool, nil, v)
	if err != nil {
		return nil, err
	}
	var found []broker.Client
	for _, n := range names {
		i := slices.IndexFunc(in.Clients, func(c broker.Client) bool { return c.Name() == n })
		if i < 0 {
			return nil, fmt.Errorf("the load has no client %q", n)
		}
		found = append(found, in.Clients[i])
	}
	return found, nil
}

// sides finds the nodes of each side; what a side draws or leaves over is on no side before it.
func (in Scene) sides(t Target, v *Victims) ([][]broker.Node, error) {
	var all [][]broker.Node
	var taken []string
	for _, p := range t.Parts {
		nodes, err := in.nodes(p, v, taken)
		if err != nil {
			return all, err
		}
		names := nodeNames(nodes)
		if both := only(names, taken); len(both) > 0 {
			return all, fmt.Errorf("%s is on two sides of %s now", both[0], t)
		}
		taken = append(taken, names...)
		all = append(all, nodes)
	}
	return all, nil
}

// links finds the links from one end to the other. An end that is drawn is drawn from whom the other end leaves, so that it dials somebody.
func (in Scene) links(t Target, v *Victims) ([]broker.Link, error) {
	if len(in.Cluster.Links()) == 0 {
		return nil, errors.New("this testbed cannot break the network: it has no links")
	}
	from, to, err := in.ends(t, v)
	if err != nil {
		return nil, err
	}
	var found []broker.Link
	for _, l := range in.Cluster.Links() {
		there := slices.Contains(from, l.From()) && slices.Contains(to, l.To())
		back := t.Both && slices.Contains(to, l.From()) && slices.Contains(from, l.To())
		if (there || back) && (t.Plane == "" || t.Plane == l.Plane()) {
			found = append(found, l)
		}
	}
	switch a, b := strings.Join(from, ", "), strings.Join(to, ", "); {
	case len(found) > 0:
		return found, nil
	case a == b:
		return nil, fmt.Errorf("%s and %s are both %s now", t.From, t.To, a)
	default:
		return nil, fmt.Errorf("no link of this testbed is %s (%s -> %s)", t, a, b)
	}
}

func (in Scene) ends(t Target, v *Victims) (from, to []string, err error) {
	pool := nodeNames(in.Cluster.Nodes())
	resolve := func(p Pick, other []string) ([]string, error) {
		switch p.Set {
		case SetProducers, SetConsumers:
			return []string{string(p.Set)}, nil
		case SetClients:
			return []string{broker.Producers, broker.Consumers}, nil
		}
		return in.choose(p, pool, other, v)
	}
	later := t.From.Set == SetPeers || t.From.drawn() && t.To.Set != SetPeers // else To is found with regard to From
	if !later {
		if from, err = resolve(t.From, nil); err != nil {
			return nil, nil, err
		}
	}
	if to, err = resolve(t.To, from); err != nil {
		return nil, nil, err
	}
	if later {
		from, err = resolve(t.From, to)
	}
	return from, to, err
}

// choose finds the names of a pick among a pool; what it draws, and peers and the rest, is none of those taken.
func (in Scene) choose(p Pick, pool, taken []string, v *Victims) ([]string, error) {
	set, why, err := in.set(p, pool, taken)
	if err != nil {
		return nil, err
	}
	if p.Not {
		set = without(pool, set)
	}
	if !p.drawn() {
		if len(set) == 0 {
			return nil, fmt.Errorf("%s is nobody now", p)
		}
		v.chose(why, p, set)
		return set, nil
	}
	set = without(without(set, taken), in.Spared)
	n := p.many(len(set), len(pool))
	if n == 0 || n > len(set) {
		return nil, fmt.Errorf("%s is nobody now: there are %d to draw from", p, len(set))
	}
	drawn := draw(in.Chance, set, n)
	v.chose(why, p, drawn)
	if len(set) > n {
		v.Chosen = append(v.Chosen, fmt.Sprintf("%s drawn from %s", list(drawn), list(set)))
	}
	return drawn, nil
}

// draw returns n of the names, in the order of the names.
func draw(chance *rand.Rand, names []string, n int) []string {
	ranks := chance.Perm(len(names))[:n]
	slices.Sort(ranks)
	drawn := make([]string, n)
	for i, r := range ranks {
		drawn[i] = names[r]
	}
	return drawn
}

// set finds who is in a set, and says by which state of the cluster, where that is what decides.
func (in Scene) set(p Pick, pool, taken []string) (names []string, why string, err error) {
	switch p.Set {
	case SetNamed:
		return only(pool, p.names()), "", nil
	case SetPeers, SetRest:
		return without(pool, taken), "", nil
	case SetSame:
		before := only(pool, append(nodeNames(in.Before.hurt()), clientNames(in.Before.Clients)...))
		if len(before) == 0 {
			return nil, "", errors.New("no fault before had anybody")
		}
		return before, "", nil
	case SetLeader, SetFollowers:
		return in.partition(p, pool)
	case SetBusiest:
		return in.busiest(pool)
	case SetController:
		if in.State.Controller == "" {
			return nil, "", errors.New("nobody is known to be the controller")
		}
		return []string{in.State.Controller}, "the controller was " + in.State.Controller, nil
	case SetCoordinator:
		if in.State.Coordinators[p.Group] == "" {
			return nil, "", fmt.Errorf("nobody is known to coordinate %s", p.Group)
		}
		return []string{in.State.Coordinators[p.Group]}, fmt.Sprintf("the coordinator of %s was %s", p.Group, in.State.Coordinators[p.Group]), nil
	}
	return pool, "", nil
}

// partition finds the leader or the followers of a partition, of these those in sync where one is.
func (in Scene) partition(p Pick, pool []string) ([]string, string, error) {
	s, ok := in.State.Partition(p.Topic, p.Partition)
	if !ok || s.Leader == "" {
		return nil, "", fmt.Errorf("nobody is known to lead %s/%d", p.Topic, p.Partition)
	}
	why := fmt.Sprintf("the leader of %s/%d was %s", p.Topic, p.Partition, s.Leader)
	if s.Epoch >= 0 {
		why += fmt.Sprintf(" (epoch %d)", s.Epoch)
	}
	if p.Set == SetLeader {
		return []string{s.Leader}, why, nil
	}
	why += fmt.Sprintf(", its replicas %s, in sync %s", list(s.Replicas), list(s.InSync))
	followers := without(only(pool, s.Replicas), []string{s.Leader})
	if in := only(followers, s.InSync); len(in) > 0 && p.drawn() {
		return in, why, nil
	}
	if len(followers) == 0 {
		return nil, "", fmt.Errorf("%s/%d has no follower", p.Topic, p.Partition)
	}
	return followers, why, nil
}

// busiest finds who leads most of the topic's partitions.
func (in Scene) busiest(pool []string) ([]string, string, error) {
	leads := map[string]int{}
	for _, p := range in.State.Partitions {
		if p.Topic == in.Topic && p.Leader != "" {
			leads[p.Leader]++
		}
	}
	if len(leads) == 0 {
		return nil, "", fmt.Errorf("nobody is known to lead a partition of %s", in.Topic)
	}
	most := slices.MaxFunc(pool, func(a, b string) int { return leads[a] - leads[b] }) // the first of several
	return []string{most}, fmt.Sprintf("%s led %d partitions", most, leads[most]), nil
}
