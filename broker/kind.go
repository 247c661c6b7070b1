package broker

import "time"

// A Kind is what can be known of a kind of broker without a running one. Each driver exports one.
type Kind struct {
	Name string // "kafka"
	// Check returns what is wrong with the settings, each with the scenario's field that it is about. Nothing is touched.
	Check func(Settings) []Problem
	// Contract returns what the kind promises under these settings.
	Contract func(Settings) Contract
	// Timers returns the timers that decide how long a failover takes, the most decisive first.
	Timers func(Settings) []Timer
	// Decisive names those of the timers that a fault has to outlast to have an effect.
	Decisive Decisive
	// Roles are the roles that a node can have, beside leader and follower of a partition: "controller", "coordinator".
	Roles []string
	// APIs are the requests whose answers a ProtocolFaulter can change, and Codes the errors that it can answer, in the kind's own words. Brokers that
	// emulate the kind can do all of them.
	APIs, Codes []string
	// Places are where brokers of this kind can run, by the scenario's broker.run.
	Places map[string]Place
	// Refuses says of kinds of faults why there is none of them for this kind, wherever it runs.
	Refuses map[string]string
	// Warn returns what should be known of the settings before the run, a sentence each, though nothing is wrong; nil: there is nothing.
	Warn func(Settings) []string
	// Unused says of scenario fields, as --set names them, why they mean nothing for this kind: who sets one is told.
	Unused map[string]string
	// BrokerSettings and TopicSettings are the names of all settings that there are in the version that squall runs by default; empty: Check knows them.
	BrokerSettings, TopicSettings []string
	// Changeable are the settings of a topic that a Configurer of this kind can change while the brokers run, each with what is wrong with a value, where not
	// all settings are, nor any that all brokers share; nil: all are.
	Changeable map[string]func(value string) error
	// Shared: offsets count through all partitions of a topic, and a group's members share the messages of all of them.
	Shared bool
	// Offsets returns who is told under these settings where a message is; nil: everybody.
	Offsets func(Settings) Offsets
}

// OffsetsOf is who is told under these settings where a message is.
func (k Kind) OffsetsOf(s Settings) Offsets {
	if k.Offsets == nil {
		return OffsetsTold
	}
	return k.Offsets(s)
}

// Offsets say who is told where in its partition a message is.
type Offsets int

const (
	// OffsetsTold: acknowledgements tell it to producers, and deliveries to consumers.
	OffsetsTold Offsets = iota
	// OffsetsDelivered: consumers alone are told. How far they are behind is known by asking where each partition ends: drivers have Ends.
	OffsetsDelivered
	// NoOffsets: a message leaves when it is acknowledged, so that there are none and nothing can be read again. What is acknowledged to producers and was
	// given to nobody in the group until nothing was left is lost. Drivers are Outstanding.
	NoOffsets
)

// A Place is what brokers are where they run.
type Place struct {
	In       string // as a sentence goes on: "3 nodes in containers"
	Emulated bool   // what they promise about durability is not tested there
	Copies   bool   // each replica is a copy of its own
	Most     int    // the most nodes that there can be; 0: as many as the machine bears
}

// Decisive are names of timers; empty: none is known.
type Decisive struct {
	Node      string // a node unheard of for so long is taken for dead
	Follower  string // a follower that lags for so long is no longer in sync
	Member    string // a consumer unheard of for so long leaves its group
	Heartbeat string // how often a node reports that it lives
}

// Settings are what a scenario says of a broker and its clients.
type Settings struct {
	Nodes    int
	Config   map[string]string // the broker's own settings in its own names
	Topic    Topic
	Producer ProducerSettings
	Consumer ConsumerSettings
	Length   time.Duration // how long the load is planned to last
}

// A Problem is a mistake in the settings.
type Problem struct {
	Field   string // the scenario's field, as --set names it: "load.producers.acks"
	Message string // what is wrong, and what to do
}

// A Contract is what a kind of broker promises under given settings; the ledger counts everything, and the contract says what is a violation.
type Contract struct {
	Durable bool // what is acknowledged survives what Survives says
	// Survives says in a sentence after which faults an acknowledged message must still be there.
	Survives string
	Ordered  bool // within a stream, the log keeps the order of sending
	// LateUnknowns: a message whose sender never learnt what became of it may be stored behind later ones, for the sender has gone on elsewhere meanwhile.
	LateUnknowns bool
	Unique       bool // no message is stored twice
	// Redelivers: a group may be given a message more than once.
	Redelivers bool
	// Skips: the group may never be given a message that is in the log, because its members commit before they process.
	Skips bool
	// Atomic: of a transaction's messages, who reads committed is given all or none.
	Atomic bool
	// SetsAside: what the broker gives up on it puts elsewhere, as dead letters, where it counts as found. The driver is an AsideReader.
	SetsAside bool
	Notes     []string // what else a reader should know, a sentence each
}

// A Timer is a setting that decides how long some part of a recovery takes.
type Timer struct {
	Name  string // in the broker's or the client's own words: "broker.session.timeout.ms"
	Value time.Duration
	Least time.Duration // of one that is drawn anew each time: the shortest that it can be, where Value is the longest; 0: it is always Value
	Part  string        // what waits for it: "detection", "election", "client discovery", "catch-up"
	Side  string        // whose way through the broker waits for it, "produce" or "consume"; empty: both
	Note  string        // what happens when it fires, in a sentence
}
