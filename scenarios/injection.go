package scenarios

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// injection is what stands behind the name of a kind of fault: its parameters, or just its target.
type injection struct {
	w *written
	k faults.Kind
}

func (v injection) read(r *reader, path string, n *yaml.Node) {
	v.w.kinds = append(v.w.kinds, v.k.Name)
	v.w.Kind, v.w.Fault = v.k.Name, v.k.New()
	if why, refused := v.w.file.refuses(v.k.Name); refused {
		r.note(n, path, "", "there is no such fault for %s: %s", v.w.file.s.Broker.Kind, why)
		return // however it is written
	}
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
