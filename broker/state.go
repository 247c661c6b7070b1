package broker

import "slices"

// A State is the cluster's own view of itself at one moment, by node names.
type State struct {
	Nodes        []string          // who is registered and not fenced
	Controller   string            // who leads the cluster's metadata; empty: nobody, or nobody knows
	Partitions   []PartitionState  // of the topics that the driver made, in order
	Coordinators map[string]string // consumer group -> node
	// Parted are nodes whose metadata went another way than that of others while they could not see one another, and that do not come together by themselves.
	Parted []string
	// Paused are nodes that run and have stopped serving by themselves, because they could not see enough of the others, or went apart from them.
	Paused []string
}

// A PartitionState tells who leads a partition and who keeps up with the leader.
type PartitionState struct {
	Topic     string
	Partition int32
	Leader    string   // empty: none
	Epoch     int32    // the leader's epoch; -1: this kind has none
	Replicas  []string // in the broker's own order: the first is preferred as leader
	InSync    []string
}

// Partition returns the state of one partition, and false where the state does not hold it.
func (s State) Partition(topic string, partition int32) (PartitionState, bool) {
	i := slices.IndexFunc(s.Partitions, func(p PartitionState) bool { return p.Topic == topic && p.Partition == partition })
	if i < 0 {
		return PartitionState{}, false
	}
	return s.Partitions[i], true
}

// FullyInSync reports whether every partition has a leader and every replica keeps up with it.
func (s State) FullyInSync() bool {
	return !slices.ContainsFunc(s.Partitions, func(p PartitionState) bool { return p.Leader == "" || len(p.InSync) < len(p.Replicas) })
}
