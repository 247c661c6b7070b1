package nats

import (
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
)

// A rejection is an error after which the message is surely not stored.
type rejection struct{ cause error }

func (r rejection) Error() string   { return broker.ErrRejected.Error() + ": " + r.cause.Error() }
func (r rejection) Unwrap() []error { return []error{broker.ErrRejected, r.cause} }

// refusals are the answers to a publish that a stream's leader gives before it proposes the message to its replicas, by error_code. Others may come when
// some replica has it already, as when a store fails: those are unknown.
var refusals = map[jetstream.ErrorCode]bool{
	10023: true, // insufficient resources
	10047: true, // insufficient storage resources available
	10054: true, // message size exceeds maximum allowed
	10060: true, // expected stream does not match
	10070: true, // wrong last msg ID
	10071: true, // wrong last sequence
	10097: true, // header size exceeds maximum allowed of 64k
	10164: true, // wrong last sequence, of a subject
}

// judge says whether a message that the leader answered with an error may be stored.
func judge(err *jetstream.APIError) error {
	if refusals[err.ErrorCode] {
		return rejection{err}
	}
	return err
}
