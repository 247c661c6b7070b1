package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	// grace is how long after a message's deadline its outcome is told, for an answer that is on its way.
	grace = 250 * time.Millisecond
	// watchEvery is how often it is looked for what is overdue.
	watchEvery = 25 * time.Millisecond
)

var (
	errAborted   = errors.New("the producer was aborted before the broker answered")
	errClosed    = errors.New("the producer was closed before the broker answered")
	errElsewhere = errors.New("the connection that it went out on ended before the broker answered")
)

// A producer publishes with one connection, one message at a time, and never again what may have been stored. A message that surely was not (nobody listened
// for its subject, as during an election, or there was no connection) waits at the head of its lane, and those behind it with it, so that a partition has
// them in the order in which they were sent.
//
// Only the writer publishes: the client library waits there for a network that takes nothing, and nobody else may.
type producer struct {
	driver  *driver
	conn    *nats.Conn
	dialer  *conns.Dialer
	news    *listener
	inbox   string   // answers come to inbox + "." + a message's token
	topics  []string // the partitions' subjects
	ids     bool     // messages carry an id by which the server knows repetitions
	timeout time.Duration
	buffer  int
	tell    func([]broker.Outcome)

	mu       sync.Mutex
	closed   bool
	buffered int                // messages without an outcome
	order    []*letter          // in the order of their deadlines; the first may have their outcome
	lanes    []lane             // by partition
	next     int                // the lane that the writer looks at first
	flying   map[uint64]*letter // by token: published, and without an outcome
	token    uint64
	over     uint64        // the number of the connection that the writer was seen to have last
	heard    time.Duration // on the run's clock: when the last answer came, or what is flying began to
	one      [1]broker.Outcome
	spare    [][]byte // the memory of messages that are done

	out nats.Msg // the writer's own, used for every message: the client library keeps nothing of it
	id  [1]string

	wake   chan struct{} // the writer has something to do
	life   context.Context
	quit   context.CancelFunc
	work   sync.WaitGroup
	ending *conns.Ending
}

// A letter is one message from Send until its outcome.
type letter struct {
	id        broker.ID
	due, sent time.Duration
	until     time.Duration // when its outcome is overdue, on the run's clock
	value     []byte
	token     uint64 // of its last publish; 0: it waits
	over      uint64 // the number of the connection of its last publish
	place     uint64 // where in its lane it was published last
	done      bool   // it has its outcome
	writing   bool   // the writer is at it, and reads the value
}

// NewProducer implements broker.Driver. It returns at once; where no server can be reached now, the connection is made in the background. The messages' keys
// are not sent: NATS has none.
func (d *driver) NewProducer(_ context.Context, t broker.Topic, o broker.ProducerOptions, outcomes func([]broker.Outcome)) (broker.Producer, error) {
	e := d.cluster.Endpoint(broker.Producers)
	p := &producer{
		driver: d, dialer: newDialer(e), news: newListener(d, o.Name, o.Events), ids: o.Idempotent, tell: outcomes,
		timeout: cmp.Or(o.DeliveryTimeout, defaultDeliveryTimeout), buffer: cmp.Or(o.Buffer, defaultBuffer),
		lanes: make([]lane, t.Partitions), flying: map[uint64]*letter{}, wake: make(chan struct{}, 1),
		heard: d.clock.Now(), // or the first look would find that nothing has been heard since the run began
	}
	for i := range int32(t.Partitions) {
		p.topics = append(p.topics, subject(t.Name, i))
	}
	if p.ids {
		p.out.Header = nats.Header{jetstream.MsgIDHeader: p.id[:]}
	}
	p.ending = conns.NewEnding(p.dialer, &d.behind, p.Buffered, p.shut, p.dispose)
	p.life, p.quit = context.WithCancel(context.Background())
	var err error
	// What is published without a connection comes back at once: the library's own buffer would be flushed whenever, and nobody could say what was in it.
	p.conn, err = connect(e, p.dialer, spread(e.Addrs, o.Name), o.Name, append(p.news.options(), nats.ReconnectBufSize(-1))...)
	if err != nil {
		p.quit()
		return nil, fmt.Errorf("producer %s: %w", o.Name, err)
	}
	p.inbox = p.conn.NewInbox()
	if _, err = p.conn.Subscribe(p.inbox+".*", p.answered); err != nil {
		p.quit()
		p.conn.Close()
		return nil, fmt.Errorf("producer %s: %w", o.Name, err)
	}
	d.know(t)
	p.work.Go(p.write)
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
		l := &letter{id: m.ID, due: m.Due, sent: m.Sent, until: until, value: p.copyOf(m.Value)}
		p.order = append(p.order, l)
		to := &p.lanes[m.ID.Partition]
		to.waiting = append(to.waiting, l)
	}
	p.buffered += n
	p.rouse()
	return n
}

// copyOf returns a copy of a message's value. p.mu is held.
func (p *producer) copyOf(value []byte) []byte {
	var room []byte
	if n := len(p.spare); n > 0 {
		room, p.spare = p.spare[n-1][:0], p.spare[:n-1]
	}
	return append(room, value...)
}

// forget gives up a message's value: its letter may stay in the order for as long as one before it waits. p.mu is held.
func (p *producer) forget(l *letter) {
	if !l.writing {
		p.spare = append(p.spare, l.value)
	}
	l.value = nil
}

// rouse lets the writer look for what there is to do.
func (p *producer) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// finish tells a message's outcome, once. p.mu is held.
func (p *producer) finish(l *letter, offset int64, err error) {
	if l.done {
		return
	}
	l.done = true
	p.buffered--
	if l.token != 0 {
		delete(p.flying, l.token)
		if !errors.Is(err, broker.ErrRejected) {
			p.lanes[l.id.Partition].stored(l.place)
		}
	}
	p.forget(l)
	p.one[0] = broker.Outcome{ID: l.id, Due: l.due, Sent: l.sent, At: p.driver.clock.Now(), Offset: offset, Err: err}
	p.tell(p.one[:])
}

// watch tells the outcomes that are overdue, and lets the writer try refused lanes again.
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
		deserted := p.deserted(now)
		p.mu.Unlock()
		if deserted {
			p.news.leave()
			p.dialer.Break()
		}
		p.rouse()
	}
}

// deserted reports, once each time, whether the server has been silent for so long that another is to be tried. A client that is held counts no time. p.mu is held.
func (p *producer) deserted(now time.Duration) bool {
	if len(p.flying) == 0 || p.dialer.Gate.Held() {
		p.heard = now
	}
	if now-p.heard < patience {
		return false
	}
	p.heard = now
	return true
}

// overdue tells what has to have an outcome by now. p.mu is held.
func (p *producer) overdue(now time.Duration) {
	for len(p.order) > 0 && (p.order[0].done || p.order[0].until <= now) {
		l := p.order[0]
		p.order[0] = nil
		p.order = p.order[1:]
		switch complaint := p.lanes[l.id.Partition].complaint; {
		case l.done:
		case l.token != 0:
			p.finish(l, -1, broker.ErrDeliveryTimeout)
		case complaint != nil:
			p.finish(l, -1, rejection{fmt.Errorf("%w; it was not sent: %w", broker.ErrDeliveryTimeout, complaint)})
		default:
			p.finish(l, -1, rejection{fmt.Errorf("%w; it was not sent", broker.ErrDeliveryTimeout)})
		}
	}
}

// abandon tells every message without an outcome as unknown. p.mu is held.
func (p *producer) abandon(err error) {
	for _, l := range p.order {
		p.finish(l, -1, err)
	}
	p.order = nil
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
	p.conn.Close()
	p.work.Wait()
}
