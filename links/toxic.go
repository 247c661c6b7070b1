package links

import (
	"math/rand/v2"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// toxicType is the name under which Toxiproxy knows our toxic.
const toxicType = "squall"

const (
	queueBytes = 8 << 20 // how much a delay keeps of one connection's half; more than that waits in the sender's kernel
	probeExtra = 4       // chunks read beyond the limit to learn whether the sender has gone
	pieces     = 20      // a limited rate is passed on in so many pieces a second
	lateness   = 10 * time.Millisecond
)

// patience is how long bytes of a connection whose sender has gone are offered to a receiver that takes none. Toxiproxy leaves what it cannot write
// to nobody, for good: without an end, every connection to a killed broker would leave goroutines behind.
var patience = 2 * time.Minute

// A toxic does everything that this package does to bytes. Each proxy has one on each half, for good.
//
// Toxiproxy's own way is a toxic for each effect, which is added and removed while bytes flow. That waits for the stream when it is under
// back-pressure, and then throws away what it could not pass on, so that the stream is damaged. Here nothing in the chain ever moves: a changed order
// is followed from one chunk to the next.
type toxic struct{ half *half }

// NewState implements toxics.StatefulToxic. Toxiproxy calls it once for each connection.
func (t *toxic) NewState() any {
	h := t.half
	if h == nil { // added through Toxiproxy's own interface
		h = newHalf()
	}
	h.made.Add(1)
	h.open.Add(1)
	o := h.now.Load()
	return &pipe{half: h, order: o, epoch: o.epoch}
}

// Pipe implements toxics.Toxic.
func (t *toxic) Pipe(stub *toxics.ToxicStub) {
	if p, ok := stub.State.(*pipe); ok {
		p.run(stub)
	}
}

// A pipe is one half of one connection. It outlives an interrupt, which comes when somebody adds another toxic behind ours.
type pipe struct {
	half  *half
	order *order
	epoch uint64

	queue []waiting // what has come and has not left
	bytes int       // in the queue
	last  time.Time // when the newest of the queue is due: nothing overtakes
	free  time.Time // when the limited rate has room for more
	rest  time.Time // when the pause after a slice is over

	ended   bool // the sender has closed
	stalled bool // the receiver took nothing for as long as our patience lasts
	timer   *time.Timer
}

type waiting struct {
	data      []byte
	came, due time.Time
}

func (p *pipe) run(stub *toxics.ToxicStub) {
	if p.timer == nil {
		p.timer = time.NewTimer(patience)
	}
	defer p.timer.Stop()
	for {
		p.follow()
		if p.over() {
			p.finish(stub)
			return
		}
		in, out, head, at := p.ready(stub)
		select {
		case <-stub.Interrupt:
			return
		case <-p.order.changed:
		case c := <-in:
			p.arrived(c)
		case out <- head:
			p.left(len(head.Data), at)
		case <-p.timer.C:
			p.stalled = out != nil
		}
	}
}

// follow takes over a new order, for what waits as well.
func (p *pipe) follow() {
	now := p.half.now.Load()
	if now == p.order {
		return
	}
	p.order, p.last, p.stalled = now, time.Time{}, false
	if now.Drop {
		p.queue, p.bytes = nil, 0
	}
	for i := range p.queue {
		p.queue[i].due = p.due(p.queue[i].came)
	}
}

func (p *pipe) due(came time.Time) time.Time {
	p.last = later(p.last, p.order.due(came, rand.N[time.Duration]))
	return p.last
}

// over reports whether this half of the connection has nothing more to do. While it is held or dropped, not even the end of the connection passes.
func (p *pipe) over() bool {
	if p.order.epoch != p.epoch {
		return true
	}
	return p.ended && !p.order.Hold && !p.order.Drop && (len(p.queue) == 0 || p.stalled)
}

// finish closes the receiver's side. Toxiproxy then closes the whole connection.
func (p *pipe) finish(stub *toxics.ToxicStub) {
	p.queue, p.bytes = nil, 0
	p.half.open.Add(-1)
	stub.Close()
	for range stub.Input { // whoever still sends must not block for ever
	}
}

// ready returns the channels that may be used now, what would leave first and when that was due; it sets the timer for what comes next.
func (p *pipe) ready(stub *toxics.ToxicStub) (in <-chan *stream.StreamChunk, out chan<- *stream.StreamChunk, head *stream.StreamChunk, at time.Time) {
	if p.order.Hold {
		return nil, nil, nil, at // what comes waits in the sender's kernel
	}
	if !p.ended && p.room() {
		in = stub.Input
	}
	if len(p.queue) == 0 {
		return in, nil, nil, at
	}
	at, n := p.next()
	if wait := time.Until(at); wait > 0 {
		p.timer.Reset(wait)
		return in, nil, nil, at
	}
	p.timer.Reset(patience)
	return in, stub.Output, &stream.StreamChunk{Data: p.queue[0].data[:n], Timestamp: p.queue[0].came}, at
}

// room reports whether more may be read. Without a delay only one chunk is kept, so that a slow receiver is felt by the sender.
func (p *pipe) room() bool {
	switch {
	case p.order.Drop:
		return true
	case p.stalled:
		return len(p.queue) <= probeExtra || p.order.Delay > 0 && p.bytes < queueBytes
	case p.order.Delay > 0:
		return p.bytes < queueBytes
	default:
		return len(p.queue) == 0
	}
}

// next returns when the first of the queue may leave, and how many of its bytes at once.
func (p *pipe) next() (time.Time, int) {
	at, n := p.queue[0].due, len(p.queue[0].data)
	if p.order.Slice > 0 {
		n = int(min(int64(n), p.order.Slice))
		at = later(at, p.rest)
	}
	if rate := p.order.Rate; rate > 0 {
		n = min(n, int(max(1, rate/pieces)))
		at = later(at, p.free).Add(time.Duration(n) * time.Second / time.Duration(rate))
	}
	return at, n
}

func (p *pipe) arrived(c *stream.StreamChunk) {
	switch {
	case c == nil:
		p.ended = true
	case p.order.Drop:
	default:
		p.queue = append(p.queue, waiting{c.Data, c.Timestamp, p.due(c.Timestamp)})
		p.bytes += len(c.Data)
	}
}

// left notes that n bytes of the first chunk, which might have left at that time, were passed on.
func (p *pipe) left(n int, at time.Time) {
	p.half.passed.Add(uint64(n))
	p.bytes -= n
	p.stalled = false
	if p.order.Slice > 0 {
		p.rest = time.Now().Add(p.order.Pause)
	}
	if p.order.Rate > 0 {
		// A timer that fired late is made up for; a receiver that was slow is not.
		p.free = later(at, time.Now().Add(-lateness))
	}
	if p.queue[0].data = p.queue[0].data[n:]; len(p.queue[0].data) > 0 {
		return
	}
	p.queue[0] = waiting{}
	if p.queue = p.queue[1:]; len(p.queue) == 0 {
		p.queue = nil
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
