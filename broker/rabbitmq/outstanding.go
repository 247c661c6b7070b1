package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// countAll is the expression for how many messages each queue holds, whether they wait or were given to somebody. A quorum of the replicas has to agree that who
// answers still leads: what the management plugin shows is up to five seconds old.
const countAll = `Count = fun(Name) -> case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, Name)) of
  {ok, Q} -> try
    case amqqueue:get_pid(Q) of
      {R, N} ->
        L = case ra_leaderboard:lookup_leader(R) of {_, X} -> {R, X}; _ -> {R, N} end,
        case ra:consistent_query(L, fun rabbit_fifo:query_messages_total/1, 700) of {ok, C, _} when is_integer(C) -> integer_to_list(C); _ -> "-" end;
      _ -> [{messages, C}] = rabbit_amqqueue:info(Q, [messages]), integer_to_list(C)
    end catch _:_ -> "-" end;
  _ -> "gone" end end,
lists:flatten(lists:join(";", [Count(Q) || Q <- [%s]])).`

// Outstanding implements broker.Outstanding: what is in the queues, for every group shares them.
func (d queueing) Outstanding(ctx context.Context, _, topic string) (uint64, error) {
	t, err := d.find(topic)
	if err != nil {
		return 0, fmt.Errorf("what is in a queue: %w", err)
	}
	n, err := d.holding(ctx, queues(t))
	if err != nil {
		return 0, fmt.Errorf("what is in %s: %w", topic, err)
	}
	return n, nil
}

// holding is how many messages queues hold, whether they wait or were given to somebody.
func (d *driver) holding(ctx context.Context, queues []string) (n uint64, err error) {
	err = d.anyone(ctx, func(ctx context.Context, w *witness) error {
		n, err = w.count(ctx, queues)
		return err
	})
	return n, err
}

// anyone asks one node after the other until one answers.
func (d *driver) anyone(ctx context.Context, ask func(context.Context, *witness) error) error {
	var errs []error
	first := int(d.counts.Load())
	for i := range d.witnesses {
		w := d.witnesses[(first+i)%len(d.witnesses)]
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, oneWithin)
			defer cancel()
			return ask(ctx, w)
		}()
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", w.node, err))
		d.counts.Add(1) // the next one is asked first the next time
	}
	return errors.Join(errs...)
}

// oneWithin bounds one node's answer; the next one is asked then.
const oneWithin = time.Second

func (w *witness) count(ctx context.Context, queues []string) (uint64, error) {
	told, err := w.evaluate(ctx, fmt.Sprintf(countAll, binaries(queues)))
	if err != nil {
		return 0, err
	}
	return sum(queues, told)
}

// sum adds up what a node tells of these queues.
func sum(queues []string, told string) (total uint64, _ error) {
	each := strings.Split(told, ";")
	if len(each) != len(queues) {
		return 0, errNoStory
	}
	for i, s := range each {
		n, err := strconv.ParseUint(s, 10, 63)
		switch {
		case s == "gone":
			return 0, fmt.Errorf("there is no queue %s", queues[i])
		case err != nil:
			return 0, fmt.Errorf("nobody is known to lead the queue %s", queues[i])
		}
		total += n
	}
	return total, nil
}
