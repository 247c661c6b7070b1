package rabbitmq

import (
	"errors"

	"github.com/seed-228c25e4/squall/broker"
)

// A rejection is an error after which the message is surely not stored.
type rejection struct{ cause error }

func (r rejection) Error() string   { return broker.ErrRejected.Error() + ": " + r.cause.Error() }
func (r rejection) Unwrap() []error { return []error{broker.ErrRejected, r.cause} }

var (
	errNack = rejection{errors.New("the broker refused it (basic.nack)")}
	// errDoubtful: a stream that goes away refuses what it may have taken, too.
	errDoubtful = errors.New("the broker refused it (basic.nack), and the stream may have it")
	errAborted  = errors.New("the producer was aborted before the broker confirmed")
	errClosed   = errors.New("the producer was closed before the broker confirmed")
	errSilent   = errors.New("no confirm for too long: the client left the connection")
)
