package kafka_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

// doors is a cluster whose ports are published: something accepts connections for a node that is down, and hangs up.
type doors struct{ *embedded.Cluster }

func (d doors) Endpoint(client string) broker.Endpoint {
	e := d.Cluster.Endpoint(client)
	dial := e.Dial
	e.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return hungUp{}, nil
		}
		return c, err
	}
	return e
}

// hungUp is a connection whose other side has nothing to say.
type hungUp struct{ net.Conn }

func (hungUp) Read([]byte) (int, error)         { return 0, io.EOF }
func (hungUp) Write(b []byte) (int, error)      { return len(b), nil }
func (hungUp) Close() error                     { return nil }
func (hungUp) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }
func (hungUp) LocalAddr() net.Addr              { return hungUp{}.RemoteAddr() }
func (hungUp) SetDeadline(time.Time) error      { return nil }
func (hungUp) SetReadDeadline(time.Time) error  { return nil }
func (hungUp) SetWriteDeadline(time.Time) error { return nil }

// A group whose coordinator dies goes on with the next one, though the port of the dead accepts connections: it does not ask the dead until its session
// is over, which is 45 s here.
func TestCoordinatorDiesBehindAPublishedPort(t *testing.T) {
	config := map[string]string{"broker.session.timeout.ms": "500"}
	c, err := embedded.Kafka(t.Context(), embedded.Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	d, err := kafka.New(doors{c}, broker.Settings{Nodes: 3, Config: config}, broker.NewClock(), run)
	if err != nil {
		t.Fatal(err)
	}
	closeBoth(t, c, d)
	topic := broker.Topic{Name: "orders", Partitions: 1, Replicas: 3}
	if err := d.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	var told outcomes
	p, err := d.NewProducer(t.Context(), topic, broker.ProducerOptions{Name: "p", ProducerSettings: broker.ProducerSettings{Acks: "all", Idempotent: true,
		Buffer: 10, DeliveryTimeout: 30 * time.Second, MetadataMinAge: 50 * time.Millisecond, Compression: "none"}}, told.add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Abort)
	var done atomic.Int64 // committed
	commits := func(c broker.Commit) {
		if c.Err == nil {
			done.Store(c.Offset)
		}
	}
	consumer, err := d.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "c", Commits: commits, ConsumerSettings: broker.ConsumerSettings{Group: "g",
		CommitInterval: 100 * time.Millisecond, MetadataMinAge: 50 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(consumer.Abort)
	sendOne(t, p, 0, 0)
	told.wait(t, 1)
	committed(t, consumer, &done, 1)

	st, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes() {
		if n.Name() == st.Coordinators["g"] {
			if err := n.Kill(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	sendOne(t, p, 0, 1)
	told.wait(t, 2)
	committed(t, consumer, &done, 2)
}

// committed has a group's only member receive until so many messages are committed.
func committed(t *testing.T, c broker.Consumer, done *atomic.Int64, n int64) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); done.Load() < n; {
		if _, err := c.Receive(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d messages are committed", done.Load(), n)
		}
	}
}
