package faults

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A Condition is something about the cluster that a step waits for. The zero value is none.
type Condition struct {
	Subject   string // one of the subjects
	Topic     string // of isr and leader
	Partition int32
	Op        string // ==, !=, <, <=, >, >=; empty: an event
	Number    int64
	Name      string // of a node, for leader and controller; empty: nobody
	text      string
}

// The subjects of conditions, and how they are written.
const (
	inSync            = "isr"
	lag               = "lag"
	nodesThere        = "nodes"
	leading           = "leader"
	controlling       = "controller"
	leaderChanged     = "leader-changed"
	controllerChanged = "controller-changed"
)

// ConditionForms returns how conditions are written, each with what it means.
func ConditionForms() [][2]string {
	return [][2]string{
		{"isr of TOPIC/PARTITION == 1", "how many replicas are in sync"},
		{"leader of TOPIC/PARTITION != b1", "who leads a partition; == nobody: it has no leader"},
		{"controller == b2", "who leads the cluster's metadata"},
		{"nodes < 3", "how many nodes are there"},
		{"lag > 10k", "how many messages were acknowledged and not yet delivered"},
		{leaderChanged, "another node leads some partition than when the waiting began"},
		{controllerChanged, "another node is the controller than when the waiting began"},
	}
}

// Set reports whether there is a condition.
func (c Condition) Set() bool { return c.Subject != "" }

// String prints the condition as it was written.
func (c Condition) String() string { return c.text }

var conditionSyntax = regexp.MustCompile(`^(isr|leader|controller|nodes|lag)(?: of (\S+))? *(==|!=|<=|>=|<|>) *(\S+)$`)

// ParseCondition reads a condition.
func ParseCondition(text string, in Place) (Condition, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == leaderChanged || text == controllerChanged {
		return Condition{Subject: text, text: text}, nil
	}
	m := conditionSyntax.FindStringSubmatch(text)
	if m == nil {
		first, _, _ := strings.Cut(text, " ")
		known := []string{inSync, leading, controlling, nodesThere, lag, leaderChanged, controllerChanged}
		return Condition{}, fmt.Errorf("%q is no condition%s; write it as in isr of %s/0 == 1, lag > 10k, nodes < 3, controller != b1 or leader-changed",
			text, report.Suggest(first, known), in.Topic.Name)
	}
	c := Condition{Subject: m[1], Op: m[3], text: text}
	if c.Subject == inSync || c.Subject == leading {
		p := Pick{Set: Set(c.Subject)}
		if err := in.partition(&p, m[2]); err != nil {
			return c, err
		}
		c.Topic, c.Partition = in.Topic.Name, p.Partition
	} else if m[2] != "" {
		return c, fmt.Errorf("%s is not of anything; write it as in %s %s %s", c.Subject, c.Subject, c.Op, m[4])
	}
	return c, c.compareWith(m[4], in)
}

// compareWith reads what the subject is compared with.
func (c *Condition) compareWith(text string, in Place) error {
	if c.Subject == leading || c.Subject == controlling {
		switch {
		case c.Op != "==" && c.Op != "!=":
			return fmt.Errorf("a name is == or != another, not %s", c.Op)
		case text == nobody:
			return nil
		case !slices.Contains(in.Nodes, text):
			return fmt.Errorf("there is no node %q%s; nodes are %s, or write nobody", text, report.Suggest(text, in.Nodes), list(in.Nodes))
		}
		c.Name = text
		return nil
	}
	digits, factor := text, int64(1)
	switch text[len(text)-1] {
	case 'k':
		digits, factor = text[:len(text)-1], 1e3
	case 'M':
		digits, factor = text[:len(text)-1], 1e6
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number; write one as in 1 or 10k", text)
	}
	c.Number = n * factor
	return nil
}

// A sight is what conditions are held against.
type sight struct {
	state broker.State
	lag   int64 // -1: not known
}

// holds reports whether the condition holds now, and prints what there is; then is what was seen when the waiting began.
func (c Condition) holds(now, then sight) (bool, string) {
	switch c.Subject {
	case leaderChanged:
		for _, p := range now.state.Partitions {
			was, ok := then.state.Partition(p.Topic, p.Partition)
			if ok && p.Leader != "" && p.Leader != was.Leader {
				return true, fmt.Sprintf("%s/%d is led by %s", p.Topic, p.Partition, p.Leader)
			}
		}
		return false, "every partition is led by whom it was"
	case controllerChanged:
		return now.state.Controller != "" && now.state.Controller != then.state.Controller, "the controller is " + orNobody(now.state.Controller)
	case controlling:
		return (now.state.Controller == c.Name) == (c.Op == "=="), "it is " + orNobody(now.state.Controller)
	case leading:
		p, known := now.state.Partition(c.Topic, c.Partition)
		return known && (p.Leader == c.Name) == (c.Op == "=="), "it is " + orNobody(p.Leader)
	}
	n, known := c.number(now)
	return known && compare(n, c.Op, c.Number), fmt.Sprintf("it is %d", n)
}

func (c Condition) number(s sight) (int64, bool) {
	switch c.Subject {
	case inSync:
		p, ok := s.state.Partition(c.Topic, c.Partition)
		return int64(len(p.InSync)), ok
	case nodesThere:
		return int64(len(s.state.Nodes)), true
	}
	return s.lag, s.lag >= 0
}

func compare(a int64, op string, b int64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// nobody is where there is no node: no leader, no controller.
const nobody = "nobody"

func orNobody(name string) string {
	if name == "" {
		return nobody
	}
	return name
}
