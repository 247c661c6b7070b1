package faults

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A TargetType says what a kind of fault hurts.
type TargetType string

// The types of targets.
const (
	Nodes   TargetType = "nodes"
	Links   TargetType = "links"
	Clients TargetType = "clients" // of the load
	Nowhere TargetType = "nowhere" // the fault's parameters say all: what is done through the broker's API, or to its protocol
)

// A Form is one way to write a target.
type Form struct {
	Write string
	Type  TargetType
	About string
}

// Forms returns every way to write a target.
func Forms() []Form {
	return []Form{
		{"b1", Nodes, "a node by its name: b1, b2, ..."},
		{"leader", Nodes, "who leads partition 0 of the scenario's topic when the fault begins"},
		{"leader of TOPIC/PARTITION", Nodes, "who leads that partition when the fault begins"},
		{"controller", Nodes, "who leads the cluster's metadata when the fault begins"},
		{"A -> B", Links, "every connection that A dials to B; A is producers, consumers or a node, B a node"},
		{"A <-> B", Links, "every connection that one of the nodes A and B dials to the other"},
		{"consumer-0", Clients, "a client by its name: producer-0, consumer-0, ..."},
	}
}

// A Target says what a fault hurts, as it was parsed; which nodes or links these are shows when it is resolved.
type Target struct {
	Type     TargetType
	From, To End    // of nodes: To alone
	Both     bool   // the links that To dials to From as well
	Plane    string // only links of this plane; empty: of all
	Half     Half   // of the links
}

// An End is a node target, or the clients at one end of a link.
type End struct {
	Name      string // a node's name, broker.Producers, broker.Consumers, or Controller; empty: the leader of Partition
	Topic     string
	Partition int32
	Short     bool // written as "leader" alone
}

// Controller is the target that is whoever leads the cluster's metadata.
const Controller = "controller"

// A Place is what targets can name: the cluster's nodes, the load's clients and the scenario's topic.
type Place struct {
	Nodes   []string
	Clients []string // producer-0, ..., consumer-0, ...
	Topic   broker.Topic
}

// ParseNode reads a target of nodes.
func ParseNode(text string, in Place) (Target, error) {
	to, err := in.node(text)
	return Target{Type: Nodes, To: to}, err
}

// ParseClient reads a target of clients; of names which of them the kind of fault can be done to: broker.Producers, broker.Consumers, or empty for all.
func ParseClient(text, of string, in Place) (Target, error) {
	text = strings.TrimSpace(text)
	t := Target{Type: Clients, To: End{Name: text}}
	var can []string
	for _, c := range in.Clients {
		if of == "" || strings.HasPrefix(c, strings.TrimSuffix(of, "s")+"-") {
			can = append(can, c)
		}
	}
	switch {
	case slices.Contains(can, text):
		return t, nil
	case len(can) == 0:
		return t, fmt.Errorf("the load has no %s", cmp.Or(of, "clients"))
	}
	return t, fmt.Errorf("there is no client %q%s; write one of %s", text, report.Suggest(text, can), strings.Join(can, ", "))
}

// ParseLink reads a target of links; what is wrong with the plane or the half is told with what is wrong with the text. An empty plane means all.
func ParseLink(text, plane string, half Half, in Place) (Target, error) {
	t := Target{Type: Links, Plane: plane, Half: half}
	a, b, found := strings.Cut(text, "->")
	if !found {
		return t, fmt.Errorf("%q is no link; write A -> B, as in producers -> leader", text)
	}
	a, t.Both = strings.CutSuffix(strings.TrimSpace(a), "<")
	var errs [3]error
	t.From, errs[0] = in.end(a)
	t.To, errs[1] = in.node(b)
	errs[2] = t.check()
	return t, errors.Join(errs[:]...)
}

func (t Target) check() error {
	switch {
	case t.Half != BothHalves && t.Half != Requests && t.Half != Replies:
		return fmt.Errorf("a link has no half %q%s; write requests or replies", t.Half, report.Suggest(string(t.Half), []string{string(Requests), string(Replies)}))
	case t.From.isClients() && t.Both:
		return fmt.Errorf("nothing dials %s; write %s -> %s", t.From.Name, t.From.Name, t.To)
	case t.From.isClients() && t.Plane != "" && t.Plane != broker.PlaneClient:
		return fmt.Errorf("%s have no plane %q; leave the plane out", t.From.Name, t.Plane)
	case t.From == t.To && !t.From.isClients() && t.From != (End{}):
		return fmt.Errorf("%s dials nothing to itself", t.From)
	case !t.From.isClients() && t.Plane != "" && t.Plane != broker.PlaneData && t.Plane != broker.PlaneControl:
		return fmt.Errorf("between nodes there is no plane %q%s; write data or control, or leave it out for both",
			t.Plane, report.Suggest(t.Plane, []string{broker.PlaneData, broker.PlaneControl}))
	}
	return nil
}

// end reads one end of a link.
func (in Place) end(text string) (End, error) {
	if name := strings.TrimSpace(text); name == broker.Producers || name == broker.Consumers {
		return End{Name: name}, nil
	}
	return in.node(text, broker.Producers, broker.Consumers)
}

// node reads a node target; others are words that could stand in its place.
func (in Place) node(text string, others ...string) (End, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "leader" {
		return End{Topic: in.Topic.Name, Short: true}, nil
	}
	if of, ok := strings.CutPrefix(text, "leader of "); ok {
		return in.leader(of)
	}
	if text == Controller || slices.Contains(in.Nodes, text) {
		return End{Name: text}, nil
	}
	if (text == broker.Producers || text == broker.Consumers) && !slices.Contains(others, text) {
		return End{}, fmt.Errorf("%s stand at the dialing end only; write %s -> leader", text, text)
	}
	known := slices.Concat(others, []string{"leader", Controller}, in.Nodes)
	return End{}, fmt.Errorf("there is no target %q%s; targets are %s", text, report.Suggest(text, known), in.forms(others))
}

// leader reads what follows "leader of".
func (in Place) leader(text string) (End, error) {
	i := strings.LastIndexByte(text, '/')
	if i < 0 {
		return End{}, fmt.Errorf("leader of which partition of %s? write leader of %s/0", text, in.Topic.Name)
	}
	topic := text[:i]
	if topic != in.Topic.Name {
		return End{}, fmt.Errorf("there is no topic %q%s; the scenario's topic is %s", topic, report.Suggest(topic, []string{in.Topic.Name}), in.Topic.Name)
	}
	p, err := strconv.ParseUint(text[i+1:], 10, 31)
	if err != nil || int(p) >= in.Topic.Partitions {
		return End{}, fmt.Errorf("%s has no partition %q; its partitions are 0 to %d", topic, text[i+1:], in.Topic.Partitions-1)
	}
	return End{Topic: topic, Partition: int32(p)}, nil
}

func (in Place) forms(others []string) string {
	all := slices.Concat(others, in.Nodes)
	return strings.Join(all, ", ") + ", leader, leader of " + in.Topic.Name + "/0 and controller"
}

func (e End) isClients() bool { return e.Name == broker.Producers || e.Name == broker.Consumers }

// String prints the end as a scenario writes it.
func (e End) String() string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Short:
		return "leader"
	}
	return fmt.Sprintf("leader of %s/%d", e.Topic, e.Partition)
}

// Fixed reports whether the target names the same victims whenever it is resolved.
func (t Target) Fixed() bool {
	return t.Type != Nowhere && t.To.Name != "" && t.To.Name != Controller && t.From.Name != Controller
}

// Link prints a target of links as a scenario writes it, without plane and half; any other as it is.
func (t Target) Link() string {
	switch {
	case t.Type == Nowhere:
		return ""
	case t.Type != Links:
		return t.To.String()
	case t.Both:
		return t.From.String() + " <-> " + t.To.String()
	}
	return t.From.String() + " -> " + t.To.String()
}

// String prints the target as people read it: "leader", "b2 -> b1 (data, requests only)".
func (t Target) String() string {
	var more []string
	if t.Plane != "" {
		more = append(more, t.Plane)
	}
	if t.Half != BothHalves {
		more = append(more, string(t.Half)+" only")
	}
	if len(more) == 0 {
		return t.Link()
	}
	return t.Link() + " (" + strings.Join(more, ", ") + ")"
}

// Resolve finds the victims in a cluster whose own view of itself is s, and among the load's clients. The victims have nodes, links or clients, at
// least one, but for a target of type Nowhere.
func (t Target) Resolve(s broker.State, c broker.Cluster, clients []broker.Client) (Victims, error) {
	v := Victims{Cluster: c, Half: t.Half}
	switch t.Type {
	case Nowhere:
		return v, nil
	case Clients:
		i := slices.IndexFunc(clients, func(c broker.Client) bool { return c.Name() == t.To.Name })
		if i < 0 {
			return v, fmt.Errorf("the load has no client %q", t.To.Name)
		}
		v.Clients = clients[i : i+1 : i+1]
		return v, nil
	}
	to, err := t.To.resolve(s)
	if err != nil {
		return v, err
	}
	if t.Type == Nodes {
		i := slices.IndexFunc(c.Nodes(), func(n broker.Node) bool { return n.Name() == to })
		if i < 0 {
			return v, fmt.Errorf("the cluster has no node %q", to)
		}
		v.Nodes = c.Nodes()[i : i+1 : i+1]
		return v, nil
	}
	from, err := t.From.resolve(s)
	if err != nil {
		return v, err
	}
	for _, l := range c.Links() {
		there, back := l.From() == from && l.To() == to, l.From() == to && l.To() == from
		if (there || back && t.Both) && (t.Plane == "" || t.Plane == l.Plane()) {
			v.Links = append(v.Links, l)
		}
	}
	switch {
	case len(v.Links) > 0:
		return v, nil
	case len(c.Links()) == 0:
		return v, errors.New("this testbed cannot break the network: it has no links")
	case from == to:
		return v, fmt.Errorf("%s and %s are both %s now", t.From, t.To, to)
	}
	return v, fmt.Errorf("no link of this testbed is %s (%s -> %s)", t, from, to)
}

// resolve returns the name of the node, or of the clients.
func (e End) resolve(s broker.State) (string, error) {
	switch e.Name {
	case "":
		p, ok := s.Partition(e.Topic, e.Partition)
		if !ok || p.Leader == "" {
			return "", fmt.Errorf("nobody is known to lead %s/%d", e.Topic, e.Partition)
		}
		return p.Leader, nil
	case Controller:
		if s.Controller == "" {
			return "", errors.New("nobody is known to be the controller")
		}
		return s.Controller, nil
	}
	return e.Name, nil
}
