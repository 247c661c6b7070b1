package main_test

import (
	"testing"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// The scenarios of the smoke group come to what they state. One that could not be judged, because the machine was too busy to send in time, is run
// again once.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of load and more")
	}
	squall := executable(t)
	for _, name := range append(scenarios.Group("smoke"), "lose-ack-not-idempotent") {
		code := start(t, squall, name).wait()
		if code == report.ExitInconclusive {
			code = start(t, squall, name).wait()
		}
		if code != report.ExitPass {
			t.Errorf("%s ended with %d", name, code)
		}
	}
}
