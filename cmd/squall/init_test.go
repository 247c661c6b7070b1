package main

import (
	"testing"

	"github.com/seed-228c25e4/squall/scenarios"
)

// Every kind of broker has a first scenario, and it is right in every place where the kind runs.
func TestFirstScenarios(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		for _, run := range []string{scenarios.Embedded, scenarios.Containers} {
			if testbeds[[2]string{kind, run}] == nil {
				continue
			}
			text, err := firstScenario(kind, run == scenarios.Containers)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			s, err := scenarios.Parse(starterFile, text, scenarios.Options{Kinds: kinds})
			if err != nil {
				t.Errorf("%s, %s: %v", kind, run, err)
				continue
			}
			if s.Broker.Kind != kind || s.Broker.Run != run {
				t.Errorf("%s, %s: it is for %s, %s", kind, run, s.Broker.Kind, s.Broker.Run)
			}
		}
	}
}
