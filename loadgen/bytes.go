package loadgen

// A Stretch is neighbouring messages of one stream, the last of them included.
type Stretch struct{ First, Last uint64 }

// Bytes returns how large messages of sender number shard of shards are together, envelopes included and keys not. The stretches are of each partition, in
// ascending order, and of messages that were made: where sizes differ they are drawn anew, which takes as long as it takes to draw all up to the last.
func Bytes(o Options, shard, shards int, stretches map[int32][]Stretch) uint64 {
	m := newMint(o, shard, shards)
	var left uint64
	for _, list := range stretches {
		for _, s := range list {
			left += s.Last - s.First + 1
		}
	}
	if m.sizes == nil {
		return left * uint64(m.size(0))
	}
	var sum uint64
	next := make([]int, o.Partitions)
	for left > 0 {
		id, _, size := m.draw()
		list := stretches[id.Partition][next[id.Partition]:]
		if len(list) == 0 || id.Seq < list[0].First {
			continue
		}
		if id.Seq == list[0].Last {
			next[id.Partition]++
		}
		sum += uint64(size)
		left--
	}
	return sum
}
