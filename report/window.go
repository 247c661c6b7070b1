package report

import "time"

// A Window is one second of the load. Counts are by the time at which something happened, latencies by the time at which the message was due.
type Window struct {
	Start        time.Duration     `json:"start_ns"`
	Phase        string            `json:"phase"`
	Due          uint64            `json:"due"`  // that were due in this window, sooner or later taken by a client, or never
	Sent         uint64            `json:"sent"` // taken by a client in this window
	Acknowledged uint64            `json:"acknowledged"`
	Rejected     uint64            `json:"rejected"`
	Aborted      uint64            `json:"aborted,omitempty"` // on purpose, with their transaction
	Unknown      uint64            `json:"unknown"`
	Delivered    uint64            `json:"delivered"`
	Held         uint64            `json:"held,omitempty"`   // of Sent, those that waited because their client's buffer was full
	Backlog      uint64            `json:"backlog"`          // acknowledged and not yet delivered, at the window's end
	Buffered     int               `json:"buffered"`         // in the producing clients, at the window's end
	CPU          float64           `json:"cpu"`              // cores that squall itself used
	GC           float64           `json:"gc"`               // of CPU, cores that collecting garbage took, as the runtime estimates it at each collection's end
	Goroutines   int               `json:"goroutines"`       // of squall itself, at the window's end
	Errors       map[string]uint64 `json:"errors,omitempty"` // by class
	Latency      Latency           `json:"latency"`
	Host         *HostSample       `json:"host,omitempty"` // what else the machine did; nil: nobody looked
	// Partitions has a letter for each partition, by its number: how its acknowledgements went in this second. Empty: there are too many of them.
	Partitions string `json:"partitions,omitempty"`
	// Late is what became known in this second of messages that were due in seconds told before, oldest first. Only windows that are told while the run goes
	// on have it: those of a report have everything in its place.
	Late []Late `json:"late,omitempty"`
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

// PhaseFigures are a phase's counts and latencies. A message belongs to the phase in which it was due; one that was due before a fault and had
// no outcome when the fault began belongs to the fault.
type PhaseFigures struct {
	Phase
	Acknowledged uint64  `json:"acknowledged"`
	Rejected     uint64  `json:"rejected"`
	Unknown      uint64  `json:"unknown"`
	Delivered    uint64  `json:"delivered"`
	Latency      Latency `json:"latency"`
}
