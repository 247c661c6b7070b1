package broker

import (
	"errors"
	"time"
)

// An ID names one message of a run. (Producer, Partition) is a stream; in each stream Seq counts from 0 without a hole.
type ID struct {
	Producer  uint32
	Partition int32
	Seq       uint64
}

// A Message is what a producer is asked to send.
type Message struct {
	ID    ID
	Due   time.Duration // when the schedule wanted it sent, on the run's clock
	Sent  time.Duration // when it was handed to the producer, on the run's clock
	Key   []byte        // nil: none. It does not choose the partition: ID.Partition does
	Value []byte        // the envelope and its body
}

// An Outcome is how one message's sending ended. Err is nil when the broker acknowledged it; an error that wraps ErrRejected says that it is
// surely not stored; with any other error nobody can know (unknown).
type Outcome struct {
	ID     ID
	Due    time.Duration // as in the Message
	Sent   time.Duration // as in the Message
	At     time.Duration // when the outcome was known, on the run's clock
	Offset int64         // where the broker stored it; -1: not told
	// Transaction is the same for all messages of one transaction, and among its producer's transactions of that one alone, the later the higher. 0: the
	// message was given to the broker in none.
	Transaction uint64
	Err         error
}

// A Delivery is one message as a consumer got it. Value is valid until the next Receive.
type Delivery struct {
	Partition   int32
	Offset      int64 // -1: this kind of broker has none
	Epoch       int32 // the leader epoch that wrote it; -1: not told
	At          time.Duration
	Redelivered bool // the broker says that it may have delivered it before
	Value       []byte

	// What the envelope said, filled in by Decode. Of a Marker, which has no value, the consumer says so.
	ID       ID
	Due      time.Duration
	Envelope EnvelopeState
}

// ErrRejected marks outcomes of messages that are surely not stored: refused before they were written, or never handed to the network.
var ErrRejected = errors.New("rejected")

// ErrAborted marks those rejected outcomes that were asked for: their transaction was aborted on purpose.
var ErrAborted = errors.New("its transaction was aborted on purpose")

// ErrDeliveryTimeout marks outcomes that were told by the driver's own deadline: nobody can know.
var ErrDeliveryTimeout = errors.New("delivery timeout")

// A Topic is what a message is sent to: a topic, queue or stream. Config is in the broker's own names.
type Topic struct {
	Name       string
	Partitions int
	Replicas   int
	Config     map[string]string
}
