package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// tickEvery is how often the view looks at the board.
const tickEvery = 200 * time.Millisecond

// spans are how much time the charts can show.
var spans = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 0}

// A model is the state of the view.
type model struct {
	board   *Board
	options Options
	keys    []binding
	theme   theme
	w, h    int
	view    int // of views
	scene   scene
	zoom    int  // of spans
	zoomed  bool // by the user
	frozen  bool
	flag    string        // what the header says besides; empty: nothing
	hinted  [][2]string   // the keys of the footer, where they are not those of a run
	now     time.Duration // what the header's clock shows
	cache   map[string]painted
	drawn   int // panels that were drawn, not taken from the cache
	dialog  dialog
	finding bool // the filter of the log is being written
	filter  field
	flash   string
	flashed time.Time
	stops   int     // how often the run was asked to end
	rate    float64 // that was set by hand; 0: none
	pulled  time.Time
	pulling bool
}

type (
	tick     time.Time
	judgedIt struct{}
	answered struct {
		what string
		err  error
	}
)

func newModel(b *Board, o Options) *model {
	m := &model{board: b, options: o, keys: keyMap(), theme: newTheme(true), cache: map[string]painted{}, filter: newField()}
	m.scene = scene{ascii: o.ASCII, fault: -1, logs: map[string]nodeLog{}}
	m.look()
	return m
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return tea.Batch(tea.RequestBackgroundColor, nextTick()) }

// nextTick has a view look again after a while.
func nextTick() tea.Cmd {
	return tea.Tick(tickEvery, func(t time.Time) tea.Msg { return tick(t) })
}

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		return m, m.ticked()
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark())
	case tea.KeyPressMsg:
		return m, m.pressed(msg)
	case tea.PasteMsg:
		m.pasted(msg)
	case logged:
		m.keepLog(msg)
	case answered:
		m.answer(msg)
	}
	return m, nil
}

// ticked looks at the board, and asks for what has to be asked for.
func (m *model) ticked() tea.Cmd {
	m.look()
	if m.flash != "" && m.options.now().Sub(m.flashed) > 6*time.Second {
		m.flash = ""
	}
	if !m.options.Stay && m.over() {
		return tea.Quit
	}
	cmds := []tea.Cmd{nextTick(), m.pull()}
	if m.board.due() {
		cmds = append(cmds, func() tea.Msg { m.board.judge(); return judgedIt{} })
	}
	return tea.Batch(cmds...)
}

// look takes the board's newest snapshot, unless the view is frozen.
func (m *model) look() {
	if m.frozen {
		return
	}
	m.scene.snapshot = m.board.snapshot()
	if !m.zoomed {
		m.fit()
	}
	if m.now = m.scene.at; m.options.Clock != nil && !m.scene.over {
		m.now = max(m.now, m.options.Clock())
	} else if m.options.Clock == nil {
		m.now = max(m.now, m.board.since(m.options.now()))
	}
}

// fit shows all of a run that is short, and two minutes of others.
func (m *model) fit() {
	m.zoom, m.scene.span = 2, spans[2]
	if r := m.scene.run; r != nil && r.Plan != nil && r.Plan.Load > 0 && r.Plan.Load < m.scene.span {
		m.scene.span = r.Plan.Load
	}
}

// over reports whether the run is, frozen or not.
func (m *model) over() bool {
	select {
	case <-m.board.over:
		return true
	default:
		return false
	}
}

// pressed does what a key is for: in a dialog, in the filter, or by the key map.
func (m *model) pressed(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return m.quit()
	}
	if m.w < leastWidth || m.h < leastHeight { // nobody sees what a key would do
		if k.String() == "q" {
			return m.quit()
		}
		return nil
	}
	if m.dialog != nil {
		return m.dialog.pressed(m, k)
	}
	if m.finding {
		return m.find(k)
	}
	for _, b := range m.keys {
		if key.Matches(k, b.Binding) {
			return b.do(m)
		}
	}
	return nil
}

func (m *model) pasted(p tea.PasteMsg) {
	switch {
	case m.dialog != nil:
		m.dialog.pasted(p.Content)
	case m.finding:
		m.filter.insert(p.Content)
		m.scene.find = m.filter.text()
	}
}

// find writes the filter of the log.
func (m *model) find(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		m.finding = false
	case "esc":
		m.finding = false
		m.filter.set("")
	default:
		m.filter.press(k)
	}
	m.scene.find, m.scene.until = m.filter.text(), 0
	return nil
}

// say shows a sentence for some seconds.
func (m *model) say(text string) tea.Cmd {
	m.flash, m.flashed = text, m.options.now()
	return nil
}

// ask asks something of the run, apart from the view.
func (m *model) ask(what string, do func() error) tea.Cmd {
	return func() tea.Msg { return answered{what, do()} }
}

// answer tells what came of it: where a dialog is open that asked, there.
func (m *model) answer(a answered) {
	if m.dialog != nil && m.dialog.answered(m, a) {
		return
	}
	if a.err != nil {
		m.say("not done: " + a.err.Error())
		return
	}
	m.say(a.what)
}

// quit ends the run in good order, the second time at once. Where the run cannot be ended from here, or is over, it leaves the view.
func (m *model) quit() tea.Cmd {
	stop := m.board.allowed().Stop
	if m.over() || stop == nil || m.stops >= 2 {
		return tea.Quit
	}
	m.stops++
	m.dialog, m.finding = nil, false
	return m.ask("", func() error { stop(); return nil })
}

// running returns the run's controls, while it can still be changed.
func (m *model) running() report.Controls {
	if m.over() {
		return report.Controls{}
	}
	return m.board.allowed()
}
