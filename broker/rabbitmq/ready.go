package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

// probeWithin bounds one attempt to write a message to a queue and read it back.
const probeWithin = 5 * time.Second

// Ready implements broker.Driver. What it asks and writes takes the observer's path; the probes stay in the queues, for consumers to begin with.
func (d *driver) Ready(ctx context.Context, t broker.Topic) error {
	d.know(t)
	if err := d.await(ctx, func(ctx context.Context) (string, error) { return d.missing(ctx, t), nil }); err != nil {
		return fmt.Errorf("topic %s is not ready: %w", t.Name, err)
	}
	for p, queue := range queues(t) {
		try := func(ctx context.Context) error {
			return d.visit(ctx, probeWithin, func(w *wire) error { return d.probe(w, t, queue) })
		}
		if queueType(t) == stream {
			try = func(ctx context.Context) error { return d.probeStream(ctx, t, int32(p)) }
		}
		if err := d.await(ctx, func(ctx context.Context) (string, error) { return text(try(ctx)), nil }); err != nil {
			return fmt.Errorf("topic %s is not ready: queue %s: %w", t.Name, queue, err)
		}
	}
	return nil
}

func (d *driver) missing(ctx context.Context, t broker.Topic) string {
	seen := d.look(ctx)
	if absent := d.absentees(seen); absent != "" {
		return absent
	}
	for _, queue := range queues(t) {
		switch p := d.queue(seen, queue); {
		case len(p.Replicas) == 0:
			return "no node has the queue " + queue
		case p.Leader == "":
			return "nobody leads the queue " + queue
		case len(p.InSync) < max(t.Replicas, len(p.Replicas)):
			return fmt.Sprintf("%d of %d replicas of the queue %s are in sync", len(p.InSync), max(t.Replicas, len(p.Replicas)), queue)
		}
	}
	return ""
}

var (
	errRefused = errors.New("the probe was not confirmed")
	errNoProbe = errors.New("the probe did not come back")
)

// probe writes a message to a queue and is given it. It is not acknowledged, and so goes back to the queue.
func (d *driver) probe(w *wire, t broker.Topic, queue string) error {
	ch, err := d.publishProbe(w, t, queue)
	if err != nil {
		return err
	}
	if err := ch.Qos(1, 0, false); err != nil {
		return err
	}
	from, err := ch.Consume(queue, "", false, false, false, false, amqp.Table{"x-priority": int32(math.MaxInt16)}) // before every member of a group
	if err != nil {
		return err
	}
	if _, came := <-from; !came {
		return errNoProbe
	}
	return nil
}

// publishProbe writes a message to a queue, on a channel of its own.
func (d *driver) publishProbe(w *wire, t broker.Topic, queue string) (*amqp.Channel, error) {
	ch, err := w.Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err != nil {
		return nil, err
	}
	value := make([]byte, broker.HeaderSize)
	broker.EncodeProbe(value, d.run)
	returns, confirms := ch.NotifyReturn(make(chan amqp.Return, 1)), ch.NotifyPublish(make(chan amqp.Confirmation, 1))
	blocks := w.NotifyBlocked(make(chan amqp.Blocking, 8)) // more than come in the life of such a connection
	mode := amqp.Transient
	if persistent(t) {
		mode = amqp.Persistent
	}
	if err := ch.PublishWithContext(context.Background(), "", queue, true, false, amqp.Publishing{DeliveryMode: mode, Body: value}); err != nil {
		return nil, err
	}
	select {
	case c := <-confirms: // closed with the connection, which is bounded
		if !c.Ack || len(returns) > 0 {
			return nil, errRefused
		}
		return ch, nil
	case b, told := <-blocks:
		if !told {
			return nil, errRefused
		}
		return nil, fmt.Errorf("%w: %s takes nothing from producers: %s", errRefused, w.node, b.Reason)
	}
}
