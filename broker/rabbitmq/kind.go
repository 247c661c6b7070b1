package rabbitmq

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// Kind is what can be known of RabbitMQ without a running cluster.
var Kind = broker.Kind{
	Name:     "rabbitmq",
	Check:    check,
	Contract: contract,
	Timers:   timers,
	Decisive: broker.Decisive{Node: pollConfig, Member: heartbeatTimer},
	Places:   map[string]broker.Place{"containers": {In: "containers", Copies: true}},
	Refuses:  refused,
	Warn:     warn,
	Unused: map[string]string{
		"broker.jvm":                      "its nodes run on Erlang",
		"load.client":                     "its values are for clients of Kafka's",
		"load.producers.linger":           "a message is published at once, and confirmed by itself",
		"load.producers.batch":            "messages are published one by one",
		"load.producers.idempotent":       "nothing tells a broker that a message is one it has; squall publishes none twice",
		"load.producers.metadata-min-age": "a client does not ask who leads: the nodes pass its messages on",
		"load.consumers.metadata-min-age": "a client does not ask who leads: the nodes pass its messages on",
		"load.consumers.commit-interval":  "what was processed is acknowledged when the next messages are asked for",
	},
	Changeable: changeable(),
	Offsets:    offsets,
}

// offsets: a stream's consumers are told them, and its confirms tell none.
func offsets(s broker.Settings) broker.Offsets {
	if queueType(s.Topic) == stream {
		return broker.OffsetsDelivered
	}
	return broker.NoOffsets
}

// Faults that there are none of for RabbitMQ.
const (
	noSetting = "a scenario changes no settings of RabbitMQ's nodes while they run"
	noLies    = "it needs emulated brokers, and these are real"
	onePlane  = "two nodes have one connection for all that they say to each other: isolate cuts it"
)

var refused = map[string]string{
	"lower-max-message-bytes": noSetting, "quota": noSetting,
	"error": noLies, "delay-response": noLies, "lose-ack": noLies,
	"raft-only": onePlane, "data-only": onePlane,
	"elect-leader":    "a queue prefers no leader; step-down has it take another",
	"reassign":        "a queue's replicas stay where the cluster put them",
	"delete-records":  "a queue has no offsets below which it could be emptied, and of a stream only retention takes something away",
	"rebalance-storm": "no partitions are handed out: consumers share the queues, or read every stream",
	"wipe":            "a node without its data is not let in again under its name before somebody has removed it from the cluster",
}

// warn tells of clusters in which a node or a replica gains nothing, and of groups that do not share.
func warn(s broker.Settings) []string {
	var all []string
	even := func(n int, what string) {
		if n > 0 && n%2 == 0 {
			all = append(all, fmt.Sprintf("%d %s survive the loss of %d, as %d would: a majority of them has to live.", n, what, n/2-1, n-1))
		}
	}
	even(s.Nodes, "nodes")
	if queueType(s.Topic) != classic {
		even(s.Topic.Replicas, "replicas")
	} else if single(s.Topic) {
		all = append(all, "Of consumers of a classic queue with one active consumer, the first is given everything: the others wait for its death.")
	}
	return all
}

// The timers that a fault has to outlast.
const (
	heartbeatTimer = "heartbeat"
	ticktimeConfig = "net_ticktime"
	consumerConfig = "consumer_timeout"
	electionTimer  = "election time-out"
)

// Between these a follower draws how long it waits once its leader's connection broke: Ra's broadcast time of 100 ms, and up to five times as long again
// (ra_server_proc.erl, election_timeout_action, short).
const (
	leastElection = 100 * time.Millisecond
	mostElection  = 600 * time.Millisecond
)

const (
	defaultPoll            = time.Second      // ours: the broker's own is 5 s
	defaultHeartbeat       = 10 * time.Second // the client library's own; the broker proposes 60 s, and the lower one counts
	defaultTicktime        = time.Minute
	defaultConsumer        = 30 * time.Minute
	defaultDeliveryTimeout = time.Minute
	defaultBuffer          = 10_000
)

// heartbeat is the interval of connections.
func heartbeat(s broker.Settings) time.Duration {
	if n, err := strconv.Atoi(s.Config[heartbeatConfig]); err == nil && n > 0 {
		return min(defaultHeartbeat, time.Duration(n)*time.Second)
	}
	return defaultHeartbeat
}

// duration is a setting in some unit.
func duration(s broker.Settings, name string, unit, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(s.Config[name]); err == nil && n > 0 {
		return time.Duration(n) * unit
	}
	return otherwise
}

// timers are in the order in which they rule a failover.
func timers(s broker.Settings) []broker.Timer {
	elected, given, silent := "the followers of a quorum queue elect another leader after one or two of these", "what a consumer had not acknowledged is then given to another", "Queues do not wait for it; the metadata and classic queues do."
	if queueType(s.Topic) == stream {
		elected, given, silent = "who coordinates the streams is elected anew after one or two of these", "a consumer then goes on at its offset elsewhere", "Until then a stream whose leader it has takes nothing. One whose connections break is taken for dead at once."
	}
	all := []broker.Timer{
		{Name: pollConfig, Value: duration(s, pollConfig, time.Millisecond, defaultPoll), Part: "detection",
			Note: "Nodes look so often whether the others answer; " + elected + ". RabbitMQ's own is 5s, and squall sets 1s unless broker.config says otherwise."},
		{Name: "confirm deadline", Value: confirmWithin, Part: "client discovery", Side: "produce",
			Note: "squall's own: a producer that is confirmed nothing for so long goes on to another node, and what it had published is unknown. A connection to a node that was cut off may else wait for good."},
		{Name: heartbeatTimer, Value: cmp.Or(memberHeartbeat(s), heartbeat(s)), Part: "client discovery",
			Note: "A client notices a silent connection after one and a half of these, and a node a silent client after about as long; " + given + "."},
		{Name: "client reconnect wait", Value: reconnectWait, Part: "client discovery",
			Note: "A client whose connection broke tries every other node at once, and then waits so long before it tries them again."},
		{Name: ticktimeConfig, Value: duration(s, ticktimeConfig, time.Second, defaultTicktime), Part: "detection",
			Note: "A node that says nothing and keeps its connections is taken for dead after so long, give or take a quarter. " + silent},
	}
	if queueType(s.Topic) == quorum {
		all = append(all, broker.Timer{Name: electionTimer, Least: leastElection, Value: mostElection, Part: "election", Side: "produce",
			Note: "A follower whose connection to the leader breaks draws how long it waits before it stands for election. No setting changes it."})
	}
	if s.Consumer.Group != "" {
		all = append(all, broker.Timer{Name: consumerConfig, Value: duration(s, consumerConfig, time.Millisecond, defaultConsumer), Part: "detection", Side: "consume",
			Note: "A consumer that keeps a message for so long without acknowledging it loses its channel."})
	}
	return all
}

// memberHeartbeat is the interval of the consumers' connections, where the scenario says it; else 0.
func memberHeartbeat(s broker.Settings) time.Duration {
	if s.Consumer.SessionTimeout == 0 {
		return 0
	}
	return min(s.Consumer.SessionTimeout, duration(s, heartbeatConfig, time.Second, time.Minute))
}
