package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A searchModel is the state of the view of a search.
type searchModel struct {
	board   *SearchBoard
	options Options
	theme   theme
	w, h    int
	scene   searchScene
	stops   int // how often it was asked to end
}

func newSearchModel(b *SearchBoard, o Options) *searchModel {
	m := &searchModel{board: b, options: o, theme: newTheme(true)}
	m.look()
	return m
}

// Init implements tea.Model.
func (m *searchModel) Init() tea.Cmd { return tea.Batch(tea.RequestBackgroundColor, nextTick()) }

// Update implements tea.Model.
func (m *searchModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		m.look()
		if m.over() {
			return m, tea.Quit
		}
		return m, nextTick()
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark())
	case tea.KeyPressMsg:
		return m, m.pressed(msg)
	}
	return m, nil
}

func (m *searchModel) over() bool {
	select {
	case <-m.board.over:
		return true
	default:
		return false
	}
}

// look takes what the board knows.
func (m *searchModel) look() {
	v := &m.scene
	v.Search, v.note = m.board.known()
	v.now = m.options.now()
	v.run = scene{snapshot: m.board.run.snapshot(), ascii: m.options.ASCII, fault: -1}
	v.at = m.board.run.since(v.now)
	if r := v.run.run; r != nil && r.Plan != nil {
		v.run.span = r.Plan.Load
	}
}

func (m *searchModel) pressed(k tea.KeyPressMsg) tea.Cmd {
	move := map[string]int{"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -10, "pgdown": 10}
	switch key := k.String(); {
	case key == "ctrl+c", key == "q":
		return m.quit()
	case move[key] != 0 && m.scene.Search != nil:
		m.scene.first = min(max(m.scene.first+move[key], 0), max(len(m.scene.Points)-1, 0))
	}
	return nil
}

// quit ends the search in good order, the second time at once. Of one that is over it leaves the view.
func (m *searchModel) quit() tea.Cmd {
	if m.over() || m.stops >= 2 {
		return tea.Quit
	}
	m.stops++
	return func() tea.Msg { m.board.stop(); return nil }
}

// View implements tea.Model.
func (m *searchModel) View() tea.View {
	v := tea.NewView(m.screen().string(&m.theme))
	v.AltScreen, v.WindowTitle = true, "squall capacity"
	if s := m.scene.Search; s != nil {
		v.WindowTitle = lettersOf("squall capacity " + s.Scenario + ": " + strings.ToLower(m.scene.doing()))
		v.ProgressBar = tea.NewProgressBar(tea.ProgressBarDefault, int(100*m.scene.share()))
	}
	return v
}

// screen draws everything.
func (m *searchModel) screen() *canvas {
	c := newCanvas(m.w, m.h, m.options.ASCII)
	if c.tooSmall() {
		return c
	}
	v := &m.scene
	v.header(c, m.stops > 0)
	top := 1
	if m.h >= 20 {
		v.bar(c, 1)
		top = 2
	}
	for _, p := range v.places(box{0, top, m.w - 1, m.h - top - 1}) {
		c.blit(p.x, p.y, p.draw(&v.run, p.w, p.h))
	}
	c.enclose(top)
	m.footer(c)
	return c
}

// footer writes what can be done, or what was.
func (m *searchModel) footer(c *canvas) {
	y := m.h - 1
	if m.stops == 0 {
		c.hints(2, y, [][2]string{{"q", "stop, to be resumed"}, {"up down", "earlier points"}})
		return
	}
	x := c.text(2, y, caution, " stopping: the points so far are kept ")
	if m.stops == 1 {
		c.fit(x, y, m.w-x-2, dim, " q again: at once ")
	}
}
