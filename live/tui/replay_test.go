package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/seed-228c25e4/squall/report"
)

// replayed is a player of a run that was told, whose clock a test moves.
type replayed struct {
	*player
	wall time.Time
}

func replayOf(h *history, r *report.Report) *replayed {
	p := &replayed{wall: begin}
	o := Options{wall: func() time.Time { return p.wall }}
	p.player = newPlayer(h.told, r, o)
	p.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	return p
}

// pass lets time go by, as a terminal's user has it.
func (p *replayed) pass(d time.Duration) {
	p.wall = p.wall.Add(d)
	p.Update(tick(p.wall))
}

func (p *replayed) press(keys ...string) tea.Cmd {
	var cmd tea.Cmd
	for _, k := range keys {
		_, cmd = p.Update(keyOf(k))
	}
	return cmd
}

func (p *replayed) screen() string { return ansi.Strip(p.View().Content) }

// What is replayed looks, at every moment, as it did when it happened.
func TestReplayLooksAsTheRunDid(t *testing.T) {
	h := newHistory().baseline().kill().run(7)
	then := stripped(shown(h.Board, 120, 36, Options{}))
	at := h.at
	h.failover().healed()
	p := replayOf(h, nil)
	p.pass(at - p.at)
	for p.board.due() {
		p.board.judge()
	}
	p.pass(0)
	got := strings.Split(strings.Replace(p.screen(), "REPLAY 1x", "         ", 1), "\n")
	for i, line := range strings.Split(then, "\n") {
		if i > 0 && got[i] != line && !strings.Contains(line, "help") { // the header has the speed, too, and the footer other keys
			t.Errorf("line %d was\n%s\nand is\n%s", i, line, got[i])
		}
	}
}

func TestReplaySeeks(t *testing.T) {
	h := newHistory().baseline().kill().failover().healed().settle(12, true).verdict(report.Fail, "fail: 12 acknowledged messages are lost")
	r := h.known.report
	p := replayOf(h, r)
	if strings.Contains(p.screen(), "LOST          12") || p.over() {
		t.Errorf("the replay begins with its end\n%s", p.screen())
	}
	p.press("n") // two seconds before the kill
	if p.at != seconds(33) || !strings.Contains(p.screen(), "BASELINE") {
		t.Errorf("the next fault begins at %v\n%s", p.at, p.screen())
	}
	p.press("G")
	if !p.over() || !strings.Contains(p.screen(), "FAIL") || !strings.Contains(p.screen(), "REPLAY 1x") {
		t.Errorf("at the end it shows\n%s", p.screen())
	}
	p.press("g")
	if p.over() || p.at != p.begin() || strings.Contains(p.screen(), "FAIL") {
		t.Errorf("at the beginning it shows\n%s", p.screen())
	}
	p.press("l", "l", "h")
	if want := p.begin() + seekBy; p.at != want {
		t.Errorf("two steps on and one back lead to %v, want %v", p.at, want)
	}
}

func TestReplayPausesAndHurries(t *testing.T) {
	p := replayOf(newHistory().baseline().kill().failover(), nil)
	p.press("space")
	before := p.at
	p.pass(5 * time.Second)
	if p.at != before || !strings.Contains(p.screen(), "PAUSED") {
		t.Errorf("it was paused, and went on by %v\n%s", p.at-before, p.screen())
	}
	p.press("space", ">", ">")
	p.pass(5 * time.Second)
	if p.at != before+20*time.Second || !strings.Contains(p.screen(), "REPLAY 4x") {
		t.Errorf("at four times the speed it went on by %v in 5 s", p.at-before)
	}
	for range 20 {
		p.press("<")
	}
	if p.speed != slowest {
		t.Errorf("the least speed is %v", p.speed)
	}
}

// Nothing of a run that is over can be changed.
func TestReplayChangesNothing(t *testing.T) {
	p := replayOf(newHistory().baseline(), nil)
	for _, k := range []string{"f", "r", "+", "-", "s"} {
		if p.press(k); p.dialog != nil || p.flash != "" {
			t.Errorf("%s does something: %q", k, p.flash)
		}
	}
	if cmd := p.press("q"); cmd == nil {
		t.Error("q does not leave")
	}
}
