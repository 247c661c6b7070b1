package bench_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	driver "github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/embedded"
)

const (
	// natsVariable makes this program a server of NATS, with the configuration that its last argument names.
	natsVariable = "SQUALL_BENCH_NATS"
	natsGroup    = "bench"
	inFlight     = 256 // messages that a consumer asks for, on both sides
)

func serveNATS(config string) {
	if err := embedded.ServeNATS(config, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// onNATS is one server in a process of its own, with the topic on it, and reached without a proxy.
func onNATS(t *testing.T) *place {
	t.Helper()
	c, err := embedded.NATS(t.Context(), embedded.NATSOptions{Nodes: 1, Command: []string{os.Args[0]}, Env: []string{natsVariable + "=1"}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(c.Endpoint(broker.Observer).Addrs, func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p.Cluster, p.nodes, p.driver, p.group = c, c.Nodes(), driver.New, natsGroup
	p.way = func(client string) broker.Endpoint {
		if client == broker.Administrator {
			return c.Endpoint(client)
		}
		return c.Endpoint(broker.Observer)
	}
	p.prepare(t)
	return p
}

// prepare makes the stream, in memory, and waits until it is there.
func (p *place) prepare(t *testing.T) {
	t.Helper()
	d, err := p.driver(p, broker.Settings{Nodes: 1}, broker.NewClock(), runID+1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kept := topic
	kept.Config = map[string]string{"storage": "memory"}
	if err := d.CreateTopic(ctx, kept); err != nil {
		t.Fatal(err)
	}
	if err := d.Ready(ctx, kept); err != nil {
		t.Fatal(err)
	}
}

// A bareNATS is a loop around nats.go with the settings of squall's driver: an id for each message, no retries, as many messages without an answer, a shared
// durable consumer that acknowledges each message.
type bareNATS struct {
	t       testing.TB
	conns   [2]*nats.Conn
	streams jetstream.JetStream
	pulled  jetstream.MessagesContext
	rate    float64
	bodies  [][]byte
	topics  [partitions]string

	sent    uint64
	got     atomic.Uint64
	failed  atomic.Uint64
	stopped atomic.Bool
	load    sync.WaitGroup
	readers sync.WaitGroup
}

func newBareNATS(t testing.TB, at *place, size int, rate float64) *bareNATS {
	t.Helper()
	l := &bareNATS{t: t, rate: rate}
	random := rand.NewChaCha8([32]byte{1})
	for range 1000 {
		body := make([]byte, size)
		_, _ = random.Read(body)
		l.bodies = append(l.bodies, body)
	}
	for p := range l.topics {
		l.topics[p] = topicName + "." + strconv.Itoa(p)
	}
	e := at.Endpoint(broker.Producers)
	for i := range l.conns {
		var err error
		if l.conns[i], err = nats.Connect("nats://"+e.Addrs[0], nats.UserInfo(e.User, e.Password)); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if l.streams, err = jetstream.New(l.conns[0], jetstream.WithPublishAsyncMaxPending(buffer),
		jetstream.WithPublishAsyncErrHandler(func(jetstream.JetStream, *nats.Msg, error) { l.failed.Add(1) })); err != nil {
		t.Fatal(err)
	}
	l.pull(t)
	return l
}

func (l *bareNATS) pull(t testing.TB) {
	js, err := jetstream.New(l.conns[1])
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.CreateConsumer(context.Background(), topicName, jetstream.ConsumerConfig{Durable: natsGroup, AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	if l.pulled, err = c.Messages(jetstream.PullMaxMessages(inFlight), jetstream.PullHeartbeat(time.Second)); err != nil {
		t.Fatal(err)
	}
	l.readers.Go(func() {
		for {
			m, err := l.pulled.Next()
			if err != nil {
				return
			}
			_ = m.Ack()
			l.got.Add(1)
		}
	})
}

func (l *bareNATS) begin() {
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

func (l *bareNATS) send() {
	m := &nats.Msg{Subject: l.topics[l.sent%partitions], Data: l.bodies[l.sent%uint64(len(l.bodies))]}
	_, err := l.streams.PublishMsgAsync(m, jetstream.WithMsgID(strconv.FormatUint(l.sent, 16)), jetstream.WithRetryAttempts(0), jetstream.WithStallWait(patience))
	if err != nil {
		l.failed.Add(1)
	}
	l.sent++
}

func (l *bareNATS) messages() uint64 { return l.got.Load() }

// end waits until everything sent was given back, and fails when something is missing.
func (l *bareNATS) end() {
	l.stopped.Store(true)
	l.load.Wait()
	for until := time.Now().Add(patience); time.Now().Before(until) && l.got.Load() < l.sent; {
		time.Sleep(time.Millisecond)
	}
	l.pulled.Stop()
	l.readers.Wait()
	for _, c := range l.conns {
		c.Close()
	}
	if n := l.failed.Load(); n > 0 || l.sent == 0 || l.got.Load() < l.sent {
		l.t.Errorf("of %d messages, %d failed and %d were read", l.sent, n, l.got.Load())
	}
}

// nats compares the cost of a message on NATS JetStream.
func (b *bench) nats(t *testing.T) {
	b.line("One NATS server 2.15.2 in a process of its own, reached without a proxy, with the stream in memory. Both sides: ids by which the server knows repetitions, no retries, "+
		"at most %d messages without an answer, and a durable consumer that acknowledges each message and asks for %d at a time. Flat out, both send many times faster than they are given messages, so that only rates that a consumer keeps up with tell the cost of a message.\n", buffer, inFlight)
	b.circumstances()
	b.compare(t, []trial{{size: 100, rate: 5e3, nats: true, consume: true}, {size: 1024, rate: 5e3, nats: true, consume: true}, {size: 100, rate: 10e3, nats: true, consume: true}})
}
