package scenarios_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// elsewhere is a scenario on a cluster of others.
const elsewhere = `
broker:
  kind: kafka
  run: external
  nodes: 2
  external:
    bootstrap: [ "one:9092", "[::1]:9092" ]
    cluster-id-env: SQUALL_CLUSTER
    max-rate: 2000/s
    tls: {}
    sasl: { mechanism: scram-sha-512, user: tester, password-file: keys/password }
    commands:
      b1: { kill: [ssh, host-1, pkill, -9, java], start: [ssh, host-1, "kafka start"], stop: [ssh, host-1, stop] }
      b2: { kill: [ssh, host-2, pkill, -9, java] }
topic: { name: squall-orders }
load: { rate: 2000/s, consumers: { group: squall } }
`

func parseElsewhere(text string, set ...string) (*scenarios.Scenario, error) {
	return scenarios.Parse("x.yaml", []byte(text), scenarios.Options{Kinds: realKinds, Set: set})
}

func TestExternal(t *testing.T) {
	t.Parallel()
	s, err := parseElsewhere(elsewhere + "faults: [ { at: 0s, for: 5s, kill: b1 }, { at: 30s, for: 5s, lower-max-message-bytes: { to: 1KiB } } ]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := scenarios.External{
		Bootstrap: []string{"one:9092", "[::1]:9092"}, ClusterIDEnv: "SQUALL_CLUSTER", MaxRate: 2000, TLS: scenarios.ExternalTLS{Used: true},
		SASL: scenarios.ExternalSASL{Mechanism: broker.MechanismScramSHA512, User: "tester", PasswordFile: "keys/password"},
		Commands: map[string]map[broker.Act][]string{
			"b1": {broker.ActKill: {"ssh", "host-1", "pkill", "-9", "java"}, broker.ActStart: {"ssh", "host-1", "kafka start"}, broker.ActStop: {"ssh", "host-1", "stop"}},
			"b2": {broker.ActKill: {"ssh", "host-2", "pkill", "-9", "java"}},
		},
	}
	if !reflect.DeepEqual(s.Broker.External, want) {
		t.Errorf("got  %+v\nwant %+v", s.Broker.External, want)
	}
	if !s.NeedsExec() || len(s.Wide()) > 0 {
		t.Errorf("runs commands: %v; touches what others use: %v", s.NeedsExec(), s.Wide())
	}
	again, err := parseElsewhere(string(scenarios.Effective(s)))
	if err != nil {
		t.Fatalf("%v\n%s", err, scenarios.Effective(s))
	}
	if !reflect.DeepEqual(again.Broker, s.Broker) {
		t.Errorf("written and read again\n%+v\nwant\n%+v", again.Broker, s.Broker)
	}
	s.Broker.External.Password = "planted"
	if got := s.Secrets().Hide("it is planted here"); strings.Contains(got, "planted") || strings.Contains(string(scenarios.Effective(s)), "planted") {
		t.Errorf("the password is told: %s", got)
	}
}

// What is missing, what does not go together, and what a cluster of others does not bear is told before anything is sent there.
func TestExternalRefusals(t *testing.T) {
	t.Parallel()
	for fault, wants := range map[string][]string{
		"kill: b2":       {"a command to start each node that it may meet, and there is none for b2; write broker.external.commands.b2.start"},
		"kill: leader":   {"none for b2"},
		"restart: any":   {"a command to stop each node", "none for b2"},
		"pause: b1":      {"a command to pause each node", "none for b1"},
		"crash-loop: b2": {"a command to start"},
		"power-off: b1":  {"the testbed cannot break the network"},
		"isolate: b1":    {"the testbed cannot break the network"},
		"latency: { add: 1s }, link: producers -> b1": {"the testbed cannot break the network"},
		"wipe: b1":                   {"it takes the node's container"},
		"lose-ack: { partition: 0 }": {"it takes emulated brokers"},
		"kill: b1":                   nil,
		"elect-leader: {}":           nil,
		"reassign: {}":               nil,
		"crash-producer: producer-0": nil,
		"recreate-topic: {}":         nil,
		"alter-config: { of: brokers, setting: log.retention.ms, to: \"7\" }": nil,
	} {
		tell(t, elsewhere+"faults: [ { at: 0s, for: 5s, "+fault+" } ]\n", nil, wants)
	}
	for set, wants := range map[string][]string{
		"broker.external.bootstrap=[nowhere]":                  {`"nowhere" is no address`},
		"broker.external.bootstrap-env=SQUALL_BOOTSTRAP":       {"bootstrap says it already"},
		"broker.external.cluster-id=abc":                       {"cluster-id says it already"},
		"broker.external.cluster-id-env=AWS_SECRET":            {"begins with SQUALL_"},
		"broker.external.sasl={mechanism: plain, user: a}":     {"there is no password-env (or password-file)"},
		"broker.external.sasl.mechanism=gssapi":                {"plain, scram-sha-256 or scram-sha-512"},
		"broker.external.sasl.password=planted":                {"there is no field"},
		"broker.external.tls={cert: a.pem}":                    {"a certificate and its key go together"},
		"broker.external.commands={b3: {kill: [x]}}":           {`there is no node "b3"`},
		"broker.external.commands={b1: {kill: ssh one}}":       {"no shell reads it"},
		"broker.external={max-rate: 1/s}":                      {"there is no bootstrap (or bootstrap-env); no cluster-id (or cluster-id-env)"},
		"broker.external={bootstrap: 'a:1', cluster-id: x}":    {"there is no max-rate"},
		"load.rate=2001/s":                                     {"up to 2,001/s would be sent, and broker.external.max-rate is 2,000/s"},
		"load.rate={ramp: {from: 1/s, to: 2500/s, over: 10s}}": {"would be sent, and broker.external.max-rate"},
		"load.rate=max":                                         {"sends whatever the cluster takes"},
		"topic.name=orders":                                     {"write squall-orders"},
		"load.consumers.group=squallid":                         {"write squall-squallid"},
		"broker.config={min.insync.replicas: 2}":                {"sets nothing there"},
		"broker.image=x":                                        {"squall did not start this cluster"},
		"broker.run=containers":                                 {"write run: external"},
		"broker.kind=nats":                                      {"nats does not run in external yet"},
		"load.rate={poisson: 2000/s}":                           nil,
		"broker.external.tls={ca: ca.pem, cert: c.pem, key: k}": nil,
		"broker.external.sasl.password-file=../up":              nil, // told when it is read
		"load.consumers.count=0":                                nil,
		"topic.name=squall":                                     nil,
	} {
		tell(t, elsewhere, []string{set}, wants)
	}
	tell(t, "broker: { kind: kafka, run: external }\n", nil, []string{"which cluster, and how much may it be sent?"})
}

// tell looks for what is to be told of a text; nothing: it is right.
func tell(t *testing.T, text string, set, wants []string) {
	t.Helper()
	_, err := parseElsewhere(text, set...)
	if wants == nil && err != nil {
		t.Errorf("%s\n%v: %v", text, set, err)
	}
	for _, want := range wants {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q: %v", set, want, err)
		}
		if err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("a password is told: %v", err)
		}
	}
}

// By hand no more can be done than by a file.
func TestExternalByHand(t *testing.T) {
	t.Parallel()
	s, err := parseElsewhere(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	for line, right := range map[string]bool{"{ kill: b1, for: 5s }": true, "{ kill: b2, for: 5s }": false, "{ isolate: b1, for: 5s }": false} {
		if _, err := s.ParseFault(line, realKinds); (err == nil) != right {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestExternalWide(t *testing.T) {
	t.Parallel()
	for fault, wide := range map[string]bool{
		"quota: { limit: 10KiB/s }": true, "connection-storm: b1": true,
		"alter-config: { of: brokers, setting: log.retention.ms, to: \"7\" }": true,
		"alter-config: { setting: retention.ms, to: \"700000000\" }":          false,
		"delete-records: {}": false, "rebalance-storm: consumer-0": false,
	} {
		s, err := parseElsewhere(elsewhere + "faults: [ { name: f, at: 0s, for: 5s, " + fault + " } ]\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(s.Wide()) > 0; got != wide || s.NeedsExec() {
			t.Errorf("%s touches what others use: %v; runs commands: %v", fault, s.Wide(), s.NeedsExec())
		}
	}
}

// Every kind of fault says what it touches of a cluster of others, or why it cannot be done there; and what acts on processes says how.
func TestFaultsElsewhere(t *testing.T) {
	t.Parallel()
	for _, k := range faults.Kinds() {
		step := faults.Step{Kind: k.Name, Fault: k.New()}
		switch reach := step.Reach(); {
		case reach == "" && k.Stranger() == nil, reach != "" && k.Stranger() != nil:
			t.Errorf("%s reaches %q: %v", k.Name, reach, k.Stranger())
		case (reach == faults.NodeReach) != (len(step.Acts()) > 0):
			if reach != "" { // wiping, say, is no matter of commands
				t.Errorf("%s reaches %q by %v", k.Name, reach, step.Acts())
			}
		case reach == faults.OwnReach && k.Target != faults.Clients && k.Target != faults.Nowhere:
			t.Errorf("%s is done to %s, which is not the run's own", k.Name, k.Target)
		}
	}
}

func TestNamesOfVariablesAreNoSecrets(t *testing.T) {
	t.Parallel()
	if report.IsSecret("password-env") || report.IsSecret("password-file") || !report.IsSecret("password") {
		t.Error("names of where a secret is are taken for secrets, or the other way round")
	}
}
