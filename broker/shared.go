package broker

import (
	"context"
	"errors"
)

// A Shared is a Cluster that squall has not to itself: it was there before the run, it stays, and others may use it meanwhile. What a run makes there is
// its own, and taken away again by a Driver that is a Tenant.
type Shared interface {
	Cluster
	// ClusterWide reports whether the run may also touch what others use.
	ClusterWide() bool
}

// A Tenant is a Driver that can share a cluster with others.
type Tenant interface {
	// Vacant returns an error where there is such a topic or group already: it is somebody else's. Nothing is touched. An empty group: none is wanted.
	Vacant(ctx context.Context, topic, group string) error
	// Vacate deletes the topics that the driver made and the groups that its consumers were in, members that are still in them or not, and returns what
	// it deleted, as a sentence goes on: "topic squall-orders". It may be called again after an error. Clients of the driver are of no use afterwards.
	Vacate(ctx context.Context) ([]string, error)
}

// Found is what a kind finds out of a cluster that squall did not start, before anything is made there.
type Found struct {
	ClusterID string
	Nodes     []FoundNode       // in the order of their ids
	Config    map[string]string // the brokers' settings that decide about failover and promises; nil: they could not be read
	Notes     []string          // what could not be found out, and why, a sentence each
}

// A FoundNode is one broker of it.
type FoundNode struct {
	ID   string // the broker's own
	Addr string // host:port, as it tells clients to reach it
}

// Presence is what there is at a node's address.
type Presence int

// What there can be.
const (
	Silent  Presence = iota // nothing comes back: the process stands still, or the network loses what is sent
	Absent                  // nobody listens, or who listens hangs up before anybody has answered
	Present                 // a broker answers
)

// An Act is what can be done to a node's process.
type Act string

// The acts, as the methods of Node.
const (
	ActKill   Act = "kill"
	ActStop   Act = "stop"
	ActStart  Act = "start"
	ActPause  Act = "pause"
	ActResume Act = "resume"
)

// ErrNotDone is wrapped by a Node's error that says that an act was refused: nothing came of it, and nothing will.
var ErrNotDone = errors.New("nothing was done")
