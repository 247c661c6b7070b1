package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Options are how the view is shown.
type Options struct {
	In      io.Reader            // the terminal's keys; nil: none
	Out     io.Writer            // the terminal
	ASCII   bool                 // neither braille nor lines, but what every terminal has
	NoColor bool                 // beside what the environment says (NO_COLOR, TERM)
	Stay    bool                 // when the run is over, until the user leaves
	Clock   func() time.Duration // the run's clock; nil: counted from the last event

	wall func() time.Time // nil: time.Now
	size [2]int           // where Out does not tell it
}

func (o Options) now() time.Time {
	if o.wall == nil {
		return time.Now()
	}
	return o.wall()
}

// Run shows the board until the run is over, the user leaves, or ctx ends; ctx is not the run's, which may be ending for a while when that is over. The
// terminal is then as it was before, even after a panic of the view, which is returned as an error and is no reason for the run to end.
func Run(ctx context.Context, b *Board, o Options) error {
	return display(ctx, newModel(b, o), o)
}

// display runs a view until it quits or ctx ends.
func display(ctx context.Context, view tea.Model, o Options) error {
	m := &guarded{Model: view}
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutSignalHandler(), tea.WithFPS(20)}
	if o.NoColor {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	if o.size[0] > 0 {
		options = append(options, tea.WithWindowSize(o.size[0], o.size[1]))
	}
	_, err := tea.NewProgram(m, options...).Run()
	switch {
	case m.broken != nil:
		return m.broken
	case err != nil && (ctx.Err() == nil || !errors.Is(err, tea.ErrProgramKilled)):
		return fmt.Errorf("show the run: %w", err)
	}
	return nil
}

// A guarded model ends the view when it panics, with an error that says where.
type guarded struct {
	tea.Model
	broken error
}

// brokeMsg says that a command panicked.
type brokeMsg struct{ error }

// Init implements tea.Model.
func (g *guarded) Init() tea.Cmd { return survive(g.Model.Init()) }

// Update implements tea.Model.
func (g *guarded) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if p := recover(); p != nil {
			g.broken = panicError(p)
		}
		if next = g; g.broken != nil {
			cmd = tea.Quit
		}
	}()
	if broke, ok := msg.(brokeMsg); ok {
		g.broken = broke.error
		return g, nil
	}
	_, cmd = g.Model.Update(msg)
	return g, survive(cmd)
}

// View implements tea.Model.
func (g *guarded) View() (v tea.View) {
	if g.broken != nil {
		return v
	}
	defer func() {
		if p := recover(); p != nil {
			g.broken, v = panicError(p), tea.View{}
		}
	}()
	return g.Model.View()
}

func panicError(p any) error { return fmt.Errorf("the view panicked: %v\n%s", p, debug.Stack()) }

// survive returns a command that tells its panic, or those of the commands that it is made of.
func survive(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if p := recover(); p != nil {
				msg = brokeMsg{panicError(p)}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = survive(batch[i])
			}
		}
		return msg
	}
}
