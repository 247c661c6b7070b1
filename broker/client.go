package broker

import "context"

// A Client is one of the load's clients, as faults see it: a producer, or a member of the consumers' group.
type Client interface {
	Name() string // "producer-0", "consumer-1"
	// Crash ends the client without a farewell and with nothing flushed.
	Crash(context.Context) error
	// Pause holds the client and all its connections, so that its heartbeats stop too.
	Pause(context.Context) error
	// Resume lets a paused client go on; after Crash it is a new one of the same name.
	Resume(context.Context) error
}

// A Leaver is a Client that can end in good order, and say so to those it shares its work with.
type Leaver interface {
	// Leave returns when the client is gone. Resume makes a new one of the same name.
	Leave(context.Context) error
	// Assigned is how often it was given partitions, all of that name together.
	Assigned() int
}
