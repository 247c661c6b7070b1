package nats

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// The settings of a stream that a scenario's topic may have.
const (
	storageConfig     = "storage"
	duplicatesConfig  = "duplicate_window"
	compressionConfig = "compression"

	onFile   = "file"
	inMemory = "memory"
)

var topicSettings = []string{compressionConfig, duplicatesConfig, storageConfig}

// serverSettings are the settings of the server that a scenario may set, by what kind of value they have. All others either belong to the place where the
// server runs, or change what is measured in ways that nobody here knows of.
var serverSettings = map[string]func(string) error{
	"jetstream.sync_interval":           syncInterval,
	"jetstream.max_memory_store":        wholeNumber,
	"jetstream.max_file_store":          wholeNumber,
	"jetstream.max_outstanding_catchup": wholeNumber,
	"max_payload":                       wholeNumber,
	"max_pending":                       wholeNumber,
	"max_connections":                   wholeNumber,
	"ping_interval":                     duration,
	"ping_max":                          wholeNumber,
	"write_deadline":                    duration,
	"lame_duck_duration":                duration,
	"lame_duck_grace_period":            duration,
}

func wholeNumber(v string) error {
	if _, err := strconv.ParseInt(v, 10, 64); err != nil {
		return fmt.Errorf("is %q: it is a whole number", v)
	}
	return nil
}

func duration(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d <= 0 {
		return fmt.Errorf("is %q: it is a time, as in 10s", v)
	}
	return nil
}

func syncInterval(v string) error {
	if v == "always" {
		return nil
	}
	if err := duration(v); err != nil {
		return fmt.Errorf("is %q: it is a time, as in 10s, or always", v)
	}
	return nil
}

// elsewhere says of settings that other kinds of brokers have what there is here in their place.
var elsewhere = map[string]string{
	"min.insync.replicas":            "a stream has none: a publish is acknowledged when a majority of its replicas has it",
	"unclean.leader.election.enable": "a stream has none: only a replica that has everything acknowledged can become its leader",
	"retention.ms":                   "messages have to be there for the final read",
	"max_age":                        "messages have to be there for the final read",
	"max_msgs":                       "messages have to be there for the final read",
	"max_bytes":                      "messages have to be there for the final read",
	"retention":                      "messages have to be there for the final read",
	"num_replicas":                   "topic.replicas says it",
	"replicas":                       "topic.replicas says it",
	"ack_wait":                       "load.consumers.session-timeout says it",
}

// problems are what is wrong with settings.
type problems []broker.Problem

func (p *problems) tell(wrong bool, field, format string, args ...any) {
	if wrong {
		*p = append(*p, broker.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func check(s broker.Settings) []broker.Problem {
	var all problems
	t, p := s.Topic, s.Producer
	all.tell(strings.ContainsAny(t.Name, ".*>/\\ \t\r\n"), "topic.name", "%q is no name of a stream: it holds no dot, star, slash or space", t.Name)
	all.tell(t.Partitions < 1, "topic.partitions", "a topic has at least one partition: each is a subject of the stream")
	all.tell(t.Replicas < 1 || t.Replicas > 5, "topic.replicas", "a stream has 1 to 5 replicas, not %d", t.Replicas)
	all.tell(t.Replicas > s.Nodes && t.Replicas <= 5, "topic.replicas", "%d replicas need as many nodes, and there are %d: lower it, or raise broker.nodes", t.Replicas, s.Nodes)
	all.tell(p.Acks != "all" && p.Acks != "", "load.producers.acks",
		"acks is %q, and JetStream has no such thing: it acknowledges what a majority of the replicas has; write acks: all, or leave it out", p.Acks)
	all.tell(p.Transactions.Used(), "load.producers.transactions", "JetStream has no transactions: leave them out")
	all.tell(p.Compression != "" && p.Compression != "none", "load.producers.compression",
		"a NATS client does not compress what it sends: leave it out; a stream can keep it compressed, with topic.config: { compression: s2 }")
	all.tell(p.Buffer < 0, "load.producers.buffer", "the buffer is a number of messages")
	all.tell(p.DeliveryTimeout != 0 && p.DeliveryTimeout < time.Second, "load.producers.delivery-timeout", "below 1s the client cannot keep it")
	all.consumers(s.Consumer)
	all.config(s)
	return all
}

func (p *problems) consumers(c broker.ConsumerSettings) {
	p.tell(strings.ContainsAny(c.Group, ".*>/\\ \t\r\n"), "load.consumers.group", "%q is no name of a durable consumer: it holds no dot, star, slash or space", c.Group)
	p.tell(c.SessionTimeout != 0 && c.SessionTimeout < 100*time.Millisecond, "load.consumers.session-timeout", "it is at least 100ms: the consumer's ack_wait")
	p.tell(c.Commit == broker.CommitNever, "load.consumers.commit",
		"a consumer that acknowledges nothing is given no more than 1,000 messages (max_ack_pending): write after-processing or before-processing")
	p.tell(c.Isolation == broker.ReadCommitted, "load.consumers.isolation", "JetStream has no transactions: leave it out")
}

// config tells of the server's and the stream's settings.
func (p *problems) config(s broker.Settings) {
	for _, name := range slices.Sorted(maps.Keys(s.Config)) {
		field := "broker.config[" + name + "]"
		valid, known := serverSettings[name]
		if !known {
			p.tell(true, field, "%s", unknown(name, "the NATS server", slices.Sorted(maps.Keys(serverSettings))))
		} else if err := valid(s.Config[name]); err != nil {
			p.tell(true, field, "%s %v", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Topic.Config)) {
		field, v := "topic.config["+name+"]", s.Topic.Config[name]
		switch name {
		case storageConfig:
			p.tell(v != onFile && v != inMemory, field, "storage is %q: it is file or memory", v)
		case compressionConfig:
			p.tell(v != "none" && v != "s2", field, "compression is %q: it is none or s2", v)
		case duplicatesConfig:
			if err := duration(v); err != nil {
				p.tell(true, field, "%s %v", name, err)
			}
		default:
			p.tell(true, field, "%s", unknown(name, "a stream", topicSettings))
		}
	}
}

func unknown(name, whose string, there []string) string {
	if why, ok := elsewhere[name]; ok {
		return fmt.Sprintf("%s is no setting of %s: %s; leave it out", name, whose, why)
	}
	return fmt.Sprintf("%s is no setting of %s that a scenario can have; there are %s", name, whose, strings.Join(there, ", "))
}
