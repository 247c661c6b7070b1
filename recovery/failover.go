package recovery

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// failover returns the longest silence of producers on a partition that a victim led and another node took over, as far as the fault's taking effect fell into it or
// came just before: what the failover cost them, an outage or less. What was on its way then was due before, and may still be acknowledged after.
func (a *analysis) failover(s stretch) report.Figure {
	led := a.takenOver(s)
	if len(led) == 0 {
		return report.UnknownFigure("no other node was seen to lead a partition that a victim had led")
	}
	var longest report.Silence
	for _, q := range a.Silences {
		if seen, ok := s.within(q); ok && q.From <= s.Effective+slow && q.Direction == report.Produce && slices.Contains(led, q.Partition) && seen.Length() > longest.Length() {
			longest = seen
		}
	}
	if longest.Open {
		return report.CensoredFigure(longest.Length())
	}
	return report.KnownFigure(longest.Length())
}

// takenOver returns the partitions that victims led when the fault began, and others before its stretch ended.
func (a *analysis) takenOver(s stretch) (all []int32) {
	before, _ := a.stateAt(s.start)
	victims := nodes(s.Fault)
	for _, p := range before.Partitions {
		if at, ok := a.successor(p, s.start); slices.Contains(victims, p.Leader) && ok && at < s.end {
			all = append(all, p.Partition)
		}
	}
	return all
}

// successor returns when another node was first seen to lead a partition after a moment.
func (a *analysis) successor(p report.PartitionState, after time.Duration) (time.Duration, bool) {
	for _, state := range a.States {
		i := slices.IndexFunc(state.Partitions, func(q report.PartitionState) bool { return q.Partition == p.Partition })
		if state.At > after && i >= 0 && state.Partitions[i].Leader != "" && state.Partitions[i].Leader != p.Leader {
			return state.At, true
		}
	}
	return 0, false
}

// explainFailover names the timer of elections that explains a failover as a whole, where one does, and says so: of one that was no outage, or too short to be taken
// apart by looks at the cluster now and then.
func explainFailover(r report.Recovery, timers []report.Timer) (name, text string) {
	if !r.Failover.Known || r.Service.Value > slow {
		return "", ""
	}
	for _, t := range timers {
		if t.Part == string(report.Election) && fits(r.Failover.Value, t) {
			return t.Name, fmt.Sprintf("a failover silence of %s: %s = %s", r.Failover, t.Name, t.Span())
		}
	}
	return "", ""
}

// explainFailovers names the timer that explains most failovers of a series, where one does.
func explainFailovers(s report.Series, recoveries []report.Recovery, timers []report.Timer) string {
	for _, t := range timers {
		n := 0
		for _, r := range recoveries {
			if r.Timer == t.Name {
				n++
			}
		}
		if 2*n > s.Failover.N {
			return fmt.Sprintf("a failover silence of %s at the median, which %s = %s explains in %d of %d", s.Failover.P50, t.Name, t.Span(), n, s.Failover.N)
		}
	}
	return ""
}
