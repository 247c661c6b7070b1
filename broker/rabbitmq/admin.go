package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

var (
	_ broker.Resigner     = queueing{}
	_ broker.Recreator    = queueing{}
	_ broker.QueueDeleter = queueing{}
)

// said is an expression that comes to the text "ok" where X does, and else to what X comes to.
const said = `case %s of ok -> "ok"; X -> lists:flatten(io_lib:format("~0p", [X])) end.`

// order evaluates an expression that has to come to ok.
func (w *witness) order(ctx context.Context, expression string) error {
	told, err := w.evaluate(ctx, fmt.Sprintf(said, expression))
	if err == nil && told != "ok" {
		err = fmt.Errorf("the node says %s", told)
	}
	return err
}

// witness returns the node of that name.
func (d *driver) witness(node string) (*witness, error) {
	i := slices.IndexFunc(d.witnesses, func(w *witness) bool { return w.node == node })
	if i < 0 {
		return nil, fmt.Errorf("there is no node %q", node)
	}
	return d.witnesses[i], nil
}

// Resign implements broker.Resigner: the leader of the topic's first queue hands over to a replica that has everything that was agreed.
func (d queueing) Resign(ctx context.Context, role broker.Role, topic string) error {
	if role != broker.LeaderRole {
		return fmt.Errorf("RabbitMQ has no %s", role)
	}
	t, err := d.find(topic)
	if err != nil {
		return err
	}
	d.stale()
	seen := d.look(ctx)
	if seen.err != nil {
		return seen.err
	}
	queue := queues(t)[0]
	p := d.queue(seen, queue)
	heir := slices.IndexFunc(p.InSync, func(node string) bool { return node != p.Leader })
	if p.Leader == "" || heir < 0 {
		return fmt.Errorf("the queue %s is led by %q, and no other replica is in sync that could", queue, p.Leader)
	}
	w, err := d.witness(p.Leader)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, createWithin)
	defer cancel()
	if err := w.order(ctx, `ra:transfer_leadership({`+member(queue)+`, node()}, {`+member(queue)+`, '`+d.idOf(p.InSync[heir])+`'})`); err != nil {
		return fmt.Errorf("%s was asked to hand over the queue %s to %s: %w", p.Leader, queue, p.InSync[heir], err)
	}
	d.stale()
	return nil
}

// member is what a node calls its part of a quorum queue.
func member(queue string) string { return "'%2F_" + queue + "'" }

// DeleteQueue implements broker.QueueDeleter.
func (d queueing) DeleteQueue(ctx context.Context, topic string, partition int32) (held uint64, err error) {
	t, err := d.find(topic)
	if err != nil {
		return 0, err
	}
	return d.remove(ctx, queues(t)[partition])
}

// remove deletes a queue. The broker itself would say of one that is not there that it has deleted it.
func (d *driver) remove(ctx context.Context, queue string) (held uint64, err error) {
	defer d.stale()
	err = d.visit(ctx, createWithin, func(w *wire) error {
		ch, err := w.Channel()
		if err != nil {
			return err
		}
		if _, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil); err != nil {
			return err
		}
		n, err := ch.QueueDelete(queue, false, false, false)
		held = uint64(max(n, 0))
		return err
	})
	return held, err
}

// DeclareQueue implements broker.QueueDeleter.
func (d queueing) DeclareQueue(ctx context.Context, topic string, partition int32) error {
	t, err := d.find(topic)
	if err != nil {
		return err
	}
	defer d.stale()
	return d.declare(ctx, t, queues(t)[partition], true)
}

// RecreateTopic implements broker.Recreator: was and is are how many messages the queues held that nobody had been given.
func (d queueing) RecreateTopic(ctx context.Context, topic string) (was, is string, err error) {
	t, err := d.find(topic)
	if err != nil {
		return "", "", err
	}
	var total uint64
	for _, queue := range queues(t) {
		held, err := d.remove(ctx, queue)
		if err != nil && code(err) != amqp.NotFound { // which an attempt before may have left
			return "", "", fmt.Errorf("delete queue %s: %w", queue, err)
		}
		total += held
	}
	for _, queue := range queues(t) {
		if err := d.declare(ctx, t, queue, true); err != nil {
			return "", "", fmt.Errorf("create topic %s again: %w", topic, err)
		}
	}
	d.stale()
	n := t.Partitions
	return fmt.Sprintf("%d queues with %d messages", n, total), fmt.Sprintf("%d empty ones", n), nil
}

// everyone asks every node, side by side, and returns what those tell that answer; an error when none does.
func everyone[A any](ctx context.Context, d *driver, ask func(context.Context, *witness) (A, error)) ([]A, error) {
	var questions []*observe.Question[A]
	for _, w := range d.witnesses {
		questions = append(questions, &observe.Question[A]{Node: w.node, Ask: func(ctx context.Context) (A, error) { return ask(ctx, w) }})
	}
	told, err := observe.Round(ctx, d.life, &d.behind, questions, func(A) bool { return false })
	if len(told) == 0 {
		return nil, errors.Join(errors.New("no node answers"), err)
	}
	return told, nil
}
