package tui

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// Every key that the help tells does something, and every key is told.
func TestHelpTellsTheKeys(t *testing.T) {
	h := newHistory().baseline()
	h.Control((&asked{}).controls())
	m := shown(h.Board, 120, 40, Options{})
	press(m, "?")
	screen := stripped(m)
	seen := map[string]bool{}
	for _, b := range m.keys {
		if h := b.Help(); h.Key != "" && !strings.Contains(screen, h.Desc) {
			t.Errorf("%s is not told", h.Key)
		}
		for _, k := range b.Keys() {
			if seen[k] {
				t.Errorf("%s does two things", k)
			}
			seen[k] = true
		}
	}
}

// The help fits in no small terminal: the rest of it is a key away, and no key that the run does not allow is in it.
func TestHelp(t *testing.T) {
	h := newHistory().baseline()
	h.Control((&asked{}).controls())
	m := shown(h.Board, 60, 15, Options{})
	press(m, "?")
	if screen := stripped(m); !strings.Contains(screen, "1 to 11 of") || !strings.Contains(screen, "1          overview") || strings.Contains(screen, "clear the filter") {
		t.Errorf("\n%s", screen)
	}
	for range 30 {
		press(m, "down")
	}
	if screen := stripped(m); m.dialog == nil || !strings.Contains(screen, "clear the filter") || !strings.Contains(screen, "stop the run") || strings.Contains(screen, "1          overview") {
		t.Errorf("at its end:\n%s", screen)
	}
	if press(m, "x"); m.dialog != nil {
		t.Error("another key does not leave the help")
	}
	for name, c := range map[string]struct {
		controls report.Controls
		has, not []string
	}{
		"everything": {(&asked{}).controls(), []string{"break something now", "revert every", "10 % more or less", "save what", "stop the run"}, nil},
		"readonly":   {report.Controls{Stop: func() {}}, []string{"freeze", "stop the run"}, []string{"break something", "revert every", "10 % more", "save what"}},
		"no stop":    {report.Controls{}, []string{"q          leave"}, []string{"stop the run", "break something"}},
	} {
		h.Control(c.controls)
		m := shown(h.Board, 120, 40, Options{})
		press(m, "?")
		screen := stripped(m)
		for _, want := range c.has {
			if !strings.Contains(screen, want) {
				t.Errorf("%s: no %q in\n%s", name, want, screen)
			}
		}
		for _, word := range c.not {
			if strings.Contains(m.dialogText(), word) {
				t.Errorf("%s: %q in\n%s", name, word, screen)
			}
		}
	}
}

func (m *model) dialogText() string { return strings.Join(m.dialog.(*note).lines, "\n") }
