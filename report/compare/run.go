// Package compare holds runs against those before them, with statistics that respect noise: the unit is a run, of which each figure is one number, and where
// the noise leaves room for anything it says so, and how many more runs would tell. It reads reports, keeps what it needs of them in a history on disk, and
// knows nothing of how they came about.
package compare

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Schema is the version of a Run in JSON; fields are only ever added within one.
const Schema = 1

// A Run is what one run brings to a comparison.
type Run struct {
	Schema   int       `json:"schema"`
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Squall   string    `json:"squall"` // the version that ran it
	Scenario string    `json:"scenario"`
	Digest   string    `json:"scenario_digest"` // of everything in it but name, about, seed and what it expects
	Broker   string    `json:"broker"`          // kind, testbed, versions and image digests, in words
	Machine  string    `json:"machine"`         // what kind of machine it is, in words
	// Barred is why its figures say nothing, as of a run that was touched by hand; NoBaseline, why others are not to be held against it. Empty: neither.
	Barred     string   `json:"barred,omitempty"`
	NoBaseline string   `json:"no_baseline,omitempty"`
	Figures    []Figure `json:"figures"`
}

// A Figure is one number of a run.
type Figure struct {
	Name   string      `json:"name"` // as expectations ask for it: "recovery.service of leader-kill"
	Unit   report.Unit `json:"unit"`
	Value  float64     `json:"value"`            // durations in seconds, rates in messages per second
	Beyond bool        `json:"beyond,omitempty"` // it never came while the run was watched: more than Value
	Why    string      `json:"why,omitempty"`    // why there is no value; empty: there is one
}

// Of returns what a run brings to a comparison.
func Of(r *report.Report) Run {
	run := Run{Schema: Schema, ID: r.Run.ID, Started: r.Run.Started.UTC(), Squall: r.Run.Version, Scenario: r.Run.Scenario, Digest: digest(r.Run.Effective),
		Broker: brokerOf(&r.Run.Broker), Machine: machineOf(&r.Run.Host), Figures: figures(r)}
	switch {
	case r.Run.CutOff != "":
		run.Barred = "it did not come to its end"
	case r.Run.Stopped != "":
		run.Barred = "it was stopped before its end"
	case len(r.Run.Touched) > 0:
		run.Barred = "it was touched by hand"
	}
	if run.NoBaseline = run.Barred; run.Barred == "" && r.Verdict.Outcome != report.Pass {
		run.NoBaseline = "its verdict is " + string(r.Verdict.Outcome)
	}
	if run.NoBaseline == "" { // it would take the place of a run that tells something
		run.NoBaseline = run.without()
	}
	return run
}

// without says why a run has no figure that others could be held against; empty: it has one.
func (r *Run) without() string {
	why := ""
	for _, f := range r.Figures {
		if why = f.Why; why == "" {
			return ""
		}
	}
	return "no figure of it can be used: " + why
}

// notCompared are the sections of a scenario that change nothing in how it runs, but for the choices that the seed makes.
var notCompared = []string{"name:", "about:", "seed:", "expect:", "verdict:"}

// digest returns a digest of a scenario's text without the sections that may differ. A section begins at the line's first column; squall itself wrote the text.
func digest(effective string) string {
	sum := sha256.New()
	skip := false
	for line := range strings.Lines(effective) {
		if line[0] != ' ' && line[0] != '-' && line[0] != '\n' {
			skip = slices.ContainsFunc(notCompared, func(name string) bool { return strings.HasPrefix(line, name) })
		}
		if !skip {
			sum.Write([]byte(line))
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func brokerOf(b *report.Broker) string {
	parts := []string{b.Kind, b.Testbed}
	seen := map[string]bool{}
	for _, node := range slices.Sorted(maps.Keys(b.Versions)) {
		if v := b.Versions[node]; !seen[v] {
			seen[v] = true
			parts = append(parts, v)
		}
	}
	for _, i := range b.Images {
		parts = append(parts, strings.TrimSpace(i.Name+" "+i.Digest))
	}
	return strings.Join(parts, ", ")
}

func machineOf(h *report.Host) string { return fmt.Sprintf("%s/%s with %d CPUs", h.OS, h.Arch, h.CPUs) }

// An Aspect is something in which runs may differ, so that they are not compared unless that is asked for.
type Aspect string

// The aspects.
const (
	AspectScenario Aspect = "scenario"
	AspectBroker   Aspect = "broker"
	AspectMachine  Aspect = "machine"
)

// Aspects are all of them.
var Aspects = []Aspect{AspectScenario, AspectBroker, AspectMachine}

// differs returns in what two runs differ, in words.
func (r *Run) differs(o *Run, aspect Aspect) string {
	switch {
	case aspect == AspectScenario && r.Scenario != o.Scenario:
		return fmt.Sprintf("the scenario is %s, not %s", r.Scenario, o.Scenario)
	case aspect == AspectScenario && r.Digest != o.Digest:
		return fmt.Sprintf("%s itself was changed", r.Scenario)
	case aspect == AspectBroker && r.Broker != o.Broker:
		return fmt.Sprintf("the broker is %s, not %s", r.Broker, o.Broker)
	case aspect == AspectMachine && r.Machine != o.Machine:
		return fmt.Sprintf("the machine is %s, not %s", r.Machine, o.Machine)
	}
	return ""
}

// Comparable says why two runs cannot be compared; empty: they can.
func (r *Run) Comparable(o *Run) string {
	for _, a := range Aspects {
		if why := r.differs(o, a); why != "" {
			return why
		}
	}
	return ""
}

// String names a run by when it started and its id.
func (r *Run) String() string {
	return r.Started.Format("20060102T150405Z") + "-" + r.ID[:min(8, len(r.ID))]
}
