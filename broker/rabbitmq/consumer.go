package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	moment       = 150 * time.Millisecond // Receive returns after it without deliveries
	defaultBatch = 4096                   // deliveries that one Receive returns, where the caller's slice has no room to say so
	prefetch     = 256                    // messages of a queue that a client is given before it has processed those it has
	attachAgain  = 250 * time.Millisecond
	// attachWithin bounds an attempt to be given a queue's messages.
	attachWithin = 10 * time.Second
)

// A consumer takes the messages of every queue of a topic, with one connection. Receive and Close are for one goroutine at a time; Abort is for any.
type consumer struct {
	driver   *driver
	endpoint broker.Endpoint
	dialer   *conns.Dialer
	news     listener
	name     string
	queues   []string
	commit   broker.CommitPolicy
	beat     time.Duration // the heartbeat that it asks for

	arrivals chan arrival
	last     []arrival   // what was returned last of each queue, to be acknowledged; its source is nil where there is nothing
	leaving  atomic.Bool // nothing is passed on any more

	mu   sync.Mutex
	wire *wire // nil: there is no connection

	life  context.Context
	quit  context.CancelFunc
	work  sync.WaitGroup
	end   sync.Once
	ended chan struct{}
}

// An arrival is one delivery, with the channel on which it is to be acknowledged.
type arrival struct {
	source      *amqp.Channel
	tag         uint64
	partition   int32
	redelivered bool
	body        []byte
}

// NewConsumer implements broker.Driver. It returns at once; the consumer attaches in the background, and again whenever it has to. Whatever group it is in, it
// shares the queues with every other consumer.
func (d *driver) NewConsumer(_ context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	if o.Group == "" {
		return nil, fmt.Errorf("consumer %s: %s", o.Name, noGroup)
	}
	c := d.newConsumer(broker.Consumers, t, o)
	d.know(t)
	return c, nil
}

func (d *driver) newConsumer(endpoint string, t broker.Topic, o broker.ConsumerOptions) *consumer {
	e := d.cluster.Endpoint(endpoint)
	c := &consumer{
		driver: d, endpoint: e, dialer: newDialer(e), name: o.Name, queues: queues(t),
		commit: cmp.Or(o.Commit, broker.CommitAfter), beat: d.heartbeat,
		arrivals: make(chan arrival, prefetch), last: make([]arrival, t.Partitions), ended: make(chan struct{}),
	}
	c.news = listener{d, c.dialer, o.Name, o.Events}
	if o.SessionTimeout > 0 {
		c.beat = o.SessionTimeout
	}
	c.life, c.quit = context.WithCancel(context.Background())
	c.work.Go(func() { c.run(spread(e.Addrs, o.Name)) })
	return c
}

// run connects to one node after the other, and attaches for as long as the connection lasts, until the consumer ends.
func (c *consumer) run(addrs []string) {
	failed := 0 // in a row
	for n := 0; c.life.Err() == nil && !c.leaving.Load(); n = (n + 1) % len(addrs) {
		began := time.Now()
		w, err := c.driver.open(c.life, c.dialer, c.endpoint, addrs[n], c.name, c.beat)
		if failed++; err == nil {
			failed = 0
			c.stay(w)
			err = w.why
		}
		if failed <= len(addrs) { // the same from the same nodes again and again is no news
			c.news.event(broker.Lost, c.driver.names[addrs[n]], err.Error())
		}
		if failed > 0 && failed%len(addrs) == 0 || failed == 0 && time.Since(began) < shortLived {
			pause(c.life, reconnectWait)
		}
	}
}

// stay consumes from every queue for as long as the connection lasts. Each has its own channel, so that one that nobody leads holds up no other.
func (c *consumer) stay(w *wire) {
	c.set(w)
	defer c.set(nil)
	c.news.event(broker.Connected, w.node, "")
	var queues sync.WaitGroup
	var attached atomic.Int32
	for i := range c.queues {
		queues.Go(func() {
			c.attend(w, int32(i), func() {
				if int(attached.Add(1)) == len(c.queues) {
					c.news.event(broker.Assigned, w.node, "every queue, shared")
				}
			})
		})
	}
	queues.Wait()
	w.cut()
	<-w.gone
}

func (c *consumer) set(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire = w
}

// attend consumes from one queue until the connection or the consumer ends.
func (c *consumer) attend(w *wire, partition int32, attached func()) {
	for first := true; c.life.Err() == nil && !c.leaving.Load(); first = false {
		ch, from, err := c.attach(w, partition)
		if err == nil {
			if first {
				attached()
			}
			err = c.pass(w, ch, from, partition)
			_ = w.bounded(leaveWithin, ch.Close)
		}
		select {
		case <-w.gone:
			return
		default:
		}
		if c.life.Err() != nil || c.leaving.Load() {
			return
		}
		if first {
			c.news.event(broker.Lost, w.node, fmt.Sprintf("%s: %v", c.queues[partition], err))
		}
		select {
		case <-w.gone:
			return
		case <-c.life.Done():
		case <-time.After(attachAgain):
		}
	}
}

// attach asks for a queue's messages.
func (c *consumer) attach(w *wire, partition int32) (ch *amqp.Channel, from <-chan amqp.Delivery, err error) {
	err = w.bounded(attachWithin, func() error {
		if ch, err = w.Channel(); err != nil {
			return err
		}
		if err = ch.Qos(prefetch, 0, false); err != nil {
			return err
		}
		wanted := amqp.Table{"x-priority": preference(c.name, int(partition), len(c.queues))}
		from, err = ch.Consume(c.queues[partition], "", false, false, false, false, wanted)
		return err
	})
	return ch, from, err
}

var errDetached = errors.New("the broker ended the subscription")

// pass passes on what comes until the channel ends.
func (c *consumer) pass(w *wire, ch *amqp.Channel, from <-chan amqp.Delivery, partition int32) error {
	for d := range from {
		if c.leaving.Load() {
			continue // it goes back to the queue with the channel
		}
		select {
		case c.arrivals <- arrival{source: ch, tag: d.DeliveryTag, partition: partition, redelivered: d.Redelivered, body: d.Body}:
		case <-w.gone: // nobody receives
			return errDetached
		case <-c.life.Done():
			return c.life.Err()
		}
	}
	return errDetached
}

// Receive implements broker.Consumer.
func (c *consumer) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	c.processed()
	limit := cmp.Or(cap(into), defaultBatch)
	patience := time.NewTimer(moment)
	defer patience.Stop()
	select {
	case a := <-c.arrivals:
		into = c.take(into, a)
	case <-patience.C:
		return into, nil
	case <-ctx.Done():
		return into, fmt.Errorf("receive: %w", ctx.Err())
	case <-c.life.Done():
		return into, fmt.Errorf("receive: %w", net.ErrClosed)
	}
	for more := true; more && len(into) < limit; {
		select {
		case a := <-c.arrivals:
			into = c.take(into, a)
		default:
			more = false
		}
	}
	if c.commit == broker.CommitBefore {
		c.processed()
	}
	return into, nil
}

// take adds a delivery. What came on a channel that is gone comes again, and can be acknowledged only then.
func (c *consumer) take(into []broker.Delivery, a arrival) []broker.Delivery {
	if a.source.IsClosed() {
		return into
	}
	c.last[a.partition] = a
	return append(into, broker.Delivery{Partition: a.partition, Offset: -1, Epoch: -1, At: c.driver.clock.Now(), Redelivered: a.redelivered, Value: a.body})
}

// processed acknowledges what was returned last. An acknowledgement that gets lost lets the message come again.
func (c *consumer) processed() {
	for i := range c.last {
		if a := &c.last[i]; a.source != nil {
			_ = a.source.Ack(a.tag, true)
			*a = arrival{}
		}
	}
}

// Hold and Release implement broker.Holder.
func (c *consumer) Hold()    { c.dialer.Gate.Hold() }
func (c *consumer) Release() { c.dialer.Gate.Release() }

// Abort implements broker.Consumer.
func (c *consumer) Abort() {
	c.end.Do(func() {
		c.dialer.Cut() // first, so that no farewell gets out
		c.driver.behind.Go(c.dispose)
	})
}

// Close implements broker.Consumer: what was returned last is acknowledged, and what the client still holds goes back to its queue. When ctx ends first, the
// connection is cut.
func (c *consumer) Close(ctx context.Context) error {
	var err error
	c.end.Do(func() {
		defer context.AfterFunc(ctx, c.dialer.Cut)()
		c.leaving.Store(true)
		c.processed()
		c.dialer.Hush()
		c.mu.Lock()
		w := c.wire
		c.mu.Unlock()
		if w != nil {
			if err = w.leave(leaveWithin); errors.Is(err, amqp.ErrClosed) {
				err = nil
			}
		}
		if err != nil {
			err = fmt.Errorf("close the consumer: acknowledge what was processed: %w", err)
		}
		c.driver.behind.Go(c.dispose)
	})
	select {
	case <-c.ended:
	case <-ctx.Done():
		c.dialer.Cut()
		<-c.ended
	}
	return err
}

func (c *consumer) dispose() {
	defer close(c.ended)
	c.quit()
	c.dialer.Cut()
	c.work.Wait()
}
