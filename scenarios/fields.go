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
	for _, rate := range d.inBytes {
		*rate /= float64(s.Load.Size)
	}
	if c := s.Load.Shape; c != nil && !d.wrong("load.rate") {
		s.Load.Rate = c.Count(s.LoadEnd()) / s.LoadEnd().Seconds()
	}
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
		{"name", word(&s.Name)},
		{"about", text{p: &s.About}},
		{"seed", seed{&s.Seed}},
		{"broker", d.broker()},
		{"topic", section{
			{"name", text{p: &s.Topic.Name}},
			{"partitions", number{&s.Topic.Partitions, 1, 10000}},
			{"replicas", number{&s.Topic.Replicas, 1, 99}},
			{"config", settings{p: &s.Topic.Config}},
		}},
		{"load", d.load()},
		{"phases", section{
			{"warm-up", duration{p: &s.Phases.WarmUp}},
			{"baseline", duration{p: &s.Phases.Baseline, least: time.Second}},
			{"recovery", duration{p: &s.Phases.Recovery}},
		}},
		{"faults", steps{d}},
		{"expect", expectations{d}},
		{"verdict", stated{&s.Verdict}},
	}
}

// leastDisk is what a broker's data takes before there is any: its metadata, and the indexes of the first segments.
const leastDisk = 128 << 20

func (d *draft) broker() section {
	b := &d.s.Broker
	return section{
		{"kind", kind{d}},
		{"run", place{choice{&b.Run, []string{Containers, Embedded}}}},
		{"nodes", number{&b.Nodes, 1, 99}},
		{"image", text{p: &b.Image}},
		{"pull", choice{&b.Pull, []string{PullMissing, PullNever}}},
		{"disk", size{p: &b.Disk, least: leastDisk, why: ": a broker does not start with less", unset: true}},
		{"jvm", text{p: &b.JVM}},
		{"config", settings{p: &b.Config, kind: &b.Kind, kinds: d.kindNames()}},
	}
}

func (d *draft) load() section {
	l := &d.s.Load
	p, c := &l.Producers, &l.Consumers
	return section{
		{"rate", pace{d}},
		{"size", sizes{d}},
		{"keys", keys{d}},
		{"body", bodies{d}},
		{"partitions", spread{d}},
		{"pacing", choice{&l.Pacing, []string{PacingAuto, string(loadgen.Economical), string(loadgen.Precise)}}},
		{"client", choice{&l.Client, presets}},
		{"producers", section{
			{"count", number{&p.Count, 1, 1000}},
			{"acks", choice{&p.Acks, []string{"all", "1", "0"}}},
			{"idempotent", truth{&p.Idempotent}},
			{"linger", duration{p: &p.Linger}},
			{"batch", size{p: &p.BatchBytes, least: 1, unset: true}},
			{"buffer", number{&p.Buffer, 1, 100_000_000}},
			{"delivery-timeout", duration{p: &p.DeliveryTimeout, least: 100 * time.Millisecond}},
			{"metadata-min-age", duration{p: &p.MetadataMinAge, least: time.Millisecond, unset: true}},
			{"transactions", transactions{&p.Transactions}},
			{"transaction-timeout", duration{p: &p.TransactionTimeout, least: time.Second, unset: true}},
			{"compression", choice{&p.Compression, []string{"none", "gzip", "snappy", "lz4", "zstd"}}},
		}},
		{"consumers", section{
			{"count", number{&c.Count, 0, 1000}},
			{"group", text{p: &c.Group, empty: true}},
			{"start", duration{p: &c.Start, unset: true}},
			{"processing", processing{&c.Processing}},
			{"commit", choice{(*string)(&c.Commit), []string{string(broker.CommitAfter), string(broker.CommitBefore), string(broker.CommitNever)}}},
			{"commit-interval", duration{p: &c.CommitInterval, least: time.Millisecond, unset: true}},
			{"session-timeout", duration{p: &c.SessionTimeout, least: time.Millisecond, unset: true}},
			{"isolation", choice{(*string)(&c.Isolation), []string{string(broker.ReadCommitted), string(broker.ReadUncommitted)}}},
			{"metadata-min-age", duration{p: &c.MetadataMinAge, least: time.Millisecond, unset: true}},
		}},
	}
}
