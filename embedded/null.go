package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/seed-228c25e4/squall/broker"
)

// A null is one kfake broker that checks what it is sent and forgets it, without links: what it takes a second is what a client can send.
type null struct{ fake *kfake.Cluster }

// Null starts a Kafka broker that acknowledges everything and keeps nothing, for measuring how much a generator can send.
func Null() (broker.Cluster, error) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BlackholeProduce())
	if err != nil {
		return nil, fmt.Errorf("start a broker that forgets: %w", err)
	}
	return null{fake}, nil
}

func (null) Nodes() []broker.Node { return []broker.Node{nullNode{}} }
func (null) Links() []broker.Link { return nil }

func (null) Impair(context.Context, broker.Impairment, ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	return broker.Effect{}, func(context.Context) error { return nil }, errNullNode
}

func (n null) Endpoint(string) broker.Endpoint { return broker.Endpoint{Addrs: n.fake.ListenAddrs()} }

func (null) Describe() broker.Description {
	return broker.Description{Testbed: testbed, Emulated: "it forgets what it acknowledges"}
}

func (n null) Close(context.Context) error {
	n.fake.Close()
	return nil
}

// A nullNode cannot be broken.
type nullNode struct{}

var errNullNode = errors.New("a broker that forgets what it is told cannot be broken")

func (nullNode) Name() string                              { return "b1" }
func (nullNode) ID() string                                { return "0" }
func (nullNode) Kill(context.Context) error                { return errNullNode }
func (nullNode) Stop(context.Context, time.Duration) error { return errNullNode }
func (nullNode) Start(context.Context) error               { return errNullNode }
func (nullNode) Pause(context.Context) error               { return errNullNode }
func (nullNode) Resume(context.Context) error              { return errNullNode }
