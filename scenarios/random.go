package scenarios

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// randomFaults are faults that the seed draws.
type randomFaults struct{ w *written }

// newRandom is what random faults are where the file does not say otherwise.
func newRandom() *faults.Random {
	return &faults.Random{Every: 30 * time.Second, AtMost: 1, Stable: 10 * time.Second}
}

func (v randomFaults) section(random *faults.Random) section {
	return section{
		{"of", choices{v.w, random}, "The faults that are drawn from."},
		{"every", duration{p: &random.Every, least: time.Second}, "From one to the next, on average."},
		{"at-most", number{&random.AtMost, 1, 99}, "How many are in force at the same time at most."},
		{"blast-radius", part{&random.Blast}, "The share of the nodes that may be hurt at the same time, and at least one. Without it one."},
		{"stable", duration{p: &random.Stable}, "How long nothing is broken before a fault begins while no other is in force."},
		{"never", never{v.w, random}, "Nodes and kinds of faults that are left alone."},
	}
}

func (v randomFaults) read(r *reader, path string, n *yaml.Node) {
	v.w.Random = newRandom()
	before := len(r.mistakes)
	v.section(v.w.Random).read(r, path, n)
	if len(r.mistakes) > before {
		return
	}
	if len(v.w.Random.Of) == 0 {
		r.note(n, path, "", "of what? write of: [ { weight: 2, for: 10s, kill: any }, ... ]")
	}
	nodes := v.w.file.s.NodeNames()
	for i, c := range v.w.Random.Of {
		most := 0
		if c.Target.Type == faults.Nodes {
			most = c.Target.To.Most(v.w.file.s.Place())
		}
		if may := v.w.Random.Blast.Hurts(len(nodes)); most > may {
			field := fmt.Sprintf("%s.of[%d]", path, i)
			r.note(r.at(field), field, "", "hurts %s at once, and %d of %d may be; raise blast-radius, or hurt fewer", count(most, "node", "nodes"), may, len(nodes))
		}
	}
}

func (v randomFaults) write() *yaml.Node {
	if v.w.Random == nil {
		return nil
	}
	return v.section(v.w.Random).write()
}

// choices are what is drawn from.
type choices struct {
	w      *written
	random *faults.Random
}

func (v choices) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.note(n, path, "", "wants a list of faults, as in [ { weight: 2, for: 10s, kill: any } ], not %s", kindOf(n))
		return
	}
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		w := written{file: v.w.file, in: inRandom, weight: 1}
		v.w.file.step(r, place, c, &w)
		if w.For == 0 && !r.wrong(place) {
			r.note(c, place, "", "how long? a random fault needs for, as in for: 10s")
		}
		v.random.Of = append(v.random.Of, faults.Choice{Step: w.Step, Weight: w.weight})
	}
}

func (v choices) write() *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range v.random.Of {
		w := written{file: v.w.file, in: inRandom, weight: c.Weight, Plan: faults.Plan{Step: c.Step}}
		list.Content = append(list.Content, w.write())
	}
	return list
}

// part is a share of which there is a default: none is written where it is 0.
type part struct{ p *faults.Share }

func (v part) read(r *reader, field string, n *yaml.Node) {
	written := -1.0
	percent{&written}.read(r, field, n)
	if written == 0 {
		r.note(n, field, "", "%s is nobody; write a share above 0%%, or leave it out", n.Value)
	} else if written > 0 {
		*v.p = faults.Share(written)
	}
}

func (v part) write() *yaml.Node {
	if *v.p == 0 {
		return nil
	}
	return scalar(v.p.String())
}

// never are nodes and kinds of faults that are left alone.
type never struct {
	w      *written
	random *faults.Random
}

func (v never) read(r *reader, path string, n *yaml.Node) {
	var all []string
	words{&all}.read(r, path, n)
	for i, w := range all {
		if slices.Contains(faults.KindNames(), w) {
			v.random.Except = append(v.random.Except, w)
			continue
		}
		place := fmt.Sprintf("%s[%d]", path, i)
		t, err := faults.ParseNode(w, v.w.file.s.Place())
		if err != nil {
			r.note(r.at(place), place, "", "%v; or write a kind of fault", err)
			continue
		}
		v.random.Never = append(v.random.Never, t.To)
	}
}

func (v never) write() *yaml.Node {
	var all []string
	for _, p := range v.random.Never {
		all = append(all, p.String())
	}
	all = append(all, v.random.Except...)
	return words{&all}.write()
}
