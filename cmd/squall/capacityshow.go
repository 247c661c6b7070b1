package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// addGoal adds the flags that say what a cluster is to carry one day.
func addGoal(c *cobra.Command, target, growth *string) {
	c.Flags().StringVar(target, "target", "", "what the cluster is to carry, to tell how many brokers that takes: --target 50MiB/s, or 20k/s")
	c.Flags().StringVar(growth, "growth", "", "by which factor the target is to grow: --growth 2x")
}

// goal reads what the cluster is to carry, in messages as the scenario has them.
func (f *capacityFlags) goal(scenario func(...string) (*scenarios.Scenario, error)) (*capacity.Goal, error) {
	s, err := scenario()
	if err != nil {
		return nil, err
	}
	return capacity.ParseGoal(f.target, f.growth, float64(s.Load.Size))
}

func capacityViews() (names []string) {
	for _, v := range capacity.Views {
		names = append(names, v.Name)
	}
	return names
}

func showCapacityCommand() *cobra.Command {
	var format, target, growth string
	c := &cobra.Command{
		Use:   "show DIR",
		Short: "print what a search came to, in any of its forms",
		Long: "Show prints the result of `squall capacity` that is in a folder, also while the search goes on or after it was interrupted. What follows from the points is reckoned\n" +
			"anew, with another --target if one is given; nothing is measured, and nothing written.",
		Example: "  squall capacity show squall-runs/TIME-NAME-ID\n  squall capacity show out --target 50MiB/s --growth 2x\n  squall capacity show out --format html > capacity.html",
		Args:    wants(1, 1, "the folder of one search"),
		RunE: func(c *cobra.Command, args []string) error {
			at := slices.IndexFunc(capacity.Views, func(v capacity.File) bool { return v.Name == format })
			if at < 0 {
				return fmt.Errorf("--format is one of %s, not %q%s", strings.Join(capacityViews(), ", "), format, report.Suggest(format, capacityViews()))
			}
			r, err := readCapacity(args[0])
			if err != nil {
				return err
			}
			if target != "" || growth != "" {
				if r.Goal, err = capacity.ParseGoal(target, growth, r.Workload.Size); err != nil {
					return err
				}
				r.Analyse()
			}
			out := bufio.NewWriter(c.OutOrStdout())
			if err := errors.Join(capacity.Views[at].Write(out, r), out.Flush()); err != nil {
				return internalError{err}
			}
			return nil
		},
	}
	addGoal(c, &target, &growth)
	c.Flags().StringVar(&format, "format", "text", "the form: "+strings.Join(capacityViews(), ", "))
	return c
}
