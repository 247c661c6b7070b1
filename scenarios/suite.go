package scenarios

import (
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// A Suite is many runs of scenarios, with everything filled in: a suite file, or scenarios that were named.
type Suite struct {
	Name   string
	About  string
	Source string // what the file is called; empty: there is none
	Runs   []SuiteRun
	Budget time.Duration // how long all runs may take together; 0: as long as they take
	Order  string        // AsWritten or Seeded
	Seed   *uint64       // of the order; nil: it is drawn anew each time
	// FailFast has nothing run any more after the first failure that counts.
	FailFast bool
	// Rerun is how often a run that comes to inconclusive is made again, at most.
	Rerun    int
	Baseline SuiteBaseline
}

// A SuiteRun is one run of a suite.
type SuiteRun struct {
	Name       string   // its scenario's, with what the suite sets, and which repetition it is where there are several
	Open       string   // what opens its scenario: a file, or a name of the library
	Set        []string // what the suite sets, as --set has it
	Scenario   *Scenario
	Quarantine Quarantine
	File       string // where it is written: the suite file, or the scenario's own; empty: nowhere but inside squall
	Line       int    // in the file, from 1
}

// A Quarantine says that a run is made and shown, and does not count. The zero value is none.
type Quarantine struct {
	Reason string
	Until  time.Time // the beginning of the last day on which it holds, in UTC
}

// Holds reports whether the run does not count at this time.
func (q Quarantine) Holds(now time.Time) bool {
	return !q.Until.IsZero() && now.Before(q.Until.AddDate(0, 0, 1))
}

// A SuiteBaseline is what the runs are held against. The zero value: nothing.
type SuiteBaseline struct {
	Dir         string // where earlier runs are stored
	FailOnWorse bool   // a run that is worse, and was confirmed to be, fails
	Limits      report.ComparisonLimits
}

// The orders of a suite.
const (
	AsWritten = "as-written"
	Seeded    = "seeded"
)

// Bounds of a suite.
const (
	mostRuns         = 1000
	mostRepeats      = 100
	defaultRerun     = 2 // three times in a row nobody could know: that is no bad luck any more
	mostReruns       = 10
	shortestOfBudget = time.Second
)

// A suiteDraft is a suite file that is being read.
type suiteDraft struct {
	reader
	s       *Suite
	o       Options
	entries []suiteEntry
	others  Errors                // mistakes in the scenarios
	setBy   map[string]*yaml.Node // where the file sets what is set
	names   []runName             // of the runs, in their order
}

// ParseSuite reads a suite file, and every scenario that it names. name is the path of the file: scenarios are looked for in the library, and then
// below its folder. Of the options only the kinds count. The error is of type Errors, and holds every mistake, of the scenarios too.
func ParseSuite(name string, data []byte, o Options) (*Suite, error) {
	d := newSuiteDraft(name, data, o)
	root := d.document(data)
	switch {
	case root == nil:
		return nil, d.err()
	case root.Kind != yaml.MappingNode:
		d.note(root, "", "", "a suite is a mapping of fields such as name, scenarios and budget, not %s", kindOf(root))
		return nil, d.err()
	}
	d.s.Source, d.s.Name = name, nameFrom(name)
	d.places[""] = root
	d.fields().read(&d.reader, "", root)
	if !d.has("scenarios") && !d.noted("") {
		d.note(root, "scenarios", "", "which scenarios? write scenarios: [ quickstart, mine.yaml ]")
	}
	d.baseline()
	d.expand()
	d.distinguish()
	return d.done()
}

// SuiteOf makes a suite of scenarios that are named: files, or names of the library. The error is of type Errors where a scenario has mistakes.
func SuiteOf(name string, names []string, o Options) (*Suite, error) {
	d := newSuiteDraft(name, nil, o)
	d.s.Name = nameFrom(name)
	for _, n := range names {
		if err := d.named(n); err != nil {
			return nil, err
		}
	}
	return d.done()
}

// baseline finds the folder of the history, and tells what would keep it from being used after the runs.
func (d *suiteDraft) baseline() {
	b := &d.s.Baseline
	if d.has("baseline") && b.Dir == "" && !d.wrong("baseline") {
		d.note(d.at("baseline"), "baseline", "", "in which folder? write dir: squall-baseline")
	}
	if b.Dir == "" {
		return
	}
	if b.Dir = filepath.FromSlash(b.Dir); !filepath.IsAbs(b.Dir) {
		b.Dir = filepath.Join(filepath.Dir(d.file), b.Dir)
	}
	if info, err := os.Stat(b.Dir); err == nil && !info.IsDir() {
		d.note(d.at("baseline.dir"), "baseline.dir", "", "this is the folder of a history, and %s is a file", quoted(b.Dir))
	}
}

func newSuiteDraft(name string, data []byte, o Options) *suiteDraft {
	return &suiteDraft{
		s: &Suite{Order: AsWritten, Rerun: defaultRerun, Baseline: SuiteBaseline{Limits: report.DefaultLimits()}}, o: o, setBy: map[string]*yaml.Node{},
		reader: reader{notebook: newNotebook(name, data), places: map[string]*yaml.Node{}},
	}
}

// done returns the suite, or all mistakes: those of the suite, then those of its scenarios.
func (d *suiteDraft) done() (*Suite, error) {
	var all Errors
	if err := d.err(); err != nil {
		all = d.mistakes
	}
	if all = append(all, d.others...); len(all) > 0 {
		return nil, all
	}
	return d.s, nil
}

// fields are all fields of a suite file.
func (d *suiteDraft) fields() section {
	s := d.s
	return section{
		{"name", word(&s.Name), "What the suite is called, in results and folders."},
		{"about", text{p: &s.About}, "What it is for, in a sentence or two."},
		{"scenarios", suiteEntries{d}, "What is run: scenario files, found from the suite's own folder, names of the library, or its groups."},
		{"budget", duration{p: &s.Budget, least: shortestOfBudget, unset: true}, "How long all runs may take together. What is not likely to fit is not begun, and told as an error."},
		{"order", choice{&s.Order, []string{AsWritten, Seeded}}, "In which order they run: as they are written, or shuffled by a seed."},
		{"seed", optionalSeed{&s.Seed}, "The seed of the order; drawn anew each time where none is stated."},
		{"fail-fast", truth{&s.FailFast}, "Run nothing any more after the first failure that counts."},
		{"rerun-inconclusive", number{&s.Rerun, 0, mostReruns}, "How often a run that comes to inconclusive is made again, at most. Inconclusive three times in a row is a failure."},
		{"baseline", needing{section{
			{"dir", text{p: &s.Baseline.Dir}, "The folder of a history, from the suite's own; it is begun where there is none. What passes joins it."},
			{"fail-on-worse", truth{&s.Baseline.FailOnWorse}, "Whether a run that is worse than the earlier ones, and was again when it was repeated, is a failure."},
			{"min-share", percent{&s.Baseline.Limits.MinShare}, "The least difference that matters, as a share of the earlier runs' median."},
			{"min-time", duration{p: &s.Baseline.Limits.MinTime}, "The least difference that matters, of durations."},
		}, []string{"dir"}}, "What the runs are held against. What looks worse is run again."},
	}
}

// optionalSeed is a seed that may be left open.
type optionalSeed struct{ p **uint64 }

func (v optionalSeed) read(r *reader, field string, n *yaml.Node) {
	var is uint64
	before := len(r.mistakes)
	if (seed{&is}).read(r, field, n); len(r.mistakes) == before {
		*v.p = &is
	}
}

func (v optionalSeed) write() *yaml.Node { return nil }

func (v optionalSeed) schema(d *definitions) *schema { return seed{}.schema(d) }
