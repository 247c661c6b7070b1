package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// However large the terminal, no line is wider or less wide, and there are as many as it has.
func TestEverySize(t *testing.T) {
	for name, situation := range situations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := &asked{}, situation().Board
			b.Control(a.controls())
			for _, ascii := range []bool{false, true} {
				m := shown(b, 0, 0, Options{ASCII: ascii, Stay: true})
				carryOut(m, m.pull())
				for w := 60; w <= 200; w += 14 {
					for h := 15; h <= 60; h += 9 {
						everything(t, m, w, h)
					}
				}
			}
		})
	}
}

// everything looks at all views and dialogs at one size.
func everything(t *testing.T, m *model, w, h int) {
	t.Helper()
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	for v := range views {
		m.view = v
		fits(t, fmt.Sprintf("%s %dx%d", views[v].name, w, h), m, w, h)
	}
	for _, k := range []string{"?", "y", "f", "r"} {
		m.dialog = nil
		press(m, k)
		fits(t, fmt.Sprintf("%s %dx%d", k, w, h), m, w, h)
	}
	m.dialog = nil
}

func fits(t *testing.T, what string, m tea.Model, w, h int) {
	t.Helper()
	lines := strings.Split(m.View().Content, "\n")
	if len(lines) != h {
		t.Errorf("%s: %d lines", what, len(lines))
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			t.Errorf("%s: line %d is %d wide: %s", what, i, n, ansi.Strip(l))
			return
		}
	}
}

func TestTooSmall(t *testing.T) {
	for _, size := range [][2]int{{59, 40}, {200, 14}, {1, 1}, {0, 0}, {10, 3}} {
		m := shown(newHistory().baseline().Board, size[0], size[1], Options{})
		got := stripped(m)
		if want := "squall needs 60x15"; size[0] > 30 && !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q", size, got)
		}
		if size[1] > 0 {
			fits(t, fmt.Sprint(size), m, size[0], size[1])
		}
	}
}
