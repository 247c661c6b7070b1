package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	moment       = 150 * time.Millisecond // Receive returns after it without deliveries
	defaultBatch = 4096                   // deliveries that one Receive returns, where the caller's slice has no room to say so
	prefetch     = 256                    // messages that a client asks for before it has processed those it has
	attachAgain  = 250 * time.Millisecond
	forgets      = 30 * time.Second // the server forgets an ordered consumer that nobody pulls from for so long
)

// A consumer pulls with one connection: as a group's member from the group's durable consumer, or alone from an ordered one. Receive and Close are for one
// goroutine at a time; Abort is for any.
type consumer struct {
	driver  *driver
	conn    *nats.Conn
	streams jetstream.JetStream
	dialer  *conns.Dialer
	news    *listener
	attach  func(context.Context) (jetstream.Consumer, error)
	acks    bool                // what is processed is acknowledged
	commit  broker.CommitPolicy // when

	arrivals chan jetstream.Msg
	last     []jetstream.Msg // what was returned last, to be acknowledged
	leaving  atomic.Bool     // what still arrives goes back to the group

	life  context.Context
	quit  context.CancelFunc
	work  sync.WaitGroup
	end   sync.Once
	ended chan struct{}
}

// NewConsumer implements broker.Driver. It returns at once; the consumer attaches in the background, and again whenever it has to.
func (d *driver) NewConsumer(_ context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	c, err := d.newConsumer(broker.Consumers, o.Name, o.Events)
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", o.Name, err)
	}
	d.know(t)
	if o.Group == "" {
		c.attach = c.ordered(t.Name, 1)
	} else {
		c.acks, c.commit = true, cmp.Or(o.Commit, broker.CommitAfter)
		config := jetstream.ConsumerConfig{Durable: o.Group, AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
			AckWait: cmp.Or(o.SessionTimeout, defaultAckWait)}
		c.attach = c.shared(t.Name, config)
		d.knowGroup(o.Group)
	}
	c.work.Go(c.pull)
	return c, nil
}

func (d *driver) newConsumer(endpoint, name string, events func(broker.ClientEvent)) (*consumer, error) {
	e := d.cluster.Endpoint(endpoint)
	c := &consumer{driver: d, dialer: newDialer(e), news: newListener(d, name, events), arrivals: make(chan jetstream.Msg, prefetch), ended: make(chan struct{})}
	opts := c.news.options()
	if endpoint == broker.Observer {
		opts = append(opts, nats.ReconnectWait(observerReconnects))
	}
	var err error
	if c.conn, err = connect(e, c.dialer, spread(e.Addrs, name), name, opts...); err != nil {
		return nil, err
	}
	if c.streams, err = jetstream.New(c.conn); err != nil {
		c.conn.Close()
		return nil, err
	}
	c.life, c.quit = context.WithCancel(context.Background())
	return c, nil
}

// shared attaches to the group's durable consumer, and makes it where it is not there yet. To make it once more would be an update, which forgets who waits
// for messages: other members would notice half a minute later, when their client library misses its second heartbeat.
func (c *consumer) shared(stream string, config jetstream.ConsumerConfig) func(context.Context) (jetstream.Consumer, error) {
	return func(ctx context.Context) (jetstream.Consumer, error) {
		found, err := c.streams.Consumer(ctx, stream, config.Durable)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			return c.streams.CreateConsumer(ctx, stream, config)
		}
		return found, err
	}
}

// ordered attaches to the stream from a sequence number on, alone and in its order.
func (c *consumer) ordered(stream string, from uint64) func(context.Context) (jetstream.Consumer, error) {
	return func(ctx context.Context) (jetstream.Consumer, error) {
		return c.streams.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
			InactiveThreshold: forgets})
	}
}

// pull attaches, and passes on what comes, until the consumer ends.
func (c *consumer) pull() {
	for attached := false; c.life.Err() == nil; {
		err := c.pullOnce(func() {
			if !attached {
				c.news.event(broker.Assigned, c.driver.nodeOf(c.conn), "all partitions, shared")
			}
			attached = true
		})
		if c.life.Err() != nil || c.leaving.Load() {
			return
		}
		c.news.event(broker.Lost, c.driver.nodeOf(c.conn), err.Error())
		select {
		case <-time.After(attachAgain):
		case <-c.life.Done():
		}
	}
}

func (c *consumer) pullOnce(attached func()) error {
	ctx, cancel := context.WithTimeout(c.life, createWithin)
	defer cancel()
	from, err := c.attach(ctx)
	if err != nil {
		return fmt.Errorf("attach to the stream: %w", err)
	}
	messages, err := from.Messages(jetstream.PullMaxMessages(prefetch), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	defer messages.Stop()
	defer context.AfterFunc(c.life, messages.Stop)()
	attached()
	var silent silence
	for {
		m, err := messages.Next()
		missing := errors.Is(err, jetstream.ErrNoHeartbeat)
		if missing && c.dialer.Gate.Held() { // who stands still notices nothing
			silent = silence{}
			continue
		}
		switch {
		case missing && silent.since(time.Now()) < patience: // it asks again by itself
			continue
		case missing:
			c.news.leave()
			c.dialer.Break()
			fallthrough
		case err != nil:
			return fmt.Errorf("pull: %w", err)
		}
		if c.leaving.Load() {
			_ = m.Nak() // at the latest when ack_wait has passed, somebody else gets it
			continue
		}
		select {
		case c.arrivals <- m:
		case <-c.life.Done():
			return c.life.Err()
		}
	}
}

// A silence is how long heartbeats have been missing, one after another.
type silence struct{ first, last time.Time }

// since is told that heartbeats are missing now, and returns for how long they have been. Each time it is two of them.
func (s *silence) since(now time.Time) time.Duration {
	if now.Sub(s.last) > 4*pullHeartbeat {
		s.first = now
	}
	s.last = now
	return now.Sub(s.first)
}

// Receive implements broker.Consumer.
func (c *consumer) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	c.processed()
	limit := cmp.Or(cap(into), defaultBatch)
	patience := time.NewTimer(moment)
	defer patience.Stop()
	select {
	case m := <-c.arrivals:
		into = c.take(into, m)
	case <-patience.C:
		return into, nil
	case <-ctx.Done():
		return into, fmt.Errorf("receive: %w", ctx.Err())
	case <-c.life.Done():
		return into, fmt.Errorf("receive: %w", net.ErrClosed)
	}
	for len(into) < limit {
		select {
		case m := <-c.arrivals:
			into = c.take(into, m)
			continue
		default:
		}
		break
	}
	if c.commit == broker.CommitBefore {
		c.processed()
	}
	return into, nil
}

func (c *consumer) take(into []broker.Delivery, m jetstream.Msg) []broker.Delivery {
	d := broker.Delivery{Partition: partition(m.Subject()), Offset: -1, Epoch: -1, At: c.driver.clock.Now(), Value: m.Data()}
	if about, err := m.Metadata(); err == nil {
		d.Offset, d.Redelivered = int64(about.Sequence.Stream), about.NumDelivered > 1
	}
	if c.acks {
		c.last = append(c.last, m)
	}
	return append(into, d)
}

// processed acknowledges what was returned last. An acknowledgement that gets lost lets the message come again.
func (c *consumer) processed() {
	for i, m := range c.last {
		_ = m.Ack()
		c.last[i] = nil
	}
	c.last = c.last[:0]
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

// Close implements broker.Consumer: what was returned last is acknowledged, and what the client still holds goes back to the group. When ctx ends first,
// the connection is cut.
func (c *consumer) Close(ctx context.Context) error {
	var err error
	c.end.Do(func() {
		c.processed()
		c.leaving.Store(true)
		c.giveBack()
		patience, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		if err = c.conn.FlushWithContext(patience); err != nil {
			err = fmt.Errorf("close the consumer: acknowledge what was processed: %w", err)
			c.dialer.Cut()
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

// giveBack returns to the group what has arrived and nobody received.
func (c *consumer) giveBack() {
	for c.acks {
		select {
		case m := <-c.arrivals:
			_ = m.Nak()
		default:
			return
		}
	}
}

func (c *consumer) dispose() {
	defer close(c.ended)
	c.quit()
	c.conn.Close()
	c.work.Wait()
}
