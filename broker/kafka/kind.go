package kafka

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// Kind is what can be known of Kafka without a running cluster.
var Kind = broker.Kind{
	Name:     "kafka",
	Check:    check,
	Contract: contract,
	Timers:   timers,
	Roles:    []string{"controller", "coordinator"},
	Decisive: broker.Decisive{Node: sessionConfig, Follower: lagConfig, Member: memberTimer, Heartbeat: heartbeatConfig},
	APIs: []string{"produce", "fetch", "list-offsets", "metadata", "offset-commit", "offset-fetch", "find-coordinator", "join-group", "sync-group",
		"heartbeat", "leave-group", "init-producer-id", "end-txn"},
	Codes:          errorCodes(),
	BrokerSettings: namesOf(0),
	TopicSettings:  namesOf(1),
	Places: map[string]broker.Place{
		"containers": {In: "containers", Copies: true, Most: 9},
		"embedded":   {In: "this process", Emulated: true},
		"external":   {In: "a cluster that squall did not start", Copies: true},
	},
	Refuses: map[string]string{
		"step-down":    "Kafka takes no such order: stop the node, which hands over what it leads; or reassign, and then elect-leader",
		"memory-alarm": noAlarm, "disk-alarm": noAlarm,
		"cancel-consumer": "members of a group ask for what they are given, and no broker stops giving by itself: crash-consumer ends one, rebalance-storm takes its partitions away",
		"delete-queue":    "a partition cannot be deleted by itself: recreate-topic deletes the topic and makes it again",
	},
}

const noAlarm = "its brokers raise no alarms: fill-disk and limit-memory take the resource itself"

// What franz-go does where the settings leave it to the client.
const (
	defaultMetadataMinAge  = 5 * time.Second
	defaultSessionTimeout  = 45 * time.Second
	defaultHeartbeat       = 3 * time.Second
	defaultDeliveryTimeout = 2 * time.Minute // ours: franz-go would wait for ever, and every message has to have an outcome
	defaultBuffer          = 10_000
	blackHole              = 20 * time.Second // franz-go's time-out for a produce request, with what it adds for the network
)

// The timers that a fault has to outlast.
const (
	sessionConfig   = "broker.session.timeout.ms"
	lagConfig       = "replica.lag.time.max.ms"
	heartbeatConfig = "broker.heartbeat.interval.ms"
	memberTimer     = "group session timeout"
)

// The timers of the controllers' quorum.
const (
	quorumFetchConfig    = "controller.quorum.fetch.timeout.ms"
	quorumElectionConfig = "controller.quorum.election.timeout.ms"
)

const minInSyncConfig = "min.insync.replicas"

// minInSync is how many replicas have to be in sync for acks=all, as the topic or the broker says.
func minInSync(s broker.Settings) (int, error) {
	v := cmp.Or(s.Topic.Config[minInSyncConfig], s.Config[minInSyncConfig], "1")
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 1, fmt.Errorf("%s is %q, which is no number of replicas", minInSyncConfig, v)
	}
	return n, nil
}

// topicName is what Kafka takes (org.apache.kafka.common.internals.Topic).
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func check(s broker.Settings) []broker.Problem {
	var all []broker.Problem
	tell := func(wrong bool, field, format string, args ...any) {
		if wrong {
			all = append(all, broker.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
		}
	}
	p, t := s.Producer, s.Topic
	isr, err := minInSync(s)
	tell(err != nil, "topic.config["+minInSyncConfig+"]", "%v", err)
	tell(!topicName.MatchString(t.Name) || t.Name == "." || t.Name == "..", "topic.name",
		"%q is no name of a topic: it has 1 to 249 letters, digits, dots, underscores and hyphens, and is not a dot or two", t.Name)
	tell(t.Partitions < 1, "topic.partitions", "a topic has at least one partition")
	tell(t.Replicas < 1, "topic.replicas", "a partition has at least one replica")
	tell(t.Replicas > s.Nodes, "topic.replicas", "%d replicas need as many nodes, and there are %d: lower it, or raise broker.nodes", t.Replicas, s.Nodes)
	tell(isr > t.Replicas && t.Replicas > 0, "topic.config["+minInSyncConfig+"]",
		"%d replicas can never be in sync where there are %d: every acks=all would be refused", isr, t.Replicas)
	_, ok := acks[p.Acks]
	tell(!ok, "load.producers.acks", "acks is %q: it is all, 1 or 0", p.Acks)
	tell(ok && p.Acks != "all" && p.Acks != "" && p.Idempotent, "load.producers.idempotent",
		"an idempotent producer needs acks: all; set idempotent: false, or acks: all")
	_, ok = codecs[p.Compression]
	tell(!ok, "load.producers.compression", "compression is %q: it is none, gzip, snappy, lz4 or zstd", p.Compression)
	tell(p.Linger < 0 || p.Linger > time.Minute, "load.producers.linger", "linger is %v: it lies between 0 and 1m", p.Linger)
	tell(p.BatchBytes != 0 && (p.BatchBytes < 512 || p.BatchBytes > 100<<20), "load.producers.batch",
		"batches of %d bytes are not possible: between 512 and 100 MiB, or 0 for the client's own", p.BatchBytes)
	tell(p.Buffer < 0, "load.producers.buffer", "the buffer is a number of messages")
	tell(p.DeliveryTimeout != 0 && p.DeliveryTimeout < time.Second, "load.producers.delivery-timeout", "below 1s the client cannot keep it")
	tell(badAge(p.MetadataMinAge), "load.producers.metadata-min-age", "%v is not possible: between 10ms and 5m, or 0 for the client's own", p.MetadataMinAge)
	tell(badAge(s.Consumer.MetadataMinAge), "load.consumers.metadata-min-age",
		"%v is not possible: between 10ms and 5m, or 0 for the client's own", s.Consumer.MetadataMinAge)
	isolation := s.Consumer.Isolation
	tell(isolation != "" && isolation != broker.ReadCommitted && isolation != broker.ReadUncommitted, "load.consumers.isolation",
		"isolation is %q: it is read_committed or read_uncommitted", isolation)
	tell(s.Consumer.CommitInterval != 0 && s.Consumer.CommitInterval < 100*time.Millisecond, "load.consumers.commit-interval", "it is at least 100ms")
	return slices.Concat(all, checkSession(s), checkTransactions(s), checkConfig(s))
}

// What brokers let a member of a group ask for.
const (
	minSessionConfig  = "group.min.session.timeout.ms"
	maxSessionConfig  = "group.max.session.timeout.ms"
	defaultMinSession = 6 * time.Second
	defaultMaxSession = 30 * time.Minute
)

// checkSession tells of a session that no broker would let a member join with: every consumer would try again and again, and read nothing.
func checkSession(s broker.Settings) (all problems) {
	const field = "load.consumers.session-timeout"
	session := s.Consumer.SessionTimeout
	least, most := setting(s, minSessionConfig, defaultMinSession, "", "").Value, setting(s, maxSessionConfig, defaultMaxSession, "", "").Value
	switch {
	case session == 0:
	case session < 100*time.Millisecond:
		all.tell(field, "it is at least 100ms")
	case s.Consumer.Group == "":
	case session < least:
		all.tell(field, "brokers refuse members whose session is below %s, which is %v: write that or more, or lower broker.config[%[1]s]", minSessionConfig, least)
	case session > most:
		all.tell(field, "brokers refuse members whose session is above %s, which is %v: write that or less, or raise broker.config[%[1]s]", maxSessionConfig, most)
	}
	return all
}

const (
	maxTimeoutConfig  = "transaction.max.timeout.ms"
	defaultMaxTimeout = 15 * time.Minute
)

// checkTransactions returns what is wrong with the settings of transactions.
func checkTransactions(s broker.Settings) []broker.Problem {
	var all problems
	p, t := s.Producer, s.Producer.Transactions
	if !t.Used() {
		return nil
	}
	const field = "load.producers.transactions"
	if p.Acks != "all" && p.Acks != "" || !p.Idempotent {
		all.tell(field, "transactions need acks: all and idempotent: true; write both, or leave the transactions out")
	}
	timeout, most := cmp.Or(p.TransactionTimeout, defaultTransactionTimeout), setting(s, maxTimeoutConfig, defaultMaxTimeout, "", "").Value
	if timeout < time.Second || timeout > most {
		all.tell("load.producers.transaction-timeout", "%v is not possible: it lies between 1s and the broker's %s, which is %v", timeout, maxTimeoutConfig, most)
	}
	if t.Every >= timeout {
		all.tell(field+".every", "the broker aborts a transaction that is open for %v, the transaction-timeout, so that none would ever be committed; end them earlier", timeout)
	}
	if t.Every >= cmp.Or(p.DeliveryTimeout, defaultDeliveryTimeout) {
		all.tell(field+".every", "messages have their outcome when their transaction ends, and the delivery-timeout is %v: end transactions earlier", p.DeliveryTimeout)
	}
	if n := cmp.Or(p.Buffer, defaultBuffer); t.Messages > n {
		all.tell(field+".messages", "a transaction's messages stay in the buffer until it ends, and the buffer holds %d; lower this, or raise load.producers.buffer", n)
	}
	return all
}

func badAge(d time.Duration) bool { return d != 0 && (d < 10*time.Millisecond || d > 5*time.Minute) }

func contract(s broker.Settings) broker.Contract {
	c := broker.Contract{
		Ordered:    true, // idempotent producers number their batches; others have a single request in flight
		Unique:     s.Producer.Idempotent,
		Redelivers: true,
		Skips:      s.Consumer.Commit == broker.CommitBefore,
		Atomic:     s.Producer.Transactions.Used(),
	}
	isr, _ := minInSync(s)
	unclean := cmp.Or(s.Topic.Config[uncleanConfig], s.Config[uncleanConfig]) == "true"
	switch all := s.Producer.Acks == "all" || s.Producer.Acks == ""; {
	case s.Producer.Acks == "0":
		c.Survives = "Nothing is promised: with acks=0 no broker ever answers, and a message counts as acknowledged when it was written to the network."
	case !all:
		c.Survives = "Acknowledged messages may be lost when the leader dies: with acks=1 it answers before any other replica has them."
	case s.Topic.Replicas < 2:
		c.Survives = "Acknowledged messages survive a restart of the process, but not the loss of the only node that has them."
	case unclean:
		c.Survives = "Acknowledged messages may be lost when a replica that was not in sync becomes leader, which " + uncleanConfig + " allows."
	case isr < 2:
		c.Survives = "Acknowledged messages may be lost when the leader dies while no other replica is in sync, which " + minInSyncConfig + "=1 allows."
	default:
		c.Durable = true
		c.Survives = "Every acknowledged message survives the death of any " + nodes(min(isr, s.Topic.Replicas)-1) + "."
	}
	if isr > 1 && s.Producer.Acks != "all" && s.Producer.Acks != "" {
		c.Notes = append(c.Notes, minInSyncConfig+" has no effect without acks=all.")
	}
	if !s.Producer.Idempotent && s.Producer.Acks != "0" {
		c.Notes = append(c.Notes, "Without idempotence the client's own retries may store a message twice.")
	}
	if c.Skips {
		c.Notes = append(c.Notes, "The group commits before it processes: what a member holds when it dies, nobody in the group is given again.")
	}
	switch {
	case !c.Atomic:
	case s.Consumer.Isolation == broker.ReadCommitted:
		c.Notes = append(c.Notes, "Consumers read committed: they are given all messages of a transaction that is committed, and none of one that is aborted.")
	default:
		c.Notes = append(c.Notes, "Consumers read uncommitted: they may be given messages of transactions that are aborted, which are counted as dirty reads, and no violation. "+
			"The final read reads committed.")
	}
	if c.Durable {
		c.Notes = append(c.Notes, "Kafka acknowledges before it flushes to disk: the loss of power on all replicas at once is not covered.")
	}
	return c
}

const uncleanConfig = "unclean.leader.election.enable"

func nodes(n int) string {
	if n == 1 {
		return "one node"
	}
	return strconv.Itoa(n) + " nodes"
}

// timers are in the order in which they rule a failover.
func timers(s broker.Settings) []broker.Timer {
	session := cmp.Or(s.Consumer.SessionTimeout, defaultSessionTimeout)
	all := []broker.Timer{
		setting(s, sessionConfig, 9*time.Second, "detection",
			"The controller fences a broker that it has not heard of for so long; until then acks=all waits for it wherever it is in sync."),
		setting(s, lagConfig, 30*time.Second, "detection",
			"A leader drops a follower from the in-sync set that lags for so long, though its broker is alive."),
		setting(s, quorumFetchConfig, 2*time.Second, "election",
			"A controller that does not hear from the quorum's leader for so long asks for an election."),
		setting(s, quorumElectionConfig, time.Second, "election", "An election of the quorum's leader that takes so long begins anew."),
		{Name: "client metadata min age", Value: cmp.Or(s.Producer.MetadataMinAge, defaultMetadataMinAge), Part: "client discovery",
			Note: "A client asks at most this often who leads, unless a broker tells it."},
		{Name: "client produce request timeout", Value: blackHole, Part: "client discovery", Side: "produce",
			Note: "A client gives up after so long on a broker that takes its requests and stays silent."},
		setting(s, heartbeatConfig, 2*time.Second, "catch-up",
			"A broker reports to the controller this often, and one that comes back is unfenced by such a report."),
	}
	if s.Producer.Transactions.Used() {
		all = append(all, broker.Timer{Name: "transaction timeout", Value: cmp.Or(s.Producer.TransactionTimeout, defaultTransactionTimeout), Part: "catch-up",
			Note: "The coordinator aborts a transaction that is open for so long; until then nobody who reads committed gets past it."})
	}
	if s.Consumer.Group != "" {
		all = append(all, broker.Timer{Name: memberTimer, Value: session, Part: "detection", Side: "consume",
			Note: "A member of the group that is not heard of for so long is expelled, and its partitions go to others."})
	}
	return all
}

func setting(s broker.Settings, name string, value time.Duration, part, note string) broker.Timer {
	if ms, err := strconv.ParseInt(strings.TrimSpace(s.Config[name]), 10, 64); err == nil {
		value = time.Duration(ms) * time.Millisecond
	}
	return broker.Timer{Name: name, Value: value, Part: part, Note: note}
}
