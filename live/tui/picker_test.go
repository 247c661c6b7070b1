package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var choices = []Choice{
	{"quickstart", "What the leader acknowledged survives its death.", "18s", "nothing"},
	{"kafka-leader-kill", "Three real brokers, of which the one that leads dies under load: what it acknowledged is still there, and service is back within a session's time. " +
		strings.Repeat("And more can be said of it than there is room for. ", 8), "1m30s", "Docker, 3 brokers"},
	{"all-disks-lost", "A control: it is to lose messages.", "42s", "Docker, 3 brokers; has to fail"},
}

func picking(w, h int, of []Choice, o Options) *picker {
	p := newPicker(of, o)
	p.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return p
}

func (p *picker) keys(keys ...string) (cmd tea.Cmd) {
	for _, k := range keys {
		_, cmd = p.Update(keyOf(k))
	}
	return cmd
}

func TestPickerPictures(t *testing.T) {
	for _, size := range [][2]int{{120, 36}, {80, 24}, {60, 15}} {
		for name, of := range map[string][]Choice{"picker": choices, "picker-empty": nil} {
			for _, o := range []Options{{}, {ASCII: true}} {
				file := fmt.Sprintf("%s-%dx%d", name, size[0], size[1])
				if o.ASCII {
					file += "-ascii"
				}
				p := picking(size[0], size[1], of, o)
				p.keys("down")
				golden(t, file, ansi.Strip(p.View().Content))
			}
		}
	}
}

func TestPick(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want string
	}{
		"the first":           {[]string{"enter"}, "quickstart"},
		"the second":          {[]string{"down", "enter"}, "kafka-leader-kill"},
		"the last, not below": {[]string{"down", "down", "down", "down", "enter"}, "all-disks-lost"},
		"not above the first": {[]string{"down", "up", "up", "enter"}, "quickstart"},
		"by its name":         {[]string{"d", "i", "s", "k", "enter"}, "all-disks-lost"},
		"by what it needs":    {[]string{"d", "o", "c", "k", "e", "r", "down", "enter"}, "all-disks-lost"},
		"by what it is about": {[]string{"c", "o", "n", "t", "r", "o", "l", "enter"}, "all-disks-lost"},
		"the filter cleared":  {[]string{"d", "i", "s", "k", "esc", "enter"}, "quickstart"},
		"nothing like that":   {[]string{"z", "z", "enter"}, ""},
		"left":                {[]string{"esc"}, ""},
		"interrupted":         {[]string{"d", "ctrl+c"}, ""},
	} {
		p := picking(80, 24, choices, Options{})
		cmd := p.keys(c.keys...)
		if p.picked != c.want {
			t.Errorf("%s: %q", name, p.picked)
		}
		if left := name != "nothing like that"; (cmd != nil) != left {
			t.Errorf("%s: left is %v", name, !left)
		}
	}
}

// However small the terminal, no line is wider, and there are no more of them.
func TestPickerFits(t *testing.T) {
	for w := 1; w <= 140; w += 7 {
		for h := 1; h <= 40; h += 3 {
			lines := strings.Split(ansi.Strip(picking(w, h, choices, Options{}).View().Content), "\n")
			if len(lines) > h {
				t.Fatalf("%dx%d: %d lines", w, h, len(lines))
			}
			for _, l := range lines {
				if n := ansi.StringWidth(l); n > w {
					t.Fatalf("%dx%d: a line of %d", w, h, n)
				}
			}
		}
	}
}
