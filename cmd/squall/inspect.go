package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// What commands want.
const (
	oneScenario  = "one scenario: a file, or a name of `squall list scenarios`"
	someScenario = "scenarios: files, folders of them, or names of `squall list scenarios`"
)

func explainCommand() *cobra.Command {
	var set []string
	c := &cobra.Command{
		Use:               "explain SCENARIO",
		Short:             "what a scenario would do: everything filled in, the timeline, the contract, the timers; nothing is started",
		Example:           "  squall explain kafka-leader-kill\n  squall show quickstart | squall explain -",
		Args:              wants(1, 1, oneScenario),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := load(args[0], set, nil)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), scenarios.Explain(s, kinds[s.Broker.Kind], needed(s)...))
			return err
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a field of the scenario")
	return c
}

// libraryModeline tells editors where the schema of the library's files is, which is nowhere for a copy.
const libraryModeline = "# yaml-language-server: $schema=../../squall.schema.json\n"

func showCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "show SCENARIO",
		Short:             "print a scenario's file, to start one's own from",
		Example:           "  squall show kafka-leader-kill > mine.yaml",
		Args:              wants(1, 1, oneScenario),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			_, data, err := scenarios.Open(args[0])
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(bytes.TrimPrefix(data, []byte(libraryModeline)))
			return err
		},
	}
}

// schemas are what `squall schema` can print.
var schemas = map[string]func() []byte{
	"scenario": func() []byte { return scenarios.Schema(kinds) },
	"suite":    scenarios.SuiteSchema,
	"report":   func() []byte { return report.Schema },
}

func schemaCommand() *cobra.Command {
	names := []string{"scenario", "suite", "report"}
	return &cobra.Command{
		Use:   "schema [scenario|suite|report]",
		Short: "print the JSON Schema of scenario or suite files, which editors complete and check by, or of report.json",
		Long: "Schema prints a JSON Schema (draft-07). Put that of scenario or suite files beside yours, and name it in their first line, so that your\n" +
			"editor completes fields, explains them and marks mistakes:\n\n" +
			"  # yaml-language-server: $schema=squall.schema.json\n\n" +
			"What only the whole file can tell, such as a fault of a name that there is not, squall validate tells.",
		Example:   "  squall schema > squall.schema.json\n  squall schema suite > squall-suite.schema.json\n  squall schema report",
		Args:      wants(0, 1, "scenario, suite or report"),
		ValidArgs: names,
		RunE: func(c *cobra.Command, args []string) error {
			which := append(args, "scenario")[0]
			text, ok := schemas[which]
			if !ok {
				return fmt.Errorf("there is no schema %q; there are scenario, suite and report%s", which, report.Suggest(which, names))
			}
			_, err := c.OutOrStdout().Write(text())
			return err
		},
	}
}

// lists are what `squall list` can list beside the scenarios: a line each of a name and what it is.
var lists = map[string]func() [][2]string{
	"faults": func() (rows [][2]string) {
		kinds := faults.Kinds()
		slices.SortFunc(kinds, func(a, b faults.Kind) int { return strings.Compare(a.Name, b.Name) })
		for _, k := range kinds {
			rows = append(rows, [2]string{k.Name, k.About})
			for _, d := range k.Details() {
				rows = append(rows, [2]string{"  " + d[0], d[1]})
			}
		}
		return rows
	},
	"targets": func() (rows [][2]string) {
		for _, f := range faults.Forms() {
			rows = append(rows, [2]string{f.Write, f.About})
		}
		return rows
	},
	"conditions": faults.ConditionForms,
	"metrics": func() (rows [][2]string) {
		for _, m := range report.Metrics() {
			rows = append(rows, [2]string{m.Name, m.About}, [2]string{"", m.Spoken()})
		}
		return rows
	},
	"brokers": func() (rows [][2]string) {
		for place := range testbeds {
			rows = append(rows, [2]string{place[0], "run: " + place[1]})
		}
		return sorted(rows)
	},
}

// sorted sorts rows by name; those of targets and metrics stand in an order that means something.
func sorted(rows [][2]string) [][2]string {
	slices.SortFunc(rows, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return rows
}

// listWidth is how wide the list of scenarios is at most, in columns.
const listWidth = 100

// listScenarios writes the library, group by group; group: that group alone.
func listScenarios(w io.Writer, group string) error {
	names := scenarios.GroupNames()
	if group != "" && !slices.Contains(names, group) {
		return fmt.Errorf("there is no group %q; groups are %s%s", group, strings.Join(names, ", "), report.Suggest(group, names))
	}
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SCENARIO\tGROUP\tCOMES TO\tLOAD\tWHAT IT IS")
	for _, g := range scenarios.Groups() {
		if group != "" && g.Name != group {
			continue
		}
		for _, name := range g.Names {
			s, err := load(name, nil, nil)
			if err != nil {
				return err
			}
			comes, what := "pass", s.About
			if s.Verdict.Outcome == report.Fail {
				comes = "fail"
				_, what, _ = strings.Cut(what, ". ") // that it is to fail is said
			}
			what, _, _ = strings.Cut(what, ". ")
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", name, g.Name, comes, report.Roughly(s.LoadEnd()), what)
		}
	}
	_ = tw.Flush() // into memory
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if r := []rune(line); len(r) > listWidth {
			line = strings.TrimRight(string(r[:listWidth-1]), " ,") + "…"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func listCommand() *cobra.Command {
	names := []string{"scenarios", "faults", "targets", "conditions", "metrics", "brokers"}
	var group string
	c := &cobra.Command{
		Use:       "list " + strings.Join(names, "|"),
		Short:     "list what there is",
		Args:      wants(1, 1, "one of "+strings.Join(names, ", ")),
		ValidArgs: names,
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "scenarios" {
				return listScenarios(c.OutOrStdout(), group)
			}
			rows, ok := lists[args[0]]
			if !ok {
				return fmt.Errorf("there is no list %q among %s%s", args[0], strings.Join(names, ", "), report.Suggest(args[0], names))
			}
			tw := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, row := range rows() {
				fmt.Fprintf(tw, "%s\t%s\n", row[0], row[1])
			}
			return tw.Flush()
		},
	}
	c.Flags().StringVar(&group, "group", "", "of scenarios, only this group: "+strings.Join(scenarios.GroupNames(), ", "))
	return c
}
