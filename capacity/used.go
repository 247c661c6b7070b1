package capacity

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// used returns what a run used of the machine over the stretch: means by time, and the most of one second.
func (s *stretch) used(r *report.Report) Used {
	u := Used{CPUs: r.Run.Host.CPUs, Generator: Use{Name: "squall"}}
	nodes := map[string]*Use{}
	var all, known time.Duration
	sums := map[string]time.Duration{} // how long each node was seen
	for i := range s.windows {
		w := &s.windows[i]
		span := w.Span().Seconds()
		all += w.Span()
		u.Generator.CPU += w.CPU * span
		u.Generator.CPUMost = max(u.Generator.CPUMost, w.Each().CPU)
		if w.Host == nil {
			continue
		}
		known += w.Span()
		u.Idle += w.Host.Idle * span
		u.Generator.Throttled += w.Host.Throttled["squall"] * span
		for name, sample := range w.Host.Nodes {
			if nodes[name] == nil {
				nodes[name] = &Use{Name: name}
			}
			sums[name] += w.Span()
			nodes[name].add(sample, w.Host.Throttled[name], span)
		}
	}
	u.Generator.CPU /= max(all.Seconds(), 1e-9)
	if u.Known = known > 0; u.Known {
		u.Idle /= known.Seconds()
		u.Generator.Throttled /= known.Seconds()
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		n := nodes[name]
		n.average(sums[name].Seconds())
		if l := r.Run.Broker.Limits; l != nil {
			n.CPULimit, n.MemoryLimit, n.DiskLimit = l.CPU, l.Memory, l.Disk
		}
		u.Nodes = append(u.Nodes, *n)
	}
	return u
}

// add takes in what a node used in a window of so many seconds.
func (u *Use) add(s report.NodeSample, throttled, span float64) {
	u.CPU += s.CPU * span
	u.CPUMost = max(u.CPUMost, s.CPU)
	u.Throttled += throttled * span
	u.Memory = max(u.Memory, s.Memory)
	u.DiskRead += s.Read * span
	u.DiskWrite += s.Written * span
	u.NetIn += s.Received * span
	u.NetOut += s.Sent * span
}

// average makes means of what was added up over so many seconds.
func (u *Use) average(seconds float64) {
	for _, sum := range []*float64{&u.CPU, &u.Throttled, &u.DiskRead, &u.DiskWrite, &u.NetIn, &u.NetOut} {
		*sum /= seconds
	}
}
