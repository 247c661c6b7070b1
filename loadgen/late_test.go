package loadgen

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// What is told second by second comes to what is known in the end, although the broker stands still for 3 s and the seconds are told before their messages
// have an answer: that comes late, with the window and phase that it belongs to. Where nobody waits for longer than a second nothing is old when it is told.
func TestToldLate(t *testing.T) {
	for name, stall := range map[string]time.Duration{"stalled": 3 * time.Second, "quick": ms} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told, final := tell(t, func(m broker.Message) time.Duration {
					if m.Sent < 2*time.Second {
						return ms
					}
					return max(ms, 2*time.Second+stall-m.Sent)
				})
				var ack, due, late uint64
				oldest := time.Hour
				for i := range told {
					due += told[i].Due
					ack += told[i].Latency.Ack.Count()
					for _, l := range told[i].Late {
						if l.Phase != "baseline" || l.Start >= told[i].Start {
							t.Errorf("late in the window of %v: %+v", told[i].Start, l)
						}
						due += l.Due
						late += l.Latency.Ack.Count()
						oldest = min(oldest, l.Start)
					}
				}
				var want uint64
				for i := range final {
					want += final[i].Latency.Ack.Count()
				}
				if ack+late != want || due != want || want != 1000 {
					t.Errorf("%d due, %d acknowledged in time and %d late were told, of %d", due, ack, late, want)
				}
				if stalled := stall > time.Second; stalled != (late >= 200) || stalled && oldest != 2*time.Second {
					t.Errorf("%d were told late, from %v on", late, oldest)
				}
			})
		})
	}
}

// tell has a sender send 1,000 messages in 10 s, and returns the windows as they were told, and as they are in the end.
func tell(t *testing.T, after func(broker.Message) time.Duration) (told, final []report.Window) {
	p := &fakeProducer{after: after, room: 1 << 20, clock: broker.NewClock()}
	o := Options{Run: 7, Clock: p.clock, Pacer: Constant{100}, Partitions: 3, Size: 100, Phases: NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})}
	s := NewSender(o, 0, 1, &countingPage{})
	s.End(10 * time.Second)
	p.outcome = s.Outcomes
	c := NewCollector(o, nil)
	c.Begin(0, []*Sender{s})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.answer(ctx) })
	wg.Go(func() { s.Run(ctx, p, 10*time.Second); cancel() })
	for range 14 {
		time.Sleep(time.Second)
		told = append(told, c.Roll(p.clock.Now(), 0)...)
	}
	wg.Wait()
	_, final, _ = c.Finish(p.clock.Now(), 10*time.Second)
	return told, final
}

// What is told of a run of more than an hour comes to what the run itself keeps of it, window for window, although both keep fewer windows than seconds and
// some of what is told comes when its seconds are parts of longer ones.
func TestToldIsWhatIsKept(t *testing.T) {
	const length = 4000 * time.Second
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProducer{room: 1 << 20, clock: broker.NewClock(), after: func(m broker.Message) time.Duration {
			if m.Sent > 500*time.Second && m.Sent < 510*time.Second {
				return 5 * time.Minute // after the seconds were thinned, were they old
			}
			return ms
		}}
		o := Options{Run: 7, Clock: p.clock, Pacer: Constant{2}, Partitions: 3, Size: 100, Phases: NewPhases(report.Phase{Name: "baseline", Kind: report.Baseline})}
		s := NewSender(o, 0, 1, &countingPage{})
		s.End(length)
		p.outcome = s.Outcomes
		c := NewCollector(o, nil)
		c.Begin(0, []*Sender{s})
		var told report.Rebuilder
		add := func(e report.Event) {
			if err := told.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		add(report.Event{Type: report.EventRun, Run: &report.Run{}})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { p.answer(ctx) })
		wg.Go(func() { s.Run(ctx, p, length); cancel() })
		var seconds int
		for range int(length/time.Second) + 10 {
			time.Sleep(time.Second)
			for _, w := range c.Roll(p.clock.Now(), 0) {
				w.CPU, w.GC, w.Goroutines = 0, 0, 0
				add(report.Event{Type: report.EventWindow, Window: &w})
				seconds++
			}
		}
		wg.Wait()
		_, kept, _ := c.Finish(p.clock.Now(), length)
		r, _ := told.Report()
		if seconds < 4000 || len(kept) > report.MostWindows || len(r.Windows) < len(kept)-1 || len(r.Windows) > len(kept) {
			t.Fatalf("%d seconds: %d windows were kept, and %d rebuilt", seconds, len(kept), len(r.Windows))
		}
		var acknowledged uint64
		for i := range r.Windows {
			w := kept[i]
			acknowledged += w.Acknowledged
			w.CPU, w.GC, w.Goroutines = 0, 0, 0 // of the real process
			if w.Within != nil {
				within := *w.Within
				within.CPU = 0
				w.Within = &within
			}
			if !reflect.DeepEqual(w, r.Windows[i]) {
				t.Fatalf("window %d: %+v was kept, and %+v rebuilt", i, w, r.Windows[i])
			}
		}
		if acknowledged != 8000 {
			t.Errorf("%d acknowledged", acknowledged)
		}
	})
}
