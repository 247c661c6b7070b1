package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// steps is the list of faults.
type steps struct{ *draft }

func (v steps) read(r *reader, path string, n *yaml.Node) {
	several{v, &v.s.Plan, alone}.read(r, path, n)
	v.nameAll(r)
	v.check(r)
	v.expand()
	v.overlaps(r)
	v.sameAsNobody(r)
}

func (v steps) write() *yaml.Node { return several{v, &v.s.Plan, alone}.write() }

// expand makes every injection of what is written.
func (d *draft) expand() { d.s.Faults = faults.Expand(d.s.Plan, d.s.Seed, d.s.Phases.Recovery) }

// A setting is where a fault is written.
type setting string

const (
	alone      setting = "faults"
	inSequence setting = "sequence"
	inParallel setting = "parallel"
	inRandom   setting = "random"
	byHand     setting = "by hand" // and not in a file
)

// several is a list of faults, in a setting.
type several struct {
	steps
	p  *[]faults.Plan
	in setting
}

func (v several) read(r *reader, path string, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		r.note(n, path, "", "wants a list of faults, not %s", kindOf(n))
		return
	case v.in != alone && len(n.Content) == 0:
		r.note(n, path, "", "is empty; write faults, as in [ { for: 10s, kill: leader } ]")
	}
	for i, c := range n.Content {
		w := written{file: v.steps, in: v.in, weight: 1}
		v.step(r, fmt.Sprintf("%s[%d]", path, i), c, &w)
		*v.p = append(*v.p, w.Plan)
	}
}

func (v several) write() *yaml.Node {
	if len(*v.p) == 0 {
		return nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range *v.p {
		w := written{file: v.steps, in: v.in, Plan: (*v.p)[i]}
		list.Content = append(list.Content, w.write())
	}
	return list
}

// A written is one entry of a list of faults as the file has it, before its target is looked at.
type written struct {
	faults.Plan
	file   steps
	in     setting
	weight float64 // among random faults

	node, link, client, sides, plane, only string
	share                                  faults.Share
	after                                  string
	kinds                                  []string // the kinds that it names: one, when it is right
}

// write is the entry as a node.
func (w *written) write() *yaml.Node {
	w.plane, w.only, w.share = w.Target.Plane, string(w.Target.Half), w.Target.Share
	if w.Follows != "" {
		w.after = w.Follows + map[bool]string{false: " " + healedWord, true: " " + recoveredWord}[w.Recovered]
	}
	return w.fields().write()
}

// own are the fields that an entry may have, whatever it does.
func (w *written) own() (before, after section) {
	before = section{{"name", word(&w.Name), "What expectations and the report call the fault. Without it its kind and a number: kill-1."}}
	switch w.in {
	case alone:
		before = append(before,
			field{"at", duration{p: &w.At, below: "a fault cannot begin before the baseline ends; at counts from there"},
				"When it begins, from the end of the baseline; with after, how long after that."},
			field{"after", text{p: &w.after}, "What it waits for: the end of another fault, as in `leader-kill recovered` or `leader-kill healed`, or something that happens, as when has it."})
	case inRandom:
		before = section{{"weight", decimal{&w.weight, 0, 1e6, true}, "How often it is drawn, against the others."}}
	case byHand:
		before = nil
	default:
		before = append(before, field{"at", duration{p: &w.At, unset: true, below: "at counts from when it would begin by itself; it cannot begin earlier"},
			"How much later it begins than it would by itself."})
	}
	before = append(before, field{"for", duration{p: &w.For, least: 1, unset: true, below: "a fault that lasts no time; leave for out, and it lasts until heal"},
		"How long it lasts. Without it until the load is over and everything is healed."})
	until := field{"until", condition{w, &w.Until}, "What ends it earlier than for: " + conditionForms()}
	if w.in == byHand {
		before = append(before, until)
	} else if w.in != inRandom {
		before = append(before, section{
			{"when", condition{w, &w.When}, "What it waits for, from its time on: " + conditionForms()},
			until,
			{"within", duration{p: &w.Within, least: time.Second, unset: true}, "How long it waits at most. Without it " + writeDuration(faults.DefaultWithin) + "."},
			{"repeat", repeats{number{&w.Repeat, 1, 1000}}, "How often it is done more, after the first time."},
			{"every", duration{p: &w.Every, least: time.Second, unset: true}, "From the beginning of one repetition to the next. Without it as long as one lasts, and its recovery."},
			{"phase", phase{w}, "By how much a repetition is later at most, as the seed draws it. Without it as long as a broker's heartbeat is apart from the next."},
		}...)
	}
	return before, w.targets()
}

// targets are the fields that say what an entry hurts.
func (w *written) targets() section {
	return section{
		{"node", text{p: &w.node}, "Which nodes it hurts: " + forms(faults.Nodes)},
		{"link", text{p: &w.link}, "Which links it hurts: " + forms(faults.Links)},
		{"client", text{p: &w.client}, "Which of the load's clients it hurts: " + forms(faults.Clients)},
		{"sides", text{p: &w.sides}, "Who is parted from whom: " + forms(faults.Sides)},
		{"plane", choice{&w.plane, []string{broker.PlaneData, broker.PlaneControl}}, "Which of the links between brokers: those of their data or of their metadata. Without it both."},
		{"only", choice{&w.only, []string{string(faults.Requests), string(faults.Replies)}}, "Which half of the links: what is asked, or what is answered. Without it both."},
		{"share", part{&w.share}, "The share of the links' connections that it hurts. Without it all."},
	}
}

// groups are the fields of what holds several faults.
func (w *written) groups() section {
	if w.in == inRandom || w.in == byHand {
		return nil
	}
	return section{
		{"sequence", several{w.file, &w.Sequence, inSequence}, "Faults one after the other: each begins when the one before it is over."},
		{"parallel", several{w.file, &w.Parallel, inParallel}, "Faults that begin together."},
		{"random", randomFaults{w}, "Faults that the seed draws, one after the other, for as long as for says."},
	}
}

// fields are all fields of an entry: its own, those of what holds several faults, and one for each kind of fault, with the fault's parameters in it.
func (w *written) fields() section {
	s, after := w.own()
	s = append(s, w.groups()...)
	for _, k := range faults.Kinds() {
		s = append(s, field{k.Name, injection{w, k}, k.About})
	}
	return append(s, after...)
}

// step reads one entry. What comes back holds what could be read, so that others can refer to it.
func (v steps) step(r *reader, path string, n *yaml.Node, w *written) {
	r.places[path] = n
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a fault, as in %s, not %s", w.example(), kindOf(n))
		return
	}
	w.strangers(r, path, n)
	w.fields().readFields(r, path, n)
	if w.in == alone && !r.has(path+".at") && !r.has(path+".after") && !r.noted(path) {
		r.note(n, path, "", "when does it begin? write at, counted from the end of the baseline, as in at: 0s")
	}
	w.follow(r, path)
	for _, g := range w.groups() {
		if r.has(path + "." + g.name) {
			w.kinds = append(w.kinds, g.name)
		}
	}
	switch {
	case len(w.kinds) > 1:
		r.note(n, path, "", "one fault does one thing; write %s as faults of their own", strings.Join(w.kinds, " and "))
	case len(w.kinds) == 0 && !r.noted(path):
		r.note(n, path, "", "what breaks? write a kind of fault, as in kill: leader; squall list faults names them all")
	case w.Kind == "":
		w.group(r, path, n)
	case len(w.kinds) == 1:
		if _, refused := v.refuses(w.Kind); !refused {
			v.target(r, path, n, w)
			v.possible(r, path, w)
		}
	}
	w.times(r, path, n)
}

// example is how an entry may look.
func (w *written) example() string {
	return map[setting]string{alone: "{ at: 0s, for: 20s, kill: leader }", inRandom: "{ weight: 2, for: 10s, kill: any }",
		byHand: "{ kill: leader, for: 20s }"}[w.in] +
		map[setting]string{inSequence: "{ for: 10s, kill: leader }", inParallel: "{ for: 10s, kill: leader }"}[w.in]
}

// planned are the fields of what is to come, once or several times.
var planned = []string{"name", "at", "after", "when", "within", "repeat", "every", "phase", "sequence", "parallel", "random"}

// strangers tells of keys that are no fields. There are too many kinds of faults to name them all.
func (w *written) strangers(r *reader, path string, n *yaml.Node) {
	before, after := w.own()
	own, all := append(append(before, w.groups()...), after...).names(), w.fields().names()
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		why, refused := faults.Refused(key.Value)
		switch {
		case slices.Contains(all, key.Value):
		case w.in == byHand && slices.Contains(planned, key.Value):
			r.note(key, path, "", "a fault by hand is one fault that begins now; leave %s out, or write it into a scenario", key.Value)
		case refused:
			r.note(key, path, "", "there is no fault %s: %s", key.Value, why)
		default:
			r.note(key, path, report.Suggest(key.Value, all), "there is no field and no fault %s; fields are %s, and squall list faults names the faults",
				quoted(key.Value), strings.Join(own, ", "))
		}
	}
}
