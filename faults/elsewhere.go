package faults

import (
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

// Reach is what a fault touches of a cluster that squall did not start, and that others may use.
type Reach string

// The reaches.
const (
	OwnReach  Reach = "own"   // the run's own topic, group and clients
	NodeReach Reach = "nodes" // nodes' processes, by commands that the scenario gives for them
	WideReach Reach = "wide"  // what others use, through the cluster's own API or its ports
)

// A Reaching is a Fault whose parameters decide what it touches, in the place of its kind.
type Reaching interface{ Reach() Reach }

// An Acting is a Fault whose parameters decide what is done to nodes' processes, in the place of its kind.
type Acting interface{ Acts() []broker.Act }

// Reach returns what the step's fault touches of a cluster that squall did not start; empty: it cannot be done there.
func (s Step) Reach() Reach {
	if f, ok := s.Fault.(Reaching); ok {
		return f.Reach()
	}
	k, _ := FindKind(s.Kind)
	return k.Elsewhere
}

// Acts returns what the step's fault has done to its nodes' processes.
func (s Step) Acts() []broker.Act {
	if f, ok := s.Fault.(Acting); ok {
		return f.Acts()
	}
	k, _ := FindKind(s.Kind)
	return k.Acts
}

// Stranger returns why a kind cannot be done to a cluster that squall did not start; nil: it can.
func (k Kind) Stranger() error {
	switch {
	case k.Elsewhere != "":
		return nil
	case k.Only == OnlyEmbedded:
		return errors.New("it takes emulated brokers, whose answers squall can change")
	case k.Only == OnlyContainers:
		return errors.New("it takes the node's container, and this cluster has none of squall's")
	}
	return errors.New("the testbed cannot break the network: nothing of this cluster passes squall")
}

// allowed returns why a step may not be done to a cluster that is not squall's alone; nil: it may.
func allowed(s Step, c broker.Cluster) error {
	shared, ok := c.(broker.Shared)
	if !ok {
		return nil
	}
	switch k, _ := FindKind(s.Kind); s.Reach() {
	case "":
		return fmt.Errorf("%s cannot be done to a cluster that squall did not start: %w", s.Kind, k.Stranger())
	case WideReach:
		if !shared.ClusterWide() {
			return fmt.Errorf("%s touches what others use on this cluster; run with --allow-cluster-wide if nobody else does, or may be hurt", s.Kind)
		}
	}
	return nil
}
