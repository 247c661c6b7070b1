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
	if n.Kind != yaml.SequenceNode {
		r.note(n, path, "", "wants a list of faults, not %s", kindOf(n))
		return
	}
	for i, c := range n.Content {
		v.s.Faults = append(v.s.Faults, v.step(r, fmt.Sprintf("%s[%d]", path, i), c))
	}
	v.nameAll(r, path)
	v.overlaps(r, path)
}

// A written is a step as the file has it, before its target is looked at.
type written struct {
	faults.Step
	node, link, plane, only string
	kinds                   []string // the kinds that it names: one, when it is right
}

// fields are those of a step; params are the fields of its fault.
func (w *written) fields(kinds []faults.Kind, params map[string]value) section {
	s := section{
		{"name", word(&w.Name)},
		{"at", duration{p: &w.At, below: "a fault cannot begin before the baseline ends; at counts from there"}},
		{"for", duration{p: &w.For, least: 1, unset: true, below: "a fault that lasts no time; leave for out, and it lasts until heal"}},
	}
	for _, k := range kinds {
		s = append(s, field{k.Name, params[k.Name]})
	}
	return append(s,
		field{"node", text{p: &w.node}},
		field{"link", text{p: &w.link}},
		field{"plane", choice{&w.plane, []string{broker.PlaneData, broker.PlaneControl}}},
		field{"only", choice{&w.only, []string{string(faults.Requests), string(faults.Replies)}}},
	)
}

// step reads one fault. What comes back holds what could be read, so that others can refer to it.
func (v steps) step(r *reader, path string, n *yaml.Node) faults.Step {
	var w written
	r.places[path] = n
	kinds := faults.Kinds()
	params := map[string]value{}
	for _, k := range kinds {
		params[k.Name] = injection{&w, k}
	}
	all := w.fields(kinds, params)
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a fault, as in { at: 0s, for: 20s, kill: leader }, not %s", kindOf(n))
		return w.Step
	}
	all.read(r, path, n)
	if !r.has(path+".at") && !r.noted(path) {
		r.note(n, path, "", "when does it begin? write at, counted from the end of the baseline, as in at: 0s")
	}
	switch {
	case len(w.kinds) > 1:
		r.note(n, path, "", "one fault does one thing; write %s as faults of their own", strings.Join(w.kinds, " and "))
	case len(w.kinds) == 0 && !r.noted(path):
		r.note(n, path, "", "what breaks? write %s", oneOf(faults.KindNames()))
	case len(w.kinds) == 1:
		v.target(r, path, n, &w)
	}
	return w.Step
}

// target reads what the step hurts.
func (v steps) target(r *reader, path string, n *yaml.Node, w *written) {
	k, _ := faults.FindKind(w.Kind)
	own, others, text := path+".node", []string{"link", "plane", "only"}, w.node
	if k.Target == faults.Links {
		own, others, text = path+".link", []string{"node"}, w.link
	}
	for _, name := range others {
		if r.has(path + "." + name) {
			r.note(r.at(path+"."+name), path+"."+name, "", "%s is done to %s; leave %s out", k.Name, k.Target, name)
		}
	}
	short := path + "." + k.Name // kill: leader
	switch {
	case r.has(own) && k.Target == faults.Nodes && r.at(short).Kind == yaml.ScalarNode:
		r.note(r.at(own), own, "", "the node is named twice; leave this out")
	case text == "":
		if !r.has(own) && !r.noted(path) && (k.Target == faults.Links || !r.wrong(short)) {
			r.note(n, path, "", "where? write it as in %s", map[faults.TargetType]string{faults.Links: "link: producers -> leader", faults.Nodes: "node: leader"}[k.Target])
		}
	default:
		if !r.has(own) {
			own = short
		}
		v.parse(r, own, text, k, w)
	}
}

// parse reads a target's text, which stands in the field.
func (v steps) parse(r *reader, field, text string, k faults.Kind, w *written) {
	in := faults.Place{Nodes: v.s.NodeNames(), Topic: v.s.Topic}
	var err error
	if k.Target == faults.Links {
		w.Target, err = faults.ParseLink(text, w.plane, faults.Half(w.only), in)
	} else {
		w.Target, err = faults.ParseNode(text, in)
	}
	if err != nil {
		r.note(r.at(field), field, "", "%v", err)
	}
}

// injection is what stands behind the name of a kind of fault: its parameters, or for a kind without any just the node.
type injection struct {
	w *written
	k faults.Kind
}

func (v injection) read(r *reader, path string, n *yaml.Node) {
	v.w.kinds = append(v.w.kinds, v.k.Name)
	v.w.Kind, v.w.Fault = v.k.Name, v.k.New()
	configurable, _ := v.w.Fault.(faults.Configurable)
	switch {
	case n.Kind == yaml.ScalarNode && v.k.Target == faults.Nodes:
		text{p: &v.w.node}.read(r, path, n)
	case configurable == nil && n.Kind == yaml.MappingNode:
		r.note(n, path, "", "%s has no parameters; write the node, as in %s: leader", v.k.Name, v.k.Name)
	case configurable == nil:
		r.note(n, path, "", "wants a node, as in %s: leader, not %s", v.k.Name, kindOf(n))
	default:
		before := len(r.mistakes)
		for i := 0; i < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			if key := n.Content[i]; slices.Contains([]string{"at", "for", "name", "node", "link", "plane", "only"}, key.Value) {
				r.note(key, path, "", "%s belongs beside %s, not into it", key.Value, v.k.Name)
			}
		}
		params(configurable).read(r, path, n)
		if len(r.mistakes) > before {
			return
		}
		if err := configurable.Check(); err != nil {
			r.note(n, path, "", "%v", err)
		}
	}
}

func (v injection) write() *yaml.Node {
	if v.w.Kind != v.k.Name {
		return nil
	}
	if c, ok := v.w.Fault.(faults.Configurable); ok {
		if n := params(c).write(); n != nil {
			return n
		}
	}
	return scalar(v.w.Target.To.String())
}

// params are the fields of a fault's parameters.
func params(c faults.Configurable) section {
	var s section
	for _, p := range c.Params() {
		switch to := p.Value.(type) {
		case *time.Duration:
			s = append(s, field{p.Name, duration{p: to}})
		case *int:
			s = append(s, field{p.Name, number{to, 0, 1 << 30}})
		case *string:
			s = append(s, field{p.Name, choice{to, p.OneOf}})
		}
	}
	return s
}

func (v steps) write() *yaml.Node {
	if len(v.s.Faults) == 0 {
		return nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range v.s.Faults {
		w := written{Step: s, plane: s.Target.Plane, only: string(s.Target.Half)}
		if s.Target.Type == faults.Links {
			w.link = s.Target.Link()
		} else if _, ok := s.Fault.(faults.Configurable); ok {
			w.node = s.Target.Link()
		}
		kinds := faults.Kinds()
		params := map[string]value{}
		for _, k := range kinds {
			params[k.Name] = injection{&w, k}
		}
		list.Content = append(list.Content, w.fields(kinds, params).write())
	}
	return list
}

// nameAll names the faults that have no name after their kind, and tells of names that stand for something else.
func (v steps) nameAll(r *reader, path string) {
	taken := map[string]int{}
	for i, s := range v.s.Faults {
		field := fmt.Sprintf("%s[%d].name", path, i)
		first, twice := taken[s.Name]
		switch {
		case s.Name == "":
			continue
		case slices.Contains(phaseNames, s.Name):
			r.note(r.at(field), field, "", "%s is the name of a phase; call the fault something else", s.Name)
		case twice:
			r.note(r.at(field), field, "", "two faults are called %s; the first is in %s", s.Name, r.where(r.at(fmt.Sprintf("%s[%d]", path, first))))
		default:
			taken[s.Name] = i
		}
	}
	for i := range v.s.Faults {
		s := &v.s.Faults[i]
		for n := 1; s.Name == "" && s.Kind != ""; n++ {
			name := fmt.Sprintf("%s-%d", s.Kind, n)
			if _, used := taken[name]; !used {
				s.Name = name
				taken[name] = i
			}
		}
	}
}

// phaseNames are names that a fault cannot have: expectations speak of phases by them.
var phaseNames = []string{
	string(report.WarmUp), string(report.Baseline), string(report.During), string(report.Recovering), string(report.Between),
	string(report.Heal), string(report.Drain), string(report.Reading),
}

// overlaps tells of a fault that would hurt what another one holds already, and cannot be hurt twice.
func (v steps) overlaps(r *reader, path string) {
	for i, s := range v.s.Faults {
		k, ok := faults.FindKind(s.Kind)
		if !ok || !k.Exclusive || !s.Target.Fixed() {
			continue
		}
		for j, o := range v.s.Faults[:i] {
			if o.Kind == s.Kind && o.Target == s.Target && until(o) > s.At && until(s) > o.At {
				field := fmt.Sprintf("%s[%d]", path, i)
				r.note(r.at(field+".at"), field+".at", "", "%s is still under the %s of %s then", s.Target, k.Name, r.where(r.at(fmt.Sprintf("%s[%d]", path, j))))
			}
		}
	}
}

// until returns when a step is over, as far as it is known before the run.
func until(s faults.Step) time.Duration {
	if s.For == 0 {
		return longest * 2
	}
	return s.End()
}
