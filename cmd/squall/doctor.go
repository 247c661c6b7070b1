package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// A diagnosis is what `squall doctor -o json` prints.
type diagnosis struct {
	Scenario string       `json:"scenario,omitempty"`
	Runs     bool         `json:"runs"` // whether nothing failed
	Checks   []host.Check `json:"checks"`
}

func doctorCommand() *cobra.Command {
	var set []string
	var format string
	c := &cobra.Command{
		Use:   "doctor [SCENARIO]",
		Short: "look whether this machine can run brokers in containers, or a scenario, and tell the command that helps where it cannot",
		Long: "Doctor looks at the container engine, images, memory, disk, processors, open files, ports and the clock, and of a cluster that squall did not start whether it answers. Each is ok, a warning or a failure, with what it means\n" +
			"and the one command that helps. With a scenario it looks at what that one needs. Nothing is started, and nothing fetched.\n\n" +
			"The exit code is 0, or 3 where something fails.",
		Example:           "  squall doctor\n  squall doctor kafka-leader-kill\n  squall doctor mine.yaml -o json",
		Args:              wants(0, 1, "one scenario, or nothing"),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			d, err := diagnose(c, args, set)
			if err != nil {
				return err
			}
			if err := d.tell(c.OutOrStdout(), format); err != nil {
				return internalError{err}
			}
			if !d.Runs {
				return verdictError{report.ExitEnvironment}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a field of the scenario")
	addFormat(c, &format)
	return c
}

func diagnose(c *cobra.Command, args, set []string) (d diagnosis, err error) {
	o, own, volume := testcontainers.Options{Nodes: 3}, host.Needs{}, int64(0)
	inContainers := true
	if len(args) > 0 {
		s, err := load(args[0], set, nil)
		if err != nil {
			return d, err
		}
		d.Scenario, inContainers = s.Name, s.Broker.Run == scenarios.Containers
		o, volume = containerOptions(s), s.Volume()
		switch s.Broker.Run {
		case scenarios.Embedded:
			own.Memory = volume
		case scenarios.Elsewhere:
			s.Allowed.Exec = true // commands are only looked for
			d.Checks = append(d.Checks, examineExternal(c.Context(), s))
		}
	}
	if inContainers {
		if d.Checks, err = testcontainers.Examine(c.Context(), o, volume); err != nil {
			return d, err
		}
	}
	d.Checks = append(d.Checks, host.Local().Examine(own)...)
	d.Runs = !slices.ContainsFunc(d.Checks, func(c host.Check) bool { return c.State == host.Fail })
	return d, nil
}

func (d diagnosis) tell(w io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(d)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range d.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.State, c.Name, c.Found)
		if c.Means != "" {
			fmt.Fprintf(table, "\t\t%s\n", c.Means)
		}
		if c.Fix != "" {
			fmt.Fprintf(table, "\t\tdo: %s\n", c.Fix)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	of := "brokers in containers"
	if d.Scenario != "" {
		of = d.Scenario
	}
	can := map[bool]string{true: "can", false: "cannot"}[d.Runs]
	_, err := fmt.Fprintf(w, "\nThis machine %s run %s.\n", can, of)
	return err
}
