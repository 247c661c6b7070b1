package rabbitmq

import (
	"fmt"
	"maps"
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
	deliveryLimit:                {whole, quorumed},
	deadLetters:                  {words, queueLike},
	deadKey:                      {words, queueLike},
	deadStrategy:                 {oneOf(atMostOnce, atLeastOnce), quorumed},
	overflowPolicy:               {oneOf(dropHead, rejectPublish), queueLike},
	"x-max-length":               {whole, queueLike},
	"x-max-length-bytes":         {whole, queueLike},
	"x-message-ttl":              {whole, queueLike},
	"x-consumer-timeout":         {whole, queueLike},
	"x-queue-leader-locator":     {oneOf("balanced", "client-local"), everyType},
	"x-quorum-target-group-size": {whole, quorumed},
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

func whole(v string) (any, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("is %q: it is a whole number", v)
	}
	return n, nil
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
	pollConfig:                          whole,
	heartbeatConfig:                     whole,
	ticktimeConfig:                      whole,
	consumerConfig:                      whole,
	storeConfig:                         oneOf("mnesia", khepri),
	partitionConfig:                     oneOf("ignore", "pause_minority", "autoheal"),
	"vm_memory_high_watermark.absolute": words,
	"vm_memory_high_watermark.relative": words,
	"disk_free_limit.absolute":          words,
	"disk_free_limit.relative":          words,
	"max_message_size":                  whole,
	"channel_max":                       whole,
	"frame_max":                         whole,
	"collect_statistics_interval":       whole,
	"raft.wal_max_size_bytes":           whole,
	"raft.segment_max_entries":          whole,
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
	p.tell(c.Isolation == broker.ReadCommitted, "load.consumers.isolation", "quorum queues have no transactions: leave it out")
}

// followers tells of those who read streams.
func (p *problems) followers(c broker.ConsumerSettings) {
	p.tell(c.Group != "", "load.consumers.group", noStreamGroup)
	p.tell(c.Isolation == broker.ReadCommitted, "load.consumers.isolation", "streams have no transactions: leave it out")
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
		p.tell(!slices.Contains(a.of, queueType(t)), field, "%s has no %s: leave it out, or queue-type: %s", articled[queueType(t)], name, queueType(t))
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
	closest := slices.MinFunc(there, func(a, b string) int { return distance(a, name) - distance(b, name) })
	if distance(closest, name) <= 3 {
		return fmt.Sprintf("%s is no setting of %s, did you mean %s?", name, whose, closest)
	}
	return fmt.Sprintf("%s is no setting of %s that a scenario can have; there are %s", name, whose, strings.Join(there, ", "))
}

// distance is how many letters have to be changed, added or taken away to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
