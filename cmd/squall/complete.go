package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
	"github.com/seed-228c25e4/squall/scenarios"
)

// complete tells shells which values flags can have, in every command that has a flag of that name.
func complete(c *cobra.Command) {
	uis := []string{"auto", "tui", "plain", "none"}
	if c.Name() == "suite" {
		uis = uis[2:]
	}
	form := mistakeFormats
	if c.Name() == "show" {
		form = viewNames()
	}
	for flag, values := range map[string][]cobra.Completion{
		"ui": uis, "output": {"text", "json"}, "format": form, "expect": metricCompletions(), "fail-on": {"worse"},
		"group": groupCompletions(), "across": aspectCompletions(),
	} {
		if c.Flags().Lookup(flag) != nil {
			// It fails where there is no such flag, and where the values were told already.
			_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

// groupCompletions are the groups of the library.
func groupCompletions() (all []cobra.Completion) {
	for _, g := range scenarios.Groups() {
		all = append(all, cobra.CompletionWithDesc(g.Name, g.About))
	}
	return all
}

// aspectCompletions are what runs can be compared across.
func aspectCompletions() (all []cobra.Completion) {
	for _, a := range compare.Aspects {
		all = append(all, string(a))
	}
	return all
}

// completeSuites are what a suite can be made of, beside files: groups and scenarios of the library.
func completeSuites(c *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, directive := completeScenarios(c, args, prefix)
	for _, g := range groupCompletions() {
		if strings.HasPrefix(g, prefix) {
			names = append(names, g)
		}
	}
	return names, directive
}

// metricCompletions are what an expectation can begin with.
func metricCompletions() (all []cobra.Completion) {
	for _, name := range report.MetricNames() {
		m, _, _ := report.FindMetric(name)
		all = append(all, cobra.CompletionWithDesc(name, m.About))
	}
	return all
}
