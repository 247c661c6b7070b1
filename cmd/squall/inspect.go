package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

func validateCommand() *cobra.Command {
	var set []string
	c := &cobra.Command{
		Use:               "validate SCENARIO...",
		Short:             "tell every mistake in scenario files; nothing is started",
		Example:           "  squall validate mine.yaml",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, names []string) error {
			var errs []error
			for _, name := range names {
				if _, err := load(name, set, nil); err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", name)
			}
			return errors.Join(errs...)
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a field of the scenarios")
	return c
}

func explainCommand() *cobra.Command {
	var set []string
	c := &cobra.Command{
		Use:               "explain SCENARIO",
		Short:             "what a scenario would do: everything filled in, the timeline, the contract, the timers; nothing is started",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := load(args[0], set, nil)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), scenarios.Explain(s, kinds[s.Broker.Kind]))
			return err
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a field of the scenario")
	return c
}

func showCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "show SCENARIO",
		Short:             "print a scenario's file, to start one's own from",
		Example:           "  squall show kafka-leader-kill > mine.yaml",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			_, data, err := scenarios.Open(args[0])
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(data)
			return err
		},
	}
}

// lists are what `squall list` can list: a line each of a name and what it is.
var lists = map[string]func() [][2]string{
	"scenarios": listScenarios,
	"faults": func() (rows [][2]string) {
		for _, k := range faults.Kinds() {
			rows = append(rows, [2]string{k.Name, k.About})
		}
		return rows
	},
	"targets": func() (rows [][2]string) {
		for _, f := range faults.Forms() {
			rows = append(rows, [2]string{f.Write, f.About})
		}
		return rows
	},
	"metrics": func() (rows [][2]string) {
		for _, m := range report.Metrics() {
			rows = append(rows, [2]string{m.Name, m.About})
		}
		return rows
	},
	"brokers": func() (rows [][2]string) {
		for place := range testbeds {
			rows = append(rows, [2]string{place[0], "run: " + place[1]})
		}
		return rows
	},
}

func listScenarios() (rows [][2]string) {
	for _, name := range scenarios.Library() {
		about := "" // the library is tested: each of them can be read
		if s, err := load(name, nil, nil); err == nil {
			about = s.About
		}
		rows = append(rows, [2]string{name, about})
	}
	return rows
}

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "list scenarios|faults|targets|metrics|brokers",
		Short:     "list what there is",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"scenarios", "faults", "targets", "metrics", "brokers"},
		RunE: func(c *cobra.Command, args []string) error {
			tw := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, row := range lists[args[0]]() {
				fmt.Fprintf(tw, "%s\t%s\n", row[0], row[1])
			}
			return tw.Flush()
		},
	}
}
