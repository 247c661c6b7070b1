package rabbitmq

import (
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func contract(s broker.Settings) broker.Contract {
	if queueType(s.Topic) == stream {
		return streamContract(s)
	}
	c := broker.Contract{
		Ordered:    single(s.Topic), // and nothing is published again that may be stored
		Redelivers: true,
		// A node that was cut off passes on what it was given before, long after its client went elsewhere.
		LateUnknowns: true,
		Skips:        s.Consumer.Commit == broker.CommitBefore,
	}
	c.Durable, c.Survives = durable(s.Topic)
	note := func(format string, args ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, args...)) }
	if c.Skips {
		note("The group acknowledges before it processes: what a member holds when it dies, nobody is given again.")
	}
	note("A message leaves its queue when it is acknowledged, and nothing can be read again: what the group was given until the queues were empty is held against what was confirmed.")
	if !single(s.Topic) {
		note("Consumers share each queue: the order in which they are given its messages is not promised.")
	}
	if limit := s.Topic.Config[deliveryLimit]; queueType(s.Topic) == quorum && limit != "-1" {
		if limit == "" {
			limit = "20, the broker's own limit,"
		}
		note("A message that came back more than %s times is dropped, or goes to the dead-letter exchange if there is one; every connection that a consumer loses counts for each message it held. %s: \"-1\" keeps them.", limit, deliveryLimit)
	}
	if queue := deadQueue(s.Topic); queue != "" {
		c.SetsAside = true
		note("What a queue gives up on goes to the queue %s, which squall reads at the end: it counts as dead-lettered, and as found.", queue)
		if s.Topic.Config[deadStrategy] != atLeastOnce {
			note("On the way there it has no copy (%s: %s): what cannot be taken in that moment is gone.", deadStrategy, atMostOnce)
		}
	}
	c.Notes = append(c.Notes, parted(s)...)
	return c
}

// parted tells what becomes of nodes that no longer see one another.
func parted(s broker.Settings) []string {
	if s.Nodes < 2 {
		return nil
	}
	return []string{partitionHandling(s)}
}

func streamContract(s broker.Settings) broker.Contract {
	c := broker.Contract{
		Durable: true, Ordered: true, Redelivers: true,
		Unique: true, // nothing is published twice, and what a node passes on again to a new leader has its number
		// A node that was cut off passes on what it was given before, long after its client went elsewhere.
		LateUnknowns: true,
		Survives:     "Every confirmed message survives the death of the processes of any nodes, even of all at once: a majority of its replicas had written it.",
	}
	if s.Topic.Replicas < 2 {
		c.Survives = "Every confirmed message survives the death of any process, and none the loss of the only node's disk that has it."
	}
	c.Notes = append([]string{
		fmt.Sprintf("A stream's leader that stands still or is cut off, and keeps its connections, is replaced only when net_ticktime (%v) has passed, give or take a quarter: until then the stream takes nothing, and holds up what else is published on the same connections.",
			duration(s, ticktimeConfig, time.Second, defaultTicktime)),
		"A stream is written and not flushed: what a majority's machines had not flushed yet is gone when they lose power.",
		"Every consumer reads everything by offset, from its node's own replica, and nothing is taken out: the streams are read again at the end, from the first message to the last.",
	}, parted(s)...)
	return c
}

// durable tells what confirmed messages survive, in a sentence.
func durable(t broker.Topic) (bool, string) {
	_, ttl := t.Config["x-message-ttl"]
	if t.Config[deadStrategy] == atLeastOnce {
		ttl = false // what is thrown away is moved
	}
	switch {
	case !mandatory(t):
		return false, "Messages for which there is no queue are confirmed and lost: mandatory: false has the broker say nothing of it."
	case ttl && deadQueue(t) != "":
		return false, "What nobody takes in time goes to the dead letters (x-message-ttl), and is lost where they cannot take it at once; at-least-once keeps it."
	case ttl:
		return false, "Confirmed messages are lost that nobody takes in time: x-message-ttl throws them away."
	case dropsHead(t) && deadQueue(t) != "":
		return false, "When a queue is full the oldest confirmed messages go to the dead letters, and are lost where they cannot take them at once; x-overflow: reject-publish refuses new ones in their place."
	case dropsHead(t):
		return false, "Confirmed messages are lost when a queue is full: it drops the oldest; x-overflow: reject-publish refuses new ones in their place."
	case queueType(t) == quorum && t.Replicas < 2:
		return true, "Every confirmed message survives the death of any process, and none the loss of the only node's disk that has it."
	case queueType(t) == quorum:
		return true, "Every confirmed message survives the death of the processes of any nodes, even of all at once: a majority of its replicas had flushed it to disk."
	case !persistent(t):
		return false, "Confirmed messages are lost when their queue's node dies: with persistent: false a classic queue keeps them in memory."
	}
	return true, "Every confirmed message survives the death of any process, and none the loss of its queue's only node's disk; while that node is down, its queues are too."
}

// dropsHead reports whether a full queue throws away what it had confirmed.
func dropsHead(t broker.Topic) bool {
	_, messages := t.Config["x-max-length"]
	_, bytes := t.Config["x-max-length-bytes"]
	overflow := t.Config[overflowPolicy]
	return (messages || bytes) && (overflow == "" || overflow == dropHead)
}

// partitionHandling says what nodes do that are parted from others.
func partitionHandling(s broker.Settings) string {
	how := s.Config[partitionConfig]
	switch {
	case s.Config[storeConfig] == khepri:
		return "Metadata is what a majority of the nodes agrees on (Khepri): nodes that see only a minority go on, and nothing can be declared there until they see more."
	case how == "autoheal":
		return "When nodes that were parted see one another again, those of one side start anew (cluster_partition_handling: autoheal); each side has served until then."
	case how == "ignore" || how == "" && s.Nodes < 3:
		return "Nodes that were parted, and noticed, go on each for itself, and their metadata stay parted when they see one another again, until somebody starts one side anew (cluster_partition_handling: ignore)."
	}
	return "Nodes that see only a minority of the cluster, and notice, stop serving until they see more (cluster_partition_handling: pause_minority). Silence alone is noticed after net_ticktime, give or take a quarter."
}

// single reports whether each queue has one active consumer at a time.
func single(t broker.Topic) bool { return t.Config[singleActive] != "false" }

// mandatory reports whether the broker is to give messages back for which there is no queue.
func mandatory(t broker.Topic) bool { return t.Config[mandatoryConfig] != "false" }

// persistent reports whether messages are published so that they outlive the broker's process.
func persistent(t broker.Topic) bool { return t.Config[persistentConfig] != "false" }
