package report

import (
	"slices"
	"sort"
	"time"
)

// A Window is one second of the load, or a few of them: reports of long runs have fewer windows than seconds. Counts are by the time at which something
// happened, latencies by the time at which the message was due. Of several seconds, counts and latencies are those of all of them.
type Window struct {
	Start        time.Duration     `json:"start_ns"`
	Lasts        time.Duration     `json:"span_ns,omitempty"` // how long it is; missing: one second
	Phase        string            `json:"phase"`
	Due          uint64            `json:"due"`  // that were due in this window, sooner or later taken by a client, or never
	Sent         uint64            `json:"sent"` // taken by a client in this window
	Acknowledged uint64            `json:"acknowledged"`
	Rejected     uint64            `json:"rejected"`
	Aborted      uint64            `json:"aborted,omitempty"` // on purpose, with their transaction
	Unknown      uint64            `json:"unknown"`
	Delivered    uint64            `json:"delivered"`
	Held         uint64            `json:"held,omitempty"`   // of Sent, those that waited because their client's buffer was full
	Backlog      uint64            `json:"backlog"`          // acknowledged and not yet delivered, at the window's end; of several seconds the greatest
	Buffered     int               `json:"buffered"`         // in the producing clients, at the window's end; of several seconds the greatest
	CPU          float64           `json:"cpu"`              // cores that squall itself used; of several seconds the mean
	GC           float64           `json:"gc"`               // of CPU, cores that collecting garbage took, as the runtime estimates it at each collection's end
	Goroutines   int               `json:"goroutines"`       // of squall itself, at the window's end; of several seconds the greatest
	Errors       map[string]uint64 `json:"errors,omitempty"` // by class
	Latency      Latency           `json:"latency"`
	Host         *HostSample       `json:"host,omitempty"`   // what else the machine did; nil: nobody looked
	Within       *Within           `json:"within,omitempty"` // what is kept of each of several seconds; nil: it is one
	// Partitions has a letter for each partition, by its number: how its acknowledgements went in this second, or in the worst of
	// several. Empty: there are too many of them.
	Partitions string `json:"partitions,omitempty"`
	// Late is what became known in this second of messages that were due in seconds told before, oldest first. Only windows that are told while the run goes
	// on have it: those of a report have everything in its place.
	Late []Late `json:"late,omitempty"`
}

// Within is what a window of several seconds keeps of each of them.
type Within struct {
	Acknowledged Extremes `json:"acknowledged"`
	Delivered    Extremes `json:"delivered"`
	CPU          float64  `json:"cpu_most"` // in the second in which squall used most
	Astray       uint64   `json:"astray"`   // messages that were handed over in another second than they were due in
}

// Extremes are the least and the most of one second.
type Extremes struct {
	Least uint64 `json:"least"`
	Most  uint64 `json:"most"`
}

// Span is how long the window is.
func (w *Window) Span() time.Duration {
	if w.Lasts > 0 {
		return w.Lasts
	}
	return time.Second
}

// End is when the window ends.
func (w *Window) End() time.Duration { return w.Start + w.Span() }

// PerSecond returns a count of the window as a rate.
func (w *Window) PerSecond(n uint64) float64 { return float64(n) / w.Span().Seconds() }

// Each returns what is known of each of the window's seconds.
func (w *Window) Each() Within {
	if w.Within != nil {
		return *w.Within
	}
	due, sent := w.Latency.Lag.Count(), w.Sent-w.Held
	return Within{Acknowledged: Extremes{w.Acknowledged, w.Acknowledged}, Delivered: Extremes{w.Delivered, w.Delivered}, CPU: w.CPU,
		Astray: max(due, sent) - min(due, sent)}
}

// WindowAt returns which of some windows, in order, a time is in; false: none.
func WindowAt(all []Window, at time.Duration) (int, bool) {
	i := sort.Search(len(all), func(i int) bool { return all[i].End() > at })
	return i, i < len(all) && all[i].Start <= at
}

// Late is what a window was not told with, because nobody knew it yet: in an outage the messages that waited for its end.
type Late struct {
	Start   time.Duration `json:"start_ns"` // the window's
	Phase   string        `json:"phase"`    // the window's
	Due     uint64        `json:"due"`
	Latency Latency       `json:"latency"`
}

// AddCounts adds o's counts of messages to w's, and nothing else of it: not what is known at a moment, such as the backlog.
func (w *Window) AddCounts(o *Window) {
	w.Due += o.Due
	for i := range o.Late {
		w.Due += o.Late[i].Due
	}
	w.Sent += o.Sent
	w.Acknowledged += o.Acknowledged
	w.Rejected += o.Rejected
	w.Aborted += o.Aborted
	w.Unknown += o.Unknown
	w.Delivered += o.Delivered
	w.Held += o.Held
}

// The letters of Window.Partitions.
const (
	PartitionFull   = 'f' // something was acknowledged in at least half as many tenths of the second as something was due in
	PartitionThin   = 't' // in fewer
	PartitionSilent = 's' // in none, though something was due, then or before, and waited
	PartitionIdle   = 'i' // nothing was due, and nothing waited
)

// Badness orders the letters of Window.Partitions; those of a later squall are below all.
func Badness(letter byte) int {
	return slices.Index([]byte{PartitionIdle, PartitionFull, PartitionThin, PartitionSilent}, letter)
}

// WorsePartitions returns the worse letter of each partition.
func WorsePartitions(a, b string) string {
	if a == b || b == "" {
		return a
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	out := []byte(a)
	for i := range len(b) {
		if Badness(b[i]) > Badness(out[i]) {
			out[i] = b[i]
		}
	}
	return string(out)
}

// A Backlog is what consumers that began late found, and how long they took to drain it.
type Backlog struct {
	Began   time.Duration `json:"began_ns"` // when the consumers began
	Peak    uint64        `json:"peak"`     // messages acknowledged and not yet delivered, at the end of the second in which there were most
	Drained Figure        `json:"drained"`  // from Began until no more waited than a second of load brings
}

// Latency is the four histograms of a window or phase.
type Latency struct {
	Ack     Histogram `json:"ack"`     // due to acknowledged
	E2E     Histogram `json:"e2e"`     // due to delivered
	Service Histogram `json:"service"` // handed to the client, to acknowledged
	Lag     Histogram `json:"lag"`     // due, to handed to the client: the generator's own error, or a full client's
}

// Merge adds o to l.
func (l *Latency) Merge(o Latency) {
	l.Ack.Merge(o.Ack)
	l.E2E.Merge(o.E2E)
	l.Service.Merge(o.Service)
	l.Lag.Merge(o.Lag)
}

// PhaseFigures are a phase's counts and latencies. A message belongs to the phase in which it was due; one that had no outcome when a fault ended that
// phase belongs to the fault's.
type PhaseFigures struct {
	Phase
	Acknowledged uint64  `json:"acknowledged"`
	Rejected     uint64  `json:"rejected"`
	Unknown      uint64  `json:"unknown"`
	Delivered    uint64  `json:"delivered"`
	Latency      Latency `json:"latency"`
}

// PhaseNames returns what the phases are called; those of one name are told apart by when they began, in moment's words.
func PhaseNames(phases []PhaseFigures, moment func(time.Duration) string) []string {
	count, names := map[string]int{}, make([]string, len(phases))
	for i := range phases {
		count[phases[i].Name]++
	}
	for i := range phases {
		if names[i] = phases[i].Name; count[names[i]] > 1 {
			names[i] += " from " + moment(phases[i].From)
		}
	}
	return names
}
