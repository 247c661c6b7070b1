package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/seed-228c25e4/squall/broker"
)

// State implements broker.Driver. Every node is asked side by side. A node that does not answer soon after the first is left out, and is not asked anew while
// the question of before is open: a frozen node must not make the observer slow.
func (d *driver) State(ctx context.Context) (broker.State, error) {
	stories, err := d.ask(ctx)
	if err != nil {
		return broker.State{}, err
	}
	return d.merge(stories), nil
}

// A view is what the nodes that answered tell of one Raft group.
type view struct {
	leader string // empty: nobody leads it, or nobody knows
	term   uint64
	answer *answer  // the leader's own; nil: it did not answer
	agree  []string // who follows in the newest term
}

// look puts the nodes' stories of a group together: the newest term wins, for a leader that is cut off goes on calling itself one.
func look(stories []answer, of func(*answer) (raftGroup, bool)) view {
	var v view
	for i := range stories {
		a := &stories[i]
		g, ok := of(a)
		switch {
		case !ok || g.Term < v.term:
			continue
		case g.Term > v.term:
			v = view{term: g.Term}
		}
		if strings.EqualFold(g.State, "leader") {
			v.leader, v.answer = a.node, a
		} else if peer, known := g.PeersOf[g.Leader]; known && v.leader == "" {
			v.leader = peer.Name
		}
		if !g.CatchUp && g.Leader != "" {
			v.agree = append(v.agree, a.node)
		}
	}
	return v
}

func (d *driver) merge(stories []answer) broker.State {
	s := broker.State{Coordinators: map[string]string{}}
	meta := look(stories, func(a *answer) (raftGroup, bool) { g, ok := a.meta[metaGroup]; return g, ok })
	s.Controller = meta.leader
	s.Nodes = nodesOf(stories, meta)
	for _, t := range d.known() {
		p, groups := d.stream(stories, t)
		if len(p.Replicas) == 0 && !d.hasMade(t.Name) {
			continue // nobody has made it
		}
		for i := range int32(t.Partitions) {
			p.Partition = i
			s.Partitions = append(s.Partitions, p)
		}
		for group, node := range groups {
			s.Coordinators[group] = node
		}
	}
	return s
}

// nodesOf are those that the cluster's leader hears from, and itself; without one that answers, those that do.
func nodesOf(stories []answer, meta view) (names []string) {
	if len(stories) == 1 && stories[0].js.Meta == nil { // a cluster of one has no leader
		return []string{stories[0].node}
	}
	if meta.answer == nil || meta.answer.js.Meta == nil {
		for _, a := range stories {
			names = append(names, a.node)
		}
		slices.Sort(names)
		return names
	}
	names = append(names, meta.leader)
	for _, r := range meta.answer.js.Meta.Replicas {
		if !r.Offline && r.Active > 0 && r.Active < heardWithin && r.Name != meta.leader {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

// detail is what a node tells of a stream; nil: it has none of that name.
func (a *answer) detail(stream string) *streamInfo {
	for i := range a.js.Accounts {
		for j := range a.js.Accounts[i].Streams {
			if s := &a.js.Accounts[i].Streams[j]; s.Name == stream {
				return s
			}
		}
	}
	return nil
}

// stream returns the state that all partitions of a topic have, and who coordinates its groups.
func (d *driver) stream(stories []answer, t broker.Topic) (p broker.PartitionState, groups map[string]string) {
	p = broker.PartitionState{Topic: t.Name, Epoch: -1}
	groups = map[string]string{}
	v := look(stories, func(a *answer) (raftGroup, bool) {
		s := a.detail(t.Name)
		if s == nil {
			return raftGroup{}, false
		}
		g, ok := a.groups[s.Group]
		return g, ok
	})
	teller := v.answer
	for i := range stories {
		s := stories[i].detail(t.Name)
		if s == nil {
			continue
		}
		if teller == nil {
			teller = &stories[i]
		}
		for _, c := range s.Consumers {
			if c.Cluster != nil && c.Cluster.Leader != "" && d.isGroup(c.Name) {
				groups[c.Name] = c.Cluster.Leader
			}
		}
	}
	if teller == nil {
		return p, groups
	}
	s := teller.detail(t.Name)
	if _, replicated := teller.groups[s.Group]; !replicated && (s.Cluster == nil || len(s.Cluster.Replicas) == 0) { // one replica: nobody to agree with
		p.Leader, p.Replicas, p.InSync = teller.node, []string{teller.node}, []string{teller.node}
		return p, groups
	}
	p.Leader, p.Epoch = v.leader, int32(v.term)
	p.Replicas = []string{teller.node}
	if s.Cluster != nil {
		p.Replicas = append(p.Replicas, s.Cluster.Leader)
		for _, r := range s.Cluster.Replicas {
			p.Replicas = append(p.Replicas, r.Name)
		}
	}
	slices.Sort(p.Replicas)
	p.Replicas = slices.DeleteFunc(slices.Compact(p.Replicas), func(name string) bool { return name == "" })
	p.InSync = inSync(v, t.Name)
	return p, groups
}

// inSync are the replicas that have what the leader has, as it says; where it does not answer, those that follow it.
func inSync(v view, stream string) (names []string) {
	switch {
	case v.leader == "":
		return nil
	case v.answer == nil || v.answer.detail(stream) == nil || v.answer.detail(stream).Cluster == nil:
		names = append(slices.Clone(v.agree), v.leader)
	default:
		names = []string{v.leader}
		for _, r := range v.answer.detail(stream).Cluster.Replicas {
			if (r.Current || r.Lag > 0 && r.Lag <= onTheirWay) && !r.Offline && r.Active < heardWithin {
				names = append(names, r.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// missingNodes says which nodes do not serve, or are unknown to the cluster's leader.
func (d *driver) missingNodes(ctx context.Context) (string, error) {
	stories, err := d.ask(ctx)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return "", fmt.Errorf("the servers refuse the user or its password: %w", err) // and will go on doing so
	case err != nil:
		return err.Error(), nil
	}
	return d.absentees(stories), nil
}

func (d *driver) absentees(stories []answer) string {
	var silent, unknown []string
	s := d.merge(stories)
	for _, n := range d.cluster.Nodes() {
		if !slices.ContainsFunc(stories, func(a answer) bool { return a.node == n.Name() }) {
			silent = append(silent, n.Name())
		} else if !slices.Contains(s.Nodes, n.Name()) {
			unknown = append(unknown, n.Name())
		}
	}
	switch {
	case len(silent) > 0:
		return "no answer from " + strings.Join(silent, ", ") + views(stories)
	case len(d.cluster.Nodes()) > 1 && s.Controller == "":
		return "nobody leads the cluster" + views(stories)
	case len(unknown) > 0:
		return s.Controller + ", which leads the cluster, does not hear from " + strings.Join(unknown, ", ") + views(stories)
	}
	return ""
}

// views tells in brackets how each node that answered sees the cluster.
func views(stories []answer) string {
	var all []string
	for i := range stories {
		a := &stories[i]
		g, member := a.meta[metaGroup]
		peer, known := g.PeersOf[g.Leader]
		switch {
		case !member:
			all = append(all, a.node+" is in no cluster")
		case strings.EqualFold(g.State, "leader"):
			all = append(all, fmt.Sprintf("%s leads in term %d", a.node, g.Term))
		case known:
			all = append(all, fmt.Sprintf("%s follows %s in term %d", a.node, peer.Name, g.Term))
		default:
			all = append(all, fmt.Sprintf("%s follows nobody in term %d", a.node, g.Term))
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return " (" + strings.Join(all, ", ") + ")"
}
