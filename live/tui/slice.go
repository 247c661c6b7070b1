package tui

import (
	"math"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// keptSlices bounds how many stretches of time are kept: twenty minutes in full, and before them less and less.
const keptSlices = 1600

// heatRows is how many classes of latency a slice counts, a sixth of a decade each from heatLeast on.
const (
	heatRows  = 36
	heatLeast = 100 * time.Microsecond
	perDecade = 6
)

// A slice is what is kept of a second, or of several that are long past: sums of messages, and the worst of everything else.
type slice struct {
	from, to                               time.Duration
	due, acknowledged, delivered, rejected uint64
	unknown, backlog                       uint64
	buffered                               int
	p50, p99, most, lag                    time.Duration // of latencies until the acknowledgement, and of the schedule's lag; 0: nothing was measured
	partitions                             string
	heat                                   [heatRows]uint32
	known                                  report.Latency // what the figures are of; empty once the slice is of several seconds
}

func sliceOf(w *report.Window) slice {
	s := slice{from: w.Start, to: w.End(), due: w.Due, acknowledged: w.Acknowledged, delivered: w.Delivered, rejected: w.Rejected,
		unknown: w.Unknown, backlog: w.Backlog, buffered: w.Buffered, partitions: w.Partitions}
	s.add(w.Latency)
	return s
}

// add enters latencies.
func (s *slice) add(l report.Latency) {
	for _, b := range l.Ack.Buckets {
		at := &s.heat[heatRow(b.Value)]
		*at = uint32(min(uint64(*at)+b.Count, math.MaxUint32))
	}
	if s.to-s.from <= time.Second {
		s.known.Ack.Merge(l.Ack)
		s.known.Lag.Merge(l.Lag)
		s.p50, s.p99, s.most, s.lag = 0, 0, 0, 0
		l = s.known
	}
	s.p50, s.p99, s.most = max(s.p50, l.Ack.Quantile(0.5).Value), max(s.p99, l.Ack.Quantile(0.99).Value), max(s.most, l.Ack.Quantile(1).Value)
	s.lag = max(s.lag, l.Lag.Quantile(0.99).Value)
}

// heatRow returns the class of a latency.
func heatRow(d time.Duration) int {
	if d <= heatLeast {
		return 0
	}
	return min(int(perDecade*math.Log10(float64(d)/float64(heatLeast))), heatRows-1)
}

// with returns both slices as one.
func (s slice) with(o slice) slice {
	s.from, s.to = min(s.from, o.from), max(s.to, o.to)
	s.due += o.due
	s.acknowledged += o.acknowledged
	s.delivered += o.delivered
	s.rejected += o.rejected
	s.unknown += o.unknown
	s.backlog, s.buffered = max(s.backlog, o.backlog), max(s.buffered, o.buffered)
	s.p50, s.p99, s.most, s.lag = max(s.p50, o.p50), max(s.p99, o.p99), max(s.most, o.most), max(s.lag, o.lag)
	s.partitions = report.WorsePartitions(s.partitions, o.partitions)
	s.known = report.Latency{}
	for i := range s.heat {
		s.heat[i] = uint32(min(uint64(s.heat[i])+uint64(o.heat[i]), math.MaxUint32))
	}
	return s
}

// perSecond returns a sum of messages as a rate.
func (s *slice) perSecond(n uint64) float64 { return float64(n) / max((s.to-s.from).Seconds(), 1) }

// thin halves the older half of the slices once there are too many. Those who hold the old list keep it.
func thin(all []slice) []slice {
	if len(all) < keptSlices {
		return all
	}
	half := len(all) / 4 * 2
	kept := make([]slice, 0, keptSlices)
	for i := 0; i < half; i += 2 {
		kept = append(kept, all[i].with(all[i+1]))
	}
	return append(kept, all[half:]...)
}
