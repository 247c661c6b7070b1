package rabbitmq

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

// The settings of queues that a scenario's topic may have: those that are ours, and arguments of queues in the broker's own names.
const (
	typeConfig       = "queue-type"
	persistentConfig = "persistent"
	mandatoryConfig  = "mandatory"
	singleActive     = "x-single-active-consumer"
	deliveryLimit    = "x-delivery-limit"
	deadLetters      = "x-dead-letter-exchange"
	deadKey          = "x-dead-letter-routing-key"
	deadStrategy     = "x-dead-letter-strategy"
	overflowPolicy   = "x-overflow"

	quorum  = "quorum"
	classic = "classic"
	stream  = "stream"

	dropHead      = "drop-head"
	rejectPublish = "reject-publish"
	atMostOnce    = "at-most-once"
	atLeastOnce   = "at-least-once"
)

// An argument is one of a queue's.
type argument struct {
	value func(string) (any, error)
	of    []string // the types of queues that have it
}

var (
	everyType = []string{quorum, classic, stream}
	queueLike = []string{quorum, classic}
	quorumed  = []string{quorum}
)

var queueArguments = map[string]argument{
	singleActive:                 {truth, queueLike},
	deliveryLimit:                {from(-1), quorumed},
	deadLetters:                  {words, queueLike},
	deadKey:                      {words, queueLike},
	deadStrategy:                 {oneOf(atMostOnce, atLeastOnce), quorumed},
	overflowPolicy:               {oneOf(dropHead, rejectPublish), queueLike},
	"x-max-length":               {from(0), queueLike},
	"x-max-length-bytes":         {from(0), queueLike},
	"x-message-ttl":              {from(0), queueLike},
	"x-consumer-timeout":         {from(0), queueLike},
	"x-queue-leader-locator":     {oneOf("balanced", "client-local"), everyType},
	"x-quorum-target-group-size": {from(1), quorumed},
	typeConfig:                   {oneOf(quorum, classic, stream), everyType},
	persistentConfig:             {truth, queueLike},
	mandatoryConfig:              {truth, queueLike},
}

func truth(v string) (any, error) {
	if v != "true" && v != "false" {
		return nil, fmt.Errorf("is %q: it is true or false", v)
	}
	return v == "true", nil
}

// from takes whole numbers that are not below the least.
func from(least int64) func(string) (any, error) { return between(least, math.MaxInt64) }

// between takes whole numbers within bounds.
func between(least, most int64) func(string) (any, error) {
	bounds := fmt.Sprintf("from %d to %d", least, most)
	if most == math.MaxInt64 {
		bounds = fmt.Sprintf("from %d on", least)
	}
	return func(v string) (any, error) {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("is %q: it is a whole number %s", v, bounds)
		}
		return n, nil
	}
}

// size takes what RabbitMQ reads as one. What it cannot read it passes over, and goes on with its default.
func size(v string) (any, error) {
	if !sized.MatchString(v) {
		return nil, fmt.Errorf("is %q: it is a size, as in 512MiB", v)
	}
	return v, nil
}

var sized = regexp.MustCompile(`^[0-9]+([kKmMgG](i?[bB])?)?$`)

// times takes multiples of what a machine has.
func times(most float64) func(string) (any, error) {
	return func(v string) (any, error) {
		if f, err := strconv.ParseFloat(v, 64); err != nil || !(f > 0 && f <= most) {
			return nil, fmt.Errorf("is %q: it is a number above 0, up to %g, of the memory that there is", v, most)
		}
		return v, nil
	}
}

func words(v string) (any, error) { return v, nil }

func oneOf(all ...string) func(string) (any, error) {
	return func(v string) (any, error) {
		if !slices.Contains(all, v) {
			return nil, fmt.Errorf("is %q: it is %s", v, strings.Join(all, " or "))
		}
		return v, nil
	}
}

// queueType is what kind of queues a topic is.
func queueType(t broker.Topic) string {
	switch named := t.Config[typeConfig]; named {
	case classic, stream:
		return named
	}
	return quorum
}

// arguments are what a topic's queues are declared with.
func arguments(t broker.Topic) amqp.Table {
	all := amqp.Table{"x-queue-type": queueType(t), "x-queue-leader-locator": "balanced"}
	switch queueType(t) {
	case quorum:
		all["x-quorum-initial-group-size"] = int64(t.Replicas)
	case stream:
		all["x-initial-cluster-size"] = int64(t.Replicas)
	}
	if queueType(t) != stream {
		all[singleActive] = true
	}
	for name, v := range t.Config {
		if a := queueArguments[name]; a.value != nil && strings.HasPrefix(name, "x-") {
			all[name], _ = a.value(v) // Check has told what is wrong with it
		}
	}
	return all
}

// Settings of the broker that are read here, too.
const (
	pollConfig      = "aten.poll_interval"
	heartbeatConfig = "heartbeat"
	partitionConfig = "cluster_partition_handling"
	storeConfig     = "metadata-store"

	khepri = "khepri"
)

// nodeSettings are the settings of a node that a scenario may set, by what kind of value they have. All others either belong to the place where the node runs,
// or change what is measured in ways that nobody here knows of.
var nodeSettings = map[string]func(string) (any, error){
	pollConfig:                          from(1),
	heartbeatConfig:                     between(0, 65535),
	ticktimeConfig:                      from(1),
	consumerConfig:                      from(1),
	storeConfig:                         oneOf("mnesia", khepri),
	partitionConfig:                     oneOf("ignore", "pause_minority", "autoheal"),
	"vm_memory_high_watermark.absolute": size,
	"vm_memory_high_watermark.relative": times(1),
	"disk_free_limit.absolute":          size,
	"disk_free_limit.relative":          times(100),
	"max_message_size":                  between(1, 512<<20),
	"channel_max":                       between(0, 65535),
	"frame_max":                         between(4096, math.MaxInt32),
	"collect_statistics_interval":       from(1),
	"raft.wal_max_size_bytes":           from(1),
	"raft.segment_max_entries":          between(1, 65535),
}

// elsewhere says of settings that other kinds of brokers have, or other versions of this one, what there is here in their place.
var elsewhere = map[string]string{
	"min.insync.replicas":            "there is none: a message is confirmed when a majority of its queue's replicas has it",
	"unclean.leader.election.enable": "there is none: only a replica that has everything confirmed can become the leader of a quorum queue",
	"retention.ms":                   "there is none: a message leaves when it is acknowledged; x-message-ttl throws it away before",
	"storage":                        "quorum queues keep everything on disk; queue-type: classic with persistent: false keeps messages in memory",
	"replicas":                       "topic.replicas says it",
	"x-quorum-initial-group-size":    "topic.replicas says it",
	"x-queue-type":                   "queue-type says it",
	"x-initial-cluster-size":         "topic.replicas says it",
	"x-max-age":                      noRetention,
	"x-expires":                      "a queue has to be there when the consumers have reached its end",
	"x-max-priority":                 "messages of two priorities change places, and squall sends those of one",
	"x-queue-mode":                   "RabbitMQ 4 has none: its classic queues are always lazy",
	"ha-mode":                        "RabbitMQ 4 mirrors no classic queues: queue-type: quorum is what is replicated",
}

// problems are what is wrong with settings.
type problems []broker.Problem

func (p *problems) tell(wrong bool, field, format string, args ...any) {
	if wrong {
		*p = append(*p, broker.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// named is what a topic may be called: the names of its queues are told to nodes in Erlang.
var named = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

const noStreamGroup = "of a stream, AMQP 0-9-1 keeps nothing for a group: write group: \"\", and every consumer reads everything by offset"

const noGroup = "a queue cannot be read without taking its messages: name a group, and know that all groups share the queues"

func check(s broker.Settings) []broker.Problem {
	var all problems
	t, p := s.Topic, s.Producer
	all.tell(!named.MatchString(t.Name) || strings.HasPrefix(t.Name, "amq."), "topic.name",
		"%q is no name of queues: it has letters, digits, dots, dashes and underscores, 200 at most, and does not begin with amq.", t.Name)
	all.tell(t.Partitions < 1, "topic.partitions", "a topic has at least one partition: each is a queue")
	all.tell(t.Replicas < 1, "topic.replicas", "a queue has at least one replica")
	all.tell(t.Replicas > s.Nodes, "topic.replicas", "%d replicas need as many nodes, and there are %d: lower it, or raise broker.nodes", t.Replicas, s.Nodes)
	all.tell(queueType(t) == classic && t.Replicas > 1, "topic.replicas", "a classic queue is on one node alone: write replicas: 1, or leave out queue-type: classic")
	all.tell(p.Acks == "1", "load.producers.acks", "a queue confirms what a majority of its replicas has, or nothing: write acks: all, or leave it out")
	all.tell(p.Acks == "0", "load.producers.acks", "without confirms nobody could say what was stored: write acks: all, or leave it out")
	all.tell(!slices.Contains([]string{"", "all", "1", "0"}, p.Acks), "load.producers.acks", "acks is %q: write acks: all, or leave it out", p.Acks)
	all.tell(p.Transactions.Used(), "load.producers.transactions", "quorum queues and streams have no transactions, and those of AMQP promise nothing over several queues: leave them out")
	all.tell(p.Compression != "" && p.Compression != "none", "load.producers.compression", "an AMQP client does not compress what it sends: leave it out")
	all.tell(p.Buffer < 0, "load.producers.buffer", "the buffer is a number of messages")
	all.tell(p.DeliveryTimeout != 0 && p.DeliveryTimeout < time.Second, "load.producers.delivery-timeout", "below 1s the client cannot keep it")
	all.tell(s.Consumer.Isolation == broker.ReadCommitted && !p.Transactions.Used(), "load.consumers.isolation", "queues and streams have no transactions: leave it out")
	if queueType(t) == stream {
		all.followers(s.Consumer)
	} else {
		all.consumers(s.Consumer)
	}
	all.beats(s.Consumer)
	all.node(s.Config)
	all.queue(t)
	return all
}

func (p *problems) consumers(c broker.ConsumerSettings) {
	p.tell(c.Group == "", "load.consumers.group", noGroup)
	p.tell(c.Commit == broker.CommitNever, "load.consumers.commit",
		"a consumer that acknowledges nothing is given %d messages of each queue and no more: write after-processing or before-processing", prefetch)
}

// followers tells of those who read streams.
func (p *problems) followers(c broker.ConsumerSettings) {
	p.tell(c.Group != "", "load.consumers.group", noStreamGroup)
}

func (p *problems) beats(c broker.ConsumerSettings) {
	p.tell(c.SessionTimeout != 0 && (c.SessionTimeout < time.Second || c.SessionTimeout%time.Second != 0), "load.consumers.session-timeout",
		"it is the heartbeat of the consumers' connections, in whole seconds: write 1s or more")
}

// node tells of the nodes' settings.
func (p *problems) node(config map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(config)) {
		field := "broker.config[" + name + "]"
		valid, known := nodeSettings[name]
		if !known {
			p.tell(true, field, "%s", unknown(name, "a node of RabbitMQ", slices.Sorted(maps.Keys(nodeSettings))))
		} else if _, err := valid(config[name]); err != nil {
			p.tell(true, field, "%s %v", name, err)
		}
	}
}

// queue tells of the queues' settings.
func (p *problems) queue(t broker.Topic) {
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		field := "topic.config[" + name + "]"
		a, known := queueArguments[name]
		if !known {
			p.tell(true, field, "%s", unknown(name, "a queue", slices.Sorted(maps.Keys(queueArguments))))
			continue
		}
		_, err := a.value(t.Config[name])
		p.tell(err != nil, field, "%s %v", name, err)
		if name == "x-max-length-bytes" && queueType(t) == stream {
			p.tell(true, field, "%s: leave it out", noRetention)
			continue
		}
		p.tell(!slices.Contains(a.of, queueType(t)), field, "%s has no %s: leave out one of the two, this or queue-type: %s", articled[queueType(t)], name, queueType(t))
	}
	p.tell(queueType(t) == quorum && !persistent(t), "topic.config["+persistentConfig+"]",
		"a quorum queue keeps every message on disk, whatever its sender says: leave it out, or write queue-type: classic")
	p.dead(t)
}

// dead tells of the settings of dead letters.
func (p *problems) dead(t broker.Topic) {
	exchange, there := t.Config[deadLetters]
	key, keyed := t.Config[deadKey]
	field := func(name string) string { return "topic.config[" + name + "]" }
	p.tell(keyed && !there, field(deadKey), "without %s there are no dead letters that it could be the key of: write one, or leave this out", deadLetters)
	p.tell(strings.HasPrefix(exchange, "amq."), field(deadLetters), "%s is the broker's own: write a name of yours, and squall makes the exchange and a queue behind it", exchange)
	if there && exchange == "" {
		p.tell(key == "", field(deadLetters), "the default exchange passes a message on to the queue that its key names, which is the one that gave it up: write %s as well, as in %s.dead", deadKey, t.Name)
		p.tell(key != "" && !named.MatchString(key), field(deadKey), "%q is no name of a queue: it has letters, digits, dots, dashes and underscores, 200 at most", key)
		p.tell(slices.Contains(queues(t), key), field(deadKey), "%s is one of the topic's own queues: name another one, as in %s.dead", key, t.Name)
	}
	strategy, chosen := t.Config[deadStrategy]
	p.tell(chosen && !there, field(deadStrategy), "without %s there are no dead letters: write one, or leave this out", deadLetters)
	p.tell(there && strategy == atLeastOnce && t.Config[overflowPolicy] != rejectPublish, field(deadStrategy),
		"the broker only does so with %s: %s, and else takes %s: write both", overflowPolicy, rejectPublish, atMostOnce)
}

// noRetention is why a stream keeps everything.
const noRetention = "what a stream throws away during a run could not be told from what is lost"

// articled is what one of a type is called.
var articled = map[string]string{quorum: "a quorum queue", classic: "a classic queue", stream: "a stream"}

// unknown says of a setting that there is none of that name, and what there is in its place.
func unknown(name, whose string, there []string) string {
	if why, ok := elsewhere[name]; ok {
		return fmt.Sprintf("%s is no setting of %s: %s", name, whose, why)
	}
	if meant := broker.Nearest(name, there); meant != "" {
		return fmt.Sprintf("%s is no setting of %s, did you mean %s?", name, whose, meant)
	}
	return fmt.Sprintf("%s is no setting of %s that a scenario can have; there are %s", name, whose, strings.Join(there, ", "))
}
