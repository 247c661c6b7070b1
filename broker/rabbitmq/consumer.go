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

// attend consumes from one queue until the connection or the consumer ends.
func (c *consumer) attend(w *wire, partition int32, attached func()) {
	for first := true; c.going(); first = false {
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
		if !c.going() {
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
		case c.arrivals <- arrival{source: ch, tag: d.DeliveryTag, partition: partition, offset: -1, redelivered: d.Redelivered, body: d.Body}:
		case <-w.gone: // nobody receives
			return errDetached
		case <-c.life.Done():
			return c.life.Err()
		}
	}
	return errDetached
}
