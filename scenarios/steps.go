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
	v.sameAsNobody(r, path)
}

// A written is a step as the file has it, before its target is looked at.
type written struct {
	faults.Step
	node, link, client, sides, plane, only string
	kinds                                  []string // the kinds that it names: one, when it is right
}

// own are the fields that every step may have, whatever its kind.
func (w *written) own() (before, after section) {
	before = section{
		{"name", word(&w.Name)},
		{"at", duration{p: &w.At, below: "a fault cannot begin before the baseline ends; at counts from there"}},
		{"for", duration{p: &w.For, least: 1, unset: true, below: "a fault that lasts no time; leave for out, and it lasts until heal"}},
	}
	return before, section{
		{"node", text{p: &w.node}},
		{"link", text{p: &w.link}},
		{"client", text{p: &w.client}},
		{"sides", text{p: &w.sides}},
		{"plane", choice{&w.plane, []string{broker.PlaneData, broker.PlaneControl}}},
		{"only", choice{&w.only, []string{string(faults.Requests), string(faults.Replies)}}},
	}
}

// fields are all fields of a step: its own, and one for each kind of fault, with the fault's parameters in it.
func (w *written) fields() section {
	s, after := w.own()
	for _, k := range faults.Kinds() {
		s = append(s, field{k.Name, injection{w, k}})
	}
	return append(s, after...)
}

// step reads one fault. What comes back holds what could be read, so that others can refer to it.
func (v steps) step(r *reader, path string, n *yaml.Node) faults.Step {
	var w written
	r.places[path] = n
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a fault, as in { at: 0s, for: 20s, kill: leader }, not %s", kindOf(n))
		return w.Step
	}
	w.strangers(r, path, n)
	w.fields().readFields(r, path, n)
	if !r.has(path+".at") && !r.noted(path) {
		r.note(n, path, "", "when does it begin? write at, counted from the end of the baseline, as in at: 0s")
	}
	switch {
	case len(w.kinds) > 1:
		r.note(n, path, "", "one fault does one thing; write %s as faults of their own", strings.Join(w.kinds, " and "))
	case len(w.kinds) == 0 && !r.noted(path):
		r.note(n, path, "", "what breaks? write a kind of fault, as in kill: leader; squall list faults names them all")
	case len(w.kinds) == 1:
		v.target(r, path, n, &w)
		v.possible(r, path, &w)
	}
	return w.Step
}

// strangers tells of keys that are no fields. There are too many kinds of faults to name them all.
func (w *written) strangers(r *reader, path string, n *yaml.Node) {
	before, after := w.own()
	own, all := append(before, after...).names(), w.fields().names()
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(all, key.Value) {
			r.note(key, path, report.Suggest(key.Value, all), "there is no field and no fault %s; fields are %s, and squall list faults names the faults",
				quoted(key.Value), strings.Join(own, ", "))
		}
	}
}

// possible tells of a fault that the scenario's testbed is known not to be able to do.
func (v steps) possible(r *reader, path string, w *written) {
	k, _ := faults.FindKind(w.Kind)
	if k.Only != "" && k.Only != v.s.Broker.Run && !r.wrong("broker.run") {
		r.note(r.at(path+"."+k.Name), path+"."+k.Name, "", "needs run: %s; %s", k.Only, k.Why)
	}
}

// A targetField is how the target of one type is written.
type targetField struct {
	name    string // the field; empty: there is no target
	beside  []string
	example string
}

var targetFields = map[faults.TargetType]targetField{
	faults.Nodes:   {"node", nil, "node: leader"},
	faults.Links:   {"link", []string{"plane", "only"}, "link: producers -> leader"},
	faults.Clients: {"client", nil, "client: consumer-0"},
	faults.Sides:   {"sides", nil, "sides: leader | rest"},
	faults.Nowhere: {},
}

// target reads what the step hurts.
func (v steps) target(r *reader, path string, n *yaml.Node, w *written) {
	k, _ := faults.FindKind(w.Kind)
	own := targetFields[k.Target]
	for _, name := range []string{"node", "link", "client", "sides", "plane", "only"} {
		if r.has(path+"."+name) && name != own.name && !slices.Contains(own.beside, name) {
			r.note(r.at(path+"."+name), path+"."+name, "", "%s is done to %s; leave %s out", k.Name, k.Target, name)
		}
	}
	if k.Target == faults.Nowhere {
		w.Target = faults.Target{Type: faults.Nowhere}
		return
	}
	text := *w.target(own.name)
	field, short := path+"."+own.name, path+"."+k.Name // kill: leader
	switch {
	case r.has(field) && r.at(short).Kind == yaml.ScalarNode:
		r.note(r.at(field), field, "", "the %s is named twice; leave this out%s", own.name, w.orParameters())
	case text == "":
		if !r.has(field) && !r.noted(path) && !r.wrong(short) {
			r.note(n, path, "", "where? write it as in %s", own.example)
		}
	default:
		if !r.has(field) {
			field = short
		}
		v.parse(r, field, text, k, w)
	}
}

// orParameters says how parameters are written, for one who meant them, and wrote what is read as a target.
func (w *written) orParameters() string {
	if c, ok := w.Fault.(faults.Configurable); ok {
		return fmt.Sprintf(", or write what stands behind %s as a mapping with the fields %s", w.Kind, strings.Join(params(c).names(), ", "))
	}
	return ""
}

// parse reads a target's text, which stands in the field.
func (v steps) parse(r *reader, field, text string, k faults.Kind, w *written) {
	in := v.s.place()
	var err error
	switch k.Target {
	case faults.Links:
		w.Target, err = faults.ParseLink(text, w.plane, faults.Half(w.only), in)
	case faults.Clients:
		w.Target, err = faults.ParseClient(text, k.Clients, in)
	case faults.Sides:
		w.Target, err = faults.ParseSides(text, in)
	default:
		w.Target, err = faults.ParseNode(text, in)
	}
	if err != nil {
		r.note(r.at(field), field, "", "%v", err)
	}
}

// injection is what stands behind the name of a kind of fault: its parameters, or just its target.
type injection struct {
	w *written
	k faults.Kind
}

func (v injection) read(r *reader, path string, n *yaml.Node) {
	v.w.kinds = append(v.w.kinds, v.k.Name)
	v.w.Kind, v.w.Fault = v.k.Name, v.k.New()
	configurable, _ := v.w.Fault.(faults.Configurable)
	own, before := targetFields[v.k.Target], len(r.mistakes)
	switch {
	case n.Kind == yaml.ScalarNode && !isNull(n) && own.name != "":
		text{p: v.w.target(own.name)}.read(r, path, n)
	case n.Kind == yaml.MappingNode && len(n.Content) == 0:
	case configurable == nil && n.Kind == yaml.MappingNode:
		r.note(n, path, "", "%s has no parameters; write %s", v.k.Name, v.example(own))
	case configurable == nil:
		r.note(n, path, "", "wants %s, not %s", v.example(own), kindOf(n))
	default:
		fields := params(configurable)
		v.misplaced(r, path, n, fields.names())
		fields.read(r, path, n)
	}
	if configurable == nil || len(r.mistakes) > before {
		return
	}
	if err := configurable.Check(); err != nil {
		r.note(n, path, "", "%v", err)
	}
}

// example is how the kind is written without parameters.
func (v injection) example(own targetField) string {
	_, target, found := strings.Cut(own.example, ": ")
	if !found {
		target = "{}"
	}
	return v.k.Name + ": " + target
}

// misplaced tells of fields of the step that stand among the fault's parameters.
func (v injection) misplaced(r *reader, path string, n *yaml.Node, params []string) {
	before, after := v.w.own()
	own := append(before, after...).names()
	for i := 0; i < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if key := n.Content[i]; slices.Contains(own, key.Value) && !slices.Contains(params, key.Value) {
			r.note(key, path, "", "%s belongs beside %s, not into it", key.Value, v.k.Name)
		}
	}
}

// target returns where the text of a target is kept.
func (w *written) target(field string) *string {
	switch field {
	case "link":
		return &w.link
	case "client":
		return &w.client
	case "sides":
		return &w.sides
	}
	return &w.node
}

func (v injection) write() *yaml.Node {
	if v.w.Kind != v.k.Name {
		return nil
	}
	var n *yaml.Node
	if c, ok := v.w.Fault.(faults.Configurable); ok {
		n = params(c).write()
	}
	own := targetFields[v.k.Target]
	switch {
	case own.name == "" && n == nil:
		return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	case own.name == "":
	case n == nil:
		return stringNode(v.w.Target.Write())
	default:
		*v.w.target(own.name) = v.w.Target.Write()
	}
	return n
}

func (v steps) write() *yaml.Node {
	if len(v.s.Faults) == 0 {
		return nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range v.s.Faults {
		w := written{Step: s, plane: s.Target.Plane, only: string(s.Target.Half)}
		list.Content = append(list.Content, w.fields().write())
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
	inOrder := v.s.inOrder()
	for i, s := range inOrder {
		for _, o := range inOrder[:i] {
			k, ok := faults.FindKind(o.Kind)
			if !ok || !k.Exclusive || until(o) <= s.At || !v.meet(s, o) {
				continue
			}
			field := fmt.Sprintf("%s[%d]", path, v.index(s))
			r.note(r.at(field+".at"), field+".at", "", "%s is still under the %s of %s then", s.Target, k.Name, r.where(r.at(fmt.Sprintf("%s[%d]", path, v.index(o)))))
		}
	}
}

// sameAsNobody tells of a first fault that wants the victims of the one before.
func (v steps) sameAsNobody(r *reader, path string) {
	inOrder := v.s.inOrder()
	if len(inOrder) == 0 || !inOrder[0].Target.Uses(faults.SetSame) {
		return
	}
	field := fmt.Sprintf("%s[%d]", path, v.index(inOrder[0]))
	r.note(r.at(field), field, "", "same as whom? no fault begins before this one; name its target")
}

// meet reports whether two faults are known to have a victim in common, whenever they begin.
func (v steps) meet(a, b faults.Step) bool {
	if a.Target.Type != b.Target.Type || !a.Target.Fixed() || !b.Target.Fixed() {
		return false
	}
	its := b.Target.NodesIn(v.s.place())
	return a.Target.String() == b.Target.String() ||
		slices.ContainsFunc(a.Target.NodesIn(v.s.place()), func(n string) bool { return slices.Contains(its, n) })
}

// index returns where in the file a fault stands.
func (v steps) index(s faults.Step) int {
	return slices.IndexFunc(v.s.Faults, func(o faults.Step) bool { return o.Name == s.Name })
}

// until returns when a step is over, as far as it is known before the run.
func until(s faults.Step) time.Duration {
	if s.For == 0 {
		return longest * 2
	}
	return s.End()
}
