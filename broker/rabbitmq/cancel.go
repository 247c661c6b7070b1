package rabbitmq

import (
	"context"
	"fmt"
	"strconv"

	"github.com/seed-228c25e4/squall/broker"
)

var (
	_ broker.ConsumerCanceller = queueing{}
	_ broker.ConsumerCanceller = streaming{}
)

// consumersOf is the beginning of an expression, in which All returns the consumers of a queue, each as its channel, which may be on another node, and its tag. Of a
// stream only the nodes know on which they are, and these remember some whose channels are gone.
const consumersOf = `Name = rabbit_misc:r(<<"/">>, queue, <<"%s">>),
{ok, Q} = rabbit_amqqueue:lookup(Name),
All = case amqqueue:get_type(Q) of
  rabbit_stream_queue -> fun() -> [{P, T} || N <- rabbit_nodes:list_running(), C <- erpc:call(N, ets, tab2list, [consumer_created], 1000), {R, P, T} <- [element(1, C)], R =:= Name, rabbit_misc:is_process_alive(P)] end;
  _ -> fun() -> [{element(1, C), element(2, C)} || C <- rabbit_amqqueue:consumers(Q)] end end,
`

// countConsumers is the expression for how many they are.
const countConsumers = consumersOf + `integer_to_list(length(All())).`

// cancelConsumers is the expression that cancels them. A channel does what its client would have asked for, and then tells it what the broker tells when it has
// cancelled a consumer by itself; it does so in this order. That takes the consent of a majority, and is waited for, two seconds at most.
const cancelConsumers = consumersOf + `Had = All(),
[begin rabbit_channel:do(P, {'basic.cancel', T, true}), rabbit_channel:send_command(P, {'basic.cancel', T, true}) end || {P, T} <- Had],
Gone = fun(_, 0) -> "left"; (Again, Looks) -> case Had -- All() of Had -> integer_to_list(length(Had)); _ -> timer:sleep(50), Again(Again, Looks - 1) end end,
Gone(Gone, 40).`

// Consumers implements broker.ConsumerCanceller.
func (d *driver) Consumers(ctx context.Context, topic string, partition int32) (int, error) {
	return d.askLeader(ctx, topic, partition, countConsumers)
}

// CancelConsumers implements broker.ConsumerCanceller.
func (d *driver) CancelConsumers(ctx context.Context, topic string, partition int32) (int, error) {
	return d.askLeader(ctx, topic, partition, cancelConsumers)
}

// askLeader has who leads a partition's queue evaluate an expression that comes to a number.
func (d *driver) askLeader(ctx context.Context, topic string, partition int32, expression string) (int, error) {
	t, err := d.find(topic)
	if err != nil {
		return 0, err
	}
	queue := queues(t)[partition]
	ctx, cancel := context.WithTimeout(ctx, createWithin)
	defer cancel()
	w, err := d.leads(ctx, queue)
	if err != nil {
		return 0, err
	}
	told, err := w.evaluate(ctx, fmt.Sprintf(expression, queue))
	if err != nil {
		return 0, fmt.Errorf("%s was asked for the consumers of the queue %s: %w", w.node, queue, err)
	}
	n, err := strconv.Atoi(told)
	if err != nil {
		return 0, fmt.Errorf("%s still lists consumers of the queue %s that it was to cancel", w.node, queue)
	}
	return n, nil
}

// leads returns the node that leads a queue. Busy nodes may need to be asked again.
func (d *driver) leads(ctx context.Context, queue string) (w *witness, err error) {
	err = d.await(ctx, func(ctx context.Context) (string, error) {
		seen := d.look(ctx)
		if seen.err != nil {
			return seen.err.Error(), nil
		}
		leader := d.queue(seen, queue).Leader
		if leader == "" {
			return "nobody is known to lead it", nil
		}
		w, err = d.witness(leader)
		return "", err
	})
	if err != nil {
		return nil, fmt.Errorf("who leads the queue %s: %w", queue, err)
	}
	return w, nil
}
