package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/external"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// The files of a run's folder that can be judged.
const (
	reportFile = "report.json"
	eventsFile = "events.ndjson"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "report",
		Short:   "work with the files of a run that is over",
		Example: judgeExample,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("`squall report` wants to be told what to do: judge, show, html, export, compare or baseline; see `squall report --help`")
			}
			return fmt.Errorf("there is no `squall report %s`%s", args[0], report.Suggest(args[0], []string{"show", "judge", "html", "export", "compare", "baseline"}))
		},
	}
	c.AddCommand(showReportCommand(), judgeCommand(), htmlCommand(), exportCommand(), compareCommand(), baselineCommand())
	return c
}

const judgeExample = "  squall report judge squall-runs/20260102T030405Z-nightly-8f3a61c2\n" +
	"  squall report judge out --expect 'lost == 0' --expect 'recovery.service < 8s' -o json"

func judgeCommand() *cobra.Command {
	var expect []string
	var format string
	c := &cobra.Command{
		Use:   "judge DIR",
		Short: "judge a run again from its files, by its own expectations or by others",
		Long: "Judge reads the report of a run that is over, computes recovery anew from its history, holds everything against the run's own expectations, and prints\n" +
			"the result and ends with the exit code as `squall run` does. DIR is the run's folder, or a report. Nothing is written, and nothing started.\n\n" +
			"Each --expect is an expectation as scenarios write them; they take the place of the run's own, and the verdict that the scenario may state of itself is\n" +
			"then not held. What the broker's contract promises is judged in any case.\n\n" +
			"A run that was killed left no report, but events: they tell how far it came, and the verdict is that it is inconclusive, unless a violation was told.",
		Example: judgeExample,
		Args:    wants(1, 1, "the folder of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			return judge(c, args[0], expect, format)
		},
	}
	c.Flags().StringArrayVar(&expect, "expect", nil, "an expectation in place of the run's own: --expect 'lost == 0' (may be repeated)")
	addFormat(c, &format)
	return c
}

func judge(c *cobra.Command, path string, expect []string, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	file, err := resultOf(path)
	if err != nil {
		return err
	}
	r, err := open(file)
	if err != nil {
		return fmt.Errorf("read %s: %w%s", file, err, elsewhere(file))
	}
	if err := squall.Judge(r, expect...); err != nil {
		if len(expect) == 0 {
			return fmt.Errorf("%w\nThis squall does not know what the run was held against; --expect says what to hold it against instead", err)
		}
		return err
	}
	if err := tell(c.OutOrStdout(), r, format); err != nil {
		return internalError{err}
	}
	if r.Verdict.ExitCode == report.ExitPass {
		return nil
	}
	return verdictError{r.Verdict.ExitCode}
}

// resultOf returns the file to judge: the one that is meant, or the best of a run's folder.
func resultOf(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no %s; squall leaves the results of a run in squall-runs/, or where --out said", path)
	case err != nil:
		return "", err
	case !info.IsDir():
		return path, nil
	}
	for _, name := range []string{reportFile, eventsFile} {
		file := filepath.Join(path, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s holds no results of a run: there is neither %s nor %s in it", path, reportFile, eventsFile)
}

// open reads a report, or what the events tell of a run that has none. Its files are those that are there.
func open(path string) (r *report.Report, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dir := filepath.Dir(path)
	if filepath.Ext(path) != filepath.Ext(eventsFile) {
		if r, err = formats.ReadJSON(f); err == nil {
			r.Files = beside(dir, r.Files)
		}
		return r, err
	}
	if beingWritten(f) {
		return nil, errors.New("the run is still going on; it is judged when it is over")
	}
	if r, err = formats.ReadEvents(f); err == nil {
		r.Files = []string{path}
		r.Findings = append(r.Findings, stillBroken(dir, r.Run.Broker)...)
	}
	return r, err
}

// elsewhere says where more may be known of a run whose report cannot be read; empty: nowhere.
func elsewhere(file string) string {
	events := filepath.Join(filepath.Dir(file), eventsFile)
	if _, err := os.Stat(events); err != nil || file == events {
		return ""
	}
	return fmt.Sprintf("\n`squall report judge %s` says what the run's events tell", events)
}

// beside returns those of a run's files that are in its folder, which may have been moved.
func beside(dir string, files []string) []string {
	there := []string{}
	for _, f := range files {
		moved := filepath.Join(dir, filepath.Base(f))
		if _, err := os.Stat(moved); err == nil {
			there = append(there, moved)
		}
	}
	return there
}

// stillBroken tells what a run that was killed had not reverted, and what mends it.
func stillBroken(dir string, on report.Broker) []string {
	data, err := os.ReadFile(filepath.Join(dir, todoFile))
	if err != nil {
		return nil // nothing was
	}
	var all []openFault
	var what, mend []string
	if json.Unmarshal(data, &all) == nil {
		for _, f := range all {
			what = append(what, fmt.Sprintf("%s (%s of %s)", f.Fault, f.Kind, strings.Join(f.Victims, ", ")))
			mend = append(mend, f.Mend...)
		}
	}
	if len(what) == 0 {
		what = []string{"what " + todoFile + " tells"}
	}
	return []string{fmt.Sprintf("Not reverted when squall ended: %s; %s.", strings.Join(what, "; "), mends(on, mend))}
}

// mends says what puts right on a kind of testbed what was left; by are commands.
func mends(on report.Broker, by []string) string {
	switch {
	case len(by) > 0:
		return "mend it by hand, as the scenario would have: `" + strings.Join(by, "`; `") + "`"
	case strings.HasPrefix(on.Testbed, external.Testbed):
		return "squall did not start this cluster, and removes nothing of it: put it right by hand"
	case on.Emulated != "":
		return "it went with squall itself, as the brokers were emulated in its process"
	}
	return "`squall clean` removes the run's containers, and everything that was broken with them"
}
