// Package faults breaks a broker cluster on purpose and mends it again: kinds of faults, whom they are aimed at, how they are put together, and the
// timeline that injects and reverts them. All chance in it comes from one seed. It knows nodes, links and clients, and the cluster's own view of who
// leads; it knows no kind of broker, no load, no file format, and does not judge what a fault led to.
package faults

import (
	"context"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
)

// kinds is every kind of fault, one line each.
var kinds = []Kind{
	killKind,
	powerOffKind,
	stopKind,
	pauseKind,
	restartKind,
	rollingKind,
	crashLoopKind,
	wipeKind,
	damageDiskKind,
	fillDiskKind,
	throttleCPUKind,
	limitMemoryKind,
	latencyKind,
	bandwidthKind,
	blackholeKind,
	refuseKind,
	resetKind,
	limitDataKind,
	slowCloseKind,
	flapKind,
	sliceKind,
	isolateKind,
	dataOnlyKind,
	raftOnlyKind,
	splitKind,
	bridgeKind,
	ringKind,
	swizzleKind,
	errorKind,
	loseAckKind,
	delayResponseKind,
	crashProducerKind,
	crashConsumerKind,
	pauseConsumerKind,
	rebalanceStormKind,
	connectionStormKind,
	electLeaderKind,
	stepDownKind,
	reassignKind,
	alterConfigKind,
	lowerMaxMessageBytesKind,
	quotaKind,
	memoryAlarmKind,
	diskAlarmKind,
	deleteRecordsKind,
	deleteQueueKind,
	cancelConsumerKind,
	recreateTopicKind,
}

// A Fault is what one step of a scenario does to its victims, with its parameters set. It keeps nothing from one injection to the next.
type Fault interface {
	// Inject hurts the victims, all at once as far as it can, and returns the way back, which is never nil: after an error it undoes what was
	// done before it. Inject ends when the fault is in force, or when ctx ends.
	Inject(context.Context, Victims) (Revert, error)
}

// A Revert is the way back from a fault. It ends when the fault is over, which is before the cluster is well again. After an error it is called again,
// and does what is still to do.
type Revert func(context.Context) error

// A Demanding is a Fault whose parameters decide what it needs, beside what its kind needs.
type Demanding interface {
	// Needs returns what the victims or the driver lack, as Kind.Needs does.
	Needs(Victims) error
}

// A Counted is a Fault whose parameters bound how many victims it can have.
type Counted interface {
	// CheckVictims returns what is wrong with that many; nil: nothing.
	CheckVictims(most int) error
}

// A Worded is a Fault with parameters that are words of one kind of broker.
type Worded interface {
	// CheckWords returns what is wrong with them; nil: nothing.
	CheckWords(broker.Kind) error
}

// An Endurable is a Fault whose parameters decide whether the cluster can serve while it lasts, in the place of its kind.
type Endurable interface {
	// Survives is as Kind.Survives; share is the part of the links' connections that it acts on, 0: all.
	Survives(share Share, victims, nodes []string, partitions []broker.PartitionState) bool
}

// A Kind is one kind of fault.
type Kind struct {
	Name   string     // as a scenario writes it: "kill"
	About  string     // one sentence
	Target TargetType // what it hurts
	Least  int        // the fewest nodes that it can be done to; 0: one is enough
	// New returns a fault of this kind with its defaults.
	New func() Fault
	// Survives reports whether the cluster can serve before the fault is reverted. victims are the nodes that it has to do without, none for links to
	// clients.
	Survives func(victims, nodes []string, partitions []broker.PartitionState) bool
	// Affects reports whether a victim has a role in the partition, so that its service may suffer.
	Affects func(Victims, broker.PartitionState) bool
	// Exclusive: no other fault begins on its nodes, links or clients while it lasts.
	Exclusive bool
	// Noticed says as what the cluster notices it, if it lasts long enough; empty: as nothing, or at once.
	Noticed Noticed
	// LeavesUp: the victims' processes run on; one that ends while the fault lasts has died by itself.
	LeavesUp bool
	// Needs returns what the victims or the driver lack for this kind, in words that say what to do instead; nil: nothing. It is asked before the
	// load starts, with victims as they are then, and must not touch them. A nil Needs: every testbed and driver can.
	Needs func(Victims) error
	// Only is the one kind of testbed that can do it, as a scenario's broker.run names it: OnlyContainers or OnlyEmbedded; empty: Needs alone decides.
	Only string
	// Why says why no other testbed can: "an embedded broker has no disk".
	Why string
	// Clients are the clients that a kind for Clients can be done to: broker.Producers or broker.Consumers; empty: all.
	Clients string
	// Elsewhere is what it touches of a cluster that squall did not start; empty: it cannot be done there.
	Elsewhere Reach
	// Acts are what it has done to its nodes' processes.
	Acts []broker.Act
}

// Noticed is as what a fault is noticed: a broker's timer decides how long it has to last for that.
type Noticed string

// What a fault can be noticed as.
const (
	AsNode     Noticed = "node"     // taken for dead
	AsFollower Noticed = "follower" // no longer in sync
	AsMember   Noticed = "member"   // expelled from its group
	AsLink     Noticed = "link"     // as node or as follower, by what the link carries
)

// A Noticeable is a Fault whose parameters decide as what it is noticed, in the place of its kind.
type Noticeable interface{ Noticed() Noticed }

// Noticed returns as what the step's fault is noticed if it lasts long enough.
func (s Step) Noticed() Noticed {
	k, _ := FindKind(s.Kind)
	n := k.Noticed
	if f, ok := s.Fault.(Noticeable); ok {
		n = f.Noticed()
	}
	switch {
	case n != AsLink:
		return n
	case s.Target.From.clients():
		return ""
	case s.Target.Plane == broker.PlaneData:
		return AsFollower
	}
	return AsNode
}

// Survives reports whether the cluster can serve before the step's fault is reverted. victims are the nodes that it has to do without, none for links
// to clients.
func (s Step) Survives(victims, nodes []string, partitions []broker.PartitionState) bool {
	if f, ok := s.Fault.(Endurable); ok {
		return f.Survives(s.Target.Share, victims, nodes, partitions)
	}
	k, ok := FindKind(s.Kind)
	return ok && k.Survives(victims, nodes, partitions)
}

// The testbeds that a kind of fault may be bound to.
const (
	OnlyContainers = "containers"
	OnlyEmbedded   = "embedded"
)

// Kinds returns every kind of fault.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindNames returns the names of Kinds.
func KindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// FindKind returns the kind of that name.
func FindKind(name string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}
