package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
)

// complete tells shells which values flags can have, in every command that has a flag of that name.
func complete(c *cobra.Command) {
	uis := []string{"auto", "tui", "plain", "none"}
	if c.Name() == "suite" {
		uis = uis[2:]
	}
	for flag, values := range map[string][]cobra.Completion{
		"ui": uis, "output": {"text", "json"}, "format": mistakeFormats, "expect": metricCompletions(), "fail-on": {"worse"},
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

// metricCompletions are what an expectation can begin with.
func metricCompletions() (all []cobra.Completion) {
	for _, name := range report.MetricNames() {
		m, _, _ := report.FindMetric(name)
		all = append(all, cobra.CompletionWithDesc(name, m.About))
	}
	return all
}
