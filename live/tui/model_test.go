package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// carryOut runs what a key led to, and tells the model what came of it.
func carryOut(m *model, cmd tea.Cmd) tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, c := range batch {
			carryOut(m, c)
		}
		return nil
	}
	if _, ok := msg.(tick); !ok {
		m.Update(msg)
	}
	return msg
}

// asked is what a run was asked for.
type asked struct {
	all []string
	err error
}

func (a *asked) controls() report.Controls {
	do := func(format string, args ...any) error {
		a.all = append(a.all, fmt.Sprintf(format, args...))
		return a.err
	}
	return report.Controls{
		Faults: []report.ByHand{
			{Kind: "kill", About: "SIGKILL", Example: "{ at: 0s, for: 20s, kill: leader }", Targets: []string{"leader", "b1", "b2", "any follower"}},
			{Kind: "latency", About: "packets come late", Example: "{ at: 0s, for: 20s, latency: { add: 200ms }, link: producers -> leader }", Targets: []string{"producers -> leader", "b1 <-> peers"}},
			{Kind: "rebalance-storm", About: "members come and go", Example: "{ rebalance-storm: {} }"},
		},
		Inject: func(line string) error { return do("inject %s", line) },
		Revert: func() error { return do("revert") },
		Rate:   func(v float64) error { return do("rate %.0f", v) },
		Save:   func() (string, error) { return "by-hand.yaml", do("save") },
		Stop:   func() { _ = do("stop") },
		Log: func(_ context.Context, node string, _ int) ([]string, error) {
			return []string{"[2026-01-02] INFO " + node + " started", "[2026-01-02] WARN slow\x1b[31m"}, do("log %s", node)
		},
	}
}

func TestFrozenViewStaysAsItIs(t *testing.T) {
	h := newHistory().baseline()
	m := shown(h.Board, 120, 36, Options{})
	press(m, "space")
	before := stripped(m)
	h.kill().run(5)
	m.ticked()
	if after := stripped(m); after != before {
		t.Errorf("the view was frozen, and changed to\n%s", after)
	}
	press(m, "space")
	if stripped(m) == before {
		t.Error("the view is no longer frozen, and does not change")
	}
}

func TestReadOnlyRefuses(t *testing.T) {
	for _, k := range []string{"f", "r", "+", "-", "s"} {
		m := shown(newHistory().baseline().Board, 120, 36, Options{})
		if cmd := press(m, k); cmd != nil || m.dialog != nil || !strings.Contains(stripped(m), "not possible here") {
			t.Errorf("%s: %q", k, m.flash)
		}
	}
	m := shown(newHistory().baseline().Board, 120, 36, Options{})
	if cmd := press(m, "q"); cmd == nil || cmd() != tea.Quit() || m.stops != 0 {
		t.Error("q does not leave the view of a run that cannot be stopped from here")
	}
}

func TestOverIsOver(t *testing.T) {
	a := &asked{}
	h := newHistory().baseline().settle(0, true).verdict(report.Pass, "pass: well.")
	h.Control(a.controls())
	m := shown(h.Board, 120, 36, Options{Stay: true})
	for _, k := range []string{"f", "r", "+", "s"} {
		carryOut(m, press(m, k))
	}
	if cmd := press(m, "q"); cmd == nil || cmd() != tea.Quit() || len(a.all) > 0 {
		t.Errorf("of a run that is over it was asked %q", a.all)
	}
	if m.ticked()() == nil {
		t.Error("nothing goes on")
	}
	m.options.Stay = false
	if cmd := m.ticked(); cmd() != tea.Quit() {
		t.Error("the view does not end with the run")
	}
}

func TestAskedOfTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want []string
	}{
		"rate":               {[]string{"+", "+", "-"}, []string{"rate 2200", "rate 2420", "rate 2180"}},
		"save":               {[]string{"s"}, []string{"save"}},
		"revert":             {[]string{"r", "enter"}, []string{"revert"}},
		"revert, not after":  {[]string{"r", "esc"}, nil},
		"stop":               {[]string{"q"}, []string{"stop"}},
		"stop at once":       {[]string{"q", "ctrl+c"}, []string{"stop", "stop"}},
		"kill":               {[]string{"f", "enter", "down", "enter", "down", "enter", "enter"}, []string{"inject { at: 0s, for: 10s, kill: b1 }"}},
		"link by name":       {[]string{"f", "l", "a", "enter", "p", "e", "e", "enter", "1", "m", "enter", "enter"}, []string{"inject { at: 0s, for: 1m, latency: { add: 200ms }, link: b1 <-> peers }"}},
		"without targets":    {[]string{"f", "s", "t", "o", "enter", "7", "s", "enter", "enter"}, []string{"inject { rebalance-storm: {}, for: 7s }"}},
		"another target":     {[]string{"f", "enter", "b", "9", "enter", "enter", "enter"}, []string{"inject { at: 0s, for: 5s, kill: b9 }"}},
		"written":            {[]string{"f", "enter", "enter", "enter", "backspace", "}", "enter"}, []string{"inject { at: 0s, for: 5s, kill: leader }"}},
		"thought better":     {[]string{"f", "enter", "esc", "esc", "+"}, []string{"rate 2200"}},
		"q is but a letter":  {[]string{"f", "q"}, nil},
		"ctrl+c in a dialog": {[]string{"f", "ctrl+c"}, []string{"stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &asked{}
			h := newHistory().baseline()
			h.Control(a.controls())
			m := shown(h.Board, 120, 36, Options{})
			for _, k := range c.keys {
				carryOut(m, press(m, k))
			}
			if !slices.Equal(a.all, c.want) {
				t.Errorf("asked was %q, want %q\n%s", a.all, c.want, stripped(m))
			}
		})
	}
}

// What is wrong with a fault is told where it can be mended.
func TestRefusedFaultCanBeMended(t *testing.T) {
	a := &asked{err: errors.New("1:9: there is no node b9; nodes are b1, b2, b3")}
	h := newHistory().baseline()
	h.Control(a.controls())
	m := shown(h.Board, 120, 36, Options{})
	for _, k := range []string{"f", "enter", "b", "9", "enter", "enter", "enter"} {
		carryOut(m, press(m, k))
	}
	if screen := stripped(m); m.dialog == nil || !strings.Contains(screen, "there is no node b9; nodes are b1, b2, b3") || !strings.Contains(screen, "kill: b9") {
		t.Errorf("\n%s", screen)
	}
	a.err = nil
	carryOut(m, press(m, "enter"))
	if m.dialog != nil || !strings.Contains(stripped(m), "injected: ") {
		t.Errorf("\n%s", stripped(m))
	}
}

// What is written is taken as it stands where it can be meant so, and else the entry that it leads to.
func TestWrittenLengths(t *testing.T) {
	for written, want := range map[string]string{"7s": "for: 7s", "0s": "for: 0s", "1m": "for: 1m", "2": "for: 20s"} {
		a := &asked{}
		h := newHistory().baseline()
		h.Control(a.controls())
		m := shown(h.Board, 120, 36, Options{})
		press(m, "f", "enter", "enter")
		for _, r := range written {
			press(m, string(r))
		}
		press(m, "enter")
		if screen := stripped(m); !strings.Contains(screen, want) {
			t.Errorf("%s: want %s in\n%s", written, want, screen)
		}
	}
}

// Where nothing can be shown, keys do nothing but stop the run.
func TestKeysOfATerminalThatIsTooSmall(t *testing.T) {
	a := &asked{}
	h := newHistory().baseline()
	h.Control(a.controls())
	m := shown(h.Board, 50, 10, Options{})
	for _, k := range []string{"f", "enter", "r", "enter", "+", "s"} {
		carryOut(m, press(m, k))
	}
	if len(a.all) > 0 || m.dialog != nil {
		t.Errorf("unseen, the run was asked for %v", a.all)
	}
	if carryOut(m, press(m, "q")); len(a.all) != 1 {
		t.Errorf("q asked for %v", a.all)
	}
}

func TestStoppingIsShown(t *testing.T) {
	a := &asked{}
	h := newHistory().baseline()
	h.Control(a.controls())
	m := shown(h.Board, 120, 36, Options{})
	carryOut(m, press(m, "q"))
	if screen := stripped(m); !strings.Contains(screen, "stopping · healing · draining · reading back · judging  q again: at once") {
		t.Errorf("\n%s", screen)
	}
	h.enter("drain", report.Drain, "")
	m.ticked()
	if screen := stripped(m); !strings.Contains(screen, "✓ healing ▶ draining · reading back") {
		t.Errorf("\n%s", screen)
	}
}

// The log of a broker is pulled while somebody looks at it, and then now and then.
func TestLogsArePulledWhileTheyAreShown(t *testing.T) {
	a := &asked{}
	h := newHistory().baseline()
	h.Control(a.controls())
	at := begin
	m := shown(h.Board, 120, 36, Options{})
	m.options.wall = func() time.Time { return at }
	look := func() { carryOut(m, m.pull()) }
	look()
	press(m, "3")
	look()
	look()
	press(m, "down")
	look()
	at = at.Add(pullEvery)
	look()
	press(m, "1")
	at = at.Add(pullEvery)
	look()
	if want := []string{"log b1", "log b2", "log b2"}; !slices.Equal(a.all, want) {
		t.Errorf("asked was %q, want %q", a.all, want)
	}
	press(m, "3")
	if screen := stripped(m); !strings.Contains(screen, "INFO b2 started") || strings.Contains(screen, "\x1b") {
		t.Errorf("\n%s", screen)
	}
}

// Panels are drawn when something has happened, not whenever it is looked; the clock goes on.
func TestPanelsAreKept(t *testing.T) {
	h := newHistory().baseline()
	at := begin
	m := shown(h.Board, 120, 36, Options{})
	m.options.wall = func() time.Time { return at }
	for v := range views {
		m.view = v
		m.look()
		before := stripped(m)
		drawn := m.drawn
		at = at.Add(time.Second)
		m.look()
		if after := stripped(m); m.drawn != drawn || after == before {
			t.Errorf("%s: %d panels drawn anew, and the clock shows another time: %t", views[v].name, m.drawn-drawn, after != before)
		}
		h.run(1)
		at = begin
		h.received = at
		m.look()
		if stripped(m); m.drawn == drawn {
			t.Errorf("%s: a second later nothing was drawn", views[v].name)
		}
	}
}

// Names come from elsewhere: what is wider than a cell, or would be obeyed by a terminal, is not handed on.
func TestStrangeNames(t *testing.T) {
	h := newHistory()
	h.tell(report.Event{Type: report.EventRun, Text: "bereit: \x1b[2Jカフカ", Run: &report.Run{Scenario: "カフカ\x1b[31m\n\té", Broker: report.Broker{Kind: "kafka", Nodes: []string{"b1"}}, Objective: []string{"失われない == 0"}}})
	m := shown(h.Board, 120, 36, Options{})
	fits(t, "strange names", m, 120, 36)
	if screen := stripped(m); !strings.Contains(screen, "???[31mé") || !strings.Contains(screen, "[2J???") {
		t.Errorf("\n%s", screen)
	}
	if title := m.View().WindowTitle; strings.ContainsFunc(title, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q", title)
	}
}

func TestFilterOfTheLog(t *testing.T) {
	m := shown(newHistory().baseline().kill().run(2).Board, 120, 36, Options{})
	press(m, "/", "b", "2", "q", "backspace")
	m.Update(tea.PasteMsg{Content: ": conn"})
	press(m, "enter")
	if screen := stripped(m); m.view != 4 || !strings.Contains(screen, "producer-0 lost b2: connection") || strings.Contains(screen, "warm-up") {
		t.Errorf("\n%s", screen)
	}
	press(m, "esc")
	if screen := stripped(m); !strings.Contains(screen, "warm-up") {
		t.Errorf("\n%s", screen)
	}
}

func TestZoom(t *testing.T) {
	m := shown(newHistory().baseline().Board, 120, 36, Options{})
	for range 9 {
		press(m, "[")
	}
	if from, to := m.scene.stretch(); to-from != 30*time.Second {
		t.Errorf("%s to %s", from, to)
	}
	for range 9 {
		press(m, "]")
	}
	if from, to := m.scene.stretch(); from != 5*time.Second || to != 35*time.Second {
		t.Errorf("%s to %s: not all of the run", from, to)
	}
}

// The terminal's own sign says how far the run is, and that something is broken.
func TestProgressSign(t *testing.T) {
	h := newHistory().baseline()
	if p := shown(h.Board, 80, 24, Options{}).View().ProgressBar; p == nil || p.State != tea.ProgressBarDefault || p.Value != 24 {
		t.Errorf("%+v", p)
	}
	h.kill().run(1)
	if p := shown(h.Board, 80, 24, Options{}).View().ProgressBar; p == nil || p.State != tea.ProgressBarError {
		t.Errorf("%+v", p)
	}
	h.settle(0, true).verdict(report.Pass, "pass: well.")
	if p := shown(h.Board, 80, 24, Options{}).View().ProgressBar; p != nil {
		t.Errorf("%+v", p)
	}
}

// Who reads further up keeps what they read, whatever comes meanwhile, until they are at the end again.
func TestLogStaysWhereItIsRead(t *testing.T) {
	h := newHistory().baseline().kill().failover().healed()
	note := func(text string) { h.tell(report.Event{Type: report.EventNote, Text: text}) }
	for i := range 60 {
		note(fmt.Sprintf("line %d of the log", i))
	}
	m := shown(h.Board, 120, 36, Options{})
	press(m, "5", "up", "up", "up")
	body := func() string { // without the line that counts what is newer
		lines := strings.Split(stripped(m), "\n")
		return strings.Join(lines[3:len(lines)-1], "\n")
	}
	before := body()
	if !strings.Contains(before, "line 56 of") || strings.Contains(before, "line 57 of") || !strings.Contains(stripped(m), "3 newer below") {
		t.Fatalf("\n%s", stripped(m))
	}
	note("one more")
	m.ticked()
	if body() != before || !strings.Contains(stripped(m), "4 newer below") {
		t.Errorf("what was read moved:\n%s", stripped(m))
	}
	press(m, "down", "down", "down", "down")
	note("the newest")
	m.ticked()
	if screen := stripped(m); !strings.Contains(screen, "the newest") || strings.Contains(screen, "newer below") {
		t.Errorf("at its end the log does not go on:\n%s", screen)
	}
}

// The command does not repeat what was done by hand, and says so.
func TestCommandOfATouchedRun(t *testing.T) {
	h := newHistory().baseline()
	for _, touched := range []bool{false, true} {
		if touched {
			h.tell(report.Event{Type: report.EventTouch, Text: "by hand: rate: 2000/s", Touch: &report.Touch{What: "rate: 2000/s"}})
		}
		m := shown(h.Board, 120, 36, Options{})
		press(m, "y")
		if got := strings.Contains(stripped(m), byHandToo); got != touched {
			t.Errorf("touched %t: says so %t\n%s", touched, got, stripped(m))
		}
	}
}
