package scenarios

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
)

var update = flag.Bool("update", false, "write the golden files")

// kinds stand in for real ones, which this package does not know.
var kinds = map[string]broker.Kind{
	"kafka": {Name: "kafka", Check: checkReplicas, Contract: contract, Timers: sessionTimeout,
		Decisive: broker.Decisive{Node: "broker.session.timeout.ms", Follower: "replica.lag.time.max.ms"},
		APIs:     []string{"produce", "fetch"}, Codes: []string{"NOT_LEADER_OR_FOLLOWER", "NOT_COORDINATOR"},
		Roles:  []string{"controller", "coordinator"},
		Places: map[string]broker.Place{Containers: {In: "containers", Copies: true}, Embedded: {In: "this process", Emulated: true}}},
	"rabbitmq": {Name: "rabbitmq"},
}

func checkReplicas(s broker.Settings) []broker.Problem {
	var all []broker.Problem
	if s.Topic.Replicas > s.Nodes {
		all = append(all, broker.Problem{Field: "topic.replicas", Message: fmt.Sprintf("%d replicas need as many nodes, and there are %d", s.Topic.Replicas, s.Nodes)})
	}
	if s.Producer.Idempotent && s.Producer.Acks != "all" {
		all = append(all, broker.Problem{Field: "load.producers.idempotent", Message: "an idempotent producer needs acks: all"})
	}
	if _, ok := s.Topic.Config["no.such.thing"]; ok {
		all = append(all, broker.Problem{Field: "topic.config[no.such.thing]", Message: "there is no such setting"})
	}
	return all
}

func contract(s broker.Settings) broker.Contract {
	return broker.Contract{Durable: s.Producer.Acks == "all", Ordered: true, Unique: s.Producer.Idempotent, Redelivers: true,
		Survives: "An acknowledged message survives the death of one node.", Notes: []string{"Stand-in for tests."}}
}

func sessionTimeout(s broker.Settings) []broker.Timer {
	v := 9 * time.Second
	if ms, err := time.ParseDuration(s.Config["broker.session.timeout.ms"] + "ms"); err == nil {
		v = ms
	}
	return []broker.Timer{{Name: "broker.session.timeout.ms", Value: v, Part: "detection", Note: "a broker unheard of for so long is fenced"}}
}

const example = `# yaml-language-server: $schema=../../squall.schema.json
name: kafka-leader-kill
about: What the leader acknowledged survives its death.
seed: 7
broker:
  kind: kafka
  run: containers            # containers | embedded | external
  nodes: 3
  # image: apache/kafka:4.3.1   stated: this one or exit 3; not stated: the kind's default
  config: { broker.session.timeout.ms: 9000 }      # or keyed by kind: config: { kafka: {...}, rabbitmq: {...} }
topic: { name: orders, partitions: 6, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 2000/s
  size: 1KiB
  producers: { count: 2, acks: all, idempotent: true, linger: 5ms, delivery-timeout: 60s }
  consumers: { count: 2, group: billing }
phases: { warm-up: 10s, baseline: 20s, recovery: 30s }
faults:
  - { name: leader-kill, at: 0s, for: 20s, kill: leader }
  - { at: 60s, for: 15s, latency: { add: 200ms, jitter: 50ms }, link: producers -> leader }
expect:
  - lost == 0
  - reordered == 0
  - recovery.service < 15s of leader-kill
  - ack.p99 < 250ms during baseline
  - redelivered <= 500 (warn)
`

// mustParse reads a scenario that is right.
func mustParse(t *testing.T, text string, set ...string) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text), Options{Kinds: kinds, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExample(t *testing.T) {
	t.Parallel()
	s := mustParse(t, example)
	expect := s.Expect
	s.Expect = nil
	in := faults.Place{Nodes: []string{"b1", "b2", "b3"}, Topic: s.Topic}
	leader, _ := faults.ParseNode("leader", in)
	link, _ := faults.ParseLink("producers -> leader", "", "", in)
	want := &Scenario{
		Name: "kafka-leader-kill", About: "What the leader acknowledged survives its death.", Seed: 7, Source: "test.yaml",
		Broker: Broker{Kind: "kafka", Run: Containers, Place: kinds["kafka"].Places[Containers], Nodes: 3, Pull: PullMissing, Config: map[string]string{"broker.session.timeout.ms": "9000"}},
		Topic:  broker.Topic{Name: "orders", Partitions: 6, Replicas: 3, Config: map[string]string{"min.insync.replicas": "2"}},
		Load: Load{Rate: 2000, Size: 1024, Pacing: PacingAuto, Client: ClientDefault,
			Producers: Producers{2, broker.ProducerSettings{Acks: "all", Idempotent: true, Linger: 5 * time.Millisecond, Buffer: 10000,
				DeliveryTimeout: time.Minute, Compression: "none"}},
			Consumers: Consumers{Count: 2, ConsumerSettings: broker.ConsumerSettings{Group: "billing", Commit: broker.CommitAfter}}},
		Phases: Phases{10 * time.Second, 20 * time.Second, 30 * time.Second},
		Plan: []faults.Plan{
			{Step: faults.Step{Name: "leader-kill", For: 20 * time.Second, Kind: "kill", Target: leader, Fault: &faults.Kill{}}},
			{Step: faults.Step{Name: "latency-1", At: time.Minute, For: 15 * time.Second, Kind: "latency", Target: link,
				Fault: &faults.Latency{Add: 200 * time.Millisecond, Jitter: 50 * time.Millisecond}}},
		},
	}
	want.Faults = faults.Expand(want.Plan, 7, 30*time.Second)
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if len(expect) != 5 || expect[2].Of != "leader-kill" || !expect[4].Warn {
		t.Errorf("expectations: %+v", expect)
	}
	if got := s.LoadEnd(); got != 135*time.Second {
		t.Errorf("the load ends at %v, want 10 s + 20 s + 60 s + 15 s + 30 s", got)
	}
}

// The least that a file must say.
func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := Parse("dir/nightly one.yaml", []byte("broker: { kind: kafka, nodes: 2 }\n"), Options{Kinds: kinds, Seed: new(uint64)})
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Name, want.Source, want.Seed = "nightly-one", "dir/nightly one.yaml", 0
	want.Broker.Kind, want.Broker.Nodes, want.Broker.Pull = "kafka", 2, PullMissing
	want.Broker.Place = kinds["kafka"].Places[Containers]
	want.Topic.Replicas, want.Load.Producers.Idempotent = 2, true
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestDerived(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		holds func(*Scenario) bool
	}{
		"rate in bytes":              {"load: { rate: 50MiB/s, size: 1KiB }", func(s *Scenario) bool { return s.Load.Rate == 51200 }},
		"rate in thousands a minute": {"load: { rate: 120k/min }", func(s *Scenario) bool { return s.Load.Rate == 2000 }},
		"acks that are not all":      {"load: { producers: { acks: 1 } }", func(s *Scenario) bool { return s.Load.Producers.Acks == "1" && !s.Load.Producers.Idempotent }},
		"fast client": {"load: { client: fast, consumers: { metadata-min-age: 1s } }", func(s *Scenario) bool {
			return s.Load.Producers.MetadataMinAge == fastMetadata && s.Load.Consumers.MetadataMinAge == time.Second
		}},
		"java-like client": {"load: { client: java-like, size: 4KiB, producers: { buffer: 7 } }", func(s *Scenario) bool {
			p := s.Load.Producers
			return p.Linger == 5*time.Millisecond && p.BatchBytes == 16384 && p.Buffer == 7 && p.DeliveryTimeout == 2*time.Minute &&
				p.MetadataMinAge == 100*time.Millisecond && s.Load.Consumers.SessionTimeout == 45*time.Second
		}},
		"java-like client's buffer":            {"load: { client: java-like, size: 4KiB }", func(s *Scenario) bool { return s.Load.Producers.Buffer == 8192 }},
		"java-like client with large messages": {"load: { client: java-like, size: 1MiB }", func(s *Scenario) bool { return s.Load.Producers.BatchBytes == 1<<20+256 }},
		"decimal size":                         {"load: { size: 1.5KB }", func(s *Scenario) bool { return s.Load.Size == 1500 }},
		"no group":                             {`load: { consumers: { group: "" } }`, func(s *Scenario) bool { return s.Load.Consumers.Group == "" }},
		"names of faults": {"faults: [{at: 0s, kill: b1}, {at: 1s, kill: b2}, {at: 2s, name: kill-1, kill: b3}]", func(s *Scenario) bool {
			return s.Faults[0].Name == "kill-2" && s.Faults[1].Name == "kill-3" && s.Faults[2].Name == "kill-1"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s := mustParse(t, "broker: { kind: kafka }\n"+c.text); !c.holds(s) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestConfigByKind(t *testing.T) {
	t.Parallel()
	s := mustParse(t, "broker: { kind: kafka, config: { a.b: 1, kafka: { c.d: yes }, rabbitmq: { e: 2 } } }")
	if want := map[string]string{"a.b": "1", "c.d": "yes"}; !reflect.DeepEqual(s.Broker.Config, want) {
		t.Errorf("got %v, want %v", s.Broker.Config, want)
	}
	// The same of the topic's, wherever in the file the kind is told.
	s = mustParse(t, "topic: { config: { kafka: { min.insync.replicas: 2 }, rabbitmq: { e: 2 } } }\nbroker: { kind: kafka }")
	if want := map[string]string{"min.insync.replicas": "2"}; !reflect.DeepEqual(s.Topic.Config, want) {
		t.Errorf("got %v, want %v", s.Topic.Config, want)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	s := mustParse(t, example, "load.rate=5k/s", "topic.config[min.insync.replicas]=1", "broker.run=embedded", "faults[leader-kill].for=7s",
		"faults[1].latency.add=1s", "expect=[lost == 0]", "broker.config={}", "load.client=fast")
	switch {
	case s.Load.Rate != 5000, s.Topic.Config["min.insync.replicas"] != "1", s.Broker.Run != Embedded, s.Faults[0].For != 7*time.Second,
		s.Faults[1].Fault.(*faults.Latency).Add != time.Second, len(s.Expect) != 1, len(s.Broker.Config) != 0, s.Load.Client != ClientFast:
		t.Errorf("%+v", s)
	}
}

func TestSetMistakes(t *testing.T) {
	t.Parallel()
	_, err := Parse("test.yaml", []byte(example), Options{Kinds: kinds, Set: []string{
		"load.rate=5", "laod.rate=5/s", "load.producers.linger", "name.first=x", "faults[7].at=1s", ".x=1", "load.consumers={count: many}", "topic.replicas=5",
	}})
	if err == nil {
		t.Fatal("no mistakes")
	}
	golden(t, "testdata/set-mistakes.golden", err.Error()+"\n")
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(file), data, Options{Kinds: kinds, Files: Folder(file)})
			var all Errors
			if !errors.As(err, &all) {
				t.Fatalf("got %v, want mistakes", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", all.Error()+"\n")
		})
	}
}

// A node may have more than what is sent may be large.
func TestLargeNodes(t *testing.T) {
	s := mustParse(t, "broker: { kind: kafka, disk: 200GiB, limits: { memory: 64GiB } }")
	if s.Broker.Disk != 200<<30 || s.Broker.Limits.Memory != 64<<30 {
		t.Errorf("a disk of %d bytes and %d bytes of memory", s.Broker.Disk, s.Broker.Limits.Memory)
	}
}
