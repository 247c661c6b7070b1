package report

import (
	"context"
	"fmt"
	"time"
)

// Controls are what a watcher may ask of the run that it watches; a function that is nil is not allowed, or not possible here. All may be called from
// several goroutines and return soon; what comes of it is told as events. Once the run's load is over, those that change something return an error.
type Controls struct {
	// Faults can be broken by hand on this testbed.
	Faults []ByHand
	// Inject begins a fault now: as the scenario would write it, without a time to begin at: "{ kill: leader, for: 20s }". The error says what is wrong
	// with it and where, or why the testbed cannot do it.
	Inject func(fault string) error
	// Revert ends every fault that is in force, those of the scenario too, and begins none of those that are still to come while it does.
	Revert func() error
	// Rate changes the load from now on, in messages per second above 0.
	Rate func(perSecond float64) error
	// Save writes the scenario with what was done by hand so far as a file that can be run, and returns its path.
	Save func() (path string, err error)
	// Stop ends the run's plan as Ctrl-C does: faults are reverted, the log is read, and the report is written; a second time: at once.
	Stop func()
	// Log returns the last lines that a node wrote, without terminal escapes.
	Log func(ctx context.Context, node string, lines int) ([]string, error)
}

// A ByHand is a kind of fault that a watcher may inject.
type ByHand struct {
	Kind    string   // "kill"
	About   string   // one line
	Example string   // "{ kill: leader, for: 20s }"
	Targets []string // some that there are now: "leader", "b1", "producers -> leader"
}

// A Touch is something that was done to a run by hand.
type Touch struct {
	At   time.Duration `json:"at_ns"`
	What string        `json:"what"` // "{ kill: leader, for: 20s }", "rate: 2000/s", "revert"
}

// String says what was done and when: "{ kill: leader, for: 20s } at 12.4s".
func (t Touch) String() string { return fmt.Sprintf("%s at %s", t.What, Human(t.At)) }
