// Package scenarios reads scenario files: what cluster, what load, which faults, and what is expected of it all. It tells every mistake of a file at
// once and with its place, fills in what the file leaves open, and explains what a scenario would do. It starts nothing, connects to nothing, and
// knows kinds of brokers only by what they say of themselves without running.
package scenarios

import (
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// A Scenario is one file with everything filled in.
type Scenario struct {
	Name   string
	About  string
	Seed   uint64
	Broker Broker
	Topic  broker.Topic
	Load   Load
	Phases Phases
	Plan   []faults.Plan // the faults as the file has them
	Faults []faults.Step // every injection of them, as the seed has it
	Expect []report.Expectation
	// Verdict is what the run is stated to come to; the zero value: nothing is stated, and it is to pass.
	Verdict report.Stated
	Source  string  // what the file is called
	Allowed Allowed // by whoever runs it; nothing where nobody says so
}

// Broker says what cluster to run.
type Broker struct {
	Kind   string       // "kafka"
	Run    string       // Containers, Embedded or Elsewhere
	Place  broker.Place // what this kind is there
	Nodes  int
	Image  string            // exactly this image; empty: the kind's own
	Pull   string            // PullMissing or PullNever
	Disk   int               // bytes that each node's data has, in memory; 0: as much as the machine's disk has
	Limits Limits            // of each node, however many run
	JVM    string            // options of the broker's Java machine; empty: the testbed's own
	Config map[string]string // the broker's own settings in its own names
	// External is of a cluster that squall did not start.
	External External
}

// Limits are what each node may use of the machine at most, so that one that is down leaves nothing to the others. The zero value: as much as they get.
type Limits struct {
	CPU    float64 // processors; 0: all
	Memory int     // bytes, beside a disk in memory; 0: what its kind takes
}

// Where a cluster can run.
const (
	Containers = "containers"
	Embedded   = "embedded"
	Elsewhere  = "external" // squall did not start it
)

// Whether an image may be fetched.
const (
	PullMissing = "missing" // when it is not there yet
	PullNever   = "never"
)

// Load says what is sent.
type Load struct {
	Rate      float64       // messages per second of all producers together; with a shape the mean of the whole load, or 0 where the broker sets the pace
	Shape     loadgen.Curve // how the rate changes: *loadgen.Ramp, ..., *Trace or loadgen.Max; nil: it does not
	Size      int           // bytes of a message's value, its envelope included; with Sizes their mean
	Sizes     loadgen.Sizes // *loadgen.Weighted or *loadgen.LogNormal; nil: all of Size
	Keys      loadgen.Keys  // *loadgen.RoundRobinKeys, ...; nil: none
	Body      Body
	Spread    loadgen.Spread // over the partitions
	Pacing    string         // PacingAuto, or one of loadgen's
	Client    string         // a preset, such as ClientDefault: what the client settings start from
	Producers Producers
	Consumers Consumers
}

// Producers are the load's producing clients.
type Producers struct {
	Count int
	broker.ProducerSettings
}

// Consumers are the load's consuming clients.
type Consumers struct {
	Count      int                // 0: nothing is consumed but by the final read
	Start      time.Duration      // when they join, from the start of the load; 0: before it
	Processing loadgen.Processing // what they do with a message
	broker.ConsumerSettings
}

// Phases are how long the parts of a run last.
type Phases struct {
	WarmUp   time.Duration // load that is not judged
	Baseline time.Duration // without a fault: what everything is held against
	Recovery time.Duration // how long load and watching go on after a fault
}

// Settings returns what a kind of broker wants to know.
func (s *Scenario) Settings() broker.Settings {
	return broker.Settings{
		Nodes: s.Broker.Nodes, Config: s.Broker.Config, Topic: s.Topic,
		Producer: s.Load.Producers.ProducerSettings, Consumer: s.Load.Consumers.ConsumerSettings, Length: s.LoadEnd(),
	}
}

// BaselineEnd returns when the baseline ends, from the start of the load: where a fault's At counts from.
func (s *Scenario) BaselineEnd() time.Duration { return s.Phases.WarmUp + s.Phases.Baseline }

// LoadEnd returns when the load ends and what is still broken is healed, from the start of the load: the recovery of the last fault is over. A
// scenario without faults ends with its baseline.
func (s *Scenario) LoadEnd() time.Duration {
	end := time.Duration(0)
	for _, f := range s.Faults {
		end = max(end, f.End()+s.Phases.Recovery)
	}
	return s.BaselineEnd() + end
}

// Volume returns the bytes of all messages of the load, every replica counted where there are any; 0 where the broker decides.
func (s *Scenario) Volume() int64 {
	if s.Load.ClosedLoop() {
		return 0
	}
	copies := s.Topic.Replicas
	if s.Broker.Run == Embedded && !s.Broker.Place.Copies {
		copies = 1 // emulated brokers share one log
	}
	return int64(s.Curve().Count(s.LoadEnd()) * float64(s.Load.Size*copies))
}

// ClientNames returns what the load's clients will be called, producers first.
func (s *Scenario) ClientNames() []string {
	var names []string
	for i := range s.Load.Producers.Count {
		names = append(names, fmt.Sprintf("producer-%d", i))
	}
	for i := range s.Load.Consumers.Count {
		names = append(names, fmt.Sprintf("consumer-%d", i))
	}
	return names
}

// NodeNames returns what the cluster's nodes will be called.
func (s *Scenario) NodeNames() []string { return nodeNames(s.Broker.Nodes) }

// Place is what targets can name.
func (s *Scenario) Place() faults.Place {
	p := faults.Place{Nodes: s.NodeNames(), Clients: s.ClientNames(), Topic: s.Topic}
	if p.Topic.Replicas == 0 { // not derived yet
		p.Topic.Replicas = min(defaultReplicas, s.Broker.Nodes)
	}
	if s.Load.Consumers.Count > 0 {
		p.Group = s.Load.Consumers.Group
	}
	return p
}

func nodeNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("b%d", i+1)
	}
	return names
}
