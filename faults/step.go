package faults

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A Step is one injection of a fault.
type Step struct {
	Name  string
	Of    string        // what the scenario calls the fault that this is one injection of, "leader-kill" of "leader-kill #3"
	Group string        // the entry of the scenario's list that it comes from: Of, or the sequence or random faults that it is a part of
	At    time.Duration // when it is planned to begin, from the end of the baseline
	For   time.Duration // from effective to the way back; 0: until heal. With Until, the longest that it is waited for
	// After are steps to be over before it begins. A step that Floats begins by them alone, whenever it was planned.
	After  []Anchor
	Floats bool
	When   Condition     // it does not begin before this holds
	Within time.Duration // how long it waits for When, and for the cluster to have recovered
	Until  Condition     // it is over as soon as this holds
	Limits *Limits       // of random faults, the same for all that share them; nil: none
	Kind   string        // the name of a Kind
	Target Target
	Fault  Fault
	ByHand bool // nobody planned it: it joined
}

// An Anchor is the end of another step.
type Anchor struct {
	Step      string        // its name
	Delay     time.Duration // from then on
	Recovered bool          // not before every node is there and every replica in sync again
}

// DefaultWithin is how long a step waits for a condition, unless it says otherwise.
const DefaultWithin = time.Minute

// End returns when the step's fault is planned to be over, from the end of the baseline; for one that lasts until heal, when it begins.
func (s Step) End() time.Duration { return s.At + s.For }

// Params returns the fault's parameters as people read them, such as "add 200ms, jitter 50ms"; those that are zero are left out.
func (s Step) Params() string { return describe(s.Fault) }

// Secrets returns the values of the fault's parameters that nobody is to read.
func (s Step) Secrets() (values []string) {
	c, ok := s.Fault.(Configurable)
	if !ok {
		return nil
	}
	for _, p := range c.Params() {
		if p.Secret {
			values = append(values, p.text())
		}
	}
	return values
}

// Waits says what the step waits for before it begins, beside its time; empty: nothing.
func (s Step) Waits() string {
	var all []string
	for _, a := range s.After {
		of, _, _ := strings.Cut(a.Step, " #") // of several injections, the last is meant
		text := "after " + of
		if a.Recovered {
			text += " recovered"
		}
		if s.Floats && of != s.Of && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if s.When.Set() {
		all = append(all, "when "+s.When.String())
	}
	return strings.Join(all, ", ")
}

// Planned returns the step as it stands in a report before it began.
func (s Step) Planned(baselineEnd time.Duration) report.Fault {
	return report.Fault{
		Name: s.Name, Group: s.Group, Kind: s.Kind, Target: s.Target.String(), Params: s.Params(), ByHand: s.ByHand, Planned: baselineEnd + s.At,
		Commanded: report.Never, Effective: report.Never, Healing: report.Never, Healed: report.Never,
		Victims: []string{}, Chosen: []string{}, Affected: []int32{}, Evidence: []string{},
	}
}
