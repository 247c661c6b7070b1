package rabbitmq

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// State implements broker.Driver. Every node is asked side by side; one that does not answer within a second is left out. RabbitMQ has no controller, and nobody
// coordinates a group.
func (d *driver) State(ctx context.Context) (broker.State, error) {
	seen := d.look(ctx)
	if seen.err != nil {
		return broker.State{}, seen.err
	}
	return d.merge(seen), nil
}

func (d *driver) merge(seen look) broker.State {
	s := broker.State{Coordinators: map[string]string{}}
	for i := range seen.stories {
		switch told := &seen.stories[i]; {
		case told.ready:
			s.Nodes = append(s.Nodes, told.node)
		case told.paused:
			s.Paused = append(s.Paused, told.node)
		}
	}
	for i := range seen.stories {
		if len(seen.stories[i].parted) > 0 {
			s.Parted = append(s.Parted, seen.stories[i].node)
		}
	}
	slices.Sort(s.Nodes)
	slices.Sort(s.Parted)
	slices.Sort(s.Paused)
	for _, t := range d.known() {
		all := make([]broker.PartitionState, 0, t.Partitions)
		there := d.hasMade(t.Name)
		for i, queue := range queues(t) {
			p := d.queue(seen, queue)
			p.Topic, p.Partition = t.Name, int32(i)
			there = there || len(p.Replicas) > 0
			all = append(all, p)
		}
		if there {
			s.Partitions = append(s.Partitions, all...)
		}
	}
	return s
}

// queue puts together what the nodes tell of a queue.
func (d *driver) queue(seen look, queue string) broker.PartitionState {
	p := broker.PartitionState{Epoch: -1}
	rows, ids := d.rows(seen, queue)
	if len(rows) == 0 {
		return p
	}
	p.Replicas = d.nodes(rows[0].replicas)
	if rows[0].kind == classic {
		for i, r := range rows {
			if r.state == "true" {
				p.Leader, p.InSync = d.nodeOf(ids[i]), []string{d.nodeOf(ids[i])}
			}
		}
		return p
	}
	leader, term := elected(rows, ids)
	p.Leader, p.Epoch = d.nodeOf(leader), int32(term)
	p.InSync = d.nodes(upToDate(rows, ids, leader, term, seen.agreed[queue]))
	return p
}

// rows are what the nodes that serve tell of a queue, with the ids of those nodes.
func (d *driver) rows(seen look, queue string) (rows []row, ids []string) {
	for i := range seen.stories {
		if r, ok := seen.stories[i].queues[queue]; ok && seen.stories[i].ready {
			rows, ids = append(rows, r), append(ids, d.idOf(seen.stories[i].node))
		}
	}
	return rows, ids
}

// elected returns who leads in the newest term: who says so itself, or else whom the others of that term take for it. One that is cut off goes on calling itself
// the leader of an older term.
func elected(rows []row, ids []string) (leader string, term int64) {
	term = -1
	for _, r := range rows {
		term = max(term, r.term)
	}
	for i, r := range rows {
		switch {
		case r.term != term:
		case r.state == leading:
			return ids[i], term
		case strings.Contains(r.leader, "@"):
			leader = r.leader
		}
	}
	return leader, term
}

// upToDate are the replicas that follow in the newest term and have everything that was agreed when it was looked before: what was agreed since may be on its way.
func upToDate(rows []row, ids []string, leader string, term, agreed int64) (all []string) {
	if leader == "" {
		return nil
	}
	for i, r := range rows {
		if r.term == term && (r.state == leading || r.state == "follower" && r.written >= agreed) {
			all = append(all, ids[i])
		}
	}
	return all
}

// nodeOf returns the name of the node that calls itself so; the id itself where it is none of the cluster's.
func (d *driver) nodeOf(id string) string {
	for _, w := range d.witnesses {
		if w.id == id {
			return w.node
		}
	}
	return id
}

func (d *driver) idOf(node string) string {
	for _, w := range d.witnesses {
		if w.node == node {
			return w.id
		}
	}
	return node
}

func (d *driver) nodes(ids []string) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = d.nodeOf(id)
	}
	slices.Sort(all)
	return all
}

// missingNodes says which nodes do not serve, or do not see one another.
func (d *driver) missingNodes(ctx context.Context) (string, error) {
	return d.absentees(d.look(ctx)), nil
}

func (d *driver) absentees(seen look) string {
	if seen.err != nil {
		return seen.err.Error()
	}
	var silent []string
	for _, w := range d.witnesses {
		i := slices.IndexFunc(seen.stories, func(s story) bool { return s.node == w.node && s.ready })
		if i < 0 {
			silent = append(silent, w.node)
			continue
		}
		for _, other := range d.witnesses {
			if other != w && !slices.Contains(seen.stories[i].peers, other.id) {
				return fmt.Sprintf("%s is not connected to %s", w.node, other.node) + d.views(seen)
			}
		}
	}
	if len(silent) > 0 {
		return strings.Join(silent, ", ") + " does not serve yet" + d.views(seen)
	}
	return ""
}

// views tells in brackets how each node that answered sees the others.
func (d *driver) views(seen look) string {
	var all []string
	for _, s := range seen.stories {
		switch peers := d.nodes(s.peers); {
		case !s.ready:
			all = append(all, s.node+" runs and does not serve")
		case len(peers) == 0:
			all = append(all, s.node+" sees nobody")
		default:
			all = append(all, s.node+" sees "+strings.Join(peers, " and "))
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return " (" + strings.Join(all, ", ") + ")"
}

// Versions implements broker.Versions. A node is asked again where it was late with its answer to what was asked before.
func (d *driver) Versions(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*observe.AnswerWithin)
	defer cancel()
	found := map[string]string{}
	err := observe.Await(ctx, d.life, func(ctx context.Context) (string, error) {
		for _, s := range d.look(ctx).stories {
			found[s.node] = s.version
		}
		if len(found) < len(d.witnesses) {
			return fmt.Sprintf("%d of %d nodes tell their version", len(found), len(d.witnesses)), nil
		}
		return "", nil
	})
	if len(found) == 0 {
		return nil, err
	}
	return found, nil
}
