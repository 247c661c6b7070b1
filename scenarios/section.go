package scenarios

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// A reader reads values from nodes and remembers where they stood.
type reader struct {
	notebook
	places map[string]*yaml.Node // by field
}

// at returns where a field stands, or its nearest parent.
func (r *reader) at(field string) *yaml.Node {
	for {
		if n, ok := r.places[field]; ok || field == "" {
			return n
		}
		field = field[:max(strings.LastIndexAny(field, ".["), 0)]
	}
}

// has reports whether the file says anything of a field.
func (r *reader) has(field string) bool { return r.places[field] != nil }

// A field is a name and its value.
type field struct {
	name  string
	value value
	about string // what it is for, as editors and the schema tell it
}

// A section is a mapping of fields, read and written in this order.
type section []field

func (s section) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a mapping with the fields %s; it is %s", strings.Join(s.names(), ", "), kindOf(n))
		return
	}
	s.strangers(r, path, n)
	s.readFields(r, path, n)
}

// readFields reads the fields that are there.
func (s section) readFields(r *reader, path string, n *yaml.Node) {
	for _, f := range s {
		if v := child(n, f.name); v != nil {
			r.places[join(path, f.name)] = v
			f.value.read(r, join(path, f.name), v)
		}
	}
}

// strangers tells of keys that are no fields.
func (s section) strangers(r *reader, path string, n *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(s.names(), key.Value) {
			r.note(key, path, report.Suggest(key.Value, s.names()), "there is no field %s here; fields are %s", quoted(key.Value), strings.Join(s.names(), ", "))
		}
	}
}

func (s section) write() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range s {
		if v := f.value.write(); v != nil {
			n.Content = append(n.Content, scalar(f.name), v)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func (s section) names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.name
	}
	return names
}

// join adds a name to a path; names with dots are put in brackets.
func join(path, name string) string {
	switch {
	case strings.ContainsAny(name, ".[]"):
		return path + "[" + name + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// child returns the value of a key of a mapping; nil: there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// settings are a broker's own, in its own names; numbers and truths are kept as they were written. kinds are set where a setting may be a mapping
// that is meant for one kind of broker only.
type settings struct {
	p     *map[string]string
	kind  *string
	kinds []string
	of    string // the field whose settings they are, where they stand in it for one kind; empty: the field that is read
}

func (s settings) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a mapping of the broker's own settings, not %s", kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		place := join(path, key.Value)
		r.places[place] = v
		r.places[cmp.Or(s.of, path)+"["+key.Value+"]"] = v // as a kind's Check names it
		switch {
		case v.Kind == yaml.MappingNode && s.kind != nil && slices.Contains(s.kinds, key.Value):
			own := settings{p: s.p, of: path}
			if key.Value != *s.kind {
				own = settings{p: &map[string]string{}} // another kind's: read for its mistakes
			}
			own.read(r, place, v)
		case v.Kind == yaml.MappingNode && s.kind != nil:
			r.note(key, place, report.Suggest(key.Value, s.kinds), "there is no kind of broker %s; kinds are %s", quoted(key.Value), strings.Join(s.kinds, ", "))
		case v.Kind != yaml.ScalarNode || isNull(v):
			r.note(v, place, "", "wants one value, not %s", kindOf(v))
		default:
			if *s.p == nil {
				*s.p = map[string]string{}
			}
			(*s.p)[key.Value] = v.Value
		}
	}
}

func (s settings) write() *yaml.Node {
	if len(*s.p) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range slices.Sorted(maps.Keys(*s.p)) {
		v := (*s.p)[k]
		node := stringNode(v)
		if bare.MatchString(v) || v == "true" || v == "false" {
			node = scalar(v) // reads the same, and looks as people write it
		}
		n.Content = append(n.Content, stringNode(k), node)
	}
	return n
}
