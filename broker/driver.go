package broker

import (
	"context"
	"errors"
	"net"
	"time"
)

// A Driver speaks one kind of broker's protocol. It is made from the whole Cluster, not from addresses: some brokers tell who leads only from
// inside. Its own questions go to the observer's endpoint.
type Driver interface {
	// CreateTopic makes the topic; one of that name that is there already is an error.
	CreateTopic(context.Context, Topic) error
	// Ready returns when every node serves, every partition has a leader and all its replicas in sync, and the topic took a message and gave it
	// back on each partition; or when ctx ends, with what was still missing.
	Ready(context.Context, Topic) error
	// NewProducer connects a producer. outcomes tells exactly once of every message that Send took, as many at a time as became known together. It is
	// never called twice at the same time, must not block, and keeps nothing of what it was given.
	NewProducer(ctx context.Context, t Topic, o ProducerOptions, outcomes func([]Outcome)) (Producer, error)
	// NewConsumer connects a consumer, which reads from the oldest message on, or from what its group has committed.
	NewConsumer(context.Context, Topic, ConsumerOptions) (Consumer, error)
	// State asks the cluster. A part that could not be learnt is left empty; the error is for when nothing could.
	State(context.Context) (State, error)
	Close() error
}

// ProducerSettings are a producing client's settings, in terms that kinds of broker share. Each is printed in the report.
type ProducerSettings struct {
	Acks            string        // "all", "1" (the leader alone) or "0"
	Idempotent      bool          // the broker recognises a message that is sent again
	Linger          time.Duration // how long a batch waits for more
	BatchBytes      int           // the largest batch; 0: the client's own
	Buffer          int           // messages that one producer holds at most
	DeliveryTimeout time.Duration // when a message without an answer is told as unknown
	MetadataMinAge  time.Duration // the client asks at most this often who leads; 0: the client's own
	Compression     string        // "none", "gzip", "snappy", "lz4" or "zstd"
	Transactions    Transactions
	// TransactionTimeout is when the broker aborts a transaction that its producer does not end; 0: the client's own.
	TransactionTimeout time.Duration
}

// Transactions say how a producer's messages are put together. A transaction ends when Every has passed since its first message or with message number
// Messages, whichever comes first, and earlier where the buffer is full. The zero value: there are no transactions.
type Transactions struct {
	Every    time.Duration // 0: no limit
	Messages int           // 0: no limit
	Abort    float64       // the share of the transactions, from 0 to 1, that is aborted on purpose instead of committed
}

// Used reports whether there are transactions.
func (t Transactions) Used() bool { return t.Every > 0 || t.Messages > 0 }

// ProducerOptions are one producer's settings and name.
type ProducerOptions struct {
	ProducerSettings
	Name   string            // the client's id, as the broker sees it
	Events func(ClientEvent) // told what happens to the client's connections; must not block; nil: nobody listens
	// TransactionalID names the producer to the broker over all its incarnations, where it has transactions: with a new one the open transaction of
	// the one before is aborted.
	TransactionalID string
	// Aborts is asked once for each transaction, one after the other, whether it is to be aborted on purpose; nil: none is.
	Aborts func() bool
}

// ConsumerSettings are a consuming client's settings.
type ConsumerSettings struct {
	Group          string // empty: a direct reader of every partition, without a group
	Commit         CommitPolicy
	CommitInterval time.Duration // how often at most what was processed is committed; 0: the client's own
	SessionTimeout time.Duration // a member unheard of for so long is expelled; 0: the client's own
	MetadataMinAge time.Duration // as in ProducerSettings
	Isolation      Isolation
}

// An Isolation says what of transactions that are open or aborted a consumer is given.
type Isolation string

// The isolation levels, in Kafka's words.
const (
	ReadCommitted   Isolation = "read_committed"   // nothing, and nothing behind an open one either
	ReadUncommitted Isolation = "read_uncommitted" // everything; the empty isolation is this one
)

// A CommitPolicy says when a group's member tells the broker that it is done with a message: which of them come again when it dies, and which never.
type CommitPolicy string

// The commit policies.
const (
	CommitAfter  CommitPolicy = "after-processing"  // at least once; the empty policy is this one
	CommitBefore CommitPolicy = "before-processing" // at most once: what a member was given when it died, nobody in the group is given again
	CommitNever  CommitPolicy = "never"             // whoever comes next begins at the oldest message
)

// ConsumerOptions are one consumer's settings and name.
type ConsumerOptions struct {
	ConsumerSettings
	Name   string
	Events func(ClientEvent)
	// Commits is told what became of each offset that the client committed for its group, and must not block; nil: nobody listens.
	Commits func(Commit)
}

// A Commit is how a member's commit of one partition's offset ended. Err: nobody can know whether it is in force, or will be. What the broker refused is
// told nobody.
type Commit struct {
	At        time.Duration // when that was known, on the run's clock
	Partition int32
	Offset    int64
	Err       error
}

// A ClientEvent is something that happened to a client on its way to the broker.
type ClientEvent struct {
	At     time.Duration // on the run's clock
	Client string
	Kind   ClientEventKind
	Node   string // which broker; empty: not told
	Detail string // one line, such as the error
}

// ClientEventKind names what happened to a client.
type ClientEventKind string

// The kinds of client events.
const (
	Connected ClientEventKind = "connected" // a connection was made
	Lost      ClientEventKind = "lost"      // a connection broke, or could not be made
	Stuck     ClientEventKind = "stuck"     // a connection was open and brought nothing for as long as the client waits: it goes on elsewhere
	Blocked   ClientEventKind = "blocked"   // the broker takes nothing for now, and what is sent waits in the client
	Unblocked ClientEventKind = "unblocked" // it takes something again
	Assigned  ClientEventKind = "assigned"  // a member was given partitions
	Revoked   ClientEventKind = "revoked"   // a member had partitions taken away
	Renewed   ClientEventKind = "renewed"   // a transactional producer could not go on as it was, and began anew under the same id
)

// A Producer hands messages to its client library and never waits for the broker. A message names its partition, and goes to it.
type Producer interface {
	// Send takes messages in order until the buffer is full and returns how many it took; the others may be offered again later. It keeps
	// nothing of what it was given. Every message that it took gets exactly one Outcome by the delivery time-out and a second. One goroutine
	// calls it at a time.
	Send(context.Context, []Message) int
	// Buffered is how many messages wait for their outcome.
	Buffered() int
	// Abort cuts the connections with nothing flushed, as a crash does. What had no outcome is unknown.
	Abort()
	// Close waits until everything has its outcome or ctx ends, and then closes; what had none by then is unknown.
	Close(context.Context) error
}

// A Consumer returns the next deliveries. They count as processed when Receive is called again.
type Consumer interface {
	// Receive waits for deliveries and appends them to into[:0]; none with a nil error means that a moment passed without any. io.EOF: a bounded
	// reader has reached its end.
	Receive(ctx context.Context, into []Delivery) ([]Delivery, error)
	// Abort leaves without a farewell: the group has to find out by itself.
	Abort()
	// Close marks what was returned last as processed, leaves the group and closes.
	Close(context.Context) error
}

// A Holder is a Producer or Consumer whose connections can be held, as when its process stands still: nothing passes them, heartbeats neither, and no
// new one is made. Both methods may be called at any time, and more than once.
type Holder interface {
	Hold()
	Release()
}

// A Range is a stretch of a partition's log: [Start, End).
type Range struct {
	Start, End int64
}

// ErrNoTopic is of a topic that a cluster does not have in which every node serves: what was in it is gone for good.
var ErrNoTopic = errors.New("every node of the cluster serves, and none of them knows the topic")

// Ends is a Driver that knows where each partition's log begins and ends.
type Ends interface {
	// Ends returns the stretch of each partition's log that can be read now. A partition that nobody leads is an error; ErrNoTopic says that there is
	// no log at all.
	Ends(ctx context.Context, topic string) (map[int32]Range, error)
}

// A Reader is a Driver that can read any stretch of the log again, apart from every group and from every path that faults touch.
type Reader interface {
	// NewReader returns a consumer of exactly these stretches, in offset order within each partition; Receive returns io.EOF behind the last. Where
	// producers have transactions, what is not committed is left out, and an open one is waited for.
	NewReader(ctx context.Context, t Topic, stretches map[int32]Range) (Consumer, error)
}

// A Greeter is a Driver that can tell whether a broker is behind a connection: who passes connections on, such as a proxy or a published port, may accept
// one before there is.
type Greeter interface {
	// Greet says what clients say first on a new connection to addr, one of the addresses of the client's endpoint, and returns when the broker has
	// answered. It leaves conn open for who made it to close, and wants it used for nothing else. An error: no answer came before ctx ended, or what came is none.
	Greet(ctx context.Context, client, addr string, conn net.Conn) error
}

// Committed is a Driver that knows how far a group has got.
type Committed interface {
	// Committed returns the offset that each partition's next reader in the group would start from; a partition without one is left out.
	Committed(ctx context.Context, group, topic string) (map[int32]int64, error)
}

// Outstanding is a Driver that can count what a group still has before it, where the offset that it has reached does not say that, or there are none: members
// share the messages of a partition, and what one of them holds comes again when it dies.
type Outstanding interface {
	// Outstanding returns how many messages the group was not given yet, or was given and has not acknowledged. Where it cannot be known for certain it is an
	// error, never a guess.
	Outstanding(ctx context.Context, group, topic string) (uint64, error)
}

// An AsideReader is a Driver that can read what the broker gave up on and put elsewhere, such as dead letters.
type AsideReader interface {
	// NewAsideReader returns a consumer of all that the broker has set aside of a topic, apart from every path that faults touch. Each delivery names the
	// partition in which it was given up, and no offset; io.EOF: the broker was seen to have no more. What was read is gone when the reader is closed.
	NewAsideReader(context.Context, Topic) (Consumer, error)
}

// Versions is a Driver that can tell what software serves.
type Versions interface {
	// Versions returns one version by node name, as exact as the protocol tells it.
	Versions(context.Context) (map[string]string, error)
}
