package scenarios

import (
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// External says which cluster that squall did not start is meant, how it is reached, and what may be done to it.
type External struct {
	Bootstrap    []string // host:port; empty: BootstrapEnv
	BootstrapEnv string   // the variable of the environment that holds them, with commas between
	ClusterID    string   // empty: ClusterIDEnv
	ClusterIDEnv string
	MaxRate      float64 // the most messages a second of all producers together
	TLS          ExternalTLS
	SASL         ExternalSASL
	// Commands are what acts on the nodes' processes, by their names: argument lists.
	Commands map[string]map[broker.Act][]string
	// Password is what SASL's variable or file held, for who is to hide it. It is no field: whoever opens the cluster sets it.
	Password string
}

// ExternalTLS is how connections are secured. Files are below the scenario's folder, or that of $SQUALL_SECRETS.
type ExternalTLS struct {
	Used          bool   // without, everything is plain text
	CA, Cert, Key string // PEM files; empty: what the machine trusts, and no certificate of the client's own
}

// ExternalSASL is how clients say who they are. The zero value: they do not.
type ExternalSASL struct {
	Mechanism, User           string
	PasswordEnv, PasswordFile string // one of them
}

// Allowed is what the one who runs a scenario allows it beyond what its file may decide.
type Allowed struct {
	Exec        bool // run the commands that it gives
	ClusterWide bool // touch what others use on a cluster that is not squall's
}

// SecretsFolder is the variable of the environment that names where the files are that scenarios name for TLS and passwords, in the place of their own folders.
const SecretsFolder = "SQUALL_SECRETS"

// ownPrefix begins the names of topics and groups that squall makes on clusters of others.
const ownPrefix = "squall"

// variableSyntax is of names of variables: a scenario of somebody else's is not to send what other variables hold to a cluster of somebody else's.
var variableSyntax = regexp.MustCompile(`^SQUALL_[A-Z0-9_]{1,100}$`)

func variable(p *string) text {
	return text{p: p, like: variableSyntax, want: "the name of a variable that begins with SQUALL_, in capitals; others are not read for a scenario"}
}

var mechanisms = []string{broker.MechanismPlain, broker.MechanismScramSHA256, broker.MechanismScramSHA512}

func (d *draft) external() section {
	x := &d.s.Broker.External
	return section{
		{"bootstrap", words{&x.Bootstrap}, "Where to ask first: host:port of one broker or more."},
		{"bootstrap-env", variable(&x.BootstrapEnv), "The variable of the environment that holds them instead, with commas between; its name begins with SQUALL_."},
		{"cluster-id", text{p: &x.ClusterID}, "What the cluster calls itself. Nothing is sent to any other."},
		{"cluster-id-env", variable(&x.ClusterIDEnv), "The variable of the environment that holds it instead."},
		{"max-rate", bound{rate{p: &x.MaxRate, d: d}}, "The most that all producers together may send in a second."},
		{"tls", secured{&x.TLS}, "Secure the connections; {} trusts whom the machine trusts. Files are below the scenario's folder, or below $SQUALL_SECRETS."},
		{"sasl", section{
			{"mechanism", choice{&x.SASL.Mechanism, mechanisms}, "How the password is shown."},
			{"user", text{p: &x.SASL.User}, "Who squall is to the cluster."},
			{"password-env", variable(&x.SASL.PasswordEnv), "The variable of the environment that holds the password."},
			{"password-file", text{p: &x.SASL.PasswordFile}, "The file whose first line is the password."},
		}, "Say who comes. Without it nobody is told."},
		{"commands", commands{d}, "What acts on nodes' processes, by node: argument lists, which no shell reads. They run only with --allow-exec."},
	}
}

// bound is a rate that there may be none of; it is not written then.
type bound struct{ rate }

func (v bound) write() *yaml.Node {
	if *v.p == 0 {
		return nil
	}
	return v.rate.write()
}

// secured is how connections are secured; an empty mapping says that they are.
type secured struct{ p *ExternalTLS }

func (v secured) section() section {
	return section{
		{"ca", text{p: &v.p.CA}, "The certificates of those who are trusted (PEM). Without it those that the machine trusts."},
		{"cert", text{p: &v.p.Cert}, "The certificate that squall shows (PEM)."},
		{"key", text{p: &v.p.Key}, "Its key (PEM)."},
	}
}

func (v secured) read(r *reader, path string, n *yaml.Node) {
	v.section().read(r, path, n)
	v.p.Used = true
	if (v.p.Cert == "") != (v.p.Key == "") && !r.wrong(path) {
		r.note(n, path, "", "a certificate and its key go together; write both cert and key, or neither")
	}
}

func (v secured) write() *yaml.Node {
	if n := v.section().write(); n != nil || !v.p.Used {
		return n
	}
	return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
}

func (v secured) schema(d *definitions) *schema { return v.section().schema(d) }

// acts are what commands are for, in the order in which they are told.
var acts = []struct {
	act   broker.Act
	about string
}{
	{broker.ActKill, "Ends the process at once, as SIGKILL does."},
	{broker.ActStop, "Asks the process to end, as SIGTERM does."},
	{broker.ActStart, "Starts it again with its data."},
	{broker.ActPause, "Holds every thread of it, as SIGSTOP does."},
	{broker.ActResume, "Lets it go on."},
}

// commands are mappings of nodes to acts to argument lists.
type commands struct{ d *draft }

func (v commands) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.note(n, path, "", "wants a mapping of nodes to their commands, as in b1: { kill: [ssh, host-1, ...], start: [ssh, host-1, ...] }, not %s", kindOf(n))
		return
	}
	nodes := v.d.s.NodeNames()
	all := map[string]map[broker.Act][]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if !slices.Contains(nodes, name) {
			r.note(n.Content[i], path, report.Suggest(name, nodes), "there is no node %s; there are %s", quoted(name), strings.Join(nodes, ", "))
			continue
		}
		its := map[broker.Act][]string{}
		r.places[join(path, name)] = n.Content[i+1]
		v.of(its).read(r, join(path, name), n.Content[i+1])
		if len(its) > 0 {
			all[name] = its
		}
	}
	if len(all) > 0 {
		v.d.s.Broker.External.Commands = all
	}
}

// of are one node's.
func (v commands) of(node map[broker.Act][]string) (s section) {
	for _, a := range acts {
		s = append(s, field{string(a.act), command{node, a.act}, a.about})
	}
	return s
}

func (v commands) write() *yaml.Node {
	x := v.d.s.Broker.External
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range v.d.s.NodeNames() {
		if its := v.of(x.Commands[name]).write(); its != nil {
			n.Content = append(n.Content, stringNode(name), its)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func (v commands) schema(d *definitions) *schema {
	return &schema{Type: "object", Others: v.of(map[broker.Act][]string{}).schema(d)}
}

// command is an argument list.
type command struct {
	of  map[broker.Act][]string
	act broker.Act
}

func (v command) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.note(n, path, "", "wants a list of words, as in [ssh, host-1, systemctl, kill, kafka]: no shell reads it; where you want one, it is the command: [sh, -c, \"...\"]")
		return
	}
	var argv []string
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		r.places[place] = c
		if c.Kind != yaml.ScalarNode || isNull(c) {
			r.note(c, place, "", "wants one word, not %s", kindOf(c))
			return
		}
		argv = append(argv, c.Value)
	}
	if len(argv) == 0 {
		r.note(n, path, "", "wants at least the program's name")
		return
	}
	v.of[v.act] = argv
}

func (v command) write() *yaml.Node {
	argv := v.of[v.act]
	return words{&argv}.write()
}

// schema of a command: words of whatever type they look like, as -9 does.
func (v command) schema(*definitions) *schema {
	return listOf(either(&schema{Type: "string"}, &schema{Type: "number"}, &schema{Type: "boolean"}), 0)
}

// checkExternal tells what is missing, what does not go together, and what a cluster of others does not bear.
func (d *draft) checkExternal() {
	const field = "broker.external"
	if d.s.Broker.Run != Elsewhere {
		if d.has(field) {
			d.note(d.at(field), field, "", "this is about a cluster that squall does not start; leave it out, or write run: external")
		}
		return
	}
	if !d.runsThere() {
		return // told by checkKind
	}
	if !d.has(field) {
		d.note(d.at("broker.run"), field, "", "which cluster, and how much may it be sent? write external: { bootstrap: [host:9092], cluster-id: ID, max-rate: 1000/s }")
		return
	}
	if d.noted(field) {
		return
	}
	x := &d.s.Broker.External
	missing := slices.Concat(
		d.either(field, "bootstrap", "bootstrap-env", len(x.Bootstrap) > 0, x.BootstrapEnv != ""),
		d.either(field, "cluster-id", "cluster-id-env", x.ClusterID != "", x.ClusterIDEnv != ""))
	if x.MaxRate == 0 && !d.wrong(field+".max-rate") {
		missing = append(missing, "max-rate, the most that this cluster may be sent in a second")
	}
	if len(missing) > 0 {
		d.note(d.at(field), field, "", "there is no %s", strings.Join(missing, "; no "))
	}
	for i, addr := range x.Bootstrap {
		d.address(fmt.Sprintf("%s.bootstrap[%d]", field, i), addr)
	}
	d.checkSASL(field + ".sasl")
	d.checkGuard(field)
	d.checkNames()
}

// either tells of two fields where both are there, and returns what is missing where none is.
func (d *draft) either(path, one, other string, hasOne, hasOther bool) (missing []string) {
	switch {
	case d.wrong(path+"."+one) || d.wrong(path+"."+other):
	case hasOne && hasOther:
		d.note(d.at(path+"."+other), path+"."+other, "", "%s says it already; leave one of them out", one)
	case !hasOne && !hasOther:
		missing = []string{one + " (or " + other + ")"}
	}
	return missing
}

// address tells of what is no host and port.
func (d *draft) address(field, addr string) {
	host, port, err := net.SplitHostPort(addr)
	n, bad := strconv.Atoi(port)
	if (err != nil || bad != nil || host == "" || n < 1 || n > 65535) && !d.wrong(field) {
		d.note(d.at(field), field, "", "%s is no address; write a host and a port, as in broker-1.example:9092", quoted(addr))
	}
}

func (d *draft) checkSASL(field string) {
	s := d.s.Broker.External.SASL
	if !d.has(field) || d.wrong(field) {
		return
	}
	switch {
	case s.Mechanism == "":
		d.note(d.at(field), field, "", "how is the password shown? write mechanism: %s", oneOf(mechanisms))
	case s.User == "":
		d.note(d.at(field), field, "", "who comes? write user: NAME")
	default:
		for _, missing := range d.either(field, "password-env", "password-file", s.PasswordEnv != "", s.PasswordFile != "") {
			d.note(d.at(field), field, "", "there is no %s", missing)
		}
	}
}

// checkGuard holds the load against what may be sent.
func (d *draft) checkGuard(field string) {
	s, place := d.s, field+".max-rate"
	most := s.Broker.External.MaxRate
	switch {
	case most == 0 || d.wrong(place) || d.wrong("load"):
	case s.Load.ClosedLoop():
		d.note(d.at("load.rate"), "load.rate", "", "rate: max sends whatever the cluster takes, and it is not squall's alone; write a rate up to max-rate, which is %s/s", thousands(most))
	case s.PeakRate() > most*(1+1e-9):
		d.note(d.at("load.rate"), "load.rate", "", "up to %s/s would be sent, and broker.external.max-rate is %s/s; lower the one, or raise the other if the cluster bears it", thousands(s.PeakRate()), thousands(most))
	}
	if d.has("broker.config") {
		d.note(d.at("broker.config"), "broker.config", "", "squall did not start this cluster and sets nothing there; leave it out: what its brokers are set to is asked of them")
	}
}

// checkNames wants names that are nobody else's.
func (d *draft) checkNames() {
	for _, f := range []struct{ field, name, what string }{
		{"topic.name", d.s.Topic.Name, "topic"}, {"load.consumers.group", d.s.Load.Consumers.Group, "group"},
	} {
		if f.name != "" && f.name != ownPrefix && !strings.HasPrefix(f.name, ownPrefix+"-") && !d.wrong(f.field) {
			d.note(d.at(f.field), f.field, "", "on a cluster of others squall uses names of its own only, and deletes the %s at the end; write %s-%s", f.what, ownPrefix, f.name)
		}
	}
}

// elsewhere tells of a fault that cannot be done to a cluster that squall did not start, and of commands that it lacks.
func (v steps) elsewhere(r *reader, path string, k faults.Kind, w *written) {
	field := path + "." + k.Name
	if err := k.Stranger(); err != nil {
		r.note(r.at(field), field, "", "cannot be done to a cluster that squall did not start: %v; write run: containers", err)
		return
	}
	if r.wrong(path) || w.Fault == nil {
		return
	}
	nodes := v.s.NodeNames()
	if w.Target.Fixed() {
		nodes = w.Target.NodesIn(v.s.Place())
	}
	for _, act := range w.Acts() {
		var lacking []string
		for _, n := range nodes {
			if len(v.s.Broker.External.Commands[n][act]) == 0 {
				lacking = append(lacking, n)
			}
		}
		if len(lacking) > 0 {
			r.note(r.at(field), field, "", "it takes a command to %s each node that it may meet, and there is none for %s; write broker.external.commands.%s.%[1]s, or name another node",
				act, strings.Join(lacking, ", "), lacking[0])
			return
		}
	}
}

// NeedsExec reports whether a run may have to run commands of the scenario's.
func (s *Scenario) NeedsExec() bool {
	return slices.ContainsFunc(s.Faults, func(f faults.Step) bool { return len(f.Acts()) > 0 }) && s.Broker.Run == Elsewhere
}

// Wide returns the names of the faults that touch what others use on a cluster that squall did not start.
func (s *Scenario) Wide() []string {
	names := map[string]bool{}
	for _, f := range s.Faults {
		if s.Broker.Run == Elsewhere && f.Reach() == faults.WideReach {
			names[f.Of] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
