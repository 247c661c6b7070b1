package loadgen

import (
	"math/bits"

	"github.com/seed-228c25e4/squall/report"
)

// stripMost is the largest number of partitions of which windows tell how each went: a letter a second.
const stripMost = 256

// A strip tells of each second how every partition's acknowledgements went, from the milliseconds in which something was due and acknowledged.
type strip struct {
	first   int        // the second of seconds[0]
	seconds [][]tenths // by partition; those that were told of are gone
	waiting []bool     // by partition: something was due since the last acknowledgement
}

// tenths have a bit for each tenth of a second: batches are acknowledged together, and a tenth is longer than any usual linger.
type tenths struct{ due, acknowledged uint16 }

const tenth = 100 // milliseconds

func newStrip(partitions int) *strip {
	return &strip{waiting: make([]bool, min(partitions, stripMost+1))}
}

// merge adds what a recording tells of each partition.
func (s *strip) merge(due, acknowledged *slots) {
	if len(s.waiting) > stripMost {
		return
	}
	for p := range s.waiting {
		due.each(p, func(ms int64) { s.at(ms, p).due |= 1 << (ms / tenth % 10) })
		acknowledged.each(p, func(ms int64) { s.at(ms, p).acknowledged |= 1 << (ms / tenth % 10) })
	}
}

// at returns the cell of a millisecond and partition; what is told later than its second counts for the first that is still to be told of.
func (s *strip) at(ms int64, partition int) *tenths {
	i := max(int(ms/1000)-s.first, 0)
	for len(s.seconds) <= i {
		s.seconds = append(s.seconds, make([]tenths, len(s.waiting)))
	}
	return &s.seconds[i][partition]
}

// take returns the letters of a second, and forgets it and those before.
func (s *strip) take(second int) string {
	if len(s.waiting) > stripMost {
		return ""
	}
	letters := make([]byte, len(s.waiting))
	for p := range letters {
		letters[p] = s.letter(*s.at(int64(second)*1000, p), &s.waiting[p])
	}
	s.seconds, s.first = s.seconds[second-s.first+1:], second+1
	return string(letters)
}

// letter tells how a partition's second went, and keeps whether something still waits at its end.
func (s *strip) letter(c tenths, waiting *bool) byte {
	due, acknowledged := bits.OnesCount16(c.due), bits.OnesCount16(c.acknowledged)
	silent := acknowledged == 0 && (*waiting || due > 0)
	*waiting = silent || bits.Len16(c.due) > bits.Len16(c.acknowledged)
	switch {
	case silent:
		return report.PartitionSilent
	case acknowledged == 0:
		return report.PartitionIdle
	case 2*acknowledged < due:
		return report.PartitionThin
	}
	return report.PartitionFull
}
