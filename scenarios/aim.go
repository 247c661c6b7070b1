package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// refuses returns why there is no fault of a kind for the scenario's kind of broker; false: there is.
func (v steps) refuses(fault string) (string, bool) {
	why, refused := v.kinds[v.s.Broker.Kind].Refuses[fault]
	return why, refused
}

// possible tells of a fault that the scenario's testbed is known not to be able to do.
func (v steps) possible(r *reader, path string, w *written) {
	k, _ := faults.FindKind(w.Kind)
	v.roles(r, path, k, w)
	if v.s.Broker.Run == Elsewhere {
		if v.runsThere() {
			v.elsewhere(r, path, k, w)
		}
	} else if k.Only != "" && k.Only != v.s.Broker.Run && !r.wrong("broker.run") {
		r.note(r.at(path+"."+k.Name), path+"."+k.Name, "", "needs run: %s; %s", k.Only, k.Why)
	}
	if f, ok := w.Fault.(faults.Worded); ok && !r.wrong(path+"."+k.Name) {
		if broker, known := v.kinds[v.s.Broker.Kind]; known {
			if err := f.CheckWords(broker); err != nil {
				r.note(r.at(path+"."+k.Name), path+"."+k.Name, "", "%v", err)
			}
		}
	}
	most := w.Target.To.Most(v.s.Place())
	if f, ok := w.Fault.(faults.Counted); ok && !r.wrong(path) {
		if err := f.CheckVictims(most); err != nil {
			r.note(r.at(path+"."+k.Name), path+"."+k.Name, "", "%v", err)
		}
	}
	if most < k.Least && !r.wrong(path) {
		r.note(r.at(path+"."+k.Name), path+"."+k.Name, "", "%s needs %d nodes or more, and %q is at most %d; write %s: all, and as many broker.nodes",
			k.Name, k.Least, w.Target, most, k.Name)
	}
}

// roles tells of a target that is a role which no node of this kind of broker has.
func (v steps) roles(r *reader, path string, k faults.Kind, w *written) {
	of := v.kinds[v.s.Broker.Kind]
	field := path + "." + targetFields[k.Target].name
	if !r.has(field) {
		field = path + "." + k.Name // kill: controller
	}
	for _, set := range []faults.Set{faults.SetController, faults.SetCoordinator} {
		if of.Places != nil && w.Target.Uses(set) && !slices.Contains(of.Roles, string(set)) && !r.wrong(field) {
			r.note(r.at(field), field, "", "%s has no %s; write leader, follower, busiest, any or the name of a node", v.s.Broker.Kind, set)
		}
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
	faults.Links:   {"link", []string{"plane", "only", "share"}, "link: producers -> leader"},
	faults.Clients: {"client", nil, "client: consumer-0"},
	faults.Sides:   {"sides", nil, "sides: leader | rest"},
	faults.Nowhere: {},
}

// target reads what the step hurts.
func (v steps) target(r *reader, path string, n *yaml.Node, w *written) {
	k, _ := faults.FindKind(w.Kind)
	own := targetFields[k.Target]
	for _, name := range []string{"node", "link", "client", "sides", "plane", "only", "share"} {
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
	in := v.s.Place()
	var err error
	switch k.Target {
	case faults.Links:
		w.Target, err = faults.ParseLink(text, w.plane, faults.Half(w.only), in)
		w.Target.Share = w.share
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
