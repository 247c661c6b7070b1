package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/live/tui"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// pick lets the user of a terminal choose a scenario of the library; empty: none was chosen.
func pick(c *cobra.Command, f runFlags) (string, error) {
	out := terminalOf(c.ErrOrStderr())
	if out == nil || f.ui == "plain" || f.ui == "none" {
		return "", errors.New("`squall run` wants " + oneScenario + ", and got 0 arguments; on a terminal it offers the library; see `squall run --help`")
	}
	var groups [3][]tui.Choice
	for _, name := range scenarios.Library() {
		s, err := load(name, nil, nil)
		if err != nil {
			return "", err
		}
		g := group(s)
		groups[g] = append(groups[g], tui.Choice{Name: name, About: s.About, Takes: report.Roughly(s.LoadEnd()), Needs: needs(s)})
	}
	l := look{out: out, ascii: f.ascii}
	name, err := tui.Pick(c.Context(), slices.Concat(groups[:]...), l.options())
	if err != nil {
		return "", internalError{err}
	}
	if name != "" {
		fmt.Fprintf(c.ErrOrStderr(), "squall run %s\n", name)
	}
	return name, nil
}

// group is where a scenario stands: first those that need nothing, then those that are to pass, then the controls.
func group(s *scenarios.Scenario) int {
	switch {
	case s.Broker.Run == scenarios.Embedded:
		return 0
	case s.Verdict.Outcome == report.Fail:
		return 2
	}
	return 1
}

// needs is what a scenario needs to run.
func needs(s *scenarios.Scenario) string {
	text := fmt.Sprintf("Docker, %d brokers", len(s.NodeNames()))
	if s.Broker.Run != scenarios.Containers {
		text = s.Needs()
	}
	if s.Verdict.Outcome == report.Fail {
		text += "; has to fail"
	}
	return text
}

// needed is what a scenario needs to run, in full.
func needed(s *scenarios.Scenario) []string {
	takes := fmt.Sprintf("time: %s of load, and a while to start, heal, drain and read", report.Roughly(s.LoadEnd()))
	volume := "as much as the brokers take"
	if !s.Load.ClosedLoop() {
		volume = testcontainers.Amount(s.Volume())
	}
	if s.Broker.Run == scenarios.Embedded {
		if s.Broker.Place.Copies {
			return []string{"disk: " + volume + " for messages, in the temporary folder", "images: none", takes}
		}
		return []string{"memory: " + volume + " for messages, in this process", "images: none", takes}
	}
	if s.Broker.Run == scenarios.Elsewhere {
		return append(neededElsewhere(s), takes)
	}
	n := containerOptions(s).Needs()
	return []string{
		fmt.Sprintf("memory: %s at least, and up to %s", testcontainers.Amount(n.LeastMemory), testcontainers.Amount(n.MostMemory)),
		"images: " + n.Image + ", and the sidecars', which is made of this program",
		"disk: " + volume + ", of all replicas together",
		takes,
	}
}
