// Package broker is the narrow waist of squall: the words in which everything else speaks of a message broker, its nodes, its network links, its
// clients and the messages that pass it. It knows no broker, no client library, no container and no proxy.
package broker

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// The names of those who reach the cluster from outside, each on a path of its own.
const (
	Producers = "producers" // the load's producing clients
	Consumers = "consumers" // the load's consuming clients
	Observer  = "observer"  // squall's own eyes: no fault ever touches this path
	// Administrator may ask a broker about itself, where that takes another user than the Observer; its path is the Observer's.
	Administrator = "administrator"
)

// A Cluster is a running broker cluster. Whoever made it closes it, however the run ends.
type Cluster interface {
	// Nodes returns the brokers in the order of their names: b1, b2, ...
	Nodes() []Node
	// Links returns every link that can be impaired; none means that this testbed cannot break the network.
	Links() []Link
	// Impair acts on all the given links at once, as far as it can, and returns the way back, which is never nil: after an error it undoes
	// what was done before it. What several impairments do to one link adds up: delays sum, the lowest rate wins, any hold holds.
	Impair(context.Context, Impairment, ...Link) (Effect, func(context.Context) error, error)
	// Endpoint tells the named client (Producers, Consumers, Observer or Administrator) how to reach the cluster.
	Endpoint(client string) Endpoint
	// Describe tells what the cluster is made of, for the report.
	Describe() Description
	// Close removes everything that was made for the cluster. It may be called more than once.
	Close(context.Context) error
}

// A Description says what a cluster is made of.
type Description struct {
	Testbed  string            // "containers", or "embedded (kfake)": printed in every output
	Emulated string            // why durability means nothing here; empty: a real broker
	Images   []Image           // the images that run, with their digests; none without containers
	Config   map[string]string // the broker's own settings that squall or the scenario set, in the broker's names
	Proxied  bool              // true: client links pass Toxiproxy, which adds some 20 µs a round trip
	// InForce are settings that were found in force, where neither squall nor the scenario set them; nil: nobody looked.
	InForce map[string]string
	Notes   []string // what a reader of the report should know of the cluster, a sentence each
}

// An Image is a container image that runs in the cluster.
type Image struct {
	Role   string // "broker" or "sidecar"
	Name   string // as it was asked for
	Digest string // the engine's id of what runs, "sha256:..."
	Note   string // how it was found, where that was not as asked
}

// An Endpoint tells a client how to reach the cluster.
type Endpoint struct {
	Addrs []string // host:port of every node, in the order of Nodes
	// Dial replaces the plain dialer where client links are made by it; nil: the plain dialer.
	Dial           func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS            *tls.Config // nil: plain text
	User, Password string      // empty: no authentication
	// Mechanism is how User and Password are shown to the cluster, as MechanismPlain; empty: the kind's own way.
	Mechanism string
}

// The mechanisms by which a client says who it is.
const (
	MechanismPlain       = "plain" // the password itself
	MechanismScramSHA256 = "scram-sha-256"
	MechanismScramSHA512 = "scram-sha-512"
)

// A Node is one broker of the cluster. It keeps its name, its addresses and its data over Kill, Stop and Start.
type Node interface {
	Name() string // "b1"
	ID() string   // the broker's own id or name: "1", "rabbit@node-1"
	// Kill ends the process with SIGKILL and returns when it is gone.
	Kill(context.Context) error
	// Stop asks the process to end, and kills it when grace has passed.
	Stop(ctx context.Context, grace time.Duration) error
	// Start returns when the process runs, which is before it serves.
	Start(context.Context) error
	// Pause stops every thread of the process; its sockets stay open.
	Pause(context.Context) error
	// Resume lets a paused process go on.
	Resume(context.Context) error
}
