package links

import (
	"math/rand/v2"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/seed-228c25e4/squall/broker"
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
type toxic struct {
	proxy   *proxy
	replies bool // which half
}

// NewState implements toxics.StatefulToxic. Toxiproxy calls it for each connection that the proxy starts.
func (t *toxic) NewState() any {
	c := t.proxy.starting
	return &pipe{conn: c, replies: t.replies, order: c.now.Load()}
}

// Pipe implements toxics.Toxic.
func (t *toxic) Pipe(stub *toxics.ToxicStub) { stub.State.(*pipe).run(stub) }

// A pipe is one half of one connection.
type pipe struct {
	conn    *conn
	replies bool
	order   *order

	queue  []waiting // what has come and has not left
	bytes  int       // in the queue
	last   time.Time // when the newest of the queue is due: nothing overtakes
	free   time.Time // when the limited rate has room for more
	rest   time.Time // when the pause after a slice is over
	passed int64     // bytes, since there is a limit

	ended   time.Time // when the sender closed
	stalled bool      // the receiver took nothing for as long as our patience lasts
	timer   *time.Timer
}

type waiting struct {
	data      []byte
	came, due time.Time
}

func (p *pipe) run(stub *toxics.ToxicStub) {
	p.timer = time.NewTimer(patience)
	defer p.timer.Stop()
	defer p.finish(stub)
	for {
		p.follow()
		if p.over() {
			return
		}
		in, out, head, at := p.ready(stub)
		select {
		case <-p.conn.gone:
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

// half is what is done to this half.
func (p *pipe) half() *broker.Half {
	if p.replies {
		return &p.order.Replies
	}
	return &p.order.Requests
}

// follow takes over a new order, for what waits as well.
func (p *pipe) follow() {
	now := p.conn.now.Load()
	if now == p.order {
		return
	}
	p.order, p.last, p.stalled = now, time.Time{}, false
	h := p.half()
	if h.Drop {
		p.queue, p.bytes = nil, 0
	}
	if h.Limit == 0 {
		p.passed = 0
	}
	for i := range p.queue {
		p.queue[i].due = p.due(p.queue[i].came)
	}
}

func (p *pipe) due(came time.Time) time.Time {
	p.last = later(p.last, due(*p.half(), came, rand.N[time.Duration]))
	return p.last
}

// over reports whether this half of the connection has nothing more to do. While it is held or dropped, not even the end of the connection passes.
func (p *pipe) over() bool {
	h := p.half()
	switch {
	case h.Hold || h.Drop:
		return false
	case h.Limit > 0 && p.passed >= h.Limit:
		p.count(func(t *tally) { t.cut.Add(1) })
		return true
	case p.stalled && p.conn.halfOpen():
		return true // the sender is gone as well, though its end waits behind bytes that nobody will take
	case p.ended.IsZero() || len(p.queue) > 0 && !p.stalled || time.Since(p.ended) < h.Close:
		return false
	}
	if h.Close > 0 {
		p.count(func(t *tally) { t.late.Add(1) })
	}
	return true
}

func (p *pipe) count(in func(*tally)) {
	for _, t := range p.order.tallies {
		in(t)
	}
}

// finish closes the receiver's side. Toxiproxy then closes the whole connection.
func (p *pipe) finish(stub *toxics.ToxicStub) {
	p.queue, p.bytes = nil, 0
	p.conn.halfEnded()
	stub.Close()
	for range stub.Input { // whoever still sends must not block for ever
	}
}

// ready returns the channels that may be used now, what would leave first and when that was due; it sets the timer for what comes next.
func (p *pipe) ready(stub *toxics.ToxicStub) (in <-chan *stream.StreamChunk, out chan<- *stream.StreamChunk, head *stream.StreamChunk, at time.Time) {
	if p.half().Hold {
		return nil, nil, nil, at // what comes waits in the sender's kernel
	}
	if p.ended.IsZero() && p.room() {
		in = stub.Input
	}
	if len(p.queue) == 0 {
		if !p.ended.IsZero() {
			p.timer.Reset(max(0, time.Until(p.ended.Add(p.half().Close))))
		}
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
	h := p.half()
	switch {
	case h.Drop:
		return true
	case p.stalled:
		return len(p.queue) <= probeExtra || h.Delay > 0 && p.bytes < queueBytes
	case h.Delay > 0:
		return p.bytes < queueBytes
	default:
		return len(p.queue) == 0
	}
}

// next returns when the first of the queue may leave, and how many of its bytes at once.
func (p *pipe) next() (time.Time, int) {
	h := p.half()
	at, n := p.queue[0].due, len(p.queue[0].data)
	if h.Slice > 0 {
		n = int(min(int64(n), h.Slice))
		at = later(at, p.rest)
	}
	if h.Limit > 0 {
		n = int(min(int64(n), h.Limit-p.passed))
	}
	if rate := h.Rate; rate > 0 {
		n = min(n, int(max(1, rate/pieces)))
		at = later(at, p.free).Add(time.Duration(n) * time.Second / time.Duration(rate))
	}
	return at, n
}

func (p *pipe) arrived(c *stream.StreamChunk) {
	switch {
	case c == nil:
		p.ended = time.Now()
	case p.half().Drop:
	default:
		p.queue = append(p.queue, waiting{c.Data, c.Timestamp, p.due(c.Timestamp)})
		p.bytes += len(c.Data)
	}
}

// left notes that n bytes of the first chunk, which might have left at that time, were passed on.
func (p *pipe) left(n int, at time.Time) {
	h, now := p.half(), time.Now()
	for _, t := range p.order.tallies {
		f := &t.requests
		if p.replies {
			f = &t.replies
		}
		f.passed(n, now.Sub(p.queue[0].came))
	}
	p.bytes -= n
	p.stalled = false
	if h.Limit > 0 {
		p.passed += int64(n)
	}
	if h.Slice > 0 {
		p.rest = now.Add(h.Pause)
	}
	if h.Rate > 0 {
		// A timer that fired late is made up for; a receiver that was slow is not.
		p.free = later(at, now.Add(-lateness))
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
