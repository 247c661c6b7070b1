package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// params are the fields of a fault's parameters.
func params(c faults.Configurable) section {
	var s section
	for _, p := range c.Params() {
		s = append(s, field{p.Name, paramValue(p), sentence(p.About)})
	}
	return s
}

// paramValue reads and writes one parameter.
func paramValue(p faults.Param) value {
	switch to := p.Value.(type) {
	case *time.Duration:
		return duration{p: to}
	case *int:
		return number{to, 0, 1 << 30}
	case *bool:
		return truth{to}
	case *[]string:
		return words{to}
	case *faults.Bytes:
		return amount{to}
	case *faults.BytesPerSecond:
		return bandwidth{to}
	case *faults.Share:
		return percent{(*float64)(to)}
	case *faults.Partition:
		return partitions{to}
	case *string:
		if p.OneOf == nil {
			return text{p: to}
		}
		return choice{to, p.OneOf}
	}
	panic(fmt.Sprintf("parameter %s is a %T", p.Name, p.Value)) // the faults' own tests meet it first
}

// most bounds amounts and rates of a fault's parameters, in bytes and in bytes per second.
const most = 1 << 50

// amount is an amount of data, as in 10MiB.
type amount struct{ p *faults.Bytes }

func (v amount) read(r *reader, field string, n *yaml.Node) {
	if f, ok := readBytes(r, field, n, sizeSyntax, "a size", "10MiB"); ok {
		*v.p = faults.Bytes(f)
	}
}

func (v amount) write() *yaml.Node { return scalar(v.p.String()) }

// bandwidth is an amount of data in a second, as in 1MiB/s.
type bandwidth struct{ p *faults.BytesPerSecond }

var bandwidthSyntax = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|KiB|KB|kB|MiB|MB|GiB|GB)/s$`)

func (v bandwidth) read(r *reader, field string, n *yaml.Node) {
	if f, ok := readBytes(r, field, n, bandwidthSyntax, "a rate", "1MiB/s"); ok {
		*v.p = faults.BytesPerSecond(f)
	}
}

func (v bandwidth) write() *yaml.Node { return scalar(v.p.String()) }

// readBytes reads whole bytes; what they are is called, and an example of them, in what is told of a mistake.
func readBytes(r *reader, field string, n *yaml.Node, syntax *regexp.Regexp, what, example string) (float64, bool) {
	m := syntax.FindStringSubmatch(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.note(n, field, "", "wants %s such as %s, not %s", what, example, kindOf(n))
		return 0, false
	case bare.MatchString(n.Value):
		r.note(n, field, "", "%s has no unit; write %s as in %s", n.Value, what, example)
		return 0, false
	case m == nil:
		r.note(n, field, "", "%s is not %s; write a number with B, KiB, MiB or GiB, as in %s", quoted(n.Value), what, example)
		return 0, false
	}
	f := math.Round(parse(m[1]) * sizeUnits[m[2]])
	if f > most {
		r.note(n, field, "", "%s is more than any machine has", n.Value)
		return 0, false
	}
	return f, true
}

// partitions is one partition's number, or all.
type partitions struct{ p *faults.Partition }

func (v partitions) read(r *reader, field string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value == faults.AllPartitions.String() {
		*v.p = faults.AllPartitions
		return
	}
	number, err := strconv.ParseUint(n.Value, 10, 31)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil {
		r.note(n, field, "", "wants a partition's number, or all, not %s", kindOf(n))
		return
	}
	*v.p = faults.Partition(number)
}

func (v partitions) write() *yaml.Node { return scalar(v.p.String()) }

// words are a list of texts; one alone may stand without brackets.
type words struct{ p *[]string }

func (v words) read(r *reader, path string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && !isNull(n):
		*v.p = make([]string, 1)
		text{p: &(*v.p)[0]}.read(r, path, n)
		return
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0:
		r.note(n, path, "", "wants a list such as [a, b], not %s", kindOf(n))
		return
	}
	*v.p = make([]string, len(n.Content))
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		r.places[place] = c
		text{p: &(*v.p)[i]}.read(r, place, c)
	}
}

func (v words) write() *yaml.Node {
	if len(*v.p) == 0 {
		return nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, w := range *v.p {
		list.Content = append(list.Content, stringNode(w))
	}
	return list
}
