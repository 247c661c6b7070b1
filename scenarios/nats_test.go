package scenarios_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/scenarios"
)

const onNATS = "broker: { kind: nats, run: embedded, nodes: 3 }\nphases: { warm-up: 0s, baseline: 10s }\nexpect: [lost == 0]\n"

// What is another kind's is refused with the reason, before anything starts.
func TestSettingsOnNATS(t *testing.T) {
	t.Parallel()
	for what, want := range map[string]string{
		"topic.config[min.insync.replicas]=2":          "acknowledged when a majority",
		"topic.config[storage]=disk":                   "it is file or memory",
		"topic.replicas=5":                             "5 replicas need as many nodes",
		"broker.config[broker.session.timeout.ms]=900": "there are jetstream.",
		"broker.config[jetstream.sync_interval]=soon":  "or always",
		"broker.config[max_payload]=-5":                "a whole number from 4096",
		"broker.config[max_pending]=4096":              "the server wants the first to be no smaller",
		"broker.config[lame_duck_duration]=1s":         "30s or more",
		"broker.config[lame_duck_grace_period]=3m":     "the server wants the first to be shorter",
		"broker.config[sync_interval]=always":          "did you mean jetstream.sync_interval?",
		"broker.run=external":                          "does not run in external",
		"load.client=java-like":                        "clients of Kafka's",
		"load.producers.acks=1":                        "what a majority of the replicas has",
		"load.producers.linger=5ms":                    "a publish goes out at once",
		"load.producers.compression=gzip":              "does not compress",
		"load.producers.transactions.every=1s":         "no transactions",
		"load.consumers.commit=never":                  "max_ack_pending",
		"load.consumers.group=a.b":                     "no name of a durable consumer",
		"topic.name=a.b":                               "no name of a stream",
	} {
		_, err := scenarios.Parse("x.yaml", []byte(onNATS), scenarios.Options{Kinds: realKinds, Set: []string{what}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", what, err, want)
		}
	}
	for _, what := range []string{"broker.run=containers", "topic.config[storage]=memory", "broker.config[jetstream.sync_interval]=always", "load.producers.linger=0s", "load.client=default", "load.consumers.commit=before-processing"} {
		if _, err := scenarios.Parse("x.yaml", []byte(onNATS), scenarios.Options{Kinds: realKinds, Set: []string{what}}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Faults that there are none of for NATS say why; the others are taken.
func TestFaultsOnNATS(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		"lose-ack: all":                             "these are real",
		"raft-only: leader":                         "over the same connections",
		"memory-alarm: leader":                      "raise no alarms",
		"delete-queue: {}":                          "subjects of one stream",
		"cancel-consumer: {}":                       "end only the whole group",
		"recreate-topic: {}":                        "takes its group with it",
		"delete-records: {}":                        "",
		"step-down: { of: controller }":             "",
		"kill: leader":                              "",
		"pause: leader":                             "",
		"isolate: leader":                           "",
		"stop: leader":                              "",
		"crash-consumer: any":                       "",
		"power-off: leader":                         "",
		"wipe: leader":                              "needs run: containers",
		"kill: controller":                          "",
		"lose-ack: {}":                              "these are real",
		"quota: { producers: 1MiB/s }":              "a scenario changes no settings of NATS",
		"limit-memory: { to: 20MiB }, node: leader": "no memory of its own",
		"latency: { add: 50ms }, link: peers":       "",
	} {
		_, err := scenarios.Parse("x.yaml", []byte(onNATS+"faults: [{ at: 0s, for: 12s, "+fault+" }]\n"), scenarios.Options{Kinds: realKinds})
		if want == "" && err != nil && strings.Contains(err.Error(), "there is no such fault") {
			t.Errorf("%s is refused: %v", fault, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q in it", fault, err, want)
		}
	}
}

// In containers there are the faults that need a disk of a node's own, or a limit on it.
func TestFaultsOnNATSInContainers(t *testing.T) {
	t.Parallel()
	const faults = `faults:
  - { at: 0s, for: 12s, wipe: leader }
  - { at: 20s, for: 12s, damage-disk: { files: "*.blk", cut: 10B }, node: leader }
  - { at: 40s, for: 12s, limit-memory: { to: 200MiB }, node: leader }
  - { at: 60s, for: 12s, throttle-cpu: { to: 20% }, node: leader }
`
	set := []string{"broker.run=containers", "broker.image=nats:2.12.1"}
	if _, err := scenarios.Parse("x.yaml", []byte(onNATS+faults), scenarios.Options{Kinds: realKinds, Set: set}); err != nil {
		t.Error(err)
	}
	set = append(set, "broker.jvm=-Xmx1g")
	if _, err := scenarios.Parse("x.yaml", []byte(onNATS+faults), scenarios.Options{Kinds: realKinds, Set: set}); err == nil || !strings.Contains(err.Error(), "no Java") {
		t.Errorf("a Java machine's options: %v", err)
	}
}

// What is known before the run is warned of: a cluster in which a node gains nothing, a pause too short for an election.
func TestWarningsOnNATS(t *testing.T) {
	t.Parallel()
	warned := func(want string, set ...string) bool {
		s, err := scenarios.Parse("x.yaml", []byte(onNATS+"faults: [{ at: 0s, for: 12s, pause: leader }]\n"), scenarios.Options{Kinds: realKinds, Set: set})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(scenarios.Warnings(s, nats.Kind), "\n"), want)
	}
	for want, set := range map[string]string{"4 nodes survive the loss of 1, as 3 would": "broker.nodes=4", "raft election timeout": "faults[0].for=3s"} {
		if !warned(want, set) || warned(want) {
			t.Errorf("%q is warned of with %s: %v, and without: %v", want, set, warned(want, set), warned(want))
		}
	}
	if warned("emulated") {
		t.Error("real servers are called emulated")
	}
}
