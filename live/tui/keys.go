package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// A binding is a key with what it does: Update and the help know keys from here alone.
type binding struct {
	key.Binding
	do     func(*model) tea.Cmd
	change func(report.Controls) bool // whether the run lets it change what it is for; nil: it changes nothing of the run
}

func bind(help, about string, do func(*model) tea.Cmd, keys ...string) binding {
	return binding{Binding: key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, about)), do: do}
}

// needing makes it a key for what a run has to allow.
func (b binding) needing(change func(report.Controls) bool) binding {
	b.change = change
	return b
}

// What a run may let its watcher do.
var (
	canBreak  = func(c report.Controls) bool { return c.Inject != nil && len(c.Faults) > 0 }
	canRevert = func(c report.Controls) bool { return c.Revert != nil }
	canPace   = func(c report.Controls) bool { return c.Rate != nil }
	canSave   = func(c report.Controls) bool { return c.Save != nil }
)

// keyMap returns every key of the view, in the order of the help.
func keyMap() []binding {
	return []binding{
		bind("1", "overview", show(0), "1"),
		bind("2", "latency", show(1), "2"),
		bind("3", "brokers", show(2), "3"),
		bind("4", "faults", show(3), "4"),
		bind("5", "log", show(4), "5"),
		bind("tab", "the next view", func(m *model) tea.Cmd { return show((m.view + 1) % len(views))(m) }, "tab"),
		bind("shift+tab", "the view before", func(m *model) tea.Cmd { return show((m.view + len(views) - 1) % len(views))(m) }, "shift+tab"),
		bind("up/down", "scroll, or choose a broker or a fault", func(m *model) tea.Cmd { return m.scroll(1) }, "up", "k"),
		bind("", "", func(m *model) tea.Cmd { return m.scroll(-1) }, "down", "j"),
		bind("", "", func(m *model) tea.Cmd { return m.scroll(10) }, "pgup"),
		bind("", "", func(m *model) tea.Cmd { return m.scroll(-10) }, "pgdown"),
		bind("/", "filter the log", (*model).startFind, "/"),
		bind("space", "freeze the view, never the load", (*model).freeze, "space"),
		bind("[ ]", "show less or more time", func(m *model) tea.Cmd { return m.zoomBy(-1) }, "["),
		bind("", "", func(m *model) tea.Cmd { return m.zoomBy(1) }, "]"),
		bind("f", "break something now", (*model).breakSomething, "f").needing(canBreak),
		bind("r", "revert every fault", (*model).revert, "r").needing(canRevert),
		bind("+ -", "10 % more or less load", func(m *model) tea.Cmd { return m.changeRate(1.1) }, "+", "=").needing(canPace),
		bind("", "", func(m *model) tea.Cmd { return m.changeRate(0.9) }, "-").needing(canPace),
		bind("s", "save what was done by hand as a scenario", (*model).save, "s").needing(canSave),
		bind("y", "show the command that repeats the run", (*model).showCommand, "y"),
		bind("?", "this help", (*model).showHelp, "?"),
		bind("q", "stop the run in order; twice: at once", (*model).quit, "q"),
		bind("esc", "clear the filter", (*model).clear, "esc"),
	}
}

func show(view int) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		m.view, m.scene.until = view, 0
		return nil
	}
}

func (m *model) freeze() tea.Cmd {
	m.frozen = !m.frozen
	m.look()
	return nil
}

func (m *model) zoomBy(n int) tea.Cmd {
	m.zoomed = true
	m.zoom = min(max(m.zoom+n, 0), len(spans)-1)
	m.scene.span = spans[m.zoom]
	if m.scene.span == 0 {
		return m.say("all of the run")
	}
	return m.say("the last " + m.scene.span.String())
}

// scroll goes back so many lines, or chooses an earlier broker or fault.
func (m *model) scroll(n int) tea.Cmd {
	v := &m.scene
	switch views[m.view].name {
	case "brokers":
		v.node = min(max(v.node-n, 0), max(nodeCount(v)-1, 0))
		m.pulled = time.Time{}
	case "faults":
		v.fault = min(max(v.chosen()-n, 0), max(len(v.rows)-1, 0))
	case "log":
		v.goBack(n)
	}
	return nil
}

func (m *model) startFind() tea.Cmd {
	m.view, m.finding = len(views)-1, true
	return nil
}

func (m *model) clear() tea.Cmd {
	m.filter.set("")
	m.scene.find, m.scene.until, m.flash = "", 0, ""
	return nil
}
