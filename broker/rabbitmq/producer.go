package rabbitmq

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	// grace is how long after a message's deadline its outcome is told, for a confirm that is on its way.
	grace = 250 * time.Millisecond
	// watchEvery is how often it is looked for what is overdue.
	watchEvery = 25 * time.Millisecond
	// confirmWithin is how long a connection may confirm nothing of what was published on it. A node that was cut off can leave a client waiting for good, with
	// no error, no nack and no confirm, long after the network has healed (measured).
	confirmWithin = 10 * time.Second
)

// A producer publishes with one connection, and never again what may have been stored. What has had no turn when the connection ends waits for the next one,
// so that a queue has its messages in the order in which they were sent.
//
// Only the writer publishes: the library waits there for a network that takes nothing, and nobody else may.
type producer struct {
	driver     *driver
	endpoint   broker.Endpoint
	dialer     *conns.Dialer
	news       listener
	persistent bool
	mandatory  bool
	log        bool // it publishes to streams
	timeout    time.Duration
	buffer     int
	tell       func([]broker.Outcome)

	mu       sync.Mutex
	closed   bool
	buffered int // messages without an outcome
	lanes    []lane
	next     int              // the lane that the writer looks at first
	told     []broker.Outcome // what is to be told before mu is unlocked; kept for the next time
	wire     *wire            // nil: there is no connection
	heard    time.Duration    // when the broker confirmed something last, or nothing was left to be confirmed
	blocked  bool             // the broker said that it reads nothing
	silent   bool             // the connection was left because nothing was confirmed

	wake   chan struct{} // the writer has something to do
	life   context.Context
	quit   context.CancelFunc
	work   sync.WaitGroup
	ending *conns.Ending
}

// NewProducer implements broker.Driver. It returns at once; the connection is made in the background. The messages' keys are not sent: a message names its queue.
func (d *driver) NewProducer(_ context.Context, t broker.Topic, o broker.ProducerOptions, outcomes func([]broker.Outcome)) (broker.Producer, error) {
	e := d.cluster.Endpoint(broker.Producers)
	p := &producer{
		driver: d, endpoint: e, dialer: newDialer(e), persistent: persistent(t), mandatory: mandatory(t), log: queueType(t) == stream, tell: outcomes,
		timeout: cmp.Or(o.DeliveryTimeout, defaultDeliveryTimeout), buffer: cmp.Or(o.Buffer, defaultBuffer),
		lanes: make([]lane, t.Partitions), wake: make(chan struct{}, 1),
	}
	p.news = listener{d, p.dialer, o.Name, o.Events}
	for i, queue := range queues(t) {
		p.lanes[i].queue = queue
	}
	p.ending = conns.NewEnding(p.dialer, &d.behind, p.Buffered, p.shut, p.dispose)
	p.life, p.quit = context.WithCancel(context.Background())
	d.know(t)
	p.work.Go(func() { p.run(spread(e.Addrs, o.Name), o.Name) })
	p.work.Go(p.watch)
	return p, nil
}

// Send implements broker.Producer, for one goroutine at a time.
func (p *producer) Send(_ context.Context, messages []broker.Message) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0
	}
	n := max(0, min(len(messages), p.buffer-p.buffered))
	until := p.driver.clock.Now() + p.timeout + grace
	for i := range messages[:n] {
		m := &messages[i]
		x := p.lanes[m.ID.Partition].add()
		x.id, x.due, x.sent, x.until, x.value = m.ID, m.Due, m.Sent, until, append(x.value, m.Value...)
	}
	p.buffered += n
	p.rouse()
	return n
}

// rouse lets the writer look for what there is to do.
func (p *producer) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// finish gives a message its outcome, once; flush tells it. p.mu is held.
func (p *producer) finish(x *letter, err error) {
	if x.done {
		return
	}
	x.done = true
	p.buffered--
	p.told = append(p.told, broker.Outcome{ID: x.id, Due: x.due, Sent: x.sent, At: p.driver.clock.Now(), Offset: -1, Err: err})
}

// flush tells what became known. p.mu is held.
func (p *producer) flush() {
	if len(p.told) > 0 {
		p.tell(p.told)
		clear(p.told)
		p.told = p.told[:0]
	}
}

// watch tells the outcomes that are overdue, and leaves a connection on which nothing is confirmed.
func (p *producer) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.life.Done():
			return
		case <-tick.C:
		}
		now := p.driver.clock.Now()
		p.mu.Lock()
		p.overdue(now)
		waiting, silent := p.silence(now)
		p.mu.Unlock()
		if silent != nil {
			p.news.event(broker.Stuck, silent.node, fmt.Sprintf("no confirm for %v while %d messages wait for one: on to another node", confirmWithin, waiting))
			silent.cut()
		}
	}
}

// overdue tells what has to have an outcome by now. p.mu is held.
func (p *producer) overdue(now time.Duration) {
	for i := range p.lanes {
		l := &p.lanes[i]
		for k := range l.n {
			x := l.at(k)
			if x.until > now {
				break
			}
			if x.tag != 0 {
				p.finish(x, broker.ErrDeliveryTimeout)
			} else {
				p.finish(x, rejection{fmt.Errorf("%w; it was not sent", broker.ErrDeliveryTimeout)})
			}
		}
		l.trim()
	}
	p.flush()
}

// silence returns the connection that has to be left because it confirms nothing, and how much it has not confirmed; nil: there is none. p.mu is held.
func (p *producer) silence(now time.Duration) (waiting uint64, _ *wire) {
	for i := range p.lanes {
		waiting += p.lanes[i].pending()
	}
	if p.wire == nil || waiting == 0 || p.blocked || p.dialer.Gate.Held() {
		p.heard = now
	}
	if now-p.heard < confirmWithin || p.silent {
		return waiting, nil
	}
	p.silent = true
	return waiting, p.wire
}

// abandon gives every message without an outcome this one. p.mu is held.
func (p *producer) abandon(err error) {
	for i := range p.lanes {
		l := &p.lanes[i]
		for k := range l.n {
			p.finish(l.at(k), err)
		}
		l.trim()
	}
	p.flush()
}

// Buffered implements broker.Producer.
func (p *producer) Buffered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buffered
}

// Hold and Release implement broker.Holder.
func (p *producer) Hold()    { p.dialer.Gate.Hold() }
func (p *producer) Release() { p.dialer.Gate.Release() }

// Abort implements broker.Producer. When it returns, everything has its outcome; the rest of the client goes in the background, and Driver.Close waits for it.
func (p *producer) Abort() { p.ending.Abort(errAborted) }

// Close implements broker.Producer. After Abort it only waits until the client is gone, at most until ctx ends.
func (p *producer) Close(ctx context.Context) error { return p.ending.Close(ctx, errClosed) }

// shut takes no more messages, and tells those without an outcome as unknown.
func (p *producer) shut(err error) (left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	left = p.buffered
	p.abandon(err)
	return left
}

// dispose ends the client and all goroutines.
func (p *producer) dispose() {
	p.quit()
	p.work.Wait()
	p.dialer.Cut()
}
