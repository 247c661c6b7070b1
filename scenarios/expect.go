package scenarios

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// expectations is the list of what a run is held against.
type expectations struct{ *draft }

func (v expectations) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.note(n, path, "", "wants a list of expectations, as in - lost == 0, not %s", kindOf(n))
		return
	}
	names := v.s.FaultNames()
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		if c.Kind != yaml.ScalarNode || c.ShortTag() != "!!str" {
			r.note(c, place, "", "wants an expectation, as in lost == 0, not %s", kindOf(c))
			continue
		}
		e, err := report.ParseExpectation(c.Value, names)
		if err == nil {
			err = v.enough(e)
		}
		if err != nil {
			r.note(c, place, "", "%v", err)
			continue
		}
		v.s.Expect = append(v.s.Expect, e)
	}
}

// enough is an error where a statistic is asked for of fewer injections than it needs.
func (v expectations) enough(e report.Expectation) error {
	if e.Stat != "p95" || !strings.HasPrefix(e.Metric, "recovery.") {
		return nil
	}
	n := 0
	for _, step := range v.s.Faults {
		if e.Of == "" || step.Planned(0).Is(e.Of) {
			n++
		}
	}
	if n >= report.LeastP95 {
		return nil
	}
	return fmt.Errorf("%s.p95 wants at least %d injections, and there are %d: write %[1]s.max, or repeat the fault more often", e.Metric, report.LeastP95, n)
}

func (v expectations) write() *yaml.Node {
	if len(v.s.Expect) == 0 {
		return nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, e := range v.s.Expect {
		list.Content = append(list.Content, stringNode(e.Text))
	}
	return list
}

// stated is the verdict that a run is stated to come to.
type stated struct{ p *report.Stated }

func (v stated) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.note(n, field, "", "wants a verdict, as in fail(lost), not %s", kindOf(n))
		return
	}
	s, err := report.ParseStated(n.Value)
	if err != nil {
		r.note(n, field, "", "%v", err)
		return
	}
	*v.p = s
}

func (v stated) write() *yaml.Node {
	if v.p.Outcome == "" {
		return nil
	}
	return scalar(v.p.String())
}
