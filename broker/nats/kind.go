package nats

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// Kind is what can be known of NATS JetStream without a running cluster.
var Kind = broker.Kind{
	Name:     "nats",
	Check:    check,
	Contract: contract,
	Timers:   timers,
	Roles:    []string{"controller", "coordinator"},
	Decisive: broker.Decisive{Node: electionTimer, Follower: offlineTimer, Member: ackWaitTimer},
	Places: map[string]broker.Place{
		"containers": {In: "containers", Copies: true},
		"embedded":   {In: "processes of their own", Copies: true},
	},
	Refuses: refused,
	Warn:    warn,
	Unused: map[string]string{
		"broker.jvm":                      "its servers are no Java",
		"load.client":                     "its values are for clients of Kafka's",
		"load.producers.linger":           "a publish goes out at once, and is acknowledged by itself",
		"load.producers.batch":            "messages are published one by one",
		"load.producers.metadata-min-age": "a client does not ask who leads: the servers pass its messages on",
		"load.consumers.metadata-min-age": "a client does not ask who leads: the servers pass its requests on",
		"load.consumers.commit-interval":  "each message is acknowledged when it is processed",
	},
	Shared: true,
}

// Faults that there are none of for NATS.
const (
	noSetting = "a scenario changes no settings of NATS while it runs"
	noLies    = "it needs emulated brokers, and these are real"
	noAlarm   = "its nodes raise no alarms: what a stream may hold is the stream's own limit"
)

var refused = map[string]string{
	"alter-config": noSetting, "lower-max-message-bytes": noSetting, "quota": noSetting,
	"error": noLies, "delay-response": noLies, "lose-ack": noLies,
	"memory-alarm": noAlarm, "disk-alarm": noAlarm,
	"cancel-consumer": "members of a group ask for what they are given, and the servers end only the whole group: crash-consumer ends one member",
	"delete-queue":    "partitions are subjects of one stream, and no queues: delete-records deletes what is in one of them",
	"elect-leader":    "a stream prefers no leader; step-down has it elect another",
	"reassign":        "a stream's replicas stay where the cluster put them",
	"recreate-topic":  "a stream that is deleted takes its group with it",
	"rebalance-storm": "members of a group are given no partitions: they share all messages",
	"raft-only":       "NATS replicates and elects over the same connections: isolate cuts both",
	"data-only":       "NATS replicates and elects over the same connections: isolate cuts both",
}

// warn tells of clusters in which a node or a replica gains nothing.
func warn(s broker.Settings) []string {
	var all []string
	even := func(n int, what string) {
		if n > 0 && n%2 == 0 {
			all = append(all, fmt.Sprintf("%d %s survive the loss of %d, as %d would: a majority of them has to live.", n, what, n/2-1, n-1))
		}
	}
	even(s.Nodes, "nodes")
	even(s.Topic.Replicas, "replicas")
	return all
}

// The timers that a fault has to outlast. The server has them built in.
const (
	electionTimer = "raft election timeout"
	offlineTimer  = "raft lost quorum interval"
	ackWaitTimer  = "ack_wait"
	patienceTimer = "client patience"
)

const (
	leastElection   = 4 * time.Second
	longestElection = 9 * time.Second
	lostQuorum      = 10 * time.Second
	defaultAckWait  = 30 * time.Second // the server's own
	pingInterval    = 2 * time.Minute  // the client library's own
	pingsOut        = 2
	reconnectWait   = 2 * time.Second // the client library's own
	// pullHeartbeat is ours. A pull that nobody listened for, as during an election or just after the consumer was made, is answered with a 503 that the library
	// passes over: it asks again when two heartbeats are missing. Its own heartbeat is 15 s, and a consumer stands still for 30 s then (measured).
	pullHeartbeat = time.Second
	// patience is ours as well. A server that stands still, or is cut off from the others, keeps its clients, which wait for it as long as it does: the library
	// would notice the first after four minutes, and the second never.
	patience = 10 * time.Second

	defaultDeliveryTimeout = time.Minute
	defaultBuffer          = 10_000
)

// memory reports whether the stream is kept in memory.
func memory(t broker.Topic) bool { return t.Config[storageConfig] == inMemory }

func contract(s broker.Settings) broker.Contract {
	c := broker.Contract{
		Ordered:      true, // what a publish was refused for is sent again only while nothing behind it can have been stored
		LateUnknowns: true, // a server may pass on what it was given long after its client went elsewhere
		Unique:       true, // nothing is sent again that may have been stored
		Redelivers:   true,
		Skips:        s.Consumer.Commit == broker.CommitBefore,
	}
	majority := s.Topic.Replicas/2 + 1
	spare := s.Topic.Replicas - majority
	switch {
	case memory(s.Topic) && s.Topic.Replicas < 2:
		c.Survives = "Acknowledged messages are lost when the only node that has them dies: storage: memory keeps nothing else."
	case memory(s.Topic) && spare > 0:
		c.Survives = "Acknowledged messages survive the death of any " + nodes(spare) + ", and none survives that of " + nodes(majority) + " at once: storage: memory keeps nothing on disk."
		c.Durable = true
	case memory(s.Topic):
		c.Survives = "Acknowledged messages may be lost with any node: storage: memory keeps nothing on disk."
	default:
		c.Durable = true
		c.Survives = "Every acknowledged message survives the death of the processes of any nodes, even of all at once: a majority of its replicas had written it to a file."
		c.Notes = append(c.Notes, "The server flushes its files to disk every two minutes unless jetstream.sync_interval says otherwise: the loss of power on a majority at once is not covered.")
	}
	if c.Skips {
		c.Notes = append(c.Notes, "The group acknowledges before it processes: what a member holds when it dies, nobody in the group is given again.")
	}
	c.Notes = append(c.Notes, "The group is one durable pull consumer whose members share the messages of all partitions: the order in which they are given is not promised.")
	return c
}

func nodes(n int) string {
	if n == 1 {
		return "one node"
	}
	return strconv.Itoa(n) + " nodes"
}

// timers are in the order in which they rule a failover.
func timers(s broker.Settings) []broker.Timer {
	all := []broker.Timer{
		{Name: electionTimer, Value: longestElection, Least: leastElection, Part: "detection",
			Note: "A follower that does not hear from the leader for 4 to 9 seconds, drawn anew each time, stands for election; this is built into the server. A server that stops in good order hands over at once."},
		{Name: electionTimer, Value: longestElection, Least: leastElection, Part: "election",
			Note: "Of a server whose connections broke everybody knows at once that it is gone, and its followers wait as long all the same before one of them stands."},
		{Name: offlineTimer, Value: lostQuorum, Part: "detection", Note: "A leader that does not hear from a majority for so long steps down."},
		{Name: "client reconnect wait", Value: reconnectWait, Part: "client discovery",
			Note: "A client whose connection broke tries every other server at once, and then waits so long before it tries them again."},
		{Name: "client ping interval", Value: pingInterval, Part: "client discovery",
			Note: "A client on a server that is silent and keeps its connections notices after " + strconv.Itoa(pingsOut) + " of these; squall's clients look before."},
		{Name: patienceTimer, Value: patience, Part: "client discovery",
			Note: "A producer that waits for acknowledgements, or a consumer that asks for messages, and hears nothing at all for so long goes to another server. The library alone does not."},
	}
	all = append(all, broker.Timer{Name: "client pull heartbeat", Value: pullHeartbeat, Part: "client discovery", Side: "consume",
		Note: "A consumer whose request for messages got lost asks again when two of these are missing. The library's own is 15 s, which squall does not keep."})
	if s.Consumer.Group != "" {
		all = append(all, broker.Timer{Name: ackWaitTimer, Value: cmp.Or(s.Consumer.SessionTimeout, defaultAckWait), Part: "detection", Side: "consume",
			Note: "What a member was given and has not acknowledged for so long is given to another, as often as it takes (max_deliver: -1); load.consumers.session-timeout sets it."})
	}
	return all
}
