package broker

import (
	"context"
	"time"
)

// The planes of a link. Kinds of broker that have others name their own.
const (
	PlaneClient  = "client"  // clients to brokers
	PlaneData    = "data"    // brokers to brokers: replication and all that shares its connections
	PlaneControl = "control" // brokers to brokers: consensus and membership
)

// A Link is every connection that From dials to To on one plane: producers dial b1 on "client", b2 dials b1 on "data" or "control". Both halves
// pass it: the requests (From to To) and the replies. A follower fetches, so what it replicates is in the replies of follower -> leader.
type Link interface {
	From() string  // a node's name, Producers or Consumers
	To() string    // a node's name
	Plane() string // PlaneClient, PlaneData, PlaneControl, ...
	Traffic(context.Context) (LinkTraffic, error)
}

// A Flow is a Link that may carry what From says alone. Some brokers have one connection for each pair of nodes, whoever dialled it: there, b1 -> b2 is all
// that b1 says to b2, under Requests, and what b2 says is b2 -> b1. What is done to a half is then done to that way, and what is done to connections, to
// those of the pair.
type Flow interface {
	Link
	// OneWay reports whether it is so.
	OneWay() bool
}

// OneWay reports whether a link carries what its one end says alone.
func OneWay(l Link) bool {
	f, ok := l.(Flow)
	return ok && f.OneWay()
}

// LinkTraffic is what passed a link since it was made. All but Open only grow.
type LinkTraffic struct {
	Requests uint64 // bytes from From to To
	Replies  uint64 // bytes from To to From
	Open     uint64 // connections open now
	Made     uint64 // connections accepted
	Cut      uint64 // connections that an impairment ended, or did not let begin
	Late     uint64 // connections whose end was passed on late
	// What the link did to the bytes themselves, on each half.
	RequestsKept, RepliesKept Kept
}

// Kept is how bytes were passed on.
type Kept struct {
	Pieces uint64        // in how many pieces
	Sum    time.Duration // how long all of them together were in the link
}

// An Impairment is what is done to a link. The zero value does nothing.
type Impairment struct {
	Requests Half // what happens to the bytes from From to To
	Replies  Half // what happens to the bytes from To to From
	Refuse   bool // connections are closed, and new ones refused, while it lasts
	// Reset: connections are reset (RST), each when After has passed since it was made and since the impairment is in force.
	Reset bool
	After time.Duration
	// Share is the part of the connections that it acts on, drawn for each by Seed and by how many the link had accepted before; 0: all. A link that
	// refuses a share accepts those connections and closes them.
	Share float64
	Seed  uint64
}

// A Half is what is done to one direction of a link.
type Half struct {
	Delay  time.Duration // added to every byte's way; connections and order stay
	Jitter time.Duration // the delay varies by up to this much, both ways; at most Delay
	Rate   int64         // bytes per second and connection; 0: no limit
	Slice  int64         // the most bytes that are passed on at once; 0: as they come
	Pause  time.Duration // between two slices of a connection, whatever the rate; needs Slice
	// Hold passes nothing while it lasts and everything afterwards: a cut cable, as TCP sees it.
	Hold bool
	// Drop swallows everything while it lasts, and the connection is reset at the end: a dead machine.
	Drop  bool
	Limit int64         // bytes that pass each connection before it is closed; 0: no limit
	Close time.Duration // the end of a connection is passed on so much later
}

// Both returns the impairment that does the same to both halves of a link.
func Both(h Half) Impairment { return Impairment{Requests: h, Replies: h} }

// An Effect tells when an impairment was in force: the first and the last of its links to have it. The distance between the two is what
// "at once" was worth.
type Effect struct {
	First, Last time.Time
	// Links are the links, as far as it acts on them: for a share, the traffic of each is that of the connections that were drawn.
	Links []Link
}
