package bench_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

const (
	runID    = 77
	buffer   = 10_000 // messages that a client holds at most, on both sides
	patience = 10 * time.Second
)

var topic = broker.Topic{Name: topicName, Partitions: partitions, Replicas: 1}

// An engine is squall's whole path of a message: paced, enveloped, sent by the driver, told to the ledger, recorded, and collected once a second.
type engine struct {
	t         testing.TB
	clock     broker.Clock
	driver    broker.Driver
	producer  broker.Producer
	consumer  broker.Consumer
	sender    *loadgen.Sender
	receiver  *loadgen.Receiver
	ledger    *ledger.Ledger
	collector *loadgen.Collector
	start     time.Duration
	readers   sync.WaitGroup
	load      sync.WaitGroup
	ticks     sync.WaitGroup
	stop      context.CancelFunc // the receiver
	halt      context.CancelFunc // the sender: what is due and was not taken is not waited for
	done      chan struct{}      // closed: no more ticks
}

func newEngine(t testing.TB, at *place, size int, pacer loadgen.Pacer, consume bool, pacing loadgen.Pacing) *engine {
	t.Helper()
	e := &engine{t: t, clock: broker.NewClock(), ledger: ledger.New(1, partitions), done: make(chan struct{})}
	var err error
	if e.driver, err = at.driver(at, broker.Settings{Nodes: 1}, e.clock, runID); err != nil {
		t.Fatal(err)
	}
	o := loadgen.Options{
		Run: runID, Clock: e.clock, Pacer: pacer, Partitions: partitions, Size: size, Seed: 1, Pacing: pacing,
		Phases: loadgen.NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline}),
	}
	var receivers []*loadgen.Receiver
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	if consume {
		if e.consumer, err = e.driver.NewConsumer(ctx, topic, broker.ConsumerOptions{Name: "consumer", ConsumerSettings: broker.ConsumerSettings{Group: at.group}}); err != nil {
			t.Fatal(err)
		}
		e.receiver = loadgen.NewReceiver(o, 0, func() loadgen.ReceivePage { return e.ledger.Receiver() })
		receivers = append(receivers, e.receiver)
		e.readers.Go(func() {
			if err := e.receiver.Run(ctx, e.consumer); err != nil {
				t.Error(err)
			}
		})
	}
	e.sender = loadgen.NewSender(o, 0, 1, e.ledger.Sender(0))
	e.producer, err = e.driver.NewProducer(ctx, topic, broker.ProducerOptions{Name: "producer", ProducerSettings: at.client}, e.sender.Outcomes)
	if err != nil {
		t.Fatal(err)
	}
	e.collector = loadgen.NewCollector(o, receivers)
	return e
}

// begin starts the load, with wholeSeconds at a second's beginning, as a run does.
func (e *engine) begin(wholeSeconds bool) {
	e.start = e.clock.Now()
	if wholeSeconds {
		e.start = (e.start + 50*time.Millisecond).Truncate(time.Second) + time.Second
	}
	e.collector.Begin(e.start, []*loadgen.Sender{e.sender})
	e.sender.Start(e.start)
	ctx, halt := context.WithCancel(context.Background())
	e.halt = halt
	e.load.Go(func() { e.sender.Run(ctx, e.producer, patience) })
	e.ticks.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				e.collector.Roll(e.clock.Now(), e.producer.Buffered())
			case <-e.done:
				return
			}
		}
	})
}

// messages is how many came to their end so far: acknowledged, or delivered where there is a consumer.
func (e *engine) messages() uint64 {
	c := e.ledger.Counts()
	if e.consumer != nil {
		return c.Delivered
	}
	return c.Acknowledged
}

// end lets every message have its outcome, and with a consumer its delivery, and checks that all were kept account of.
func (e *engine) end() (report.History, []report.Window) {
	now := e.clock.Now()
	e.sender.End(now)
	e.halt()
	e.load.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := e.producer.Close(ctx); err != nil {
		e.t.Error(err)
	}
	for e.consumer != nil && e.ledger.Counts().Delivered < e.ledger.Counts().Acknowledged && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	e.stop()
	e.readers.Wait()
	if e.consumer != nil {
		e.consumer.Abort()
	}
	close(e.done)
	e.ticks.Wait()
	history, windows, _ := e.collector.Finish(e.clock.Now(), now)
	c := e.ledger.Counts()
	if c.Sent == 0 || c.Acknowledged != c.Sent || e.consumer != nil && c.Delivered != c.Sent {
		e.t.Errorf("of %d messages sent, %d were acknowledged and %d delivered", c.Sent, c.Acknowledged, c.Delivered)
	}
	if err := e.driver.Close(); err != nil {
		e.t.Error(err)
	}
	return history, windows
}
