package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// fakeProducer acknowledges everything after a time, keeps its order, and holds at most room messages.
type fakeProducer struct {
	clock   broker.Clock
	after   func(m broker.Message) time.Duration
	outcome func([]broker.Outcome)
	room    int
	err     error

	mu      sync.Mutex
	waiting []broker.Message
	taken   []broker.Message
}

func (p *fakeProducer) Send(_ context.Context, ms []broker.Message) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(ms), p.room-len(p.waiting))
	p.waiting = append(p.waiting, ms[:n]...)
	p.taken = append(p.taken, ms[:n]...)
	return n
}

func (p *fakeProducer) Buffered() int               { return 0 }
func (p *fakeProducer) Abort()                      {}
func (p *fakeProducer) Close(context.Context) error { return nil }

// answer tells outcomes until ctx ends and nothing waits.
func (p *fakeProducer) answer(ctx context.Context) {
	for {
		over := ctx.Err() != nil // asked before looking: what is sent in between is answered in the next round
		p.mu.Lock()
		var ready []broker.Message
		for len(p.waiting) > 0 && p.waiting[0].Sent+p.after(p.waiting[0]) <= p.clock.Now() {
			ready, p.waiting = append(ready, p.waiting[0]), p.waiting[1:]
		}
		empty := len(p.waiting) == 0
		p.mu.Unlock()
		for _, m := range ready {
			p.outcome([]broker.Outcome{{ID: m.ID, Due: m.Due, Sent: m.Sent, At: p.clock.Now(), Offset: int64(m.ID.Seq), Err: p.err}})
		}
		if over && empty {
			return
		}
		time.Sleep(ms)
	}
}

type countingPage struct{ sent, outcomes int }

func (p *countingPage) Sent(ms []broker.Message)     { p.sent += len(ms) }
func (p *countingPage) Outcomes(os []broker.Outcome) { p.outcomes += len(os) }

// run drives one sender at a constant rate.
func run(t *testing.T, rate float64, length time.Duration, p *fakeProducer) (report.History, []report.Window, []report.PhaseFigures, *Sender, *countingPage) {
	return runCurve(t, Constant{rate}, length, p)
}

// runCurve drives one sender for a time against a producer, in virtual time, and returns what the collector came to.
func runCurve(t *testing.T, curve Pacer, length time.Duration, p *fakeProducer) (report.History, []report.Window, []report.PhaseFigures, *Sender, *countingPage) {
	clock := broker.NewClock()
	phases := NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})
	o := Options{Run: 7, Clock: clock, Start: 0, Pacer: curve, Partitions: 3, Size: 100, Phases: phases}
	page := &countingPage{}
	s := NewSender(o, 0, 1, page)
	s.End(length)
	p.clock, p.outcome = clock, s.Outcomes
	collector := NewCollector(o, nil)
	collector.Begin(0, []*Sender{s})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.answer(ctx) })
	wg.Go(func() { s.Run(ctx, p, 10*time.Second); cancel() })
	for ctx.Err() == nil {
		time.Sleep(time.Second)
		collector.Roll(clock.Now(), 0)
	}
	wg.Wait()
	phases.End(clock.Now())
	h, w, f := collector.Finish(clock.Now(), length)
	return h, w, f, s, page
}

func always(d time.Duration) func(broker.Message) time.Duration {
	return func(broker.Message) time.Duration { return d }
}

func TestSenderKeepsTheSchedule(t *testing.T) {
	for _, rate := range []float64{1, 37, 1000, 20_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &fakeProducer{after: always(5 * ms), room: 1 << 20}
				_, windows, figures, s, page := run(t, rate, 10*time.Second, p)
				want := int(rate * 10)
				if page.sent != want || page.outcomes != want || s.Unsent() != 0 {
					t.Errorf("sent %d, outcomes %d, unsent %d; want %d of each of the first two", page.sent, page.outcomes, s.Unsent(), want)
				}
				for i, w := range windows[:10] {
					if float64(w.Due) != rate {
						t.Errorf("window %d: %d due, want %v", i, w.Due, rate)
					}
				}
				if lag := figures[0].Latency.Lag; lag.Max > 2*ms {
					t.Errorf("lag is up to %v", lag.Max)
				}
				next := map[int32]uint64{}
				for _, m := range p.taken {
					if m.ID.Seq != next[m.ID.Partition] {
						t.Fatalf("partition %d: sequence %d, want %d", m.ID.Partition, m.ID.Seq, next[m.ID.Partition])
					}
					next[m.ID.Partition]++
				}
			})
		})
	}
}

// While the broker stands still for 5 s of 30, latency counted from due must show it: with rate r, the outage makes latencies from 5 s down to 0, evenly.
func TestStallShowsInLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := func(m broker.Message) time.Duration {
			if m.Sent >= 10*time.Second && m.Sent < 15*time.Second {
				return 15*time.Second - m.Sent
			}
			return ms
		}
		h, _, figures, _, _ := run(t, 1000, 30*time.Second, &fakeProducer{after: stall, room: 1 << 20})
		// A share of 1/6 of all messages waits; p99 is where 1 % of all is above: 0.06 of the stalled, so 5 s * (1 - 0.06).
		want := 4.7
		if got := figures[0].Latency.Ack.Quantile(0.99).Value.Seconds(); got < want*0.98 || got > want*1.02 {
			t.Errorf("p99 is %.3f s, the closed form says %.3f s", got, want)
		}
		for _, s := range h.Silences {
			if l := s.Length(); l < 4990*ms || l > 5010*ms {
				t.Errorf("silence of %v, want 5 s: %+v", l, s)
			}
		}
		if len(h.Silences) != 3 {
			t.Errorf("%d silences, want one a partition", len(h.Silences))
		}
	})
}

// When the client's buffer is full, messages are sent late with the due time that they had, and count as held back, not as the generator's lag.
func TestFullBufferIsCountedFromDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := func(m broker.Message) time.Duration { return max(ms, 8*time.Second-m.Sent) }
		_, windows, figures, s, page := run(t, 1000, 10*time.Second, &fakeProducer{after: stall, room: 2000})
		if page.sent != 10_000 || s.Unsent() != 0 {
			t.Errorf("sent %d, unsent %d; want 10000, 0", page.sent, s.Unsent())
		}
		var held uint64
		for _, w := range windows {
			held += w.Held
		}
		if held < 5900 || held > 6100 {
			t.Errorf("%d messages held back, want about 6000", held)
		}
		l := figures[0].Latency
		if l.Lag.Max > 3*ms {
			t.Errorf("lag is up to %v: what waited for the client counts as the generator's", l.Lag.Max)
		}
		if l.Ack.Max < 7900*ms || l.Service.Quantile(0.5).Value > 100*ms {
			t.Errorf("ack max %v, service p50 %v; want 8 s from due and little from sent", l.Ack.Max, l.Service.Quantile(0.5).Value)
		}
	})
}

func TestNeverTakenIsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := func(broker.Message) time.Duration { return 15 * time.Second }
		_, _, _, s, page := run(t, 100, 10*time.Second, &fakeProducer{after: stall, room: 300})
		if page.sent != 600 || s.Unsent() != 400 {
			t.Errorf("sent %d, unsent %d; want 600 (two buffers full) and 400", page.sent, s.Unsent())
		}
	})
}

func TestUnknownIsCensoredAndRejectedIsNot(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		censored bool
	}{
		{"unknown", fmt.Errorf("produce: %w", broker.ErrDeliveryTimeout), true},
		{"rejected", fmt.Errorf("%w: %w", broker.ErrRejected, errors.New("MESSAGE_TOO_LARGE")), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, windows, figures, _, _ := run(t, 100, time.Second, &fakeProducer{after: always(ms), room: 1000, err: tt.err})
				f := figures[0]
				if f.Latency.Ack.Quantile(0.5).AtLeast != tt.censored || f.Acknowledged != 0 || f.Unknown+f.Rejected != 100 {
					t.Errorf("p50 %v, acknowledged %d, unknown %d, rejected %d", f.Latency.Ack.Quantile(0.5), f.Acknowledged, f.Unknown, f.Rejected)
				}
				if len(windows[0].Errors) == 0 {
					t.Error("no error was counted by its class")
				}
			})
		})
	}
}

// What was due just before a fault, and had no outcome when it began, belongs to the fault.
func TestPhaseOfAMessage(t *testing.T) {
	p := NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})
	p.Begin(report.Phase{Name: "during kill", Kind: report.During, From: 10 * time.Second})
	p.Begin(report.Phase{Name: "recovery kill", Kind: report.Recovering, From: 20 * time.Second})
	tests := []struct {
		due, done time.Duration
		want      int
	}{
		{5 * time.Second, 6 * time.Second, 0},
		{9900 * ms, 9950 * ms, 0},
		{9900 * ms, 10100 * ms, 1},
		{9900 * ms, 25 * time.Second, 1},
		{11 * time.Second, 12 * time.Second, 1},
		{19 * time.Second, 21 * time.Second, 1},
		{21 * time.Second, 21 * time.Second, 2},
	}
	for _, tt := range tests {
		if got := p.of(tt.due, tt.done); got != tt.want {
			t.Errorf("due %v, done %v: phase %d, want %d", tt.due, tt.done, got, tt.want)
		}
	}
}

// The writer's path must not allocate.
func BenchmarkOutcome(b *testing.B) {
	phases := NewPhases(report.Phase{Kind: report.Baseline})
	clock := broker.NewClock()
	s := NewSender(Options{Clock: clock, Pacer: Constant{1}, Partitions: 6, Size: 100, Phases: phases}, 0, 1, &countingPage{})
	b.ReportAllocs()
	batch := make([]broker.Outcome, 0, 100)
	for i := range b.N {
		at := time.Duration(i) * 100
		batch = append(batch, broker.Outcome{ID: broker.ID{Partition: int32(i % 6)}, Due: at, Sent: at, At: at + ms})
		if len(batch) == cap(batch) {
			s.Outcomes(batch)
			batch = batch[:0]
		}
		if i%5_000_000 == 0 {
			s.ended.take(at)
		}
	}
}

// However a sender waits, it sends what is due by the end, and ends at once when it is told to.
func TestWaiting(t *testing.T) {
	for _, pacing := range []Pacing{"", Economical, Precise} {
		t.Run(string(pacing), func(t *testing.T) {
			clock := broker.NewClock()
			p := &fakeProducer{clock: clock, room: 1 << 20, after: func(broker.Message) time.Duration { return 0 }}
			o := Options{Run: 7, Clock: clock, Pacer: Constant{Rate: 20_000}, Partitions: 3, Size: 100, Pacing: pacing,
				Phases: NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})}
			s := NewSender(o, 0, 1, &countingPage{})
			s.Start(clock.Now())
			s.End(clock.Now() + 100*ms)
			s.Run(t.Context(), p, time.Second)
			if len(p.taken) < 1990 || len(p.taken) > 2010 {
				t.Errorf("%d messages sent, want 2,000", len(p.taken))
			}
			for _, m := range p.taken {
				if m.Sent < m.Due {
					t.Fatalf("sent %v before it was due", m.Due-m.Sent)
				}
			}
			s = NewSender(o, 0, 1, &countingPage{})
			s.Start(clock.Now() + time.Hour)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*ms, cancel)
			begun := time.Now()
			if s.Run(ctx, p, time.Second); time.Since(begun) > 5*time.Second {
				t.Errorf("ended %v after it was told to", time.Since(begun))
			}
		})
	}
}
