package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/suite"
)

// suiteFlags are what `squall suite` can be told.
type suiteFlags struct {
	out    string
	format string
	ui     string
	list   bool
	github bool
	seed   uint64

	metrics string
	allowed scenarios.Allowed
}

func suiteCommand() *cobra.Command {
	var f suiteFlags
	c := &cobra.Command{
		Use:   "suite DIR|FILE|GROUP|SCENARIO...",
		Short: "many runs, one after another: one JUnit file, one summary, one exit code: the nightly job",
		Long: "Suite runs a suite file, every scenario of a folder, a group of the library, or the scenarios that are named, and says what they come to together. Each run has a folder of\n" +
			"its own below the suite's, with everything that `squall run` leaves; beside them are junit.xml, suite.json, summary.md and index.html. They are\n" +
			"written anew after each run, so whatever happens, what there is stays.\n\n" +
			"A run that comes to inconclusive is made again, twice at most unless the suite file says otherwise; inconclusive three times in a row is a failure (10).\n" +
			"The exit code is the strongest of all runs that count: 130 and 143 before 11, 1, 12, 10, 3, 20 and 0. A run that was not made is an error, and the suite\n" +
			"inconclusive (20). Ctrl-C ends the run that is going on in good order, and the suite with it.",
		Example: "  squall suite smoke\n  squall suite nightly.yaml --out results\n  squall suite scenarios/ --list\n  squall suite quickstart random-embedded -o json",
		Args:    wants(1, 0, "a suite file, a folder of scenarios, a group of the library, or "+someScenario),
		RunE: func(c *cobra.Command, args []string) error {
			var seed *uint64
			if c.Flags().Changed("seed") {
				seed = &f.seed
			}
			return runSuite(c, args, f, seed)
		},
		ValidArgsFunction: completeSuites,
	}
	c.Flags().StringVar(&f.out, "out", "", "the folder for the results (default squall-runs/TIME-NAME-ID)")
	addFormat(c, &f.format)
	c.Flags().StringVar(&f.metrics, "metrics", "", "answer Prometheus at this address while the suite goes on, of the run that is made: --metrics 127.0.0.1:9464")
	c.Flags().StringVar(&f.ui, "ui", "plain", "how progress is told: plain or none")
	c.Flags().BoolVar(&f.list, "list", false, "only tell what would run, in which order, for about how long, and what it needs")
	addAllowed(c, &f.allowed)
	c.Flags().BoolVar(&f.github, "github", false, "append the summary to $GITHUB_STEP_SUMMARY and annotate what did not pass (default where that is set)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the seed of the suite's order, which is then shuffled")
	return c
}

func runSuite(c *cobra.Command, args []string, f suiteFlags, seed *uint64) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if f.ui != "plain" && f.ui != "none" {
		return fmt.Errorf("--ui is plain or none, not %q", f.ui)
	}
	s, err := loadSuite(args)
	if err != nil {
		return err
	}
	if seed != nil {
		s.Order, s.Seed = scenarios.Seeded, seed
	}
	if f.list {
		return tellSuite(c, suite.Plan(s, time.Now()), f.format, suite.ListJSON, suite.List)
	}
	n := &night{flags: f, baseline: s.Baseline, progress: newProgress(c.ErrOrStderr(), f.ui)}
	ctx, stop, release := interrupts(c.Context(), n.progress)
	defer release()
	n.stop = stop
	if n.watched, err = serveMetrics(f.metrics, n.progress); err != nil {
		return err
	}
	defer n.watched.close(n.progress)
	if n.dir, err = newSuiteFolder(f.out, s.Name, newID()); err != nil {
		return err
	}
	r := suite.Run(ctx, s, suite.Options{Run: n.run, Code: codeOf, Progress: n.progress.step, Keep: n.keep, Version: version})
	n.progress.wipe()
	return n.end(c, r)
}

// end tells the results, and returns the exit code.
func (n *night) end(c *cobra.Command, r *suite.Result) error {
	code := r.Verdict.ExitCode
	err := errors.Join(n.failed, tellSuite(c, r, n.flags.format, suite.JSON, suite.Text))
	if n.flags.format == "text" {
		fmt.Fprintf(c.OutOrStdout(), "%s\n", filepath.Join(n.dir, suite.ResultFile))
	}
	if summary := os.Getenv("GITHUB_STEP_SUMMARY"); summary != "" || n.flags.github {
		err = errors.Join(err, appendSummary(summary, r))
		suite.Annotate(c.ErrOrStderr(), r)
	}
	return conclude(c, code, err)
}

// loadSuite reads what is to run: a suite file, the scenarios of folders, or those that are named.
func loadSuite(args []string) (*scenarios.Suite, error) {
	o := scenarios.Options{Kinds: kinds}
	if len(args) == 1 {
		if data := scenarios.SuiteFile(args[0]); data != nil {
			return scenarios.ParseSuite(args[0], data, o)
		}
	}
	var names []string
	for _, arg := range args {
		inside, err := scenariosOf(arg)
		if err != nil {
			return nil, err
		}
		names = append(names, inside...)
	}
	name := "suite"
	if len(args) == 1 {
		name = filepath.Base(filepath.Clean(args[0]))
	}
	return scenarios.SuiteOf(name, names, o)
}

// scenariosOf returns the scenario files below a folder, in order, without those in hidden folders and without suite files; of a group of the library
// its scenarios; of anything else itself.
func scenariosOf(arg string) (names []string, err error) {
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() || slices.Contains(scenarios.Library(), arg) {
		if scenarios.SuiteFile(arg) != nil {
			return nil, fmt.Errorf("%s is a suite, which runs alone: `squall suite %[1]s`", arg)
		}
		if g := scenarios.Group(arg); err != nil && g != nil {
			return g, nil
		}
		return []string{arg}, nil
	}
	names, err = filesBelow(arg)
	switch g := scenarios.Group(arg); {
	case err != nil || g == nil:
	case len(names) == 0:
		return g, nil
	default:
		return nil, fmt.Errorf("%s is a folder of scenarios, and a group of the library: write .%c%[1]s for the folder, or the names that `squall list scenarios --group %[1]s` tells",
			arg, filepath.Separator)
	}
	names = slices.DeleteFunc(names, func(file string) bool { return scenarios.SuiteFile(file) != nil })
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no scenario in %s: no .yaml or .yml file that is no suite", arg)
	}
	return names, err
}

func tellSuite(c *cobra.Command, r *suite.Result, format string, json, text func(io.Writer, *suite.Result) error) error {
	if format == "json" {
		return json(c.OutOrStdout(), r)
	}
	return text(c.OutOrStdout(), r)
}

// appendSummary adds the summary to a file that the CI system shows; an empty name: there is none.
func appendSummary(name string, r *suite.Result) error {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the step summary: %w", err)
	}
	return errors.Join(suite.Markdown(file, r), file.Close())
}

// A night is a suite that is being run.
type night struct {
	flags    suiteFlags
	dir      string
	baseline scenarios.SuiteBaseline
	watched  *scraped
	progress *plain
	stop     func()
	failed   error // of what could not be written
}

// run implements suite.Runner.
func (n *night) run(ctx context.Context, r *scenarios.SuiteRun, folder string) (*report.Report, error) {
	id := newID()
	dir, err := newOutput(filepath.Join(n.dir, folder), r.Scenario.Name, id)
	if err != nil {
		return nil, err
	}
	n.progress.begin()
	r.Scenario.Allowed = n.flags.allowed
	f := runFlags{set: r.Set}
	a := attempt{s: r.Scenario, dir: dir, id: id, command: command(r.Open, f, r.Scenario), progress: n.progress, stop: n.stop, watchers: n.watched.observers(),
		baseline: n.baseline.Dir, limits: n.baseline.Limits, leaves: true}
	done, err := a.run(ctx)
	if done == nil {
		return nil, errors.Join(err, dir.removeIfEmpty())
	}
	return done, err
}

// keep writes the results so far, each file whole or not at all.
func (n *night) keep(r *suite.Result, reports []*report.Report) {
	n.failed = nil
	for _, f := range suite.Files {
		if err := writeWhole(filepath.Join(n.dir, f.Name), func(w io.Writer) error { return f.Write(w, r, reports) }); err != nil {
			n.failed = errors.Join(n.failed, internalError{fmt.Errorf("write %s: %w", f.Name, err)})
		}
	}
}

// newSuiteFolder makes the folder for the results, which must not hold those of another suite or run.
func newSuiteFolder(dir, name, id string) (string, error) {
	names := []string{reportFile, eventsFile}
	for _, f := range suite.Files {
		names = append(names, f.Name)
	}
	return newFolder(dir, name, id, names...)
}

// newFolder makes a folder for the results of many runs, which must hold nothing of these names.
func newFolder(dir, name, id string, names ...string) (string, error) {
	if dir == "" {
		dir = folderFor(name, id)
	}
	if err := free(dir, names...); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", internalError{fmt.Errorf("make the folder for the results: %w", err)}
	}
	return dir, nil
}
