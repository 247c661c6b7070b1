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

// A Place is what targets can name: the cluster's nodes, the load's clients, the scenario's topic and its consumers' group.
type Place struct {
	Nodes   []string
	Clients []string // producer-0, ..., consumer-0, ...
	Topic   broker.Topic
	Group   string // empty: none
}

// pool returns whom a pick chooses from.
func (in Place) pool(p Pick) []string {
	if in.Nodes == nil {
		return in.Clients
	}
	return in.Nodes
}

// clientsOf returns the clients that a kind of fault can be done to.
func (in Place) clientsOf(of string) []string {
	return slices.DeleteFunc(slices.Clone(in.Clients), func(c string) bool { return !isClientOf(c, of) })
}

// isClientOf reports whether a client, by its name, is one of the producers or consumers; of "": whichever it is.
func isClientOf(client, of string) bool {
	return of == "" || strings.HasPrefix(client, strings.TrimSuffix(of, "s")+"-")
}

// ParseNode reads a target of nodes. What can be known without a cluster to be nobody is an error.
func ParseNode(text string, in Place) (Target, error) {
	to, err := in.pick(text)
	return Target{Type: Nodes, To: to}, err
}

// ParseClient reads a target of clients; of names which of them the kind of fault can be done to: broker.Producers, broker.Consumers, or empty for all.
func ParseClient(text, of string, in Place) (Target, error) {
	can := Place{Clients: in.clientsOf(of)}
	if len(can.Clients) == 0 {
		return Target{Type: Clients}, fmt.Errorf("the load has no %s", cmp.Or(of, "clients"))
	}
	to, err := can.pick(text)
	return Target{Type: Clients, To: to, Of: of}, err
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
	t.From, errs[0] = in.pick(a, SetProducers, SetConsumers, SetClients, SetPeers)
	t.To, errs[1] = in.pick(b, SetPeers)
	if errors.Join(errs[:]...) == nil {
		errs[2] = t.check(in)
	}
	return t, errors.Join(errs[:]...)
}

// ParseSides reads a target of sides that no longer see one another: "b1 | b2, b3", "leader | rest".
func ParseSides(text string, in Place) (Target, error) {
	t := Target{Type: Sides}
	parts := strings.Split(text, "|")
	if len(parts) < 2 {
		return t, fmt.Errorf("%q is one side; write who is parted from whom, as in leader | rest", text)
	}
	var errs []error
	var taken []string
	for i, part := range parts {
		extra := []Set{}
		if i == len(parts)-1 {
			extra = append(extra, SetRest)
		}
		p, err := in.pick(part, extra...)
		errs = append(errs, err)
		if p.Set == SetNamed && !p.drawn() && !p.Not && err == nil {
			for _, n := range only(p.names(), taken) {
				errs = append(errs, fmt.Errorf("%s is on two sides", n))
			}
			taken = append(taken, p.names()...)
		}
		t.Parts = append(t.Parts, p)
	}
	return t, errors.Join(errs...)
}

func (t Target) check(in Place) error {
	switch {
	case t.Half != BothHalves && t.Half != Requests && t.Half != Replies:
		return fmt.Errorf("a link has no half %q%s; write requests or replies", t.Half, report.Suggest(string(t.Half), []string{string(Requests), string(Replies)}))
	case t.From.clients() && t.Both:
		return fmt.Errorf("nothing dials %s; write %s -> %s", t.From, t.From, t.To)
	case t.From.clients() && t.To.Set == SetPeers:
		return fmt.Errorf("%s have no peers; write %s -> all", t.From, t.From)
	case t.From.Set == SetPeers && t.To.Set == SetPeers:
		return errors.New("whose peers? write a node at one end, as in leader -> peers")
	case t.From.clients() && t.Plane != "" && t.Plane != broker.PlaneClient:
		return fmt.Errorf("%s have no plane %q; leave the plane out", t.From, t.Plane)
	case t.From == t.To && t.From.Most(in) == 1 && !t.From.drawn():
		return fmt.Errorf("%s dials nothing to itself", t.From)
	case !t.From.clients() && t.Plane != "" && t.Plane != broker.PlaneData && t.Plane != broker.PlaneControl:
		return fmt.Errorf("between nodes there is no plane %q%s; write data or control, or leave it out for both",
			t.Plane, report.Suggest(t.Plane, []string{broker.PlaneData, broker.PlaneControl}))
	case !t.From.clients() && len(in.Nodes) < 2:
		return errors.New("there is one node, and it dials nothing to itself")
	}
	return nil
}

// pick reads one target of nodes or clients; extra are the sets that can stand in this place besides.
func (in Place) pick(text string, extra ...Set) (Pick, error) {
	words := strings.Fields(text)
	p, rest, err := quantify(words)
	if err != nil {
		return p, err
	}
	if len(rest) > 0 && rest[0] == "not" {
		p.Not, rest = true, rest[1:]
	}
	set := strings.Join(rest, " ")
	switch {
	case set == "" && p.drawn() && !p.Not:
		p.Set = SetAll
	case (set == "follower" || strings.HasPrefix(set, "follower ")) && !p.drawn() && !p.Not:
		p.Draw, p.Of = DrawCount, 1
		err = in.set(&p, "followers"+strings.TrimPrefix(set, "follower"), extra)
	default:
		err = in.set(&p, set, extra)
	}
	if err == nil {
		err = p.check(in)
	}
	return p, err
}

// quantify reads how many are chosen, and returns what follows.
func quantify(words []string) (Pick, []string, error) {
	if len(words) == 0 {
		return Pick{}, nil, nil
	}
	first, rest := words[0], words[1:]
	var p Pick
	part, isPart := strings.CutSuffix(first, "%")
	switch {
	case isPart:
		f, err := strconv.ParseFloat(part+"e-2", 64)
		if err != nil || f <= 0 || f > 1 {
			return p, rest, fmt.Errorf("%q is no share of the nodes; write one above 0%%, up to 100%%", first)
		}
		p.Draw, p.Part = DrawPart, Share(f)
	case first == string(DrawMinority), first == string(DrawMajority):
		p.Draw = Draw(first)
	case first == string(DrawCount):
		p.Draw, p.Of = DrawCount, 1
		if len(rest) > 0 {
			n, err := strconv.Atoi(rest[0])
			if err != nil {
				n = slices.Index(numbers, rest[0])
			}
			if n == 0 || n < 0 && err == nil {
				return p, rest, fmt.Errorf("%q is nobody; write any, or any two", "any "+rest[0])
			}
			if n > 0 {
				p.Of, rest = n, rest[1:]
			}
		}
	default:
		return p, words, nil
	}
	if len(rest) > 0 && rest[0] == "of" {
		rest = rest[1:]
	}
	return p, rest, nil
}

// set reads what is chosen from.
func (in Place) set(p *Pick, text string, extra []Set) error {
	role, of, isOf := strings.Cut(text, " of ")
	switch set := Set(role); {
	case in.Nodes == nil && (set == SetAll || set == SetSame):
		p.Set = set
	case in.Nodes == nil:
		return in.named(p, text, extra)
	case set == SetLeader || set == SetFollowers || role == "follower" && p.drawn():
		if p.Set = SetLeader; set != SetLeader {
			p.Set = SetFollowers
		}
		p.Topic, p.Short = in.Topic.Name, !isOf
		if isOf {
			return in.partition(p, of)
		}
	case set == SetCoordinator:
		p.Set, p.Group, p.Short = set, in.Group, !isOf
		return in.coordinator(of)
	case isOf:
		return in.named(p, text, extra)
	case set == SetAll || set == SetBusiest || set == SetController || set == SetSame || slices.Contains(extra, set):
		p.Set = set
	default:
		return in.named(p, text, extra)
	}
	return nil
}

// named reads a list of names.
func (in Place) named(p *Pick, text string, extra []Set) error {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case slices.Contains(names, name):
			return fmt.Errorf("%s is named twice", name)
		case !slices.Contains(in.pool(*p), name):
			return in.unknown(name, extra)
		}
		names = append(names, name)
	}
	p.Set, p.Names = SetNamed, strings.Join(names, ", ")
	return nil
}

// unknown says that there is no such target, and what there is.
func (in Place) unknown(text string, extra []Set) error {
	if in.Nodes == nil {
		known := append([]string{"any", "all", string(SetSame)}, in.Clients...)
		return fmt.Errorf("there is no client %q%s; write one of %s, or any, all or same", text, report.Suggest(text, known), strings.Join(in.Clients, ", "))
	}
	if set := Set(text); !slices.Contains(extra, set) && (Pick{Set: set}).clients() {
		return fmt.Errorf("%s stand at the dialing end only; write %s -> leader", text, text)
	}
	var ends []string
	for _, s := range extra {
		ends = append(ends, string(s))
	}
	known := slices.Concat(ends, in.Nodes, []string{"leader", "follower", "followers", "controller", "coordinator", "busiest", "any", "any two", "minority", "majority",
		"all", "same", "not"})
	return fmt.Errorf("there is no target %q%s; targets are %s, leader, leader of %s/0, follower, controller, any, and those of squall list targets",
		text, report.Suggest(text, known), strings.Join(slices.Concat(ends, in.Nodes), ", "), in.Topic.Name)
}

// partition reads what follows "leader of".
func (in Place) partition(p *Pick, text string) error {
	i := strings.LastIndexByte(text, '/')
	if i < 0 {
		return fmt.Errorf("%s of which partition of %s? write %s of %s/0", p.Set, in.Topic.Name, p.Set, in.Topic.Name)
	}
	topic := text[:i]
	if topic != in.Topic.Name {
		return fmt.Errorf("there is no topic %q%s; the scenario's topic is %s", topic, report.Suggest(topic, []string{in.Topic.Name}), in.Topic.Name)
	}
	n, err := strconv.ParseUint(text[i+1:], 10, 31)
	if err != nil || int(n) >= in.Topic.Partitions {
		return fmt.Errorf("%s has no partition %q; its partitions are 0 to %d", topic, text[i+1:], in.Topic.Partitions-1)
	}
	p.Partition = int32(n)
	return nil
}

// coordinator reads what follows "coordinator of"; empty: nothing does.
func (in Place) coordinator(of string) error {
	switch {
	case in.Group == "":
		return errors.New("nobody coordinates: the load's consumers are in no group; set load.consumers.group")
	case of != "" && of != in.Group:
		return fmt.Errorf("there is no group %q%s; the load's group is %s", of, report.Suggest(of, []string{in.Group}), in.Group)
	}
	return nil
}
