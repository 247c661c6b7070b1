package scenarios

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// A variant is one of several forms that a field can have: { name: value }.
type variant struct {
	name  string
	is    any // what value reads into, for the one who asked
	value value
	about string // what it is, as editors and the schema tell it
}

// pick reads the variant that a mapping names; a nil one: there is a mistake. what and example say what it should have been.
func pick(r *reader, path string, n *yaml.Node, of []variant, what, example string) any {
	var names []string
	for _, v := range of {
		names = append(names, v.name)
	}
	switch {
	case n.Kind != yaml.MappingNode:
		r.note(n, path, "", "wants %s, not %s", example, kindOf(n))
		return nil
	case len(n.Content) != 2:
		r.note(n, path, "", "wants one %s, as in %s; there are %s", what, example, strings.Join(names, ", "))
		return nil
	}
	key := n.Content[0]
	i := slices.Index(names, key.Value)
	if i < 0 {
		r.note(key, path, report.Suggest(key.Value, names), "there is no %s %s; there are %s", what, quoted(key.Value), strings.Join(names, ", "))
		return nil
	}
	path = join(path, key.Value)
	r.places[path] = n.Content[1]
	of[i].value.read(r, path, n.Content[1])
	return of[i].is
}

// writeVariant writes the variant that is meant.
func writeVariant(of []variant, is any) *yaml.Node {
	for _, v := range of {
		if v.is == is {
			return section{{v.name, v.value, v.about}}.write()
		}
	}
	return nil
}

// own returns what x points to if it is of this kind, and else a new one.
func own[T any](x any) *T {
	if t, ok := x.(*T); ok {
		return t
	}
	return new(T)
}

// whole is a section of which every field must be there.
type whole struct {
	example string
	section
}

func (v whole) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants %s, not %s", v.example, kindOf(n))
		return
	}
	v.section.read(r, path, n)
	var missing []string
	for _, f := range v.section {
		if !r.has(join(path, f.name)) {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		r.note(n, path, "", "has no %s; write it as in %s", strings.Join(missing, " and no "), v.example)
	}
}

// decimal is a number within bounds.
type decimal struct {
	p           *float64
	least, most float64
	above       bool // least itself is too little
}

func (v decimal) read(r *reader, field string, n *yaml.Node) {
	f, err := strconv.ParseFloat(n.Value, 64)
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!str" || !bare.MatchString(n.Value) || err != nil:
		r.note(n, field, "", "wants a number, not %s", kindOf(n))
	case v.above && f <= v.least:
		r.note(n, field, "", "%s is out of bounds; write a number above %s, up to %s", n.Value, writeDecimal(v.least), writeDecimal(v.most))
	case f < v.least || f > v.most:
		r.note(n, field, "", "%s is out of bounds; write a number from %s to %s", n.Value, writeDecimal(v.least), writeDecimal(v.most))
	default:
		*v.p = f
	}
}

func (v decimal) write() *yaml.Node { return scalar(writeDecimal(*v.p)) }

func writeDecimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// processors are some of the machine's, or parts of one; all of them are not written.
type processors struct{ decimal }

func (v processors) write() *yaml.Node {
	if *v.p == 0 {
		return nil
	}
	return v.decimal.write()
}

// percent is a share, written as in 50%.
type percent struct{ p *float64 }

func (v percent) read(r *reader, field string, n *yaml.Node) {
	text, ok := strings.CutSuffix(n.Value, "%")
	f := parse(text + "e-2")
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.note(n, field, "", "wants a share such as 50%%, not %s", kindOf(n))
	case bare.MatchString(n.Value):
		r.note(n, field, "", "%s has no unit; write a share such as 50%%", n.Value)
	case !ok || !bare.MatchString(text):
		r.note(n, field, "", "%s is not a share; write it as in 50%%", quoted(n.Value))
	case f < 0 || f > 1:
		r.note(n, field, "", "%s is out of bounds; write a share from 0%% to 100%%", n.Value)
	default:
		*v.p = f
	}
}

func (v percent) write() *yaml.Node { return scalar(faults.Share(*v.p).String()) }
