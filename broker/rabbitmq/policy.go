package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Configurer = queueing{}

// policies are what a policy can set of queues, in the broker's own names, and which values it has.
var policies = map[string]func(string) (any, error){
	"max-length":              from(0),
	"max-length-bytes":        from(0),
	"overflow":                oneOf("drop-head", "reject-publish"),
	"message-ttl":             from(0),
	"delivery-limit":          from(-1),
	"dead-letter-exchange":    words,
	"dead-letter-routing-key": words,
	"dead-letter-strategy":    oneOf("at-most-once", "at-least-once"),
	"consumer-timeout":        from(0),
}

// changeable tells what a scenario may change while the nodes run, and what is wrong with a value.
func changeable() map[string]func(string) error {
	all := map[string]func(string) error{}
	for name, value := range policies {
		all[name] = func(v string) error {
			_, err := value(v)
			return err
		}
	}
	return all
}

// unset is what a node tells of a setting that nothing sets.
const unset = "not set"

// readPolicy is the expression for what the topic's policy sets, and for what counts for each queue: where the queue itself was declared with another value,
// the lower one of numbers, the policy's overflow, and the queue's own words.
const readPolicy = `Name = <<"%[1]s">>,
Told = fun(undefined) -> "` + unset + `"; (V) when is_binary(V) -> binary_to_list(V); (V) -> lists:flatten(io_lib:format("~0p", [V])) end,
Own = case rabbit_policy:lookup(<<"/">>, <<"%[2]s">>) of not_found -> undefined; P -> proplists:get_value(Name, proplists:get_value(definition, P)) end,
Wins = fun(P, A) when is_integer(P), is_integer(A), (P < 0) or (A < 0) -> max(P, A); (P, A) when is_integer(P), is_integer(A) -> min(P, A);
  (P, _) when Name =:= <<"overflow">> -> P; (_, A) -> A end,
Queue = fun(Q) -> case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, Q)) of {ok, X} -> Told(rabbit_queue_type_util:args_policy_lookup(Name, Wins, X)); _ -> "no queue" end end,
lists:flatten(lists:join(";", [Told(Own) | [Queue(Q) || Q <- [%[3]s]]])).`

// policyOf is what a topic's policy is called.
func policyOf(topic string) string { return "squall " + topic }

// Setting implements broker.Configurer: of a topic, what its policy sets, and what counts for its queues.
func (d queueing) Setting(ctx context.Context, topic, name string) (broker.Setting, error) {
	t, err := d.alterable(topic, name)
	if err != nil {
		return broker.Setting{}, err
	}
	ask := fmt.Sprintf(readPolicy, name, policyOf(topic), binaries(queues(t)))
	type answer struct{ node, own, inForce string }
	told, err := everyone(ctx, d.driver, func(ctx context.Context, w *witness) (answer, error) {
		text, err := w.evaluate(ctx, ask)
		own, counts, _ := strings.Cut(text, ";")
		each := slices.Compact(strings.Split(counts, ";"))
		return answer{w.node, own, strings.Join(each, ", ")}, err
	})
	if err != nil {
		return broker.Setting{}, fmt.Errorf("ask for %s of %s: %w", name, topic, err)
	}
	s := broker.Setting{InForce: map[string]string{}}
	for _, a := range told {
		s.InForce[a.node] = a.inForce
		if a.own != unset {
			s.Own = &a.own
		}
	}
	return s, nil
}

// alterable returns the topic, or why nothing of that name can be set for it.
func (d *driver) alterable(topic, name string) (broker.Topic, error) {
	if topic == "" {
		return broker.Topic{}, errors.New(noSetting)
	}
	if policies[name] == nil {
		return broker.Topic{}, fmt.Errorf("no policy sets %s; there are %s", name, strings.Join(slices.Sorted(maps.Keys(policies)), ", "))
	}
	return d.find(topic)
}

// writePolicy is the expression that sets or takes away one thing in the topic's policy, and the policy itself where nothing is left in it.
const writePolicy = `(fun() -> Policy = <<"%[1]s">>, Name = <<"%[2]s">>,
Old = case rabbit_policy:lookup(<<"/">>, Policy) of not_found -> []; P -> proplists:get_value(definition, P) end,
case {Old, [%[3]s | lists:keydelete(Name, 1, Old)] -- [none]} of
  {[], []} -> ok;
  {_, []} -> rabbit_policy:delete(<<"/">>, Policy, <<"squall">>);
  {_, New} -> rabbit_policy:set(<<"/">>, Policy, <<"%[4]s">>, New, 0, <<"queues">>, <<"squall">>) end end)()`

// SetSetting implements broker.Configurer, by a policy for the topic's queues and no others.
func (d queueing) SetSetting(ctx context.Context, topic, name string, value *string) error {
	if _, err := d.alterable(topic, name); err != nil {
		return err
	}
	entry := "none"
	if value != nil {
		v, err := policies[name](*value)
		if err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
		entry = "{Name, " + term(v) + "}"
	}
	pattern := "^" + strings.ReplaceAll(topic, ".", "[.]") + "[.][0-9]+$"
	text := fmt.Sprintf(writePolicy, policyOf(topic), name, entry, pattern)
	if err := d.anyone(ctx, func(ctx context.Context, w *witness) error { return w.order(ctx, text) }); err != nil {
		return fmt.Errorf("set %s of %s: %w", name, topic, err)
	}
	return nil
}

// term writes a value as Erlang has it.
func term(v any) string {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return "<<" + strconv.QuoteToASCII(fmt.Sprint(v)) + "/utf8>>"
}
