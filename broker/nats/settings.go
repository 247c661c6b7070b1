package nats

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// The settings of a stream that a scenario's topic may have, and those of the server that go together with another.
const (
	storageConfig     = "storage"
	duplicatesConfig  = "duplicate_window"
	compressionConfig = "compression"

	payloadConfig = "max_payload"
	pendingConfig = "max_pending"
	leavingConfig = "lame_duck_duration"
	graceConfig   = "lame_duck_grace_period"

	onFile   = "file"
	inMemory = "memory"
)

var topicSettings = []string{compressionConfig, duplicatesConfig, storageConfig}

// serverSettings are the settings of the server that a scenario may set, by what kind of value they have. All others either belong to the place where the
// server runs, or change what is measured in ways that nobody here knows of.
var serverSettings = map[string]func(string) error{
	"jetstream.sync_interval":           syncInterval,
	"jetstream.max_memory_store":        from(1),
	"jetstream.max_file_store":          from(1),
	"jetstream.max_outstanding_catchup": from(1),
	payloadConfig:                       between(leastPayload, math.MaxInt32),
	pendingConfig:                       from(leastPayload),
	"max_connections":                   from(1),
	"ping_interval":                     duration,
	"ping_max":                          from(1),
	"write_deadline":                    duration,
	leavingConfig:                       leaving,
	graceConfig:                         duration,
}

const (
	// leastPayload is what the servers' own interface needs: the request that makes a stream is some hundred bytes.
	leastPayload = 4096
	// The server's own, where a scenario says nothing.
	defaultPayload = 1 << 20
	defaultPending = 64 << 20
	defaultLeaving = 2 * time.Minute
	defaultGrace   = 10 * time.Second

	leastLeaving = 30 * time.Second
)

// from takes whole numbers that are not below the least.
func from(least int64) func(string) error { return between(least, math.MaxInt64) }

// between takes whole numbers within bounds.
func between(least, most int64) func(string) error {
	bounds := fmt.Sprintf("from %d to %d", least, most)
	if most == math.MaxInt64 {
		bounds = fmt.Sprintf("from %d on", least)
	}
	return func(v string) error {
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < least || n > most {
			return fmt.Errorf("is %q: it is a whole number %s", v, bounds)
		}
		return nil
	}
}

// leaving is how long a server takes to leave in good order, which does not take less.
func leaving(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d < leastLeaving {
		return fmt.Errorf("is %q: it is a time of %v or more", v, leastLeaving)
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
	all.tell(s.Consumer.Isolation == broker.ReadCommitted && !p.Transactions.Used(), "load.consumers.isolation", "JetStream has no transactions: leave it out")
	all.consumers(s.Consumer)
	all.config(s)
	return all
}

func (p *problems) consumers(c broker.ConsumerSettings) {
	p.tell(strings.ContainsAny(c.Group, ".*>/\\ \t\r\n"), "load.consumers.group", "%q is no name of a durable consumer: it holds no dot, star, slash or space", c.Group)
	p.tell(c.SessionTimeout != 0 && c.SessionTimeout < 100*time.Millisecond, "load.consumers.session-timeout", "it is at least 100ms: the consumer's ack_wait")
	p.tell(c.Commit == broker.CommitNever, "load.consumers.commit",
		"a consumer that acknowledges nothing is given no more than 1,000 messages (max_ack_pending): write after-processing or before-processing")
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
	p.pairs(s.Config)
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

// pairs tells of settings that are right each for itself, and with which the server does not start.
func (p *problems) pairs(config map[string]string) {
	size := func(name string, otherwise int64) int64 {
		if n, err := strconv.ParseInt(config[name], 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	lasts := func(name string, otherwise time.Duration) time.Duration {
		if d, err := time.ParseDuration(config[name]); err == nil {
			return d
		}
		return otherwise
	}
	payload, pending := size(payloadConfig, defaultPayload), size(pendingConfig, defaultPending)
	p.apart(config, pendingConfig, payloadConfig, payload > pending, "%s is %d, and %s %d: the server wants the first to be no smaller than the second", pendingConfig, pending, payloadConfig, payload)
	leaves, grace := lasts(leavingConfig, defaultLeaving), lasts(graceConfig, defaultGrace)
	p.apart(config, graceConfig, leavingConfig, grace >= leaves, "%s is %v, and %s %v: the server wants the first to be shorter than the second", graceConfig, grace, leavingConfig, leaves)
}

// apart tells of two settings that do not go together, at the one that the scenario has.
func (p *problems) apart(config map[string]string, first, second string, wrong bool, format string, args ...any) {
	at := first
	if _, said := config[first]; !said {
		at = second
	}
	p.tell(wrong, "broker.config["+at+"]", format, args...)
}

func unknown(name, whose string, there []string) string {
	if why, ok := elsewhere[name]; ok {
		return fmt.Sprintf("%s is no setting of %s: %s; leave it out", name, whose, why)
	}
	if meant := broker.Nearest(name, there); meant != "" {
		return fmt.Sprintf("%s is no setting of %s, did you mean %s?", name, whose, meant)
	}
	return fmt.Sprintf("%s is no setting of %s that a scenario can have; there are %s", name, whose, strings.Join(there, ", "))
}
