package bench_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/live/tui"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

const (
	viewedColumns = 160
	viewedLines   = 50
)

// viewed is a run in which nothing breaks: what disturbs its schedule is the machine, or squall itself.
const viewed = `
name: viewed
broker: { kind: kafka, run: embedded, nodes: 1 }
topic: { name: viewed, partitions: 6, replicas: 1 }
load:
  rate: 20k/s
  size: 100B
  pacing: %s
  producers: { count: 1, acks: all }
  consumers: { count: 1, group: viewed }
phases: { warm-up: 1s, baseline: %v }
expect:
  - lost == 0
  - reordered == 0
  - ack.p99 < 10s during baseline
  - ack.rate > 1/s during baseline
`

// view compares whole runs that are shown on a terminal with runs that are not.
func (b *bench) view(t *testing.T) {
	b.line("Whole runs: 20k messages of 100 B a second from one producer to one consumer, to a broker in a process of its own that keeps them in memory. In each "+
		"round one run is shown in a terminal of %d by %d, the overview in full colour, and one is not, and the next round has them the other way round. Of each "+
		"run the baseline is measured. The view's share of a core is the difference of the two; what reads the terminal, and throws it away, is in it. The lag is "+
		"from when a message was due until it was handed to the client.\n", viewedColumns, viewedLines)
	b.circumstances()
	b.table("pacing", "cores without", "cores with", "the view: % of a core", "lag p50 without", "lag p50 with", "p50 ratio", "lag p99 without", "lag p99 with",
		"p99 ratio", "kB/s to the terminal")
	b.viewRow(t, loadgen.Economical)
	b.viewRow(t, loadgen.Precise)
	b.line("")
}

func (b *bench) viewRow(t *testing.T, pacing loadgen.Pacing) {
	var without, with []glance
	for i := range b.rounds {
		for _, shown := range []bool{i%2 == 1, i%2 == 0} {
			if g := b.glance(t, pacing, shown); shown {
				with = append(with, g)
			} else {
				without = append(without, g)
			}
		}
	}
	of := func(all []glance, figure func(*glance) float64) []float64 {
		out := make([]float64, len(all))
		for i := range all {
			out[i] = figure(&all[i])
		}
		return out
	}
	p50, p99 := func(g *glance) float64 { return micros(g.lag, 0.5) }, func(g *glance) float64 { return micros(g.lag, 0.99) }
	share := make([]float64, b.rounds)
	for i := range share {
		share[i] = 100 * (with[i].cores() - without[i].cores())
	}
	b.row(string(pacing), spread(of(without, (*glance).cores), "%.3f"), spread(of(with, (*glance).cores), "%.3f"), spread(share, "%.1f")+" %",
		spread(of(without, p50), "%.0f")+" µs", spread(of(with, p50), "%.0f")+" µs", spread(ratios(of(with, p50), of(without, p50)), "%.2f"),
		spread(of(without, p99), "%.0f")+" µs", spread(of(with, p99), "%.0f")+" µs", spread(ratios(of(with, p99), of(without, p99)), "%.2f"),
		spread(of(with, (*glance).kilobytes), "%.1f"))
}

// A glance is what one run's baseline cost, and the lag of its schedule. It observes the run.
type glance struct {
	t       *testing.T
	drawn   func() int64 // bytes so far
	windows int
	at      time.Time
	cpu     time.Duration
	bytes   int64
	elapsed time.Duration
	used    time.Duration
	written int64
	lag     report.Histogram
}

func (g *glance) cores() float64     { return g.used.Seconds() / g.elapsed.Seconds() }
func (g *glance) kilobytes() float64 { return float64(g.written) / 1000 / g.elapsed.Seconds() }

// Observe measures from the baseline's first window to its last.
func (g *glance) Observe(e report.Event) {
	if e.Window == nil || e.Window.Phase != string(report.Baseline) {
		return
	}
	if g.windows++; g.windows == 1 {
		g.at, g.cpu, g.bytes = time.Now(), processorTime(g.t), g.drawn()
		return
	}
	g.elapsed, g.used, g.written = time.Since(g.at), processorTime(g.t)-g.cpu, g.drawn()-g.bytes
	g.lag.Merge(e.Window.Latency.Lag)
}

// glance runs the scenario once.
func (b *bench) glance(t *testing.T, pacing loadgen.Pacing, shown bool) glance {
	t.Helper()
	text := fmt.Sprintf(viewed, string(pacing), b.length+time.Second)
	s, err := scenarios.Parse("viewed.yaml", []byte(text), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
	if err != nil {
		t.Fatal(err)
	}
	at := outside(t, false)
	defer at.close()
	clock := broker.NewClock()
	driver, err := kafka.New(at, s.Settings(), clock, runID)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	g := glance{t: t, drawn: func() int64 { return 0 }}
	observers := []squall.Observer{&g}
	if shown {
		board, drawn, end := show(t)
		defer end()
		g.drawn, observers = drawn, append(observers, board)
	}
	r, err := squall.Run(t.Context(), s, squall.Testbed{Kind: kafka.Kind, Cluster: at, Driver: driver, Clock: clock, RunID: "viewed", Run: runID}, observers...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Safety.Lost > 0 || !r.Safety.FinalRead.Done || r.Safety.Acknowledged != r.Safety.Sent || g.windows < 2 {
		t.Errorf("%d seconds; of %d messages %d were acknowledged and %d lost; %s", g.windows, r.Safety.Sent, r.Safety.Acknowledged, r.Safety.Lost, r.Verdict.Sentence)
	}
	if shown && g.written == 0 {
		t.Error("the view drew nothing")
	}
	return g
}

// show draws a board on a terminal that counts what it is told, until it is ended.
func show(t *testing.T) (board *tui.Board, drawn func() int64, end func()) {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("COLORTERM", "truecolor")
	t.Setenv("NO_COLOR", "")
	theirs, ours := terminal(t, viewedColumns, viewedLines)
	var n atomic.Int64
	read := make(chan struct{})
	go func() {
		defer close(read)
		count(theirs, &n)
	}()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	board = tui.NewBoard()
	go func() { ended <- tui.Run(ctx, board, tui.Options{Out: ours}) }()
	return board, n.Load, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ours.Close()
		<-read
		theirs.Close()
	}
}

func count(f *os.File, n *atomic.Int64) {
	some := make([]byte, 64<<10)
	for {
		k, err := f.Read(some)
		if n.Add(int64(k)); err != nil { // nobody writes any more
			return
		}
	}
}
