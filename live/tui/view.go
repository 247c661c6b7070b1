package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// views are what can be looked at.
var views = []struct {
	name  string
	place func(*scene, box) []place
}{
	{"overview", overview}, {"latency", latencyView}, {"brokers", brokersView}, {"faults", faultsView}, {"log", logView},
}

// A painted is a panel with all that it was drawn of.
type painted struct {
	of     painting
	canvas *canvas
}

// A painting is what makes one panel differ from another by the same name.
type painting struct {
	version uint64
	w, h    int
	span    time.Duration
	find    string
	until   uint64
	node    int
	fault   int
	logAt   int
}

// paint returns a panel, drawn anew only if something is different.
func (m *model) paint(p place) *canvas {
	v := &m.scene
	of := painting{version: v.version, w: p.w, h: p.h, span: v.span, find: v.find, until: v.until, node: v.node, fault: v.fault, logAt: v.logAt}
	if old, ok := m.cache[p.name]; ok && old.of == of {
		return old.canvas
	}
	c := p.draw(v, p.w, p.h)
	m.cache[p.name] = painted{of, c}
	m.drawn++
	return c
}

// View implements tea.Model.
func (m *model) View() tea.View {
	v := tea.NewView(m.screen().string(&m.theme))
	v.AltScreen = true
	v.WindowTitle = "squall"
	if m.scene.run != nil {
		v.WindowTitle = m.scene.named()
	}
	v.ProgressBar = m.progressBar()
	return v
}

// named is the title of the window: letters alone, as it is no text of the screen.
func (s *snapshot) named() string {
	doing, _ := s.doing()
	return lettersOf("squall " + s.run.Scenario + ": " + strings.ToLower(doing))
}

// lettersOf returns a text without what is no letter of ASCII.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}

// progressBar is how far the run is for terminals that show it in their tab.
func (m *model) progressBar() *tea.ProgressBar {
	state := tea.ProgressBarDefault
	switch {
	case m.scene.over:
		return nil
	case m.scene.run == nil, m.scene.settling():
		return tea.NewProgressBar(tea.ProgressBarIndeterminate, 0)
	case m.scene.phase().Kind == report.During:
		state = tea.ProgressBarError
	case m.scene.phase().Kind == report.Recovering:
		state = tea.ProgressBarWarning
	}
	return tea.NewProgressBar(state, m.scene.done(m.now))
}

// screen draws everything.
func (m *model) screen() *canvas {
	c := newCanvas(m.w, m.h, m.scene.ascii)
	if c.tooSmall() {
		return c
	}
	flags := m.flag
	if m.frozen {
		flags = "FROZEN (space)"
	}
	m.scene.header(c, m.now, flags)
	top := 1
	if m.h >= 20 {
		m.scene.bar(c, 1, m.now)
		top = 2
	}
	for _, p := range views[m.view].place(&m.scene, box{0, top, m.w - 1, m.h - top - 1}) {
		c.blit(p.x, p.y, m.paint(p))
	}
	c.enclose(top)
	m.footer(c)
	if m.dialog != nil {
		m.dialog.draw(m, c)
	}
	return c
}

// footer writes what can be done, or what was.
func (m *model) footer(c *canvas) {
	y := m.h - 1
	switch {
	case m.finding:
		x := c.text(2, y, bold, " filter: ")
		m.filter.write(c, x, y, min(40, m.w-x-3))
	case m.flash != "":
		c.fit(2, y, m.w-4, caution, " "+m.flash+" ")
	case m.stops > 0 && !m.over():
		m.stopping(c, y)
	default:
		m.hints(c, y)
	}
}

// hints are the most used keys, as many as there is room for.
func (m *model) hints(c *canvas, y int) {
	x := 2
	for i, v := range views {
		look := dim
		if i == m.view {
			look = bold
		}
		x = c.text(x, y, accent, fmt.Sprintf(" %d ", i+1))
		x = c.text(x, y, look, v.name+" ")
	}
	x++
	quit := "stop"
	if m.over() || m.board.allowed().Stop == nil {
		quit = "leave"
	}
	hints := [][2]string{{"?", "help"}, {"q", quit}, {"space", "freeze"}, {"f", "break something"}, {"[ ]", "time"}, {"+ -", "rate"}, {"r", "revert"}}
	switch {
	case len(m.hinted) > 0:
		hints = m.hinted
	case m.board.allowed().Inject == nil:
		hints = [][2]string{{"?", "help"}, {"q", quit}, {"space", "freeze"}, {"[ ]", "time"}}
	}
	c.hints(x, y, hints)
}

// hints writes keys with what they are for, as many as there is room for.
func (c *canvas) hints(x, y int, all [][2]string) {
	for _, h := range all {
		if x+len(h[0])+len(h[1])+3 > c.w-2 {
			return
		}
		x = c.text(x, y, accent, " "+h[0])
		x = c.text(x, y, dim, " "+h[1]+" ")
	}
}

// stopping shows how far the run's end is.
func (m *model) stopping(c *canvas, y int) {
	x := c.text(2, y, caution, " stopping ")
	steps := []report.PhaseKind{report.Heal, report.Drain, report.Reading}
	words := []string{"healing", "draining", "reading back", "judging"}
	at := -1
	for i, k := range steps {
		if m.scene.phase().Kind == k {
			at = i
		}
	}
	if m.scene.safety != nil {
		at = 3
	}
	for i, word := range words {
		sign, look := '·', dim
		switch {
		case i < at:
			sign, look = '✓', good
		case i == at:
			sign, look = '▶', caution
		}
		c.put(x, y, c.glyph(sign), look)
		x = c.text(x+1, y, look, " "+word+" ")
	}
	if m.stops == 1 {
		c.text(x, y, dim, " q again: at once ")
	}
}
