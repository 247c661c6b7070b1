package tui

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A board of a run of days keeps no more than one of an hour, and loses no message.
func TestBoardIsBounded(t *testing.T) {
	h := newHistory().begin()
	const days = 2 * 24 * 3600
	for range days {
		h.second()
		if h.at%time.Minute < time.Second {
			h.state("again", []string{"b1", "b2", "b3"}, "b1")
		}
	}
	s := h.snapshot()
	if len(s.slices) >= keptSlices || len(s.lines) >= keptLines*3/2 || len(s.states) >= keptStates*3/2 {
		t.Errorf("%d slices, %d lines, %d states", len(s.slices), len(s.lines), len(s.states))
	}
	var due uint64
	for i, c := range s.slices {
		due += c.due
		if i > 0 && c.from != s.slices[i-1].to {
			t.Fatalf("%s follows %s", c.from, s.slices[i-1].to)
		}
	}
	if want := h.rate * days; due != want || s.total.Due != want {
		t.Errorf("%d due, in all %d; want %d", due, s.total.Due, want)
	}
	if last := s.slices[len(s.slices)-600:]; last[0].to-last[0].from != time.Second {
		t.Errorf("what is ten minutes old is kept by %s", last[0].to-last[0].from)
	}
	if r, _ := h.rebuilt.Report(); len(r.Windows) >= 2*keptWindows {
		t.Errorf("%d windows", len(r.Windows))
	}
}

// What happened in a second of long ago is not lost among those beside it.
func TestThinnedSlicesKeepTheWorst(t *testing.T) {
	h := newHistory().begin().run(100)
	h.silent, h.slow = 2, time.Second
	h.run(1)
	h.silent, h.slow = 0, 0
	h.run(4 * keptSlices)
	var silent, slow int
	for _, c := range h.snapshot().slices {
		silent += strings.Count(c.partitions, "s")
		if c.most >= 2*time.Second {
			slow++
		}
	}
	if silent != 2 || slow != 1 {
		t.Errorf("%d silent partitions and %d slow seconds are still told", silent, slow)
	}
}

// What waits for an outage's end is known late, and is shown in the seconds in which it was due; snapshots that were handed out stay as they were.
func TestLateLatencies(t *testing.T) {
	of := func(d time.Duration, n uint64) (l report.Latency) {
		l.Ack = report.Histogram{Buckets: []report.Bucket{{Value: d, Count: n}}, Max: d}
		return l
	}
	b := NewBoard()
	second := func(start int, w report.Window) {
		w.Start, w.Phase = time.Duration(start)*time.Second, "during x"
		b.Observe(report.Event{Type: report.EventWindow, At: w.Start + time.Second, Window: &w})
	}
	second(0, report.Window{Due: 100, Latency: of(time.Millisecond, 100)})
	second(1, report.Window{Due: 1, Latency: of(time.Millisecond, 1)})
	before := b.snapshot()
	second(2, report.Window{Due: 100, Latency: of(time.Millisecond, 100), Late: []report.Late{
		{Start: time.Second, Due: 99, Latency: of(5*time.Second, 99)}, {Start: 2 * time.Minute, Due: 7, Latency: of(time.Hour, 7)}}})
	if was := before.slices[1]; was.most != time.Millisecond || was.due != 1 {
		t.Errorf("the snapshot of before has changed: %v, %d due", was.most, was.due)
	}
	s := b.snapshot().slices
	if len(s) != 3 || s[1].p50 != 5*time.Second || s[1].most != 5*time.Second || s[1].due != 100 || s[1].heat[heatRow(5*time.Second)] != 99 {
		t.Errorf("the silent second: %+v", s[1])
	}
	for _, i := range []int{0, 2} {
		if s[i].most != time.Millisecond || s[i].due != 100 {
			t.Errorf("second %d: %v, %d due", i, s[i].most, s[i].due)
		}
	}
}

// A snapshot stays as it is while the run goes on.
func TestSnapshotsDoNotChange(t *testing.T) {
	h := newHistory().baseline()
	s := h.snapshot()
	if h.snapshot() != s {
		t.Error("nothing happened, and there is another snapshot")
	}
	kept, phases := *s, append([]report.Phase{}, s.phases...)
	h.kill().failover().healed().settle(0, true).verdict(report.Pass, "pass: well.")
	if !reflect.DeepEqual(*s, kept) || !reflect.DeepEqual(s.phases, phases) {
		t.Error("a snapshot has changed")
	}
	if h.snapshot().version == s.version {
		t.Error("what is new has the same version")
	}
}

// The run tells, the view looks and judges, all at once; the race detector watches.
func TestBoardServesSeveral(t *testing.T) {
	h := newHistory()
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		all.Go(func() {
			m := newModel(h.Board, Options{})
			m.w, m.h = 120, 36
			for {
				select {
				case <-done:
					return
				default:
				}
				m.look()
				if h.due() {
					h.judge()
				}
				m.View()
			}
		})
	}
	h.baseline().kill().failover().healed().settle(3, true).verdict(report.Fail, "fail: lost.")
	close(done)
	all.Wait()
}

// While a run goes on, nothing that may still change is called met or missed.
func TestProvisionalJudgement(t *testing.T) {
	signs := func(h *history) string {
		for h.due() {
			h.judge()
		}
		var all []string
		for _, j := range h.snapshot().judged {
			sign, _ := j.mark()
			got, _ := j.got()
			all = append(all, strings.TrimSpace(sign+" "+got))
		}
		return strings.Join(all, "|")
	}
	h := newHistory().begin()
	if got, want := signs(h), "...|...|...|...|...|..."; got != want {
		t.Errorf("at the beginning %s, want %s", got, want)
	}
	h = newHistory().baseline()
	if got, want := signs(h), "...|...|... 7.2ms|...|... 18ms !|..."; got != want {
		t.Errorf("in the baseline %s, want %s", got, want)
	}
	h.kill().run(2)
	if got, want := signs(h), "...|...|ok  7.2ms|...|... 18ms !|..."; got != want {
		t.Errorf("after the baseline %s, want %s", got, want)
	}
	h.failover().healed().settle(12, true)
	if got, want := signs(h), "NO  12|ok  0|ok  7.2ms|...|NO  18ms|ok  118"; got != want {
		t.Errorf("after the final read %s, want %s", got, want)
	}
	h.verdict(report.Fail, "fail: lost.")
	if got, want := signs(h), "NO  12|ok  0|ok  7.6ms|ok  9.61s|NO  18ms|ok  118"; got != want {
		t.Errorf("with the report %s, want %s", got, want)
	}
}

func TestRecoveryAsItGoes(t *testing.T) {
	of := func(h *history) string {
		v := scene{snapshot: h.snapshot()}
		p, ok := v.recovering()
		if !ok {
			return "none"
		}
		var all []string
		for _, f := range v.recovery(p) {
			all = append(all, f.name+" "+f.value)
		}
		return strings.Join(all, "|")
	}
	h := newHistory().baseline()
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "none"},
		{func() { h.kill().run(5) }, "service OUT 5s  2/6 silent|detect ...|redundancy all in sync"},
		{func() { h.failover() }, "service back after ~10s|detect 9.2s|redundancy 0 of 6 whole"},
		{func() { h.healed() }, "service back after ~10s|detect 9.2s|redundancy all in sync"},
	} {
		step.do()
		if got := of(h); got != step.want {
			t.Errorf("%s, want %s", got, step.want)
		}
	}
}

// A run that ends without a report says so.
func TestNoReport(t *testing.T) {
	h := newHistory().baseline()
	h.Finish(nil, errors.New("the cluster is gone"))
	h.Finish(nil, errors.New("said twice"))
	if m := shown(h.Board, 120, 36, Options{Stay: true}); !strings.Contains(stripped(m), "NO REPORT") || !strings.Contains(stripped(m), "the cluster is gone") {
		t.Errorf("\n%s", stripped(m))
	}
}

func hour(seconds int) *Board {
	h := newHistory()
	h.partitions = 20
	h.begin()
	for i := range seconds {
		h.silent = map[bool]int{true: 3, false: 0}[i%600 > 580]
		h.second()
	}
	return h.Board
}

// BenchmarkTick is what a look costs when a second has passed: all panels of the first view are drawn.
func BenchmarkTick(b *testing.B) {
	for name, seconds := range map[string]int{"1min": 60, "1h": 3600, "10h": 36000} {
		b.Run(name, func(b *testing.B) {
			m := shown(hour(seconds), 200, 60, Options{})
			m.zoom, m.scene.span = len(spans)-1, 0
			for b.Loop() {
				m.board.mu.Lock()
				m.board.handed = nil
				m.board.mu.Unlock()
				m.look()
				m.View()
			}
		})
	}
}

// BenchmarkJudge is what it costs to hold an hour against the expectations, which happens once a second beside the run.
func BenchmarkJudge(b *testing.B) {
	for name, seconds := range map[string]int{"1min": 60, "1h": 3600, "10h": 36000} {
		b.Run(name, func(b *testing.B) {
			board := hour(seconds)
			for b.Loop() {
				board.judge()
			}
		})
	}
}

// BenchmarkObserve is what a second's event costs the run.
func BenchmarkObserve(b *testing.B) {
	h := newHistory()
	h.partitions = 20
	h.begin()
	for b.Loop() {
		h.second()
	}
}
