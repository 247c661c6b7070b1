package scenarios

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// A suiteEntry is one entry of a suite's list, before it is looked for.
type suiteEntry struct {
	scenario   string
	set        []assignment
	matrix     []axis
	repeat     int
	quarantine Quarantine
	node       *yaml.Node // where the scenario is named
	path       string
}

// An assignment sets a field of a scenario.
type assignment struct {
	set  string // FIELD=VALUE
	tell string // as the run's name has it, without secrets
	node *yaml.Node
}

// An axis is a field, and what it is to be set to, one value in each run.
type axis []assignment

// suiteEntries is the list of what runs.
type suiteEntries struct{ *suiteDraft }

func (v suiteEntries) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.note(n, path, "", "wants a list of scenarios, as in [ quickstart, mine.yaml ], not %s", listOr(n))
		return
	}
	for i, c := range n.Content {
		e := suiteEntry{repeat: 1, node: c, path: fmt.Sprintf("%s[%d]", path, i)}
		if c.Kind == yaml.ScalarNode {
			text{p: &e.scenario}.read(r, e.path, c)
		} else {
			v.entry(r, &e, c)
		}
		v.entries = append(v.entries, e)
	}
}

func (v suiteEntries) entry(r *reader, e *suiteEntry, n *yaml.Node) {
	fields := e.fields()
	fields.read(r, e.path, n)
	place := e.path + ".scenario"
	switch {
	case r.has(place):
		e.node = r.places[place]
	case n.Kind == yaml.MappingNode && !r.wrong(e.path):
		r.note(n, e.path, "", "which scenario? write scenario: with a file, or a name of `squall list scenarios`")
	}
	if q := e.path + ".quarantine"; r.has(q) && !r.wrong(q) && (e.quarantine.Reason == "" || e.quarantine.Until.IsZero()) {
		r.note(r.at(q), q, "", "wants a reason and the last day on which it holds, as in { reason: flaky network, until: 2027-01-31 }")
	}
}

func (e *suiteEntry) fields() section {
	return section{
		{"scenario", text{p: &e.scenario}, "A scenario file, found from the suite's own folder, or a name of `squall list scenarios`."},
		{"set", assignments{&e.set}, "Fields of the scenario to set, as --set has them: { load.rate: 5k/s }."},
		{"matrix", axes{&e.matrix}, "Fields of the scenario with several values each: one run for each combination, as in { broker.nodes: [3, 5] }."},
		{"repeat", number{&e.repeat, 1, mostRepeats}, "How many times it is run."},
		{"quarantine", needing{section{
			{"reason", text{p: &e.quarantine.Reason}, "Why the run does not count."},
			{"until", day{&e.quarantine.Until}, "The last day on which it does not count, as in 2027-01-31."},
		}, []string{"reason", "until"}}, "The run is made and shown, and does not count until that day."},
	}
}

func (v suiteEntries) write() *yaml.Node { return nil }

func (v suiteEntries) schema(d *definitions) *schema {
	e := (&suiteEntry{repeat: 1}).fields().schema(d)
	e.Required = []string{"scenario"}
	s := listOf(either(text{}.schema(d), e), 0)
	s.vital = true
	return s
}

// listOr says what stands where a list that holds something is wanted.
func listOr(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "an empty one"
	}
	return kindOf(n)
}

// assignments are fields of a scenario, each with the value that it is set to.
type assignments struct{ p *[]assignment }

func (v assignments) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants fields of the scenario, as in { load.rate: 5k/s }, not %s", kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		*v.p = append(*v.p, assign(n.Content[i], n.Content[i+1]))
	}
}

func (v assignments) write() *yaml.Node { return nil }

func (v assignments) schema(*definitions) *schema { return &schema{Type: "object"} }

func assign(key, value *yaml.Node) assignment {
	is := flow(value, false)
	return assignment{set: key.Value + "=" + is, tell: report.HideSetting(key.Value + "=" + is), node: value}
}

// axes are fields of a scenario, each with a list of values.
type axes struct{ p *[]axis }

func (v axes) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants fields of the scenario with lists of values, as in { broker.nodes: [3, 5] }, not %s", kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, list := n.Content[i], n.Content[i+1]
		if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
			r.note(list, join(path, key.Value), "", "wants a list of values, as in [3, 5], not %s", listOr(list))
			continue
		}
		var a axis
		for _, value := range list.Content {
			a = append(a, assign(key, value))
		}
		*v.p = append(*v.p, a)
	}
}

func (v axes) write() *yaml.Node { return nil }

func (v axes) schema(*definitions) *schema {
	return &schema{Type: "object", Others: listOf(&schema{}, 0)}
}

// day is a date without a time.
type day struct{ p *time.Time }

func (v day) read(r *reader, field string, n *yaml.Node) {
	t, err := time.Parse(time.DateOnly, n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		r.note(n, field, "", "wants a day such as 2027-01-31, not %s", kindOf(n))
		return
	}
	*v.p = t
}

func (v day) write() *yaml.Node { return nil }

func (v day) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
}

// flow writes a node on one line, so that it reads the same.
func flow(n *yaml.Node, inside bool) string {
	var parts []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, c := range n.Content {
			parts = append(parts, flow(c, true))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, flow(n.Content[i], true)+": "+flow(n.Content[i+1], true))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	isText := n.ShortTag() == "!!str"
	if isText && (n.Style != 0 || n.Value == "" || inside && strings.ContainsAny(n.Value, "[]{},:#&*!|>'\"%@`\n")) {
		if text, err := plainJSON(n.Value); err == nil {
			return string(text)
		}
	}
	return n.Value
}
