package scenarios

import (
	"cmp"
	"fmt"
	"time"
)

// Beside its load, a run starts a cluster, heals, drains, reads everything again and removes the cluster. This is about what that takes; what it took in an
// earlier run is known better by whoever made that.
const (
	besideEmbedded   = 5 * time.Second
	besideProcesses  = 12 * time.Second // real ones elect leaders at the start, and reconnect at the heal
	besideContainers = 45 * time.Second // three brokers on a machine with two cores
	besideNode       = 10 * time.Second // and each further one
)

// Takes is about how long a run takes from its start to its report, as told before anything is known of the machine.
func (s *Scenario) Takes() time.Duration { return s.LoadEnd() + s.Beside() }

// Beside is the part of it in which no load is sent.
func (s *Scenario) Beside() time.Duration {
	if s.Broker.Run == Elsewhere || s.Broker.Run == Embedded && s.Broker.Place.Copies {
		return besideProcesses
	}
	if s.Broker.Run == Embedded {
		return besideEmbedded
	}
	return besideContainers + time.Duration(max(s.Broker.Nodes-3, 0))*besideNode
}

// memoryOfNode is what the containers of a broker may use at most, in bytes, where the scenario says nothing of it; half of it is usual.
const memoryOfNode = 1536 << 20

// Needs is what a run needs of the machine, in a few words.
func (s *Scenario) Needs() string {
	if s.Broker.Run == Embedded {
		return "nothing"
	}
	if s.Broker.Run == Elsewhere {
		return "its cluster"
	}
	gib := float64(s.Broker.Nodes) * float64(cmp.Or(s.Broker.Limits.Memory, memoryOfNode)+s.Broker.Disk) / (1 << 30)
	return fmt.Sprintf("Docker, %s, up to %.3g GiB", count(s.Broker.Nodes, "broker", "brokers"), gib)
}
