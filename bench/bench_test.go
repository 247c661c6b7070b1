package bench_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// lengthVariable says how long each measurement takes, such as "2s". Without it nothing is measured.
const (
	lengthVariable = "SQUALL_BENCH"
	roundsVariable = "SQUALL_BENCH_ROUNDS"
	soakVariable   = "SQUALL_BENCH_SOAK" // such as "10m"; without it the soak is left out
	warmUp         = 500 * time.Millisecond
	flood          = 20e6 // messages a second: more than any client takes, so the sender always finds its buffer full
)

// TestResults measures everything, and puts each section that it measured in its place in RESULTS.md; -run TestResults/Pacing measures one of them. It
// fails when messages were not kept account of, never because of a figure.
func TestResults(t *testing.T) {
	b := newBench(t)
	for _, s := range sections {
		t.Run(s.name, func(t *testing.T) {
			b.sheet = sheet{}
			b.line("## %s\n", s.title)
			s.measure(b, t)
			t.Log("\n" + b.String())
			if t.Failed() || t.Skipped() || b.rounds < 3 {
				return
			}
			if err := b.file(s.title); err != nil {
				t.Error(err)
			}
		})
	}
}

// sections are those of RESULTS.md, in their order.
var sections = []struct {
	name, title string
	measure     func(*bench, *testing.T)
}{
	{"Produce", "Produce and verify, against a bare franz-go loop", (*bench).produce},
	{"Consume", "Produce, consume and verify, against bare produce and consume", (*bench).consume},
	{"NATS", "Produce, consume and verify on NATS JetStream, against bare nats.go", (*bench).nats},
	{"RabbitMQ", "Produce, consume and verify on RabbitMQ, against bare amqp091-go", (*bench).rabbitMQ},
	{"Peer", "Produce and verify, against kafka-producer-perf-test", (*bench).peer},
	{"Pacing", "Pacing", (*bench).pacing},
	{"View", "The terminal view", (*bench).view},
	{"Parts", "The parts of a message's path", (*bench).parts},
	{"Soak", "Memory", (*bench).soak},
}

type bench struct {
	sheet
	length time.Duration
	rounds int
}

func newBench(t *testing.T) *bench {
	length, err := time.ParseDuration(os.Getenv(lengthVariable))
	if err != nil || length <= 0 {
		t.Skipf("set %s to how long each measurement shall take, or use make bench", lengthVariable)
	}
	b := &bench{length: length, rounds: 5}
	if n, err := strconv.Atoi(os.Getenv(roundsVariable)); err == nil {
		b.rounds = n
	}
	return b
}

// A trial is one comparison of squall with the bare loop.
type trial struct {
	size    int
	rate    float64 // a second; 0: as fast as the client takes them
	consume bool
	apart   bool    // the broker is in a process of its own
	nats    bool    // it is a NATS server
	queues  *queues // it is RabbitMQ; nil: it is not
}

func (tr trial) place(t *testing.T) *place {
	switch {
	case tr.nats:
		return onNATS(t)
	case tr.queues != nil:
		return tr.queues.place(t)
	case tr.apart:
		return outside(t, !tr.consume)
	}
	return inside(t, !tr.consume)
}

func (tr trial) verified(t *testing.T, length time.Duration) cost {
	at := tr.place(t)
	defer at.close()
	rate := tr.rate
	if rate == 0 {
		rate = flood
	}
	e := newEngine(t, at, tr.size, loadgen.Constant{Rate: rate}, tr.consume, loadgen.Economical)
	e.begin(false)
	c := measure(t, e.messages, warmUp, length)
	e.end()
	return c
}

// A loop does by hand what squall's engine does, with the bare client library.
type loop interface {
	begin()
	messages() uint64
	end()
}

func (tr trial) bare(t *testing.T, length time.Duration) cost {
	at := tr.place(t)
	defer at.close()
	var l loop
	switch {
	case tr.nats:
		l = newBareNATS(t, at, tr.size, tr.rate)
	case tr.queues != nil:
		l = newBareAMQP(t, at, tr.size, tr.rate)
	default:
		l = newBareLoop(t, at, tr.size, tr.rate, tr.consume)
	}
	l.begin()
	c := measure(t, l.messages, warmUp, length)
	l.end()
	return c
}

func (tr trial) String() string {
	rate, where := "flat out", "same process"
	if tr.rate > 0 {
		rate = fmt.Sprintf("%.0fk/s", tr.rate/1000)
	}
	if tr.apart || tr.nats || tr.queues != nil {
		where = "own process"
	}
	return fmt.Sprintf("%d B | %s | %s", tr.size, rate, where)
}

func (b *bench) compare(t *testing.T, trials []trial) {
	b.table("size", "rate", "broker in", "CPU ratio", "rate ratio", "squall: ns CPU a message", "bare: ns CPU a message", "squall: k messages/s",
		"bare: k messages/s", "allocations a message, squall and bare")
	for _, tr := range trials {
		var ours, bare []cost
		for range b.rounds {
			ours, bare = append(ours, tr.verified(t, b.length)), append(bare, tr.bare(t, b.length))
		}
		kilo := func(c cost) float64 { return c.rate() / 1000 }
		b.row(tr.String(),
			spread(ratios(column(ours, cost.nanos), column(bare, cost.nanos)), "%.2f"),
			spread(ratios(column(ours, cost.rate), column(bare, cost.rate)), "%.2f"),
			spread(column(ours, cost.nanos), "%.0f"), spread(column(bare, cost.nanos), "%.0f"),
			spread(column(ours, kilo), "%.0f"), spread(column(bare, kilo), "%.0f"),
			fmt.Sprintf("%s, %s", spread(column(ours, cost.allocd), "%.3f"), spread(column(bare, cost.allocd), "%.3f")))
	}
	b.line("")
}

func (b *bench) produce(t *testing.T) {
	b.line("squall paces, numbers, seals with a checksum, sends, and keeps the ledger and the histograms; the bare loop sends records made ahead. Both have the "+
		"same client settings (acks all, idempotent, no linger, no compression, %d messages buffered) and send to a broker that forgets what it is told. "+
		"Where that broker is in the same process, its work is in both sides' CPU.\n", buffer)
	b.circumstances()
	b.compare(t, []trial{
		{size: 100}, {size: 1024}, {size: 100, apart: true}, {size: 1024, apart: true},
		{size: 100, rate: 200e3, apart: true}, {size: 1024, rate: 100e3, apart: true},
	})
}

func (b *bench) consume(t *testing.T) {
	b.line("As above, with a broker that keeps the messages in memory, and a consumer beside the producer.\n")
	b.circumstances()
	b.compare(t, []trial{{size: 100, apart: true, consume: true}, {size: 1024, apart: true, consume: true}})
}

func (b *bench) pacing(t *testing.T) {
	b.line("Economical: a tick of 1 ms. Precise: a thread of its own for the sender, which watches the clock. The rate error is the largest of any whole second after the first; the lag is from when a message was due until it " +
		"was handed to the client. The broker has a process of its own.\n")
	b.circumstances()
	b.table("pacing", "rate", "rate error", "lag p50", "lag p99", "lag max", "cores")
	for _, rate := range []float64{1e3, 10e3, 50e3, 100e3} {
		b.pacedRow(t, rate, loadgen.Economical)
		b.pacedRow(t, rate, loadgen.Precise)
	}
	b.line("")
}

func (b *bench) pacedRow(t *testing.T, rate float64, pacing loadgen.Pacing) {
	var off, p50, p99, most, cores []float64
	for range b.rounds {
		p := b.paced(t, rate, pacing)
		off, p50, p99 = append(off, 100*p.off), append(p50, micros(p.lag, 0.5)), append(p99, micros(p.lag, 0.99))
		most, cores = append(most, float64(p.lag.Max.Microseconds())), append(cores, p.cores)
	}
	b.row(string(pacing), fmt.Sprintf("%.0fk/s", rate/1000), spread(off, "%.2f")+" %", spread(p50, "%.0f")+" µs", spread(p99, "%.0f")+" µs",
		spread(most, "%.0f")+" µs", spread(cores, "%.2f"))
}

func micros(h report.Histogram, q float64) float64 {
	return float64(h.Quantile(q).Value.Microseconds())
}

type paced struct {
	off   float64
	lag   report.Histogram
	cores float64
}

func (b *bench) paced(t *testing.T, rate float64, pacing loadgen.Pacing) paced {
	at := outside(t, true)
	defer at.close()
	e := newEngine(t, at, 100, loadgen.Constant{Rate: rate}, false, pacing)
	e.begin(true)
	c := measure(t, e.messages, e.start-e.clock.Now()+warmUp, b.length+time.Second)
	_, windows := e.end()
	p := paced{cores: c.cpu.Seconds() / c.elapsed.Seconds()}
	for i := 1; i < len(windows)-1; i++ { // the last one is not whole
		w := &windows[i]
		p.off = max(p.off, max(float64(w.Sent)-rate, rate-float64(w.Sent))/rate)
		p.lag.Merge(w.Latency.Lag)
	}
	return p
}
