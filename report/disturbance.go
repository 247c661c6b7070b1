package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A HostSample is what the machine did in one second, or in a window of several, as far as it tells. What it does not tell is 0, and named in Host.Unseen.
type HostSample struct {
	Steal  float64 `json:"steal,omitempty"`  // share of the processors' time that the hypervisor gave to others, 0 to 1
	Idle   float64 `json:"idle,omitempty"`   // share of it that nobody wanted, waiting for a disk included
	Others float64 `json:"others,omitempty"` // share of it that programs had which are neither squall nor its brokers
	// Pressure is the share of the second in which some, or all, of what wanted to run was kept waiting.
	CPUSome    float64 `json:"cpu_some,omitempty"`
	MemorySome float64 `json:"memory_some,omitempty"`
	MemoryFull float64 `json:"memory_full,omitempty"`
	IOSome     float64 `json:"io_some,omitempty"`
	IOFull     float64 `json:"io_full,omitempty"`
	// Throttled is how many seconds the threads of squall ("squall") or of a node were kept waiting, all together, because a limit was used up.
	Throttled map[string]float64 `json:"throttled,omitempty"`
	OOMKills  map[string]uint64  `json:"oom_kills,omitempty"` // processes of theirs that the kernel ended for want of memory
	// Nodes is what each broker's container used; one that is down is missing.
	Nodes map[string]NodeSample `json:"nodes,omitempty"`
}

// A NodeSample is what a broker's container used in one second.
type NodeSample struct {
	CPU    float64 `json:"cpu"`          // cores
	Memory uint64  `json:"memory_bytes"` // at the second's end
	// Bytes a second: read from disks and written to files on them, and over the network. 0: none, or not known.
	Read     float64 `json:"read,omitempty"`
	Written  float64 `json:"written,omitempty"`
	Received float64 `json:"received,omitempty"`
	Sent     float64 `json:"sent,omitempty"`
}

// Limits from which on a second counts as disturbed: by something that is no part of the run. That processors are busy, or waited for (CPUSome), is none:
// three brokers and a generator fill a small machine by themselves.
const (
	// A tenth of the time gone is as much as a whole quantum of every scheduler period, and doubles a p99 of few milliseconds. Below it, steal is what
	// accounting in ticks of 10 ms shows on quiet machines.
	stealLimit = 0.1
	// Others count only where they take what the run wanted: there was hardly an idle processor, and a quarter of all was theirs. The engine, its port
	// proxies and the kernel's threads work for the run and are counted as others too; they need less than that.
	othersLimit = 0.25
	idleLeast   = 0.1
	// Memory is short when for a tenth of a second nothing at all got on: programs that have enough never wait for it together.
	memoryLimit = 0.1
	// Brokers that flush wait for the disk together, and legitimately: a disk stalls when nothing at all got on for half of a second, and the run does not
	// work like that all the time (in half of the baseline's seconds, for half as long).
	ioLimit = 0.5
	ioHabit = ioLimit / 2
	// Nobody sets limits but the scenario and its faults; a process that is throttled for a tenth of a second is so by somebody else's.
	throttledLimit = 0.1
)

// Kinds of faults that ask for what would be a disturbance otherwise.
const (
	asksForThrottling = "throttle-cpu"
	asksForLessMemory = "limit-memory"
	asksForFullDisk   = "fill-disk"
)

// limitLasts is how long after a fault's end its consequences may still be seen in a second's sample.
const limitLasts = 2 * time.Second

// A Disturbance is a stretch in which something that is no part of the run kept the run from what it needed.
type Disturbance struct {
	Kind DisturbanceKind `json:"kind"`
	Who  string          `json:"who,omitempty"` // "squall" or a node, of those that have one
	From time.Duration   `json:"from_ns"`
	To   time.Duration   `json:"to_ns"`
	Most float64         `json:"most"` // the worst second: a share, or how often
}

// A DisturbanceKind says what disturbed.
type DisturbanceKind string

// The kinds of disturbances.
const (
	DisturbedSteal     DisturbanceKind = "steal"
	DisturbedOthers    DisturbanceKind = "other programs"
	DisturbedMemory    DisturbanceKind = "memory"
	DisturbedDisk      DisturbanceKind = "disk"
	DisturbedThrottled DisturbanceKind = "throttled"
	DisturbedKilled    DisturbanceKind = "out of memory"
)

// String tells what disturbed, how much, and when.
func (d Disturbance) String() string {
	share, whose := fmt.Sprintf("%.0f %%", 100*d.Most), d.Who
	if whose == "squall" { // which did not tell of its own end
		whose = "squall's control group"
	}
	what := map[DisturbanceKind]string{
		DisturbedSteal:     "the hypervisor gave up to " + share + " of the processors' time to others",
		DisturbedOthers:    "other programs took up to " + share + " of the processors' time, and hardly any was left",
		DisturbedMemory:    "memory was so short that for up to " + share + " of a second nothing got on",
		DisturbedDisk:      "a disk was so slow that for up to " + share + " of a second nothing got on",
		DisturbedThrottled: d.Who + " was throttled, by no fault, for up to " + share + " of a second",
		DisturbedKilled:    "the kernel ended processes of " + whose + " for want of memory",
	}[d.Kind]
	return fmt.Sprintf("%s, from %s to %s", what, Human(d.From), Human(d.To))
}

// disturbances returns what disturbed the run, each kind in order of time; seconds that follow one another are one. A broker that the kernel ended is
// missing to the end of the run, and was for up to a second before that was seen.
func disturbances(r *Report) []Disturbance {
	var all []Disturbance
	last := map[Disturbance]int{} // by kind and whom: where it is
	habit := r.diskHabit()
	for i := range r.Windows {
		w := &r.Windows[i]
		for _, d := range r.disturbedIn(w, habit) {
			d.From, d.To = w.Start, w.End()
			key := Disturbance{Kind: d.Kind, Who: d.Who}
			if at, ok := last[key]; ok && all[at].To >= d.From {
				all[at].To, all[at].Most = d.To, max(all[at].Most, d.Most)
				continue
			}
			last[key] = len(all)
			all = append(all, d)
		}
	}
	for _, c := range r.Crashes {
		if c.OutOfMemory {
			all = append(all, Disturbance{Kind: DisturbedKilled, Who: c.Node, From: c.At - time.Second, To: max(c.At, r.History.LoadEnd), Most: 1})
		}
	}
	return all
}

// signs are what a sample shows of things that may be disturbances, if no fault asked for them.
type signs struct{ steal, others, memory, disk, throttled, killed bool }

func (h *HostSample) signs() signs {
	if h == nil {
		return signs{}
	}
	s := signs{steal: h.Steal >= stealLimit, others: h.Others >= othersLimit && h.Idle < idleLeast, memory: h.MemoryFull >= memoryLimit, disk: h.IOFull >= ioLimit,
		killed: len(h.OOMKills) > 0}
	for _, share := range h.Throttled {
		s.throttled = s.throttled || share >= throttledLimit
	}
	return s
}

// disturbedIn returns what disturbed one window.
func (r *Report) disturbedIn(w *Window, habit float64) []Disturbance {
	h := w.Host
	if h == nil {
		return nil
	}
	var all []Disturbance
	saw := h.signs()
	if saw.steal {
		all = append(all, Disturbance{Kind: DisturbedSteal, Most: h.Steal})
	}
	if saw.others {
		all = append(all, Disturbance{Kind: DisturbedOthers, Most: h.Others})
	}
	if saw.memory && !r.askedFor(w, "", asksForLessMemory) {
		all = append(all, Disturbance{Kind: DisturbedMemory, Most: h.MemoryFull})
	}
	if saw.disk && habit < ioHabit && !r.askedFor(w, "", asksForLessMemory, asksForFullDisk) {
		all = append(all, Disturbance{Kind: DisturbedDisk, Most: h.IOFull})
	}
	for _, who := range slices.Sorted(maps.Keys(h.Throttled)) {
		if h.Throttled[who] >= throttledLimit && !r.limits(who) && !r.askedFor(w, who, asksForThrottling) {
			all = append(all, Disturbance{Kind: DisturbedThrottled, Who: who, Most: h.Throttled[who]})
		}
	}
	for _, who := range slices.Sorted(maps.Keys(h.OOMKills)) {
		if !r.askedFor(w, who, asksForLessMemory) {
			all = append(all, Disturbance{Kind: DisturbedKilled, Who: who, Most: float64(h.OOMKills[who])})
		}
	}
	return all
}

// A share is one of the time of a window.
type share struct {
	of   float64
	span time.Duration
}

// diskHabit returns for how much of the baseline's median second nothing got on but the disk.
func (r *Report) diskHabit() float64 {
	var shares []share
	var all time.Duration
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Host != nil && w.Phase == string(Baseline) {
			shares = append(shares, share{w.Host.IOFull, w.Span()})
			all += w.Span()
		}
	}
	slices.SortFunc(shares, func(a, b share) int { return cmp.Compare(a.of, b.of) })
	var seen time.Duration
	for _, s := range shares {
		if seen += s.span; 2*seen > all {
			return s.of
		}
	}
	return 0
}

// limits reports whether the scenario itself has a limit on a node's processors.
func (r *Report) limits(who string) bool {
	return r.Run.Broker.Limits != nil && r.Run.Broker.Limits.CPU > 0 && slices.Contains(r.Run.Broker.Nodes, who)
}

// askedFor reports whether the scenario asked for what was seen in a window: a fault of such a kind had its way with a node; empty:
// with any.
func (r *Report) askedFor(w *Window, node string, kinds ...string) bool {
	return slices.ContainsFunc(r.Faults, func(f Fault) bool {
		return slices.Contains(kinds, f.Kind) && f.Commanded >= 0 && w.End() > f.Commanded && (f.Healed < 0 || w.Start < f.Healed+limitLasts) &&
			(node == "" || slices.Contains(f.Victims, node))
	})
}
