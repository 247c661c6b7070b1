package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/seed-228c25e4/squall/report"
)

var update = flag.Bool("update", false, "write the golden files")

// situations are the runs of which pictures are kept.
var situations = map[string]func() *history{
	"empty":     newHistory,
	"healthy":   func() *history { return newHistory().baseline() },
	"kill":      func() *history { return newHistory().baseline().kill().run(7) },
	"recovered": func() *history { return newHistory().baseline().kill().failover().healed() },
	"failed": func() *history {
		return newHistory().baseline().kill().failover().healed().settle(12, true).verdict(report.Fail, "fail: 12 acknowledged messages are lost; 160,000 of 160,000 messages acknowledged (100.00 %), 12 lost.")
	},
	"inconclusive": func() *history {
		return newHistory().baseline().kill().failover().healed().settle(0, false).verdict(report.Inconclusive, "inconclusive: the log was not read to its end; whether any is lost was not checked.")
	},
}

// shown returns a model of the board at a size, at a time that stands still.
func shown(b *Board, w, h int, o Options) *model {
	at := begin
	o.wall = func() time.Time { return at }
	b.mu.Lock()
	b.received = at
	b.mu.Unlock()
	for b.due() {
		b.judge()
	}
	m := newModel(b, o)
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.look()
	return m
}

func stripped(m *model) string { return ansi.Strip(m.View().Content) }

func press(m *model, keys ...string) tea.Cmd {
	var cmd tea.Cmd
	for _, k := range keys {
		cmd = m.pressed(keyOf(k))
	}
	return cmd
}

func keyOf(k string) tea.KeyPressMsg {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "space": tea.KeySpace, "backspace": tea.KeyBackspace}
	if code, ok := special[k]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if k == "ctrl+c" {
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// looks are the other views and the dialogs, by the keys that lead there.
var looks = map[string][]string{
	"latency": {"2"}, "brokers": {"3"}, "faults": {"4"}, "log": {"5"}, "help": {"?"}, "command": {"y"}, "break": {"f"}, "break-line": {"f", "down", "enter", "enter", "enter"}, "revert": {"r"}, "break-whom": {"f", "enter"},
}

func TestPicturesOfLooks(t *testing.T) {
	for name, keys := range looks {
		for _, size := range [][2]int{{120, 36}, {80, 24}} {
			file := fmt.Sprintf("look-%s-%dx%d", name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				h := newHistory().baseline().kill().failover().healed()
				h.Control((&asked{}).controls())
				m := shown(h.Board, size[0], size[1], Options{})
				press(m, keys...)
				carryOut(m, m.pull())
				golden(t, file, stripped(m))
			})
		}
	}
}

func TestPictures(t *testing.T) {
	for name, situation := range situations {
		for _, size := range [][2]int{{120, 36}, {80, 24}, {60, 15}} {
			for _, o := range []Options{{}, {ASCII: true}} {
				file := fmt.Sprintf("%s-%dx%d", name, size[0], size[1])
				if o.ASCII {
					file += "-ascii"
				}
				t.Run(file, func(t *testing.T) {
					got := stripped(shown(situation().Board, size[0], size[1], o))
					golden(t, file, got)
					if o.ASCII && strings.ContainsFunc(got, func(r rune) bool { return r > 0x7e }) {
						t.Error("not ASCII alone")
					}
				})
			}
		}
	}
}

// golden holds a picture against the one that is kept; spaces at the end of lines are of no account.
func golden(t *testing.T, name, got string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is shown (-update writes it):\n%s", file, got)
	}
}
