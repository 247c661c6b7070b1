package loadgen

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A recording is what one goroutine measured since the Collector took its last one away.
type recording struct {
	cells  []*cell   // by the second and phase in which messages were due; the one used last comes first
	free   []*cell   // to be used again
	counts []counted // by the second in which something happened, from base on
	base   int       // the second of counts[0]
	due    slots     // milliseconds in which something was due, by partition
	done   slots     // milliseconds in which something succeeded, by partition
	high   []int64   // one above the highest offset that succeeded, by partition, of messages that were due since
	since  time.Duration
	errors map[string]uint64
}

// A cell holds the latencies of the messages that were due in one second of one phase. What first and second mean is up to who records: lag; ack
// and service time; end to end.
type cell struct {
	second, phase          int
	first, again           *latencies
	due, rejected, unknown uint64
}

// counted is what happened in one second.
type counted struct {
	sent, held, acknowledged, rejected, aborted, unknown, delivered uint64
}

// countedSeconds bounds how much later than its first second a recording may be taken away before counts pile up in its last one.
const countedSeconds = 16

func newRecording(partitions int) *recording {
	return &recording{counts: make([]counted, countedSeconds), due: newSlots(partitions), done: newSlots(partitions), high: make([]int64, partitions)}
}

// reset makes the recording empty, for messages that are due or done at now or later, or slightly earlier.
func (r *recording) reset(now time.Duration) {
	for _, c := range r.cells {
		c.first.reset()
		if c.again != nil {
			c.again.reset()
		}
		c.due, c.rejected, c.unknown = 0, 0, 0
		r.free = append(r.free, c)
	}
	r.cells = r.cells[:0]
	clear(r.counts)
	r.base = int(now / time.Second)
	r.due.reset(now)
	r.done.reset(now)
	clear(r.high)
	clear(r.errors)
}

// cell returns the cell of a second and phase. Nearly every message belongs to the one before's.
func (r *recording) cell(second, phase int) *cell {
	for i, c := range r.cells {
		if c.second == second && c.phase == phase {
			r.cells[0], r.cells[i] = r.cells[i], r.cells[0]
			return c
		}
	}
	var c *cell
	if n := len(r.free); n > 0 {
		c, r.free = r.free[n-1], r.free[:n-1]
	} else {
		c = &cell{first: newLatencies()}
	}
	c.second, c.phase = second, phase
	r.cells = append(r.cells, c)
	return c
}

// service returns the cell's second latencies, which only outcomes have.
func (c *cell) service() *latencies {
	if c.again == nil {
		c.again = newLatencies()
	}
	return c.again
}

// count returns the counts of the second that at lies in.
func (r *recording) count(at time.Duration) *counted {
	i := int(at/time.Second) - r.base
	return &r.counts[min(max(i, 0), len(r.counts)-1)]
}

func (r *recording) fail(class string) {
	if r.errors == nil {
		r.errors = map[string]uint64{}
	}
	r.errors[class]++
}

// A recorder lends one goroutine its recording, and lets another take it away, without a lock on the first one's path: the writer announces that
// it is at work before it looks which recording is its own, so the taker, once it has put another in the place and has seen the writer at rest,
// owns what was there before.
type recorder struct {
	atWork  atomic.Bool
	current atomic.Pointer[recording]
	spare   *recording // the taker's
	phases  *Phases
}

func newRecorder(partitions int, phases *Phases, now time.Duration) *recorder {
	r := &recorder{spare: newRecording(partitions), phases: phases}
	first := newRecording(partitions)
	first.reset(now)
	r.current.Store(first)
	return r
}

// begin lends the recording until end.
func (r *recorder) begin() *recording {
	r.atWork.Store(true)
	return r.current.Load()
}

func (r *recorder) end() { r.atWork.Store(false) }

// take returns what was recorded since the last call; it stays valid until the next one.
func (r *recorder) take(now time.Duration) *recording {
	r.spare.reset(now)
	taken := r.current.Swap(r.spare)
	for r.atWork.Load() {
		runtime.Gosched() // a batch takes microseconds
	}
	r.spare = taken
	return taken
}

// reach returns what offsets are noted in: those of a log that is gone are forgotten.
func (r *recorder) reach(rec *recording) (high []int64, since time.Duration) {
	if since = time.Duration(r.phases.anew.Load()); rec.since != since {
		rec.since = since
		clear(rec.high)
	}
	return rec.high, since
}

// sent records a batch that a client took. What was due by held had to wait because the client's buffer was full, so its lag is not the
// generator's.
func (r *recorder) sent(batch []broker.Message, held time.Duration) {
	rec := r.begin()
	for i := range batch {
		m := &batch[i]
		n := rec.count(m.Sent)
		n.sent++
		rec.due.set(m.ID.Partition, m.Due)
		c := rec.cell(int(m.Due/time.Second), r.phases.of(m.Due, m.Due))
		c.due++
		if m.Due <= held {
			n.held++
			continue
		}
		c.first.add(m.Sent - m.Due)
	}
	r.end()
}

// unsent records a message that was due and never taken.
func (r *recorder) unsent(due time.Duration) {
	r.begin().cell(int(due/time.Second), r.phases.of(due, due)).due++
	r.end()
}

// outcomes records how the sending of messages ended.
func (r *recorder) outcomes(batch []broker.Outcome) {
	rec := r.begin()
	high, since := r.reach(rec)
	for i := range batch {
		o := &batch[i]
		n := rec.count(o.At)
		c := rec.cell(int(o.Due/time.Second), r.phases.of(o.Due, o.At))
		switch {
		case o.Err == nil:
			n.acknowledged++
			c.first.add(o.At - o.Due)
			c.service().add(o.At - o.Sent)
			rec.done.set(o.ID.Partition, o.At)
			if o.Offset >= high[o.ID.Partition] && o.Due >= since {
				high[o.ID.Partition] = o.Offset + 1
			}
		case errors.Is(o.Err, broker.ErrAborted): // as it was asked for: no success, and no failure
			n.aborted++
			rec.done.set(o.ID.Partition, o.At)
		case errors.Is(o.Err, broker.ErrRejected):
			n.rejected++
			c.rejected++
			rec.fail(class(o.Err))
		default:
			n.unknown++
			c.unknown++
			c.first.addCensored(o.At - o.Due)
			c.service().addCensored(o.At - o.Sent)
			rec.fail(class(o.Err))
		}
	}
	r.end()
}

// delivered records a batch that a consumer got.
func (r *recorder) delivered(batch []broker.Delivery) {
	rec := r.begin()
	high, since := r.reach(rec)
	for i := range batch {
		d := &batch[i]
		if int(d.Partition) < len(high) && d.Offset >= high[d.Partition] && (d.Due >= since || d.Envelope == broker.Marker && high[d.Partition] > 0) {
			high[d.Partition] = d.Offset + 1
		}
		if d.Envelope != broker.Intact {
			continue
		}
		rec.count(d.At).delivered++
		rec.done.set(d.Partition, d.At)
		rec.cell(int(d.Due/time.Second), r.phases.of(d.Due, d.At)).first.add(d.At - d.Due)
	}
	r.end()
}
