package tui

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/seed-228c25e4/squall/report"
)

// A seeking is a search for what three brokers carry, as far as a test has told it.
type seeking struct {
	*SearchBoard
	h     *history // of the run that is made now
	s     report.Search
	stops int
}

const askedOf = "What is the highest rate that kafka on 3 brokers carries with lost == 0, reordered == 0, ack.p99 < 100ms, with all brokers, with one broker down and while that one catches up?"

func newSeeking() *seeking {
	k := &seeking{}
	k.SearchBoard = NewSearchBoard(func() { k.stops++ })
	const about = "the highest rate that holds"
	k.s = report.Search{Scenario: "kafka-leader-kill", Broker: "kafka on 3 brokers", Question: askedOf, Resolution: 0.03, Of: 31, Told: begin, Left: 24 * time.Minute, Parts: []report.SearchPart{
		{Name: "healthy", Short: "healthy", About: about, State: report.SearchNow, Ceiling: 61_300}, {Name: "one broker down", Short: "one down", About: about, State: report.SearchToCome},
		{Name: "catching up", Short: "catching", About: about, State: report.SearchToCome},
		{Name: "recovery", Short: "recovery", About: "at 50, 70 and 85 % of what all brokers carry", State: report.SearchToCome},
	}}
	return k
}

// tell tells the search as it is.
func (k *seeking) tell() *seeking {
	s := k.s
	s.Points = append([]report.SearchPoint(nil), s.Points...)
	s.Parts = append([]report.SearchPart(nil), s.Parts...)
	k.Watch(&s)
	return k
}

func (k *seeking) part(name string) *report.SearchPart {
	for i := range k.s.Parts {
		if k.s.Parts[i].Name == name {
			return &k.s.Parts[i]
		}
	}
	panic(name)
}

// point measures a rate: what is missed has a note.
func (k *seeking) point(part, purpose string, rate float64, outcome report.SearchOutcome, note, bound string) {
	k.s.Runs++
	id := fmt.Sprintf("%03d", k.s.Runs)
	p := report.SearchPoint{ID: id, Run: id, Part: part, Purpose: purpose, Rate: rate, Achieved: rate, Ack: time.Duration(rate) * 2 * time.Microsecond, Outcome: outcome, Note: note, Bound: bound}
	if outcome == report.SearchMissed {
		p.Achieved, p.Ack = rate*0.94, time.Duration(rate)*9*time.Microsecond
	}
	k.s.Points = append(k.s.Points, p)
	k.s.Took += 31 * time.Second
	k.s.Left -= 30 * time.Second
}

// asks begins to measure a rate, in a run of which so many seconds are over.
func (k *seeking) asks(now report.SearchPoint, seconds int, faults ...report.Planned) *seeking {
	now.ID = fmt.Sprintf("%03d", k.s.Runs+1)
	now.Run = now.ID
	k.s.Now = &now
	k.tell()
	k.h = newHistory()
	k.h.Board, k.h.rate = k.run, uint64(now.Rate)
	if seconds > 0 {
		k.runs(seconds, faults)
	}
	return k
}

// runs tells the events of the run.
func (k *seeking) runs(n int, faults []report.Planned) {
	h := k.h
	plan := &report.Plan{WarmUp: seconds(5), Baseline: seconds(15), Load: seconds(20), Faults: faults}
	if len(faults) > 0 {
		plan.Baseline, plan.Load = seconds(3), seconds(3+5)+faults[0].For+seconds(20)
	}
	h.at = seconds(1.2)
	h.tell(report.Event{Type: report.EventRun, Text: "ready", Run: &report.Run{ID: "8a3f", Scenario: "kafka-leader-kill", Started: begin, Host: report.Host{CPUs: 4, MaxProcs: 4},
		Broker: report.Broker{Kind: "kafka", Testbed: "containers", Nodes: []string{"b1", "b2", "b3"}}, Plan: plan}})
	h.at = seconds(2)
	h.enter("warm-up", report.WarmUp, "")
	for i := range n {
		at := seconds(float64(i)) - plan.WarmUp
		switch {
		case at == 0:
			h.at = seconds(7)
			h.enter("baseline", report.Baseline, "")
		case at == plan.Baseline && len(faults) > 0:
			h.at = seconds(10)
			h.enter("during "+faults[0].Name, report.During, faults[0].Name)
			f := kill
			f.Name, f.Kind, f.Target, f.Victims, f.Chosen = faults[0].Name, faults[0].Kind, faults[0].Target, []string{"b3"}, nil
			f.Commanded, f.Effective, f.Planned = h.at, h.at+seconds(0.4), h.at
			h.fault(f, f.Name+" effective: stop b3")
		case len(faults) > 0 && at == plan.Baseline+faults[0].For:
			h.enter("recovery "+faults[0].Name, report.Recovering, faults[0].Name)
		}
		h.second()
	}
}

// bracketed has told a healthy search with a bracket, of which a point is being measured.
func (k *seeking) bracketed() *seeking {
	k.point("healthy", "bracket", 10_000, report.SearchHeld, "", "")
	k.point("healthy", "bracket", 20_000, report.SearchHeld, "", "")
	k.point("healthy", "bracket", 40_000, report.SearchMissed, "ack.p99 < 100ms: got 360ms", "b2 CPU 97 %")
	k.point("healthy", "bisect", 28_300, report.SearchHeld, "", "")
	k.part("healthy").Low, k.part("healthy").High = 28_300, 40_000
	return k
}

func (k *seeking) found() *seeking {
	k.bracketed()
	k.point("healthy", "bisect", 33_600, report.SearchMissed, "33,100 messages a second were acknowledged of 33,600 due, and those that wait grew by 480 a second", "b2 CPU 96 %")
	k.point("healthy", "confirm", 28_300, report.SearchHeld, "", "b2 CPU 88 %")
	p := k.part("healthy")
	p.State, p.Low, p.High, p.Answer = report.SearchOver, 28_300, 33_600, "28,300/s (27.6 MiB/s)"
	return k
}

// searches are the searches of which pictures are kept.
var searches = map[string]func() *seeking{
	"empty": newSeeking,
	"starting": func() *seeking {
		return newSeeking().asks(report.SearchPoint{Part: "healthy", Purpose: "bracket", Rate: 10_000}, 0)
	},
	"ceiling": func() *seeking {
		k := newSeeking()
		k.s.Doing = "finding what this machine's generator reaches, to a broker that forgets what it is told"
		return k.tell()
	},
	"settling": func() *seeking {
		return newSeeking().asks(report.SearchPoint{Part: "healthy", Purpose: "bracket", Rate: 10_000}, 3)
	},
	"bracket": func() *seeking {
		return newSeeking().bracketed().asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 33_600}, 13)
	},
	"confirm": func() *seeking {
		return newSeeking().bracketed().asks(report.SearchPoint{Part: "healthy", Purpose: "confirm", Rate: 28_300, Nth: 2, Of: 3}, 9)
	},
	"down": func() *seeking {
		k := newSeeking().found()
		k.point("one broker down", "bracket", 18_900, report.SearchHeld, "", "b1 CPU 91 %")
		k.s.Points = append(k.s.Points, report.SearchPoint{ID: "007-catching-up", Run: "007", Part: "catching up", Purpose: "bracket", Rate: 18_900, Achieved: 18_900, Ack: 71 * time.Millisecond, Outcome: report.SearchHeld})
		k.part("one broker down").State, k.part("one broker down").Low = report.SearchNow, 18_900
		return k.asks(report.SearchPoint{Part: "one broker down", Purpose: "bracket", Rate: 23_600}, 19, report.Planned{Name: "broker-down", Kind: "stop", Target: "b3", For: seconds(25)})
	},
	"catching": func() *seeking {
		k := newSeeking().found()
		k.point("one broker down", "bracket", 18_900, report.SearchHeld, "", "")
		k.part("one broker down").State, k.part("one broker down").Low, k.part("one broker down").Answer = report.SearchOver, 18_900, "18,900/s"
		k.part("one broker down").High = 19_400
		k.part("catching up").State, k.part("catching up").High = report.SearchNow, 18_900
		k.s.Points = append(k.s.Points, report.SearchPoint{ID: "007-catching-up", Run: "007", Part: "catching up", Purpose: "bracket", Rate: 18_900, Achieved: 18_900, Ack: 171 * time.Millisecond, Outcome: report.SearchMissed,
			Note: "ack.p99 < 100ms: got 171ms"})
		return k.asks(report.SearchPoint{Part: "catching up", Purpose: "bracket", Rate: 12_600}, 40, report.Planned{Name: "broker-down", Kind: "stop", Target: "b3", For: seconds(25)})
	},
	"recovery": func() *seeking {
		k := newSeeking().found()
		for _, p := range []string{"one broker down", "catching up"} {
			k.part(p).State, k.part(p).Low, k.part(p).High, k.part(p).Answer = report.SearchOver, 18_900, 19_400, "18,900/s"
		}
		k.point("recovery", "recovery", 14_200, report.SearchMeasured, "service back after 4.1s", "")
		k.part("recovery").State, k.part("recovery").Answer = report.SearchNow, "service back after 4.1s at 50 %"
		k.part("recovery").Rates, k.part("recovery").Measured = []float64{14_200, 19_800, 24_100}, 1
		return k.asks(report.SearchPoint{Part: "recovery", Purpose: "recovery", Rate: 19_800, Share: 0.7, Nth: 2, Of: 3}, 12, report.Planned{Name: "leader-kill", Kind: "kill", Target: "leader", For: seconds(15)})
	},
	"sweep": func() *seeking {
		k := newSeeking()
		k.s.Question = "Which of the rates that were given does kafka on 3 brokers carry with ack.p99 < 100ms?"
		k.s.Parts = []report.SearchPart{{Name: "healthy, load.size=100B", Short: "100B", State: report.SearchOver, Rates: []float64{500, 1000, 2000}, Measured: 3, Low: 1000, Answer: "2 of 3 held, up to 1,000/s"},
			{Name: "healthy, load.size=10KiB", Short: "10KiB", State: report.SearchNow, Rates: []float64{500, 1000, 2000}, Measured: 1, Low: 500, Answer: "1 of 1 held, up to 500/s"}}
		for _, rate := range []float64{500, 1000} {
			k.point("healthy, load.size=100B", "sweep", rate, report.SearchHeld, "", "")
		}
		k.point("healthy, load.size=100B", "sweep", 2000, report.SearchMissed, "ack.p99 < 100ms: got 180ms", "")
		k.point("healthy, load.size=10KiB", "sweep", 500, report.SearchHeld, "", "")
		return k.asks(report.SearchPoint{Part: "healthy, load.size=10KiB", Purpose: "sweep", Rate: 1000, Nth: 2, Of: 3}, 11)
	},
	"generator": func() *seeking {
		k := newSeeking()
		k.point("healthy", "bracket", 40_000, report.SearchHeld, "", "")
		k.point("healthy", "bracket", 80_000, report.SearchGenerator, "this machine's generator reaches 61,300 messages a second with these settings, whoever takes them", "squall CPU 98 %")
		k.point("healthy", "bisect", 56_600, report.SearchUnknown, "other programs took up to 61 % of the processors' time, and hardly any was left, from 12s to 19s", "")
		k.part("healthy").Low, k.part("healthy").High = 40_000, 56_600
		return k.asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 56_600}, 8)
	},
}

// seen returns a model of a search at a size, a second after it was told last.
func seen(k *seeking, w, h int, o Options) *searchModel {
	at := begin.Add(k.s.Told.Sub(begin) + time.Second)
	o.wall = func() time.Time { return at }
	k.run.mu.Lock()
	k.run.received = at
	k.run.mu.Unlock()
	m := newSearchModel(k.SearchBoard, o)
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.look()
	return m
}

func TestPicturesOfSearches(t *testing.T) {
	for name, search := range searches {
		for _, size := range [][2]int{{140, 40}, {80, 24}, {60, 15}} {
			for _, o := range []Options{{}, {ASCII: true}} {
				file := fmt.Sprintf("search-%s-%dx%d", name, size[0], size[1])
				if o.ASCII {
					file += "-ascii"
				}
				t.Run(file, func(t *testing.T) {
					got := ansi.Strip(seen(search(), size[0], size[1], o).View().Content)
					golden(t, file, got)
					if o.ASCII && strings.ContainsFunc(got, func(r rune) bool { return r > 0x7e }) {
						t.Error("not ASCII alone")
					}
				})
			}
		}
	}
}

// However large the terminal, no line is wider or less wide, and there are as many as it has.
func TestSearchAtEverySize(t *testing.T) {
	for name, search := range searches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := search()
			for _, ascii := range []bool{false, true} {
				m := seen(k, 0, 0, Options{ASCII: ascii})
				for w := 58; w <= 200; w += 7 {
					for h := 14; h <= 60; h += 5 {
						m.Update(tea.WindowSizeMsg{Width: w, Height: h})
						fits(t, fmt.Sprintf("%dx%d", w, h), m, w, h)
					}
				}
			}
		})
	}
}

// q asks the search to end, once more ends it at once, and the third time leaves whatever comes.
func TestStopsASearch(t *testing.T) {
	for _, key := range []string{"q", "ctrl+c"} {
		k := newSeeking().bracketed().asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 33_600}, 13)
		m := seen(k, 80, 24, Options{})
		for n := 1; n <= 2; n++ {
			cmd := m.pressed(keyOf(key))
			if cmd == nil || cmd() != nil || k.stops != n {
				t.Errorf("%s: asked %d times, want %d", key, k.stops, n)
			}
		}
		if got := ansi.Strip(m.View().Content); !strings.Contains(got, "STOPPING") || !strings.Contains(got, "the points so far are kept") {
			t.Errorf("%s: it does not say that it ends:\n%s", key, got)
		}
		if cmd := m.pressed(keyOf(key)); cmd == nil || cmd() != tea.Quit() {
			t.Errorf("%s: the third time the view stays", key)
		}
	}
}

// Earlier points can be looked at, and no further than there are any.
func TestScrollsThroughPoints(t *testing.T) {
	k := newSeeking().found()
	k.tell()
	m := seen(k, 80, 24, Options{})
	if got := ansi.Strip(m.View().Content); !strings.Contains(got, "006 ") || strings.Contains(got, "001 ") {
		t.Errorf("the newest are not shown:\n%s", got)
	}
	for range 20 {
		m.pressed(keyOf("down"))
	}
	if got := ansi.Strip(m.View().Content); !strings.Contains(got, "001 ") || strings.Contains(got, "006 ") {
		t.Errorf("the first is not shown:\n%s", got)
	}
	for range 20 {
		m.pressed(keyOf("up"))
	}
	if got := ansi.Strip(m.View().Content); !strings.Contains(got, "006 ") {
		t.Errorf("the newest are not shown again:\n%s", got)
	}
}

// The next point's view has nothing of the run before.
func TestEachPointBeginsAnew(t *testing.T) {
	k := newSeeking().bracketed().asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 33_600}, 13)
	k.point("healthy", "bisect", 33_600, report.SearchHeld, "", "")
	k.asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 36_600}, 0)
	got := ansi.Strip(seen(k, 80, 24, Options{}).View().Content)
	if !strings.Contains(got, "36,600/s") || !strings.Contains(got, "no load yet") || strings.Contains(got, "measuring") {
		t.Errorf("of the run before there is something left:\n%s", got)
	}
}

// The view of a search ends with it, and the terminal is as it was before.
func TestViewEndsWithTheSearch(t *testing.T) {
	k := newSeeking().bracketed().asks(report.SearchPoint{Part: "healthy", Purpose: "bisect", Rate: 33_600}, 13)
	keys, _ := io.Pipe()
	s, done := &screen{}, make(chan error, 1)
	go func() {
		done <- RunSearch(context.Background(), k.SearchBoard, Options{In: keys, Out: s, size: [2]int{120, 36}})
	}()
	s.shownUntil(t, "33,600/s")
	k.Finish()
	k.Finish() // once is enough
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
	restored(t, s)
}
