package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// The least and the greatest speed of a replay, and how far a key seeks.
const (
	slowest = 0.25
	fastest = 64
	seekBy  = 10 * time.Second
)

// Replay shows the events of a run that is over as they came, in the view of a run that goes on: its user pauses, seeks and sets the speed. At the end it shows
// the run's report, by which alone the run is judged; nil: it left none.
func Replay(ctx context.Context, events []report.Event, r *report.Report, o Options) error {
	return display(ctx, newPlayer(events, r, o), o)
}

// A player tells a board a run's events when their time has come.
type player struct {
	*model
	events []report.Event // by time
	report *report.Report
	told   int           // events
	at     time.Duration // on the run's clock
	speed  float64       // of the run's seconds in one
	paused bool
	last   time.Time // of the tick before
}

func newPlayer(events []report.Event, r *report.Report, o Options) *player {
	p := &player{events: events, report: r, speed: 1, last: o.now()}
	o.Stay, o.Clock = true, func() time.Duration { return p.at }
	p.model = newModel(NewBoard(), o)
	p.model.keys = p.keyMap()
	p.hinted = [][2]string{{"?", "help"}, {"q", "leave"}, {"space", "pause"}, {"left right", "10 s"}, {"n", "next fault"}, {"< >", "speed"}, {"[ ]", "time"}}
	if len(events) > 0 { // what came before the load is over at once
		p.seek(p.begin())
	}
	return p
}

// begin is when the load began, or the events.
func (p *player) begin() time.Duration {
	for _, e := range p.events {
		if e.Phase != nil {
			return e.At
		}
	}
	return p.events[0].At
}

// end is the time of the last event.
func (p *player) end() time.Duration {
	if len(p.events) == 0 {
		return 0
	}
	return p.events[len(p.events)-1].At
}

// keyMap returns the keys of a replay: those of the view but for what would change the run, and its own.
func (p *player) keyMap() []binding {
	own := []binding{
		bind("space", "pause", func(*model) tea.Cmd { p.paused = !p.paused; return nil }, "space"),
		bind("left/right", "10 s back or on", func(*model) tea.Cmd { p.seek(p.at - seekBy); return nil }, "left", "h"),
		bind("", "", func(*model) tea.Cmd { p.seek(p.at + seekBy); return nil }, "right", "l"),
		bind("n", "to where the next fault begins", func(*model) tea.Cmd { p.seek(p.next()); return nil }, "n"),
		bind("home/end", "to the beginning or the end", func(*model) tea.Cmd { p.seek(p.begin()); return nil }, "home", "g"),
		bind("", "", func(*model) tea.Cmd { p.seek(p.end()); return nil }, "end", "G"),
		bind("< >", "slower or faster", func(m *model) tea.Cmd { return p.hurry(0.5) }, "<", ","),
		bind("", "", func(m *model) tea.Cmd { return p.hurry(2) }, ">", "."),
		bind("q", leave, func(*model) tea.Cmd { return tea.Quit }, "q"),
	}
	taken := map[string]bool{}
	for _, b := range own {
		for _, k := range b.Keys() {
			taken[k] = true
		}
	}
	rest := slices.DeleteFunc(p.model.keys, func(b binding) bool {
		return b.change != nil || slices.ContainsFunc(b.Keys(), func(k string) bool { return taken[k] })
	})
	return append(rest, own...)
}

// hurry changes the speed.
func (p *player) hurry(factor float64) tea.Cmd {
	p.speed = min(max(p.speed*factor, slowest), fastest)
	return p.say(fmt.Sprintf("%gx", p.speed))
}

// next is when the next fault begins, a moment before; there is none: the end.
func (p *player) next() time.Duration {
	const before = 2 * time.Second
	for _, e := range p.events[p.told:] {
		if e.Fault != nil && e.Fault.Commanded >= 0 && e.Fault.Effective < 0 && e.At-before > p.at {
			return e.At - before
		}
	}
	return p.end()
}

// seek goes to a time of the run. What is earlier than what was told is told anew, from the beginning.
func (p *player) seek(to time.Duration) {
	to = min(max(to, p.begin()), p.end())
	if to < p.at {
		p.board.forget()
		p.told = 0
	}
	p.at = to
	for p.told < len(p.events) && p.events[p.told].At <= to {
		p.board.Observe(p.events[p.told])
		p.told++
	}
	if p.told == len(p.events) {
		p.board.Finish(p.report, nil)
	}
	p.look()
}

// Update implements tea.Model.
func (p *player) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tick); ok {
		now := p.options.now()
		if elapsed := now.Sub(p.last); !p.paused && p.told < len(p.events) {
			p.seek(p.at + time.Duration(float64(elapsed)*p.speed))
		}
		p.last = now
	}
	p.flag = fmt.Sprintf("REPLAY %gx", p.speed)
	if p.paused {
		p.flag = "REPLAY PAUSED"
	}
	_, cmd := p.model.Update(msg)
	return p, cmd
}
