package rabbitmq

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// noMoreAfter is how long the dead letters' queue has to stay empty, once the topic's queues are: a letter without a copy is underway for some milliseconds.
	noMoreAfter = 2 * time.Second
	// firstDeath is the header in which the broker says which queue gave a message up first.
	firstDeath = "x-first-death-queue"
)

// deadQueue is the queue in which squall has a topic's dead letters end; empty: the topic has none.
func deadQueue(t broker.Topic) string {
	exchange, there := t.Config[deadLetters]
	switch {
	case !there:
		return ""
	case exchange == "": // the default exchange: its routing keys are names of queues
		return t.Config[deadKey]
	}
	return t.Name + ".dead"
}

// makeDead makes what a topic's dead letters go to: the queue, and the exchange before it, which passes everything on whatever its routing key.
func (d *driver) makeDead(ctx context.Context, t broker.Topic) error {
	queue, exchange := deadQueue(t), t.Config[deadLetters]
	if queue == "" {
		return nil
	}
	err := d.await(ctx, func(ctx context.Context) (string, error) {
		err := d.visit(ctx, createWithin, func(w *wire) error {
			ch, err := w.Channel()
			if err != nil {
				return err
			}
			arguments := amqp.Table{"x-queue-type": quorum, "x-quorum-initial-group-size": int64(t.Replicas), deliveryLimit: int64(-1)}
			if _, err = ch.QueueDeclare(queue, true, false, false, false, arguments); err != nil || exchange == "" {
				return err
			}
			if err = ch.ExchangeDeclare(exchange, amqp.ExchangeFanout, true, false, false, false, nil); err != nil {
				return err
			}
			return ch.QueueBind(queue, "", exchange, false, nil)
		})
		if told := final(err); told != nil {
			return "", told
		}
		return text(err), nil
	})
	if err != nil {
		return fmt.Errorf("make the queue %s for dead letters: %w", queue, err)
	}
	return nil
}

// A deadReader takes the dead letters of a topic, with one connection. It is for one goroutine at a time.
type deadReader struct {
	driver  *driver
	queues  []string // of the topic
	dead    string
	wire    *wire
	channel *amqp.Channel
	from    <-chan amqp.Delivery
	last    uint64        // the tag of what was returned last; 0: nothing was, or it is acknowledged
	empty   time.Duration // when the queue was first seen to hold nothing, on the run's clock; 0: something came since
}

// NewAsideReader implements broker.AsideReader. It takes the observer's path.
func (d *driver) NewAsideReader(ctx context.Context, t broker.Topic) (broker.Consumer, error) {
	r := &deadReader{driver: d, queues: queues(t), dead: deadQueue(t)}
	if r.dead == "" {
		return nil, fmt.Errorf("the topic %s has no dead letters: it has no %s", t.Name, deadLetters)
	}
	e := d.cluster.Endpoint(broker.Observer)
	err := d.await(ctx, func(ctx context.Context) (string, error) {
		var last error
		for _, addr := range e.Addrs {
			if last = r.attach(ctx, e, addr); last == nil {
				return "", nil
			}
		}
		return text(last), nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the dead letters of %s: %w", t.Name, err)
	}
	return r, nil
}

func (r *deadReader) attach(ctx context.Context, e broker.Endpoint, addr string) error {
	w, err := r.driver.open(ctx, r.driver.eyes, e, addr, "squall", r.driver.heartbeat)
	if err != nil {
		return err
	}
	err = w.bounded(attachWithin, func() error {
		if r.channel, err = w.Channel(); err != nil {
			return err
		}
		if err = r.channel.Qos(prefetch, 0, false); err != nil {
			return err
		}
		r.from, err = r.channel.Consume(r.dead, "", false, false, false, false, nil)
		return err
	})
	if err != nil {
		w.cut()
		return err
	}
	r.wire = w
	return nil
}

// Receive implements broker.Consumer.
func (r *deadReader) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	r.acknowledge()
	patience := time.NewTimer(moment)
	defer patience.Stop()
	select {
	case a, open := <-r.from:
		if !open {
			<-r.wire.gone
			return into, fmt.Errorf("receive: %w", r.wire.why)
		}
		into = r.take(into, a)
	case <-patience.C:
		return into, r.ended(ctx)
	case <-ctx.Done():
		return into, fmt.Errorf("receive: %w", ctx.Err())
	}
	for limit := cmp.Or(cap(into), defaultBatch); len(into) < limit; {
		select {
		case a, open := <-r.from:
			if open {
				into = r.take(into, a)
				continue
			}
		default:
		}
		break
	}
	return into, nil
}

// take adds a letter, with the partition that gave it up; -1 where the broker does not say, or names none of the topic's.
func (r *deadReader) take(into []broker.Delivery, a amqp.Delivery) []broker.Delivery {
	r.last, r.empty = a.DeliveryTag, 0
	queue, _ := a.Headers[firstDeath].(string)
	return append(into, broker.Delivery{Partition: int32(slices.Index(r.queues, queue)), Offset: -1, Epoch: -1, At: r.driver.clock.Now(),
		Redelivered: a.Redelivered, Value: a.Body})
}

func (r *deadReader) acknowledge() {
	if r.last != 0 {
		_ = r.channel.Ack(r.last, true)
		r.last = 0
	}
}

// ended returns io.EOF when the queue has held nothing for long enough. A count that cannot be had says nothing.
func (r *deadReader) ended(ctx context.Context) error {
	now := r.driver.clock.Now()
	switch left, err := r.driver.holding(ctx, []string{r.dead}); {
	case err != nil || left > 0:
		r.empty = 0
	case r.empty == 0:
		r.empty = now
	case now-r.empty >= noMoreAfter:
		return io.EOF
	}
	return nil
}

// Abort implements broker.Consumer: what was not acknowledged goes back to the queue.
func (r *deadReader) Abort() { r.wire.cut() }

// Close implements broker.Consumer.
func (r *deadReader) Close(context.Context) error {
	r.acknowledge()
	defer r.wire.cut()
	return r.wire.leave(leaveWithin)
}
