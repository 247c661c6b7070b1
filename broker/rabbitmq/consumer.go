package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

const attachAgain = 250 * time.Millisecond

// A consumer takes the messages of every queue of a topic, with one connection.
type consumer struct {
	*intake
	queues []string
}

// NewConsumer implements broker.Driver. It returns at once; the consumer attaches in the background, and again whenever it has to. Whatever group it is in, it
// shares the queues with every other consumer.
func (d queueing) NewConsumer(_ context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	if o.Group == "" {
		return nil, fmt.Errorf("consumer %s: %s", o.Name, noGroup)
	}
	c := &consumer{intake: d.newIntake(broker.Consumers, t, o), queues: queues(t)}
	c.work.Go(func() { c.roam(spread(c.endpoint.Addrs, o.Name), c.stay) })
	d.know(t)
	return c, nil
}

// stay consumes from every queue for as long as the connection lasts. Each has its own channel, so that one that nobody leads holds up no other.
func (c *consumer) stay(w *wire) (bool, error) {
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
	return true, w.why
}

// attend consumes from one queue until the connection or the consumer ends, again and again: the broker itself ends it when the queue is deleted, or when a
// message was kept for too long.
func (c *consumer) attend(w *wire, partition int32, attached func()) {
	news := true // that it ends
	for first := true; c.going(); {
		s, err := c.attach(w, partition)
		if err == nil {
			if first {
				attached()
			} else {
				c.news.event(broker.Assigned, w.node, c.queues[partition]+" again")
			}
			first, news = false, true
			err = c.pass(w, s, partition)
		}
		if s.source != nil {
			_ = w.bounded(leaveWithin, s.source.close)
		}
		if w.ended() || !c.going() {
			return
		}
		if news { // the same again and again is none
			kind := broker.Lost
			if errors.Is(err, errCanceled) {
				kind = broker.Revoked
			}
			c.news.event(kind, w.node, fmt.Sprintf("%s: %v", c.queues[partition], err))
			news = false
		}
		select {
		case <-w.gone:
			return
		case <-c.life.Done():
		case <-time.After(attachAgain):
		}
	}
}

// A subscription is what a queue's messages come from.
type subscription struct {
	source   *source // nil: no channel could be opened
	from     <-chan amqp.Delivery
	canceled <-chan string
	closed   <-chan *amqp.Error
}

// attach asks for a queue's messages.
func (c *consumer) attach(w *wire, partition int32) (subscription, error) {
	return w.subscribe(c.queues[partition], amqp.Table{"x-priority": preference(c.name, int(partition), len(c.queues))})
}

// subscribe asks for the messages of a queue or a stream, on a channel of its own. After an error the channel may be open.
func (w *wire) subscribe(queue string, wanted amqp.Table) (s subscription, err error) {
	err = w.bounded(attachWithin, func() error {
		ch, err := w.Channel()
		if err != nil {
			return err
		}
		s.source, s.canceled, s.closed = &source{channel: ch}, ch.NotifyCancel(make(chan string, 1)), ch.NotifyClose(make(chan *amqp.Error, 1))
		if err = ch.Qos(prefetch, 0, false); err != nil {
			return err
		}
		s.from, err = ch.Consume(queue, "", false, false, false, false, wanted)
		return err
	})
	return s, err
}

var (
	errDetached = errors.New("the subscription ended")
	errCanceled = errors.New("the broker ended the subscription (basic.cancel)")
)

// why says how a subscription ended of which nothing comes any more.
func (s subscription) why() error {
	select {
	case _, told := <-s.canceled:
		if told {
			return errCanceled
		}
	default:
	}
	select {
	case err := <-s.closed:
		if err != nil {
			return err
		}
	default:
	}
	return errDetached
}

// pass passes on what comes until the subscription ends.
func (c *consumer) pass(w *wire, s subscription, partition int32) error {
	for d := range s.from {
		if c.leaving.Load() {
			continue // it goes back to the queue with the channel
		}
		select {
		case c.arrivals <- arrival{source: s.source, tag: d.DeliveryTag, partition: partition, offset: -1, redelivered: d.Redelivered, body: d.Body}:
		case <-w.gone: // nobody receives
			return errDetached
		case <-c.life.Done():
			return c.life.Err()
		}
	}
	return s.why()
}
