package scenarios

import (
	"io/fs"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/loadgen"
)

// defaults is what a scenario gets that says nothing, where it does not depend on what else the scenario says: for that, see derive.
func defaults() *Scenario {
	return &Scenario{
		Seed:   1,                                 // the same choices on every run, unless told otherwise
		Broker: Broker{Run: Containers, Nodes: 3}, // the fewest that survive the death of one
		Topic:  broker.Topic{Name: "squall", Partitions: 6},
		Load: Load{
			Rate:   1000, // enough to tell a gap in each of 6 partitions, and little for any machine
			Size:   1 << 10,
			Pacing: PacingAuto,
			Client: ClientDefault, // so that users see what users feel
			Producers: Producers{Count: 1, ProducerSettings: broker.ProducerSettings{
				Acks:            "all",
				Linger:          10 * time.Millisecond, // as client libraries have it
				Buffer:          10000,                 // ten seconds of the rate above
				DeliveryTimeout: time.Minute,           // longer than every failover that is worth its name
				Compression:     "none",                // bodies are random
			}},
			Consumers: Consumers{Count: 1, ConsumerSettings: broker.ConsumerSettings{Group: "squall", Commit: broker.CommitAfter}},
		},
		Phases: Phases{
			WarmUp:   5 * time.Second,
			Baseline: 10 * time.Second, // at 1000/s, ten thousand messages: enough for p99.9
			Recovery: 30 * time.Second,
		},
	}
}

// defaultReplicas are the replicas of a topic, where there are so many nodes.
const defaultReplicas = 3

// derive fills in what depends on other fields and was not said.
func (d *draft) derive() {
	s := d.s
	if !d.has("topic.replicas") {
		s.Topic.Replicas = min(defaultReplicas, s.Broker.Nodes)
	}
	if !d.has("load.producers.idempotent") {
		s.Load.Producers.Idempotent = s.Load.Producers.Acks == "all" // brokers refuse it without
	}
	if !d.has("broker.pull") && s.Broker.Run == Containers {
		s.Broker.Pull = PullMissing
	}
	d.deriveContent()
	d.deriveClients()
	d.deriveTransactions()
	d.deriveKind()
	for _, rate := range d.inBytes {
		*rate /= float64(s.Load.Size)
	}
	if c := s.Load.Shape; c != nil && !d.wrong("load.rate") {
		s.Load.Rate = c.Count(s.LoadEnd()) / s.LoadEnd().Seconds()
	}
}

// deriveKind takes the place where the kind of broker runs, and leaves out what it has no use for.
func (d *draft) deriveKind() {
	k := d.kinds[d.s.Broker.Kind]
	d.s.Broker.Place = k.Places[d.s.Broker.Run]
	for field := range k.Unused {
		if p := d.timings()[field]; p != nil && !d.has(field) {
			*p = 0
		}
	}
}

// timings are the clients' settings that not every kind of broker has a use for, and that mean nothing when they are 0.
func (d *draft) timings() map[string]*time.Duration {
	p, c := &d.s.Load.Producers, &d.s.Load.Consumers
	return map[string]*time.Duration{
		"load.producers.linger": &p.Linger, "load.producers.metadata-min-age": &p.MetadataMinAge,
		"load.consumers.metadata-min-age": &c.MetadataMinAge, "load.consumers.commit-interval": &c.CommitInterval,
	}
}

// unsaid reports whether a field says no more than leaving it out.
func (d *draft) unsaid(field string) bool {
	if field == "load.client" {
		return d.s.Load.Client == ClientDefault
	}
	p := d.timings()[field]
	return p != nil && *p == 0
}

// A draft is a scenario that is being read or written.
type draft struct {
	reader
	s       *Scenario
	kinds   map[string]broker.Kind
	inBytes []*float64 // rates that are in bytes per second, until the size is known
	files   fs.FS      // what the scenario may read
}

// fields are all fields of a scenario file but faults and expectations, with where their values are kept.
func (d *draft) fields() section {
	s := d.s
	return section{
		{"name", word(&s.Name), "What the run is called in its report and its folder: one word. Without it the file's name."},
		{"about", text{p: &s.About}, "What the scenario shows, in a sentence or two."},
		{"seed", seed{&s.Seed}, "What all chance is drawn from: the same seed makes the same choices."},
		{"broker", d.broker(), "The cluster that is loaded and broken."},
		{"topic", section{
			{"name", text{p: &s.Topic.Name}, "The topic that the load goes to."},
			{"partitions", number{&s.Topic.Partitions, 1, 10000}, "How many partitions the topic has."},
			{"replicas", number{&s.Topic.Replicas, 1, 99}, "How many nodes keep each partition. Without it 3, or as many as there are nodes."},
			{"config", settings{p: &s.Topic.Config, kind: &s.Broker.Kind, kinds: d.kindNames()},
				"The topic's own settings in the broker's names, as in min.insync.replicas: 2; below a kind's name those for that kind alone."},
		}, "The topic that the load goes to."},
		{"load", d.load(), "What is sent, how fast, and by which clients."},
		{"phases", section{
			{"warm-up", duration{p: &s.Phases.WarmUp}, "Load that is not judged, at the beginning."},
			{"baseline", duration{p: &s.Phases.Baseline, least: time.Second}, "Load without a fault: what everything is held against. Faults count from its end."},
			{"recovery", duration{p: &s.Phases.Recovery}, "How long load and watching go on after a fault."},
		}, "How long the parts of the run last, beside the faults."},
		{"faults", steps{d}, "What breaks, and when. `squall list faults` tells all kinds with their parameters."},
		{"expect", expectations{d}, "What the run is held against: METRIC OP VALUE [during PHASE | of FAULT] [(warn)]. `squall list metrics` tells all."},
		{"verdict", stated{&s.Verdict}, "What the run is to come to where that is not a pass, as in fail(lost): for controls, which show that a loss is found."},
	}
}

// leastDisk is what a broker's data takes before there is any: its metadata, and the indexes of the first segments.
const leastDisk = 128 << 20

// leastMemory leaves a Kafka broker a heap of 256 MiB.
const leastMemory = 1 << 30

func (d *draft) broker() section {
	b := &d.s.Broker
	return section{
		{"kind", kind{d}, "The kind of broker."},
		{"run", choice{&b.Run, []string{Containers, Embedded, Elsewhere}}, "containers: real brokers. embedded: nothing has to be installed; Kafka is emulated in squall's own process and does not replicate, NATS is real there too, in processes of its own; RabbitMQ is not there. external: a cluster that squall does not start, for now of Kafka."},
		{"nodes", number{&b.Nodes, 1, 99}, "How many brokers there are; they are called b1, b2, ..."},
		{"image", text{p: &b.Image}, "Exactly this image. Without it the kind's own, or the one that `make images` built."},
		{"pull", choice{&b.Pull, []string{PullMissing, PullNever}}, "Whether an image that is not there may be fetched."},
		{"disk", size{p: &b.Disk, least: leastDisk, most: largestNode, why: ": a broker does not start with less", unset: true},
			"What each node's data may take, in memory. Without it as much as the machine's disk has."},
		{"limits", section{
			{"cpu", processors{decimal{&b.Limits.CPU, 0, 1024, true}}, "Processors that each node may use at most, as in 0.5. Without it as much as it gets."},
			{"memory", size{p: &b.Limits.Memory, least: leastMemory, most: largestNode, why: ": Kafka does not start with less, and no kind is given less", unset: true},
				"Memory that each node may use at most, beside a disk in memory; half of what is above 512MiB is a Kafka broker's heap. Without it what its kind takes."},
		}, "What each node may use of the machine, so that one that is down leaves nothing to the others."},
		{"jvm", text{p: &b.JVM}, "Options of the broker's Java machine, in place of squall's own."},
		{"config", settings{p: &b.Config, kind: &b.Kind, kinds: d.kindNames()},
			"The broker's own settings in its own names; below a kind's name those for that kind alone."},
		{"external", d.external(), "The cluster, with run: external: which it is, how it is reached, how much it may be sent, and what acts on its nodes."},
	}
}

func (d *draft) load() section {
	l := &d.s.Load
	return section{
		{"rate", pace{d}, "How many messages of all producers together are due in a second: 2000/s, 5k/s, 120k/min, 50MiB/s, a shape, or max."},
		{"size", sizes{d}, "How large a message's value is, squall's envelope included: one size for all, or a distribution."},
		{"keys", keys{d}, "The messages' keys: none, or as many as there are and how they are drawn."},
		{"body", bodies{d}, "What messages hold behind the envelope: random bytes, bytes that compress, or a file's."},
		{"partitions", spread{d}, "Which partition a message goes to: each in turn, by its key, or by weight. With keys, by key unless it is said."},
		{"pacing", choice{&l.Pacing, []string{PacingAuto, string(loadgen.Economical), string(loadgen.Precise)}},
			"How producers wait for a message's time: precise takes a core for each, economical is late by up to a millisecond or so, auto leaves it to the machine."},
		{"client", choice{&l.Client, presets},
			"What client settings start from: the client library's own, fast (asks soon who leads), or java-like (those of Kafka's Java client)."},
		{"producers", d.producers(), "The clients that send."},
		{"consumers", d.consumers(), "The clients that read while the load is on. What was lost is judged by a final read, whoever consumes."},
	}
}

func (d *draft) producers() section {
	p := &d.s.Load.Producers
	return section{
		{"count", number{&p.Count, 1, 1000}, "How many producers share the rate."},
		{"acks", choice{&p.Acks, []string{"all", "1", "0"}}, "Who has to have a message before it is acknowledged: all in-sync replicas, the leader alone, or nobody."},
		{"idempotent", truth{&p.Idempotent}, "Whether the broker drops what a producer sends twice. Without it true with acks: all, else false."},
		{"linger", duration{p: &p.Linger}, "How long a producer waits for a batch to fill."},
		{"batch", size{p: &p.BatchBytes, least: 1, unset: true}, "The largest batch, in bytes. Without it the client library's own."},
		{"buffer", number{&p.Buffer, 1, 100_000_000}, "How many messages a producer holds at most that have no outcome yet."},
		{"delivery-timeout", duration{p: &p.DeliveryTimeout, least: 100 * time.Millisecond}, "When a message without an answer is given up: its outcome is unknown then."},
		{"metadata-min-age", duration{p: &p.MetadataMinAge, least: time.Millisecond, unset: true}, metadataAge},
		{"transactions", transactions{&p.Transactions}, "Put messages into transactions. Without it each is by itself."},
		{"transaction-timeout", duration{p: &p.TransactionTimeout, least: time.Second, unset: true}, "When the broker aborts a transaction that is still open. Without it the client's own."},
		{"compression", choice{&p.Compression, []string{"none", "gzip", "snappy", "lz4", "zstd"}}, "How batches are compressed."},
	}
}

// metadataAge says what metadata-min-age does.
const metadataAge = "How soon a client asks again who leads, after it was told. It decides much of a failover's time. Without it the client library's own."

func (d *draft) consumers() section {
	c := &d.s.Load.Consumers
	return section{
		{"count", number{&c.Count, 0, 1000}, "How many consumers there are; 0: only the final read reads."},
		{"group", text{p: &c.Group, empty: true}, `The group that they share the partitions in; "": none, each reads everything.`},
		{"start", duration{p: &c.Start, unset: true}, "When they join, from the start of the load. Without it before the load."},
		{"processing", processing{&c.Processing}, "How long they work on a message: one time, or a log-normal distribution."},
		{"commit", choice{(*string)(&c.Commit), []string{string(broker.CommitAfter), string(broker.CommitBefore), string(broker.CommitNever)}},
			"When the group says how far it has come: after a message is processed (it may be given twice), before (it may be given to nobody), or never."},
		{"commit-interval", duration{p: &c.CommitInterval, least: time.Millisecond, unset: true}, "How often it says so. Without it the client library's own."},
		{"session-timeout", duration{p: &c.SessionTimeout, least: time.Millisecond, unset: true},
			"When a silent member is taken for dead, and its partitions are given to others. Without it the client library's own."},
		{"isolation", choice{(*string)(&c.Isolation), []string{string(broker.ReadCommitted), string(broker.ReadUncommitted)}},
			"Whether they are given what a transaction has not committed. Without it committed where there are transactions."},
		{"metadata-min-age", duration{p: &c.MetadataMinAge, least: time.Millisecond, unset: true}, metadataAge},
	}
}
