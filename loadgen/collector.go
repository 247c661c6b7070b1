package loadgen

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A Collector takes away what senders and receivers recorded, once a second, and merges it into windows, phases and silences. One goroutine uses it.
type Collector struct {
	o         Options
	senders   []*Sender
	receivers []*Receiver
	told      []report.Window // those that Roll has returned, thinned
	first     int             // the second of windows[0]
	windows   []report.Window // those that are still to be told
	phases    []report.PhaseFigures
	produce   *silences
	consume   *silences
	acked     []int64                       // one above the highest offset acknowledged, by partition
	delivered []int64                       // one above the highest offset delivered, by partition
	since     time.Duration                 // of messages that were due since
	late      map[time.Duration]report.Late // by the second that was told without it
	meter     *meter
	strip     *strip
}

// NewCollector returns a collector of these receivers, which have to be made before the load begins.
func NewCollector(o Options, receivers []*Receiver) *Collector {
	return &Collector{
		o: o, receivers: receivers,
		produce: newSilences(report.Produce, o.Partitions, o.Phases, o.Start),
		consume: newSilences(report.Consume, o.Partitions, o.Phases, o.Start),
		acked:   make([]int64, o.Partitions), delivered: make([]int64, o.Partitions),
		meter: newMeter(), strip: newStrip(o.Partitions), late: map[time.Duration]report.Late{},
	}
}

// Begin adds the senders of a load that begins at start. Windows are made from then on.
func (c *Collector) Begin(start time.Duration, senders []*Sender) {
	c.o.Start, c.senders = start, senders
	c.first, c.told, c.windows = int(start/time.Second), nil, nil
	clear(c.late)
	c.strip.first = c.first
	c.meter.look()
	for _, s := range senders { // their recordings were made some time ago, for that time
		s.sending.take(start)
		s.ended.take(start)
	}
}

// Roll takes everything recorded so far and returns the windows that have ended since the last call. What is learned later of them still enters the
// windows that Finish returns, and is told with the next ones as late.
func (c *Collector) Roll(now time.Duration, buffered int) []report.Window {
	for _, s := range c.senders {
		c.mergeSent(s.sending.take(now))
		c.mergeEnded(s.ended.take(now))
	}
	for _, r := range c.receivers {
		c.mergeDelivered(r.rec.take(now))
	}
	c.produce.look(now)
	c.consume.look(now)
	used := c.meter.look()
	done := int(now/time.Second) - c.first
	if done > 0 || len(c.told) == 0 {
		c.window(c.first + max(done-1, 0)) // a silent second is a window too
	}
	fresh := slices.Clone(c.windows[:min(max(done, 0), len(c.windows))])
	for i := range fresh {
		w := &fresh[i]
		w.Backlog, w.Buffered = c.Backlog(), buffered
		w.CPU, w.GC, w.Goroutines = used.cores, used.gc, used.goroutines
		w.Partitions = c.strip.take(c.first + i)
	}
	for _, w := range fresh {
		c.told = report.Thin(append(c.told, w))
	}
	c.windows, c.first = slices.Delete(c.windows, 0, len(fresh)), c.first+len(fresh)
	if len(fresh) > 0 {
		fresh[len(fresh)-1].Late = c.takeLate()
	}
	return fresh
}

// Backlog is how many offsets are acknowledged and not yet delivered, or what Options.Backlog says.
func (c *Collector) Backlog() uint64 {
	if c.o.Backlog != nil {
		return c.o.Backlog()
	}
	var n uint64
	for p := range c.acked {
		behind := uint64(max(0, c.acked[p]-c.delivered[p]))
		if c.o.Shared { // what is behind in one partition counts the messages of all of them
			n = max(n, behind)
		} else {
			n += behind
		}
	}
	return n
}

// Delivered returns one above the highest offset that was delivered, by partition.
func (c *Collector) Delivered() []int64 { return slices.Clone(c.delivered) }

// Fresh returns the windows that were told of late, for what else is to be known of them to be entered before they may become parts of longer ones.
func (c *Collector) Fresh() []report.Window {
	return c.told[max(0, len(c.told)-int(report.Unthinned/time.Second)):]
}

// window returns the window that a second is in; all between are made as well.
func (c *Collector) window(second int) *report.Window {
	if second < c.first && len(c.told) > 0 {
		i, _ := report.WindowAt(c.told, time.Duration(second)*time.Second)
		return &c.told[i]
	}
	i := max(second-c.first, 0)
	for len(c.windows) <= i {
		start := time.Duration(c.first+len(c.windows)) * time.Second
		c.windows = append(c.windows, report.Window{Start: start, Phase: c.phaseName(start)})
	}
	return &c.windows[i]
}

func (c *Collector) phaseName(at time.Duration) string {
	list := *c.o.Phases.list.Load()
	return list[c.o.Phases.of(max(at, c.o.Start), max(at, c.o.Start))].Name
}

// phase returns the figures of a phase.
func (c *Collector) phase(i int) *report.PhaseFigures {
	for len(c.phases) <= i {
		c.phases = append(c.phases, report.PhaseFigures{})
	}
	return &c.phases[i]
}

// learn enters what has become known of a second's messages into its window, and keeps it to be told where the window has been told without it.
func (c *Collector) learn(second int, due uint64, l report.Latency) {
	w := c.window(second)
	w.Due += due
	w.Latency.Merge(l)
	if second >= c.first || len(c.told) == 0 {
		return
	}
	at := max(time.Duration(second)*time.Second, w.Start)
	late := c.late[at]
	late.Due += due
	late.Latency.Merge(l)
	c.late[at] = late
}

// takeLate returns what was learned too late, oldest first.
func (c *Collector) takeLate() []report.Late {
	var all []report.Late
	for _, start := range slices.Sorted(maps.Keys(c.late)) {
		l := c.late[start]
		l.Start, l.Phase = start, c.window(int(start/time.Second)).Phase
		all = append(all, l)
	}
	clear(c.late)
	return all
}

func (c *Collector) mergeSent(r *recording) {
	c.mergeCounts(r)
	c.produce.merge(&r.due, &r.done)
	c.consume.merge(&r.due, &r.done)
	c.strip.merge(&r.due, &r.done)
	for _, cell := range r.cells {
		h := cell.first.export()
		c.learn(cell.second, cell.due, report.Latency{Lag: coarse(h)})
		c.phase(cell.phase).Latency.Lag.Merge(h)
	}
}

func (c *Collector) mergeEnded(r *recording) {
	c.mergeCounts(r)
	c.produce.merge(&r.due, &r.done)
	c.strip.merge(&r.due, &r.done)
	c.raise(c.acked, r)
	for class, n := range r.errors {
		w := c.window(r.base)
		if w.Errors == nil {
			w.Errors = map[string]uint64{}
		}
		w.Errors[class] += n
	}
	for _, cell := range r.cells {
		p := c.phase(cell.phase)
		ack, service := cell.first.export(), cell.service().export()
		c.learn(cell.second, 0, report.Latency{Ack: coarse(ack), Service: coarse(service)})
		p.Latency.Ack.Merge(ack)
		p.Latency.Service.Merge(service)
		p.Rejected += cell.rejected
		p.Unknown += cell.unknown
		p.Acknowledged += ack.Count() - cell.unknown
	}
}

func (c *Collector) mergeDelivered(r *recording) {
	c.mergeCounts(r)
	c.consume.merge(&r.due, &r.done)
	c.raise(c.delivered, r)
	for _, cell := range r.cells {
		h := cell.first.export()
		p := c.phase(cell.phase)
		c.learn(cell.second, 0, report.Latency{E2E: coarse(h)})
		p.Latency.E2E.Merge(h)
		p.Delivered += h.Count()
	}
}

func (c *Collector) mergeCounts(r *recording) {
	for i, n := range r.counts {
		if n == (counted{}) {
			continue
		}
		w := c.window(r.base + i)
		w.Sent += n.sent
		w.Held += n.held
		w.Acknowledged += n.acknowledged
		w.Rejected += n.rejected
		w.Aborted += n.aborted
		w.Unknown += n.unknown
		w.Delivered += n.delivered
	}
}

// raise takes in how far a recording got. The first one of a log that was made anew makes all begin at 0 again.
func (c *Collector) raise(high []int64, by *recording) {
	if by.since > c.since {
		c.since = by.since
		clear(c.acked)
		clear(c.delivered)
	}
	for p := range high {
		if by.since == c.since {
			high[p] = max(high[p], by.high[p])
		}
	}
}

// Finish takes what is left, when every sender and receiver has ended, and returns the whole history, every window and every phase's figures.
// States and blind spans are for others to fill in.
func (c *Collector) Finish(now, loadEnd time.Duration) (report.History, []report.Window, []report.PhaseFigures) {
	c.Roll(now, 0)
	c.Roll(now, 0) // what was taken while a writer finished
	c.produce.finish(now, loadEnd)
	if len(c.receivers) > 0 { // else nothing was ever to be delivered
		c.consume.finish(now, loadEnd)
	}
	phases := c.o.Phases.List()
	for i := range phases {
		c.phase(i).Phase = phases[i]
	}
	for _, w := range c.windows {
		c.told = report.Thin(append(c.told, w))
	}
	h := report.History{
		Phases: phases, Floor: silenceFloor, LoadEnd: loadEnd, Dropped: c.produce.dropped + c.consume.dropped,
		Silences: append(slices.Clone(c.produce.found), c.consume.found...),
		Spacing:  map[report.Direction]report.Histogram{report.Produce: c.produce.spacing.export(), report.Consume: c.consume.spacing.export()},
	}
	return h, c.told, c.phases
}
