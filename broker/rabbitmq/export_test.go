package rabbitmq

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
)

// Evaluate returns the text that an Erlang expression comes to in a node.
func Evaluate(ctx context.Context, d broker.Driver, node, expression string) (string, error) {
	w, err := d.(queueing).witness(node)
	if err != nil {
		return "", err
	}
	return w.evaluate(ctx, expression)
}
