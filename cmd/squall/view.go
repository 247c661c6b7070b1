package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/term"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/live/tui"
	"github.com/seed-228c25e4/squall/report"
)

// leastTerminal is the size below which the view shows nothing, in columns and lines; a status line then tells more.
var leastTerminal = [2]int{60, 15}

// A look is how a run is shown on a terminal.
type look struct {
	out      *os.File
	ascii    bool
	readonly bool
}

// terminalOf returns the terminal that w is, with the keyboard that belongs to it; nil: it is none, or none on which anything can be drawn.
func terminalOf(w io.Writer) *os.File {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || !term.IsTerminal(int(os.Stdin.Fd())) || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return nil
	}
	return file
}

// lookFor returns how something is shown, as --ui says; nil: in lines.
func lookFor(w io.Writer, ui string) (*look, error) {
	out := terminalOf(w)
	switch ui {
	case "plain", "none":
		return nil, nil
	case "tui":
		if out == nil {
			return nil, errors.New("--ui tui needs a terminal, for the keyboard and for standard error; --ui plain tells the progress in lines")
		}
	default:
		if out == nil || os.Getenv("CI") != "" {
			return nil, nil
		}
		if w, h, err := term.GetSize(int(out.Fd())); err != nil || w < leastTerminal[0] || h < leastTerminal[1] {
			return nil, nil
		}
	}
	return &look{out: out}, nil
}

// uis are what --ui can be, and how it says so.
var uis = []string{"auto", "tui", "plain", "none"}

const (
	aboutUI    = "how progress is told: auto (tui on a terminal, else plain), tui, plain or none"
	aboutASCII = "draw with ASCII alone, for terminals that have no other signs"
)

func checkUI(ui string) error {
	if !slices.Contains(uis, ui) {
		return fmt.Errorf("--ui is auto, tui, plain or none, not %q", ui)
	}
	return nil
}

func (l *look) options() tui.Options { return tui.Options{In: os.Stdin, Out: l.out, ASCII: l.ascii} }

// A shown is a view that has the terminal, while the lines of the progress are held back.
type shown struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

// open gives the terminal to a view until it ends. Whoever leaves it before what it shows is over is told the progress in lines; told takes those that come meanwhile,
// nil: nobody does.
func (l *look) open(p *plain, told func(string), run func(context.Context, tui.Options) error) *shown {
	ctx, cancel := context.WithCancel(context.Background()) // not the run's: that it is being stopped is worth looking at
	s := &shown{cancel: cancel, ended: make(chan struct{})}
	p.hold(s.leave, told)
	go func() {
		defer close(s.ended)
		s.err = run(ctx, l.options())
		p.release()
	}()
	return s
}

// leave gives the terminal back, and waits until it is as it was, or a while if that does not come.
func (s *shown) leave() {
	s.cancel()
	s.within()
}

// within waits until the view has ended, or a while.
func (s *shown) within() bool {
	select {
	case <-s.ended:
		return true
	case <-time.After(3 * time.Second):
		return false
	}
}

// finish waits for the end of a view of what is over. Its error is no reason for anything: the report is what counts.
func (s *shown) finish() error {
	if !s.within() {
		s.leave()
	}
	return s.err
}

// A view shows one run.
type view struct {
	*tui.Board
	*shown
}

// show begins to show a run.
func (l *look) show(p *plain, stop func()) *view {
	board := tui.NewBoard()
	if !l.readonly { // until the run gives more
		board.Control(report.Controls{Stop: stop})
	}
	return &view{board, l.open(p, nil, func(ctx context.Context, o tui.Options) error { return tui.Run(ctx, board, o) })}
}

// observer is what the run tells and, unless it is only to be read, gives its controls to.
func (l *look) observer(v *view) squall.Observer {
	if l.readonly {
		return struct{ squall.Observer }{v.Board}
	}
	return v.Board
}

// finish ends the view of a run that is over.
func (v *view) finish(r *report.Report, err error) error {
	v.Finish(r, err)
	return v.shown.finish()
}
