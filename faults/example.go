package faults

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// targetExamples are targets of each type, behind the field that they stand in.
var targetExamples = map[TargetType][2]string{
	Nodes: {"node", "leader"}, Links: {"link", "producers -> leader"}, Clients: {"client", "any"}, Sides: {"sides", "leader | rest"},
}

// Example returns one way to write a fault of the kind, with the parameters that it cannot do without.
func (k Kind) Example() string {
	target := targetExamples[k.Target][1]
	if k.Least > 1 {
		target = "all"
	}
	return "{ at: 0s, for: 20s, " + k.write(target) + " }"
}

// ExampleOn returns one way to write a fault of the kind that begins now, done to a target; empty for a kind that has none.
func (k Kind) ExampleOn(target string) string { return "{ " + k.write(target) + ", for: 20s }" }

// write prints the kind with its parameters and its target.
func (k Kind) write(target string) string {
	field, isAimed := targetExamples[k.Target]
	set := k.samples()
	switch {
	case len(set) == 0 && isAimed:
		return k.Name + ": " + target
	case len(set) == 0:
		return k.Name + ": {}"
	}
	text := fmt.Sprintf("%s: { %s }", k.Name, strings.Join(set, ", "))
	if isAimed {
		text += fmt.Sprintf(", %s: %s", field[0], target)
	}
	return text
}

// Aims returns targets that the kind may be done to in a place, the most telling first; whether each is there now is not asked. A kind without targets has one
// that is empty.
func (k Kind) Aims(in Place) []string {
	nodes := append([]string{"leader", "follower", "controller", "coordinator", "busiest", "any", "minority", "all"}, in.Nodes...)
	var aims []string
	switch k.Target {
	case Nowhere:
		return []string{""}
	case Clients:
		return append([]string{"any", "all"}, in.clientsOf(k.Clients)...)
	case Sides:
		for _, n := range append([]string{"leader", "controller"}, in.Nodes...) {
			aims = append(aims, n+" | rest")
		}
	case Links:
		aims = []string{"producers -> leader", "consumers -> leader", "clients -> all", "leader <-> peers", "controller <-> peers"}
		for _, n := range in.Nodes {
			aims = append(aims, "clients -> "+n, n+" <-> peers")
		}
	default:
		if aims = nodes; k.Least > 1 {
			aims = []string{"all"}
		}
	}
	return aims
}

// samples gives a new fault one parameter after the other until nothing is wrong with them, and returns those.
func (k Kind) samples() (set []string) {
	c, ok := k.New().(Configurable)
	if !ok {
		return nil
	}
	for _, p := range c.Params() {
		if c.Check() == nil {
			break
		}
		if p.text() == "" {
			p.sample()
			set = append(set, p.Name+": "+p.text())
		}
	}
	return set
}

// sample sets a value that may do.
func (p Param) sample() {
	switch v := p.Value.(type) {
	case *time.Duration:
		*v = 200 * time.Millisecond
	case *int:
		*v = 2
	case *bool:
		*v = true
	case *[]string:
		*v = []string{"..."}
	case *Bytes:
		*v = 10 << 20
	case *BytesPerSecond:
		*v = 1 << 20
	case *Share:
		*v = 0.5
	case *string:
		if *v = cmp.Or(p.Sample, "..."); len(p.OneOf) > 0 {
			*v = p.OneOf[0]
		}
	}
}

// Type says what the parameter is, with its unit or its words, and what it is where nothing is written.
func (p Param) Type() string {
	var what string
	switch p.Value.(type) {
	case *time.Duration:
		what = "duration such as 250ms"
	case *int:
		what = "number"
	case *bool:
		what = "true or false"
	case *[]string:
		what = "list"
	case *Bytes:
		what = "size such as 10MiB"
	case *BytesPerSecond:
		what = "rate such as 1MiB/s"
	case *Share:
		what = "share such as 50%"
	case *Partition:
		what = "number or all"
	case *string:
		if what = "text"; len(p.OneOf) > 0 {
			what = "one of " + strings.Join(p.OneOf, ", ")
		}
	}
	if d := p.text(); d != "" {
		return what + "; default " + d
	}
	return what
}

// Details returns what there is to know of the kind beside its name and what it does: its parameters, what it needs, and an example; a line each, of
// a name and a text.
func (k Kind) Details() (rows [][2]string) {
	if c, ok := k.New().(Configurable); ok {
		for _, p := range c.Params() {
			rows = append(rows, [2]string{p.Name, p.About + " (" + p.Type() + ")"})
		}
	}
	if k.Only != "" {
		rows = append(rows, [2]string{"needs", "run: " + k.Only + "; " + k.Why})
	}
	return append(rows, [2]string{"example", k.Example()})
}
