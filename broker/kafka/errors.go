package kafka

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
)

var (
	errAborted = errors.New("the producer was aborted before the broker answered")
	errClosed  = errors.New("the producer was closed before the broker answered")
)

// A rejection is an error after which the message is surely not stored.
type rejection struct{ cause error }

func (r rejection) Error() string   { return broker.ErrRejected.Error() + ": " + r.cause.Error() }
func (r rejection) Unwrap() []error { return []error{broker.ErrRejected, r.cause} }

// refusals are the answers to a produce request after which its batch is surely in no log: the broker looks for these things before it appends.
//
// Others are not what they seem. NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION and KAFKA_STORAGE_ERROR are also what a leader answers that
// appended the batch and lost its office, or its disk, while it waited for the followers: the batch may live on. REQUEST_TIMED_OUT and
// NOT_ENOUGH_REPLICAS_AFTER_APPEND say themselves that it was appended.
var refusals = map[int16]bool{
	kerr.CorruptMessage.Code:                     true,
	kerr.MessageTooLarge.Code:                    true,
	kerr.InvalidTopicException.Code:              true,
	kerr.RecordListTooLarge.Code:                 true,
	kerr.NotEnoughReplicas.Code:                  true,
	kerr.InvalidRequiredAcks.Code:                true,
	kerr.TopicAuthorizationFailed.Code:           true,
	kerr.ClusterAuthorizationFailed.Code:         true,
	kerr.InvalidTimestamp.Code:                   true,
	kerr.UnsupportedForMessageFormat.Code:        true,
	kerr.PolicyViolation.Code:                    true,
	kerr.OutOfOrderSequenceNumber.Code:           true,
	kerr.InvalidProducerEpoch.Code:               true,
	kerr.UnknownProducerID.Code:                  true,
	kerr.UnsupportedCompressionType.Code:         true,
	kerr.InvalidRecord.Code:                      true,
	kerr.TransactionalIDAuthorizationFailed.Code: true,
}

// isFatal reports whether a consumer cannot go on after a fetch error. Everything else the client tries again by itself.
func isFatal(err error) bool {
	for _, fatal := range []error{
		kgo.ErrClientClosed, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed,
	} {
		if errors.Is(err, fatal) {
			return true
		}
	}
	return false
}
