package report

import (
	"maps"
	"math"
	"sort"
	"time"
)

// MostWindows is how many windows a report has at most: those of an hour by the second, and of longer runs fewer than seconds. Only where a run has more
// phases than this, it has a window for each of them.
const MostWindows = 3600

const (
	thinTo   = MostWindows / 8 * 7 // so many are left, for thinning a few windows costs as much as thinning many
	nearEdge = time.Minute         // how near to a phase's edge windows stay finer than elsewhere: what a fault does is seen soon after it begins and ends
	finer    = 64                  // how many times finer
)

// Unthinned is how long a window is left alone after its end: until then what is learned late of it, by its messages or of the machine, is mostly learned.
const Unthinned = time.Minute

// Thin returns windows, in order and without gaps, as they are kept: neighbours of the same phase become one as soon as there are more than MostWindows,
// first those that make the shortest ones, and of these the oldest. A phase's first and last window stay as they are as long as others are left, and those
// near them, and those in which something disturbed the run and their neighbours, are joined late. What a window has become depends on those before and after
// it alone: who is told a run's windows one by one, and thins them after each, has what the run has. The list that is given is used up.
func Thin(all []Window) []Window {
	if len(all) <= MostWindows {
		return all
	}
	end := all[len(all)-1].End()
	t := thinning{windows: all, excess: len(all) - thinTo, until: end - Unthinned}
	for i := 1; i < len(all); i++ {
		if all[i].Phase != all[i-1].Phase {
			t.edges = append(t.edges, all[i].Start)
		}
	}
	for most := 2 * time.Second; t.excess > 0 && most < 2*finer*(end-all[0].Start); most *= 2 {
		t.pass(func(a, b *Window) bool { return b.End()-a.Start <= t.longest(a, b, most) })
	}
	for before := 0; t.excess > 0 && t.excess != before; { // there are so many phases that their edges have to go
		before = t.excess
		t.pass(func(_, _ *Window) bool { return true })
	}
	clear(all[len(t.windows):])
	return t.windows
}

// A thinning is windows that are being thinned.
type thinning struct {
	windows []Window
	excess  int             // so many are still too many
	until   time.Duration   // what ends later is left alone
	edges   []time.Duration // of phases
}

// pass joins neighbours that fit, the oldest first, each window with one other at most.
func (t *thinning) pass(fit func(a, b *Window) bool) {
	all, out := t.windows, t.windows[:0]
	for i := 0; i < len(all); i++ {
		if t.excess == 0 || i+1 == len(all) || !t.joinable(&all[i], &all[i+1]) || !fit(&all[i], &all[i+1]) {
			out = append(out, all[i])
			continue
		}
		out = append(out, join(&all[i], &all[i+1]))
		t.excess--
		i++
	}
	t.windows = out
}

func (t *thinning) joinable(a, b *Window) bool {
	return a.Phase == b.Phase && a.End() == b.Start && b.End() <= t.until
}

// longest returns how long what two neighbours become may be, where elsewhere it may be as long as most.
func (t *thinning) longest(a, b *Window, most time.Duration) time.Duration {
	away := time.Duration(math.MaxInt64)
	i := sort.Search(len(t.edges), func(i int) bool { return t.edges[i] >= b.End() })
	if i < len(t.edges) {
		away = t.edges[i] - b.End()
	}
	if i > 0 {
		away = min(away, a.Start-t.edges[i-1])
	}
	switch {
	case away == 0:
		return 0
	case away < nearEdge || a.Host.signs() != b.Host.signs():
		return most / finer
	}
	return most
}

// join returns two neighbours as one, and leaves what others may still read of them as it is.
func join(a, b *Window) Window {
	w := *a
	w.Lasts, w.Late = a.Span()+b.Span(), nil
	w.AddCounts(b)
	w.Backlog, w.Buffered, w.Goroutines = max(a.Backlog, b.Backlog), max(a.Buffered, b.Buffered), max(a.Goroutines, b.Goroutines)
	share := float64(b.Span()) / float64(w.Lasts)
	w.CPU, w.GC = mean(a.CPU, b.CPU, share), mean(a.GC, b.GC, share)
	w.Errors = combined(a.Errors, b.Errors, func(m, n uint64) uint64 { return m + n })
	w.Latency.Merge(b.Latency)
	w.Host = a.Host.with(b.Host, share)
	w.Partitions = WorsePartitions(a.Partitions, b.Partitions)
	m, n := a.Each(), b.Each()
	w.Within = &Within{Acknowledged: m.Acknowledged.with(n.Acknowledged), Delivered: m.Delivered.with(n.Delivered), CPU: max(m.CPU, n.CPU), Astray: m.Astray + n.Astray}
	return w
}

func (e Extremes) with(o Extremes) Extremes {
	return Extremes{min(e.Least, o.Least), max(e.Most, o.Most)}
}

// mean is that of two values of which the second one weighs so much, to three digits behind the point.
func mean(a, b, share float64) float64 { return math.Round((a+(b-a)*share)*1000) / 1000 }

// combined returns what is in either of two maps; both have a say in what is in both.
func combined[V any](a, b map[string]V, both func(V, V) V) map[string]V {
	if len(a) == 0 {
		return maps.Clone(b)
	}
	out := maps.Clone(a)
	for key, v := range b {
		if w, ok := out[key]; ok {
			v = both(w, v)
		}
		out[key] = v
	}
	return out
}

// with returns two samples as one. Of two that show the same disturbances, or none, it is the mean: that shows them too. Of others the worse counts,
// so that no disturbance gets lost.
func (h *HostSample) with(o *HostSample, share float64) *HostSample {
	switch {
	case h == nil:
		return o
	case o == nil || h == o: // one sample may be of several seconds
		return h
	}
	both := func(a, b float64) float64 { return mean(a, b, share) }
	worse, best := both, both
	if h.signs() != o.signs() {
		worse, best = func(a, b float64) float64 { return max(a, b) }, func(a, b float64) float64 { return min(a, b) }
	}
	return &HostSample{
		Steal: worse(h.Steal, o.Steal), Idle: best(h.Idle, o.Idle), Others: worse(h.Others, o.Others), CPUSome: worse(h.CPUSome, o.CPUSome),
		MemorySome: worse(h.MemorySome, o.MemorySome), MemoryFull: worse(h.MemoryFull, o.MemoryFull), IOSome: worse(h.IOSome, o.IOSome), IOFull: worse(h.IOFull, o.IOFull),
		Throttled: combined(h.Throttled, o.Throttled, func(a, b float64) float64 { return max(a, b) }),
		OOMKills:  combined(h.OOMKills, o.OOMKills, func(a, b uint64) uint64 { return a + b }),
		Nodes: combined(h.Nodes, o.Nodes, func(a, b NodeSample) NodeSample {
			return NodeSample{CPU: mean(a.CPU, b.CPU, share), Memory: max(a.Memory, b.Memory), Read: mean(a.Read, b.Read, share), Written: mean(a.Written, b.Written, share),
				Received: mean(a.Received, b.Received, share), Sent: mean(a.Sent, b.Sent, share)}
		}),
	}
}
