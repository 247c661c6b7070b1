package scenarios_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// realKinds are the kinds that the library's scenarios are for.
var realKinds = map[string]broker.Kind{"kafka": kafka.Kind, "nats": nats.Kind, "rabbitmq": rabbitmq.Kind}

// The library holds what a real kind of broker takes, and promises what its scenarios expect.
func TestLibraryOnRealKinds(t *testing.T) {
	t.Parallel()
	for _, name := range scenarios.Library() {
		file, data, err := scenarios.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenarios.Parse(file, data, scenarios.Options{Kinds: realKinds})
		if err != nil {
			t.Fatal(err)
		}
		safe := slices.ContainsFunc(s.Expect, func(e report.Expectation) bool { return e.Text == "lost == 0" })
		kind := realKinds[s.Broker.Kind]
		unique := func(c broker.Contract) bool { return c.Unique || kind.OffsetsOf(s.Settings()) == broker.NoOffsets } // what can be read only once is not known to be stored twice
		if c := kind.Contract(s.Settings()); safe && s.Verdict.Outcome != report.Fail && (!c.Durable || !c.Ordered || !unique(c)) {
			t.Errorf("%s expects that nothing is lost, of a broker that promises %+v", name, c)
		}
		if text := scenarios.Explain(s, kind); strings.Contains(text, "inconclusive") || strings.Contains(text, "cannot be met") {
			t.Errorf("%s asks for what it cannot come to:\n%s", name, text)
		}
	}
}

// What cannot be under Kafka is told with its place, before anything starts.
func TestSettingsOnKafka(t *testing.T) {
	t.Parallel()
	const file = "broker: { kind: kafka, config: { log.dirs: /tmp, broker.session.timeout.ms: soon } }\n" +
		"topic: { config: { retention.ms: %s } }\nphases: { warm-up: 0s, baseline: 2m }\n"
	for retention, want := range map[string][]string{
		"719999": {"x.yaml:1:", "broker.config[log.dirs]", "broker.config[broker.session.timeout.ms]", "x.yaml:2:", "topic.config[retention.ms]", "write 720000 or more"},
		"720000": {"broker.config[log.dirs]"},
	} {
		_, err := scenarios.Parse("x.yaml", []byte(strings.Replace(file, "%s", retention, 1)), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
		var all scenarios.Errors
		if !errors.As(err, &all) || len(want) == 1 && len(all) != 2 {
			t.Fatalf("%s: %v", retention, err)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: nothing of %s in\n%v", retention, w, err)
			}
		}
	}
}

// A fault that a timer of Kafka's keeps from having an effect is told before the run, with the value in force.
func TestFaultsThatATimerMakesVain(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		"for: 5s, kill: leader":                                "kill-1 is over after 5s, before broker.session.timeout.ms (7s) can take effect: there may be no failover.",
		"for: 8s, kill: leader":                                "",
		"for: 5s, isolate: leader":                             "isolate-1 is over after 5s, before broker.session.timeout.ms (7s) can take effect",
		"for: 5s, raft-only: any":                              "raft-only-1 is over after 5s, before broker.session.timeout.ms (7s)",
		"for: 20s, isolate: leader":                            "",
		"for: 20s, data-only: leader":                          "data-only-1 is over after 20s, before replica.lag.time.max.ms (30s) can take effect: the in-sync set may stay as it is.",
		"for: 20s, isolate: { plane: data }, node: follower":   "before replica.lag.time.max.ms (30s)",
		"for: 40s, data-only: leader":                          "",
		"for: 5s, isolate: { from: clients }, node: leader":    "",
		"for: 5s, split: leader | rest":                        "before broker.session.timeout.ms (7s)",
		"for: 5s, latency: { add: 1s }, link: leader -> peers": "",
	} {
		text := "broker: { kind: kafka, config: { broker.session.timeout.ms: 7000 } }\nfaults: [ { at: 0s, " + fault + " } ]"
		s, err := scenarios.Parse("x.yaml", []byte(text), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(scenarios.Warnings(s, kafka.Kind), "\n")
		if !strings.Contains(all, want) || strings.Contains(all, "can take effect:") != (want != "") {
			t.Errorf("%s: want %q in\n%s", fault, want, all)
		}
	}
}

// Brokers pass over what they do not know: a name that is nearly that of a setting is a mistake, and one that is near none is told as strange.
func TestSpellingOfSettings(t *testing.T) {
	const rest = "\nphases: { warm-up: 0s, baseline: 60s }\nload: { rate: 1000/s }\nexpect: [lost == 0]\n"
	for text, want := range map[string]string{
		"broker: { kind: kafka, run: containers, nodes: 3, config: { broker.session.timout.ms: 9000 } }":                                         `1:87: broker.config[broker.session.timout.ms]: there is no setting broker.session.timout.ms; did you mean "broker.session.timeout.ms"?`,
		"broker: { kind: kafka, run: containers, nodes: 3, config: { kafka: { broker.session.timout.ms: 9000 } } }":                              `did you mean "broker.session.timeout.ms"?`,
		"broker: { kind: kafka, run: containers, nodes: 3 }\ntopic: { config: { min.insync.replica: 1 } }":                                       `did you mean "min.insync.replicas"?`,
		"broker: { kind: kafka, run: containers, nodes: 12 }":                                                                                    "in containers there are at most 9",
		"broker: { kind: kafka, run: containers, nodes: 3 }\ntopic: { name: a b }":                                                               "is no name of a topic",
		"broker: { kind: kafka, run: containers, nodes: 3 }\nfaults: [ { at: 0s, for: 1s, alter-config: { setting: retention.m, to: \"1\" } } ]": `did you mean "retention.ms"?`,
	} {
		_, err := scenarios.Parse("test.yaml", []byte(text+rest), scenarios.Options{Kinds: realKinds})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
	for config, strange := range map[string]bool{"confluent.balancer.enable: false": true, "listener.name.data.ssl.key.password: x": false, "num.network.threads: 3": false} {
		s, err := scenarios.Parse("test.yaml", []byte("broker: { kind: kafka, run: containers, nodes: 3, config: { "+config+" } }"+rest), scenarios.Options{Kinds: realKinds})
		if err != nil {
			t.Errorf("%s: %v", config, err)
			continue
		}
		if told := strings.Contains(strings.Join(scenarios.Warnings(s, realKinds["kafka"]), "\n"), "passes over what it does not know"); told != strange {
			t.Errorf("%s is told as strange: %t", config, told)
		}
	}
}
