package main

import (
	"context"
	"errors"
	"io"
	"os"
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

// lookFor returns how a run is shown, as --ui says; nil: in lines.
func (f *runFlags) lookFor(w io.Writer) (*look, error) {
	out := terminalOf(w)
	switch f.ui {
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
	return &look{out: out, ascii: f.ascii, readonly: f.readonly}, nil
}

func (l *look) options() tui.Options { return tui.Options{In: os.Stdin, Out: l.out, ASCII: l.ascii} }

// A view shows one run, while the lines of its progress are held back.
type view struct {
	*tui.Board
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

// show begins to show a run. Whoever leaves the view before the run is over is told its progress in lines.
func (l *look) show(p *plain, stop func()) *view {
	ctx, cancel := context.WithCancel(context.Background()) // not the run's: that it is being stopped is worth looking at
	v := &view{Board: tui.NewBoard(), cancel: cancel, ended: make(chan struct{})}
	if !l.readonly { // until the run gives more
		v.Control(report.Controls{Stop: stop})
	}
	p.hold(v.leave)
	go func() {
		defer close(v.ended)
		v.err = tui.Run(ctx, v.Board, l.options())
		p.release()
	}()
	return v
}

// observer is what the run tells and, unless it is only to be read, gives its controls to.
func (l *look) observer(v *view) squall.Observer {
	if l.readonly {
		return struct{ squall.Observer }{v.Board}
	}
	return v.Board
}

// leave gives the terminal back, and waits until it is as it was, or a while if that does not come.
func (v *view) leave() {
	v.cancel()
	select {
	case <-v.ended:
	case <-time.After(3 * time.Second):
	}
}

// finish ends the view of a run that is over. Its error is no reason for anything: the report is what counts.
func (v *view) finish(r *report.Report, err error) error {
	v.Finish(r, err)
	select {
	case <-v.ended:
	case <-time.After(3 * time.Second):
		v.leave()
	}
	return v.err
}
