package loadgen

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// steered returns a curve that can be changed, with changes as SetRate makes them.
func steered(t interface{ Fatal(...any) }, c Curve, changes ...Change) *Steered {
	s, err := NewSteered(c, broker.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		s.change(c)
	}
	return s
}

// change lets a change take effect at a given time.
func (s *Steered) change(c Change) {
	before := *s.segments.Load()
	next := append(slices.Clone(before), segment{c.At, s.anew(c.Rate, len(before))})
	s.segments.Store(&next)
}

// However often the rate is changed, and at whatever point of a shard's work a change comes to be known: due times never fall, no message is skipped or
// comes twice, and all shards together send as many as the integral of the rate says.
func TestSteeredByManyShards(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan := anyCurve(t)
		if _, ok := plan.(Trace); ok {
			plan = Constant{100}
		}
		s := steered(t, plan)
		shards := make([]*walk, rapid.IntRange(1, 5).Draw(t, "shards"))
		for i := range shards {
			shards[i] = &walk{pacer: s.Share(i, len(shards))}
		}
		now, changes := time.Duration(0), rapid.IntRange(0, 5).Draw(t, "changes")
		for range changes {
			now += time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "later"))
			for _, w := range shards { // each has looked at its schedule at some time before
				w.until(t, now-time.Duration(rapid.Int64Range(0, int64(longestSleep)).Draw(t, "asleep")))
			}
			s.change(Change{now + soon, rapid.Float64Range(0.01, 5000).Draw(t, "rate")})
		}
		now += time.Duration(rapid.Int64Range(int64(soon), int64(5*time.Second)).Draw(t, "end"))
		sent := uint64(0)
		for _, w := range shards {
			w.until(t, now)
			sent += w.next
		}
		if want := s.Count(now); math.Abs(float64(sent)-want) > float64(changes)+1.001 {
			t.Fatalf("%d messages are due by %v, the integral is %v: %+v", sent, now, want, s.Changes())
		}
	})
}

// A walk is a shard that sends.
type walk struct {
	pacer Pacer
	next  uint64
	last  time.Duration
}

// until sends what is due by now, and looks at what comes next, as a sender does.
func (w *walk) until(t *rapid.T, now time.Duration) {
	for {
		due, ok := w.pacer.Due(w.next)
		if again, _ := w.pacer.Due(w.next); again != due || !ok {
			t.Fatalf("message %d is due at %v, and asked again at %v; %v", w.next, due, again, ok)
		}
		if due < w.last {
			t.Fatalf("message %d is due at %v, the one before at %v", w.next, due, w.last)
		}
		if due > now {
			return
		}
		w.last = due
		w.next++
	}
}

// A change that comes to be known when it should have taken effect already does not let due times fall.
func TestSteeredTooLate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := steered(t, Constant{100})
		w := &walk{pacer: s.Share(0, 1)}
		w.until(t, time.Second)
		s.change(Change{500 * ms, rapid.Float64Range(1, 1000).Draw(t, "rate")})
		sent := w.next
		if w.until(t, 3*time.Second); w.next == sent {
			t.Fatal("nothing was sent from then on")
		}
	})
}

// Random arrivals stay random, with the new mean, and no two segments are alike.
func TestSteeredPoisson(t *testing.T) {
	t.Parallel()
	s := steered(t, Poisson{100, 7}, Change{100 * time.Second, 1000}, Change{200 * time.Second, 1000})
	p, counts, offsets := s.Share(0, 1), [3]float64{}, [3]time.Duration{}
	for n := uint64(0); ; n++ {
		due, _ := p.Due(n)
		i := int(due / (100 * time.Second))
		if i > 2 {
			break
		}
		if counts[i] == 0 {
			offsets[i] = due % (100 * time.Second)
		}
		counts[i]++
	}
	for i, want := range []float64{10_000, 100_000, 100_000} {
		if math.Abs(counts[i]-want) > 5*math.Sqrt(want) {
			t.Errorf("segment %d: %v arrivals, want about %v", i, counts[i], want)
		}
	}
	if offsets[1] == offsets[2] {
		t.Errorf("two segments begin alike: %v", offsets)
	}
}

// Two senders change at one moment: what is due in each second is what the rate says, none is late because of it, and each stream of the ledger is whole.
func TestSetRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock()
		curve, err := NewSteered(Constant{3}, clock)
		if err != nil {
			t.Fatal(err)
		}
		phases := NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})
		o := Options{Run: 7, Clock: clock, Pacer: curve, Partitions: 3, Size: 100, Phases: phases}
		if err := curve.SetRate(5); err == nil || !strings.Contains(err.Error(), "not on yet") {
			t.Errorf("before the load: %v", err)
		}
		var senders []*Sender
		var producers []*fakeProducer
		var load sync.WaitGroup
		answering, cancel := context.WithCancel(t.Context())
		for i := range 2 {
			s := NewSender(o, i, 2, &countingPage{})
			p := &fakeProducer{clock: clock, after: always(ms), room: 1 << 20, outcome: s.Outcomes}
			s.End(8 * time.Second)
			senders, producers = append(senders, s), append(producers, p)
		}
		collector := NewCollector(o, nil)
		collector.Begin(0, senders)
		curve.Begin(0)
		for i, s := range senders {
			load.Go(func() { producers[i].answer(answering) })
			load.Go(func() { s.Run(t.Context(), producers[i], time.Second) })
		}
		for second := range 9 {
			time.Sleep(800 * ms)
			if rate := map[int]float64{1: 2000, 3: 500.5, 5: 4}[second]; rate > 0 {
				if err := curve.SetRate(rate); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(200 * ms)
			collector.Roll(clock.Now(), 0)
		}
		cancel()
		load.Wait()
		phases.End(clock.Now())
		_, windows, figures := collector.Finish(clock.Now(), 8*time.Second)
		for i, want := range []uint64{3, 3, 2000, 2000, 501, 500, 4, 4} {
			if got := windows[i].Due; got < want-1 || got > want+1 {
				t.Errorf("second %d: %d due, want %d", i, got, want)
			}
		}
		if lag := figures[0].Latency.Lag.Max; lag > 2*ms {
			t.Errorf("lag is up to %v", lag)
		}
		for _, p := range producers {
			seqs := map[int32]uint64{}
			for _, m := range p.taken {
				if m.ID.Seq != seqs[m.ID.Partition] {
					t.Fatalf("partition %d: %d comes, want %d", m.ID.Partition, m.ID.Seq, seqs[m.ID.Partition])
				}
				seqs[m.ID.Partition]++
			}
		}
		if got := curve.Changes(); len(got) != 3 || got[0] != (Change{2 * time.Second, 2000}) {
			t.Errorf("changes are %v", got)
		}
	})
}

// What cannot be steered says why, and what is no rate is refused.
func TestSetRateRefused(t *testing.T) {
	t.Parallel()
	type file struct{ Trace } // as a scenario has it
	for want, c := range map[string]Curve{"closed loop": Max{}, "recorded arrivals": Trace{1}, "a trace": &file{Trace{1}}} {
		if _, err := NewSteered(c, broker.NewClock()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v", c, err)
		}
	}
	s := steered(t, Constant{1})
	s.Begin(0)
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1), 1e12} {
		if err := s.SetRate(rate); err == nil || !strings.Contains(err.Error(), "above 0") {
			t.Errorf("%v: %v", rate, err)
		}
	}
	for i := range mostChanges + 1 {
		if err := s.SetRate(5); (err != nil) != (i == mostChanges) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	s = steered(t, Constant{1})
	s.Begin(0)
	s.End()
	if err := s.SetRate(5); err == nil || !strings.Contains(err.Error(), "over") {
		t.Errorf("behind the end: %v", err)
	}
}

// A plan that has ended goes on where a rate is set.
func TestSteeredBehindThePlan(t *testing.T) {
	t.Parallel()
	s := steered(t, Steps{{10, time.Second}, {0, time.Second}})
	p := s.Share(0, 1)
	for n := range uint64(10) {
		_, _ = p.Due(n)
	}
	if due, ok := p.Due(10); !ok || due != never {
		t.Errorf("behind the end: %v, %v", due, ok)
	}
	s.change(Change{5 * time.Second, 10})
	if due, ok := p.Due(10); !ok || due != 5*time.Second {
		t.Errorf("set anew: %v, %v", due, ok)
	}
}

// The steps that are saved have the same integral as what was steered.
func TestSteeredAsSteps(t *testing.T) {
	t.Parallel()
	const s = time.Second
	if got := steered(t, Constant{10}).Steps(10*s, 100); got != nil {
		t.Errorf("unchanged: %v", got)
	}
	many := Steps{}
	for range 100 {
		many = append(many, Step{10, s}, Step{20, s})
	}
	for i, c := range []Curve{Constant{100}, &Steps{{10, 2 * s}, {0, 3 * s}, {50, s}}, &many, &Ramp{0, 100, 20 * s}, &Burst{5, 100, 7 * s, s}, &Sine{50, 50, 30 * s}, Poisson{30, 1}} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			curve := steered(t, c, Change{9500 * ms, 7}, Change{9500 * ms, 200}, Change{12 * s, 50.5}, Change{400 * s, 1})
			saved := curve.Steps(500*s, 100)
			if len(saved) > 100 {
				t.Fatalf("%d steps", len(saved))
			}
			for _, step := range saved {
				if step.For < ms || step.For%ms != 0 || step.Rate < 0 {
					t.Errorf("a step of %+v", step)
				}
			}
			for _, at := range []time.Duration{9500 * ms, 11 * s, 12 * s, 399 * s, 450 * s} {
				if got, want := saved.Count(at), curve.Count(at); math.Abs(got-want) > 0.1 {
					t.Errorf("%v by %v, want %v: %v", got, at, want, saved)
				}
			}
		})
	}
	late := steered(t, &many, Change{150 * s, 5}).Steps(200*s, 100)
	if len(late) > 100 || math.Abs(late.Count(150*s)-many.Count(150*s)) > 0.1 {
		t.Errorf("%d steps with %v messages, want %v", len(late), late.Count(150*s), many.Count(150*s))
	}
}

// Steering costs a look at whether anything was changed, and no allocation.
func BenchmarkSteered(b *testing.B) {
	for _, c := range []Curve{Constant{1e5}, Poisson{1e5, 1}} {
		p, plain := steered(b, c).Share(1, 2), share(c, 1, 2)
		for name, p := range map[string]Pacer{"steered": p, "plain": plain} {
			b.Run(fmt.Sprintf("%T/%s", c, name), func(b *testing.B) {
				b.ReportAllocs()
				for n := range uint64(b.N) {
					_, _ = p.Due(n)
				}
			})
		}
	}
}
