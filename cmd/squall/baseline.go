package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
)

const baselineExample = "  squall report baseline squall-baseline\n  squall report baseline squall-baseline kafka-leader-kill --pin"

func baselineCommand() *cobra.Command {
	var pin bool
	c := &cobra.Command{
		Use:   "baseline DIR [SCENARIO...]",
		Short: "show the history that runs are held against, or pin it as it is now",
		Long: "Baseline lists what a history, as `squall run --baseline DIR` keeps one, holds of each scenario.\n\n" +
			"With --pin the runs that it holds now become the pinned reference: the history goes on and forgets its oldest runs, and the reference stays, so that a slow drift\n" +
			"shows. A reference of ten runs or more is worth something. It takes the place of the one before.",
		Example: baselineExample,
		Args:    wants(1, 0, "a folder, and perhaps names of scenarios"),
		RunE: func(c *cobra.Command, args []string) error {
			return baseline(c, compare.History{Dir: args[0]}, args[1:], pin)
		},
	}
	c.Flags().BoolVar(&pin, "pin", false, "make the runs that are there the pinned reference")
	return c
}

func baseline(c *cobra.Command, h compare.History, scenarios []string, pin bool) error {
	all, err := h.Scenarios()
	if err != nil {
		return fmt.Errorf("there is no history: %w; `squall run --baseline %s` begins one", err, h.Dir)
	}
	if len(scenarios) == 0 {
		scenarios = all
	}
	if len(scenarios) == 0 {
		return fmt.Errorf("%s holds no runs; `squall run --baseline %[1]s` adds them", h.Dir)
	}
	table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "scenario\truns\tfrom\tto\tpinned\tfrom\tto")
	for _, s := range scenarios {
		if pin {
			n, err := h.Pin(s)
			if err != nil {
				return internalError{fmt.Errorf("pin %s: %w", s, err)}
			}
			if n == 0 {
				return fmt.Errorf("there is no run of %s in %s to pin%s", s, h.Dir, report.Suggest(s, all))
			}
		}
		if err := listRuns(table, c.ErrOrStderr(), h, s); err != nil {
			return internalError{err}
		}
	}
	return table.Flush()
}

func listRuns(table, errs io.Writer, h compare.History, scenario string) error {
	rolling, pinned, damaged, err := h.Runs(scenario)
	if err != nil {
		return err
	}
	for _, d := range damaged {
		fmt.Fprintln(errs, d)
	}
	row := []string{scenario}
	for _, runs := range [][]compare.Run{rolling, pinned} {
		from, to := "-", "-"
		if n := len(runs); n > 0 {
			from, to = runs[0].Started.Format(time.DateOnly), runs[n-1].Started.Format(time.DateOnly)
		}
		row = append(row, fmt.Sprint(len(runs)), from, to)
	}
	_, err = fmt.Fprintln(table, strings.Join(row, "\t"))
	return err
}

// checkHistory finds before the run what would keep its history from being read after it.
func checkHistory(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("--baseline is the folder of a history, and %s is a file", dir)
	}
	return nil
}

// write compares the run where that is asked for, writes its files, and adds it to the history.
func (a *attempt) write(r *report.Report) error {
	if a.baseline == "" {
		return a.dir.write(r)
	}
	h := compare.History{Dir: a.baseline}
	compared := against(h, r, a.limits)
	err := a.dir.write(r) // whatever became of the comparison
	if a.leaves {
		return err
	}
	if compared != nil {
		return errors.Join(err, internalError{compared})
	}
	return errors.Join(err, remember(h, r, a.progress))
}

// against holds a run against the history, in the report itself.
func against(h compare.History, r *report.Report, limits report.ComparisonLimits) error {
	sets, damaged, err := h.Sets([]compare.Run{compare.Of(r)}, nil)
	if err != nil {
		return err
	}
	r.Comparison = compare.Compare(sets, limits)
	first := &r.Comparison.Against[0]
	first.Notes = append(first.Notes, damaged...)
	return nil
}

// remember adds a run to the history, if it may be held against, and says so.
func remember(h compare.History, r *report.Report, p *plain) error {
	run := compare.Of(r)
	added, err := h.Add(run)
	switch {
	case added:
		p.step("added to the runs of %s in %s, against which later ones are held", run.Scenario, h.Dir)
	case err == nil:
		p.step("not added to the runs in %s, against which later ones are held: %s", h.Dir, run.NoBaseline)
	}
	if err != nil {
		return internalError{err}
	}
	return nil
}
