package broker

import (
	"context"
	"time"
)

// A ProtocolFaulter is a Cluster whose brokers can be made to answer otherwise than they would.
type ProtocolFaulter interface {
	// Misanswer changes what the nodes answer to the load's clients, and nothing that they answer to the observer, until the way back is gone. It returns
	// when it is in force; changed tells how much it has done so far. Where several change one answer, the first that puts something in its place wins, and
	// delays add up. A request whose client wants no answer is left alone.
	Misanswer(context.Context, Misanswer, ...Node) (changed func() Misanswered, undo func(context.Context) error, err error)
}

// A Misanswer is what becomes of answers: exactly one of Code, LoseAck and Delay is set.
type Misanswer struct {
	API string // whose answers, as Kind.APIs has it; empty for LoseAck
	// Code is the error that is answered, as Kind.Codes has it. The broker does nothing of what it was asked, save where the code says that it did.
	Code    string
	LoseAck bool          // what producers send is stored, and the connection is closed in the place of an acknowledgement
	Delay   time.Duration // the answer comes so much later, and those behind it on its connection too
	// Drawn reports whether the next request is one whose answer is changed; nil: each is. It is never called twice at the same time.
	Drawn func() bool
}

// Misanswered is how much a Misanswer has done.
type Misanswered struct {
	Answers  int // how many were changed
	Messages int // how many messages the lost acknowledgements were for
}
