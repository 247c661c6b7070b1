package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/live/tui"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

func replayCommand() *cobra.Command {
	var ascii bool
	c := &cobra.Command{
		Use:   "replay DIR",
		Short: "look at a run that is over in the terminal view, as if it went on",
		Long: "Replay tells the events of a run anew, in the view that `squall run` has on a terminal. The arrow keys go back and on, < and > set the speed, space pauses,\n" +
			"and ? tells the other keys. DIR is the run's folder. Nothing is started, and nothing written.",
		Example: "  squall replay squall-runs/20260102T030405Z-nightly-8f3a61c2",
		Args:    wants(1, 1, "the folder of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			return replay(c, args[0], ascii)
		},
	}
	c.Flags().BoolVar(&ascii, "ascii", false, aboutASCII)
	return c
}

func replay(c *cobra.Command, dir string, ascii bool) error {
	file := dir
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s; squall leaves the results of a run in squall-runs/, or where --out said", dir)
	} else if err == nil && info.IsDir() {
		file = filepath.Join(dir, eventsFile)
	}
	events, err := eventsOf(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	out := terminalOf(c.ErrOrStderr())
	if out == nil {
		return errors.New("`squall replay` needs a terminal; `squall report judge` prints what a run came to")
	}
	var r *report.Report // nil: squall ended before it
	if path := filepath.Join(filepath.Dir(file), reportFile); exists(path) {
		if r, err = open(path); err != nil { // the events tell nearly all of it
			fmt.Fprintf(c.ErrOrStderr(), "squall: %s is left out: %v\n", path, err)
			r = nil
		}
	}
	l := look{out: out, ascii: ascii}
	if err := tui.Replay(c.Context(), events, r, l.options()); err != nil {
		return internalError{err}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// eventsOf reads a run's events.
func eventsOf(path string) (all []report.Event, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("it is not there: what a run leaves is its folder, with " + eventsFile + " in it")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = formats.EachEvent(f, func(e report.Event) error {
		all = append(all, e)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0 || all[0].Type != report.EventRun:
		return nil, errors.New("no event of a run is in it: squall ended before anything was measured")
	}
	return all, nil
}
