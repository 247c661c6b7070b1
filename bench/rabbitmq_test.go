package bench_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	driver "github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/testcontainers"
)

const (
	rabbitImage = "squall/rabbitmq:4.0.5"
	rabbitGroup = "bench"
	prefetch    = 256 // messages of a queue that a client has before it has acknowledged those it has, on both sides
)

// queues are those of one node of RabbitMQ in a container.
type queues struct {
	cluster broker.Cluster
	driver  broker.Driver
}

// onRabbitMQ starts the node, which the test's end removes.
func onRabbitMQ(t *testing.T) *queues {
	c := oneNode(t, testcontainers.Options{Kind: "rabbitmq", Image: rabbitImage})
	d, err := driver.New(c, broker.Settings{Nodes: 1}, broker.NewClock(), runID+1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.CreateTopic(ctx, topic); err != nil {
		t.Fatal(err)
	}
	return &queues{c, d}
}

// place is the node with new queues, reached without a proxy.
func (q *queues) place(t *testing.T) *place {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := q.driver.(broker.Recreator).RecreateTopic(ctx, topicName); err != nil {
		t.Fatal(err)
	}
	p := newPlace(q.cluster.Endpoint(broker.Observer).Addrs, func() {})
	p.nodes, p.driver, p.group = q.cluster.Nodes(), driver.New, rabbitGroup
	p.way = func(string) broker.Endpoint { return q.cluster.Endpoint(broker.Observer) }
	return p
}

// A bareAMQP is a loop around amqp091-go with the settings of squall's driver: a channel with confirms for each queue, mandatory and persistent messages, as many
// of them unconfirmed, and a consumer with the same prefetch that acknowledges together what it was given together.
type bareAMQP struct {
	t      testing.TB
	conns  [2]*amqp.Connection
	out    [partitions]*amqp.Channel
	rate   float64
	bodies [][]byte
	topics [partitions]string

	room    chan struct{} // one for each message that may be unconfirmed
	sent    uint64
	got     atomic.Uint64
	failed  atomic.Uint64
	stopped atomic.Bool
	load    sync.WaitGroup
	readers sync.WaitGroup
}

func newBareAMQP(t testing.TB, at *place, size int, rate float64) *bareAMQP {
	t.Helper()
	l := &bareAMQP{t: t, rate: rate, room: make(chan struct{}, buffer)}
	random := rand.NewChaCha8([32]byte{1})
	for range 1000 {
		body := make([]byte, size)
		_, _ = random.Read(body)
		l.bodies = append(l.bodies, body)
	}
	e := at.Endpoint(broker.Producers)
	for i := range l.conns {
		var err error
		if l.conns[i], err = amqp.DialConfig("amqp://"+e.Addrs[0], amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{Username: e.User, Password: e.Password}}, Vhost: "/"}); err != nil {
			t.Fatal(err)
		}
	}
	for p := range l.topics {
		l.topics[p] = topicName + "." + strconv.Itoa(p)
		l.publisher(t, p)
		l.take(t, p)
	}
	return l
}

// publisher opens a queue's channel, and counts what is confirmed on it.
func (l *bareAMQP) publisher(t testing.TB, p int) {
	ch, err := l.conns[0].Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.out[p] = ch
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, 256))
	l.readers.Go(func() {
		for c := range confirms {
			if !c.Ack {
				l.failed.Add(1)
			}
			<-l.room
		}
	})
}

// take consumes from a queue.
func (l *bareAMQP) take(t testing.TB, p int) {
	ch, err := l.conns[1].Channel()
	if err == nil {
		err = ch.Qos(prefetch, 0, false)
	}
	var from <-chan amqp.Delivery
	if err == nil {
		from, err = ch.Consume(l.topics[p], "", false, false, false, false, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.readers.Go(func() {
		for d := range from {
			n := uint64(1)
			for more := true; more && n < prefetch; {
				select {
				case next, open := <-from:
					if more = open; open {
						d = next
						n++
					}
				default:
					more = false
				}
			}
			_ = ch.Ack(d.DeliveryTag, true)
			l.got.Add(n)
		}
	})
}

func (l *bareAMQP) begin() {
	l.load.Go(func() {
		start := time.Now()
		for !l.stopped.Load() {
			due := l.sent + batch
			if l.rate > 0 {
				time.Sleep(time.Millisecond)
				due = uint64(time.Since(start).Seconds() * l.rate)
			}
			for l.sent < due {
				l.send()
			}
		}
	})
}

func (l *bareAMQP) send() {
	l.room <- struct{}{}
	p := l.sent % partitions
	err := l.out[p].PublishWithContext(context.Background(), "", l.topics[p], true, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: l.bodies[l.sent%uint64(len(l.bodies))]})
	if err != nil {
		l.failed.Add(1)
	}
	l.sent++
}

func (l *bareAMQP) messages() uint64 { return l.got.Load() }

// end waits until everything sent was given back, and fails when something is missing.
func (l *bareAMQP) end() {
	l.stopped.Store(true)
	l.load.Wait()
	for until := time.Now().Add(patience); time.Now().Before(until) && l.got.Load() < l.sent; {
		time.Sleep(time.Millisecond)
	}
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.readers.Wait()
	if n := l.failed.Load(); n > 0 || l.sent == 0 || l.got.Load() < l.sent {
		l.t.Errorf("of %d messages, %d failed and %d were read", l.sent, n, l.got.Load())
	}
}

// rabbitMQ compares the cost of a message on RabbitMQ.
func (b *bench) rabbitMQ(t *testing.T) {
	at := onRabbitMQ(t)
	b.line("One RabbitMQ 4.0.5 node in a container, reached without a proxy, with quorum queues of one replica; the node's own work is in neither figure. Both sides: one connection that publishes, with a "+
		"channel and confirms for each of %d queues, persistent and mandatory messages, at most %d of them unconfirmed, and one that consumes, with a prefetch of %d a queue and one acknowledgement for what was "+
		"given together.\n", partitions, buffer, prefetch)
	b.circumstances()
	b.compare(t, []trial{{size: 100, rate: 2e3, queues: at, consume: true}, {size: 1024, rate: 2e3, queues: at, consume: true}, {size: 100, rate: 5e3, queues: at, consume: true}})
}
