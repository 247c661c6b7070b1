package suite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// SchemaVersion is the version of suite.json; fields are only ever added within one.
const SchemaVersion = 1

// A Result is what a suite came to: suite.json. Durations are whole nanoseconds, in fields that end in _ns.
type Result struct {
	Schema   int             `json:"schema"`
	Name     string          `json:"name"`
	About    string          `json:"about,omitempty"`
	Source   string          `json:"source,omitempty"` // the suite file
	Version  string          `json:"squall"`
	Verdict  Verdict         `json:"verdict"`
	Started  time.Time       `json:"started"`
	Took     time.Duration   `json:"took_ns"`
	Budget   time.Duration   `json:"budget_ns,omitempty"`
	Order    string          `json:"order"`
	Seed     *uint64         `json:"seed,omitempty"`    // of a seeded order
	Stopped  string          `json:"stopped,omitempty"` // why it ended before its last run; empty: it did not
	StopCode report.ExitCode `json:"stop_code,omitempty"`
	// Comparison holds the runs against earlier ones; nil: nobody asked.
	Comparison *report.Comparison `json:"comparison,omitempty"`
	// ComparisonError is why there is none, or why runs did not join those that later ones are held against.
	ComparisonError string  `json:"comparison_error,omitempty"`
	Runs            []Entry `json:"runs"` // in the order in which they were to be made
}

// A Verdict is what all runs that count come to together.
type Verdict struct {
	Outcome  report.Outcome  `json:"outcome"`
	Sentence string          `json:"sentence"`
	ExitCode report.ExitCode `json:"exit_code"`
	Counts   Counts          `json:"counts"`
}

// Counts are how many runs came to what. Those in quarantine are in none of the others.
type Counts struct {
	Passed       int `json:"passed"`
	Failed       int `json:"failed"`
	Inconclusive int `json:"inconclusive"`
	Errors       int `json:"errors"`
	NotRun       int `json:"not_run"`
	Quarantined  int `json:"quarantined"`
}

// An Outcome is what one run of a suite came to: what a report can come to, or that there is none.
type Outcome string

// The outcomes.
const (
	Pass         = Outcome(report.Pass)
	Fail         = Outcome(report.Fail)
	Inconclusive = Outcome(report.Inconclusive)
	Error        = Outcome("error")   // there is no report, or something went wrong beside it
	NotRun       = Outcome("not run") // for which there is a reason
)

// An Entry is one run of the suite, with its repetitions.
type Entry struct {
	N        int             `json:"n"` // from 1
	Name     string          `json:"name"`
	Scenario string          `json:"scenario"` // the scenario's own name
	About    string          `json:"about,omitempty"`
	Open     string          `json:"open"`          // the scenario file, or its name in the library
	Set      []string        `json:"set,omitempty"` // what the suite set in it
	File     string          `json:"file,omitempty"`
	Line     int             `json:"line,omitempty"`
	Outcome  Outcome         `json:"outcome"`
	ExitCode report.ExitCode `json:"exit_code"`
	Sentence string          `json:"sentence"`
	// NotRun is why the run was not made; empty: it was.
	NotRun     string        `json:"not_run,omitempty"`
	Quarantine *Quarantine   `json:"quarantine,omitempty"`
	Notes      []string      `json:"notes,omitempty"`
	Needs      string        `json:"needs"`              // of the machine
	Estimate   time.Duration `json:"estimate_ns"`        // how long it was thought to take
	Took       time.Duration `json:"took_ns"`            // with its repetitions
	Recovery   []Recovered   `json:"recovery,omitempty"` // of the last time that it was made
	Attempts   []Attempt     `json:"attempts,omitempty"`
	Fresh      []Attempt     `json:"fresh,omitempty"` // made to confirm that it is worse than earlier runs
	Worse      []string      `json:"worse,omitempty"` // what is worse than in earlier runs, and was confirmed to be

	fails bool // and what is worse is a failure
}

// Quarantine is why and until when a run does not count.
type Quarantine struct {
	Reason string `json:"reason"`
	Until  string `json:"until"` // the last day, 2027-01-31, in UTC
	Holds  bool   `json:"holds"` // it did when the suite began
}

// An Attempt is one time that a run was made.
type Attempt struct {
	Folder   string          `json:"folder"` // below the suite's
	ID       string          `json:"id,omitempty"`
	Started  time.Time       `json:"started"`
	Took     time.Duration   `json:"took_ns"`
	Outcome  Outcome         `json:"outcome"`
	ExitCode report.ExitCode `json:"exit_code"`
	Sentence string          `json:"sentence"`
	Error    string          `json:"error,omitempty"`  // what went wrong beside the report, or instead of it
	Missed   []string        `json:"missed,omitempty"` // the expectations that were not met
	Files    []string        `json:"files,omitempty"`  // in the folder
}

// Counts reports whether the run has to do with the suite's verdict.
func (e *Entry) Counts() bool { return e.Quarantine == nil || !e.Quarantine.Holds }

// notYet is why a run was not made as long as nothing else is known.
const notYet = "the suite had not come to it yet"

func entry(r *scenarios.SuiteRun, i int, now time.Time) Entry {
	var set []string
	for _, s := range r.Set {
		set = append(set, report.HideSetting(s))
	}
	e := Entry{
		N: i + 1, Name: r.Scenario.Secrets().Hide(r.Name), Scenario: r.Scenario.Name, About: r.Scenario.About, Open: r.Open, Set: set, File: r.File, Line: r.Line,
		NotRun: notYet, Needs: r.Scenario.Needs(), Estimate: r.Scenario.Takes(),
	}
	if q := r.Quarantine; !q.Until.IsZero() {
		e.Quarantine = &Quarantine{Reason: q.Reason, Until: q.Until.Format(time.DateOnly), Holds: q.Holds(now)}
	}
	return e
}

var notInFolders = regexp.MustCompile(`[^a-zA-Z0-9._=-]+`)

// longestFolder bounds a folder's name, in bytes.
const longestFolder = 100

// folder returns the name of the folder for the results of a run that was made so many times before: "03-kafka-leader-kill", "03-kafka-leader-kill-again-1".
func (e *Entry) folder(before, of int) string {
	name := strings.Trim(notInFolders.ReplaceAllString(e.Name, "-"), "-.")
	name = fmt.Sprintf("%0*d-%s", len(fmt.Sprint(of)), e.N, name[:min(len(name), longestFolder)])
	if before > 0 {
		name += fmt.Sprintf("-again-%d", before)
	}
	return name
}

// tell fills in what came of an attempt.
func (a *Attempt) tell(r *report.Report, err error, code func(error) report.ExitCode) {
	if r != nil {
		a.ID, a.Outcome, a.ExitCode, a.Sentence = r.Run.ID, Outcome(r.Verdict.Outcome), r.Verdict.ExitCode, r.Verdict.Sentence
		for _, f := range r.Files {
			a.Files = append(a.Files, f[strings.LastIndexAny(f, `/\`)+1:])
		}
		for _, j := range r.Expectations {
			if j.Outcome == report.Fail && !j.Warn {
				a.Missed = append(a.Missed, j.Text)
			}
		}
	}
	if err == nil && r != nil {
		return
	}
	is := report.ExitInternal
	if err == nil {
		err = errors.New("the run left neither a report nor an error")
	} else if !errors.As(err, new(panicked)) {
		is = code(err)
	}
	a.Error = report.Plain(strings.ReplaceAll(err.Error(), "\n", "; "))
	a.ExitCode = report.Strongest(a.ExitCode, is)
	if r == nil || a.Outcome == Pass {
		a.Outcome, a.Sentence = Error, "error: "+a.Error
	}
}

// conclude says what the attempts of a run come to: what the last one did, unless nobody could know too often in a row.
func (e *Entry) conclude() {
	last := e.Attempts[len(e.Attempts)-1]
	e.Outcome, e.ExitCode, e.Sentence = last.Outcome, last.ExitCode, last.Sentence
	unknown := 0
	for _, a := range e.Attempts {
		if unknown++; a.ExitCode != report.ExitInconclusive {
			unknown = 0
		}
	}
	if unknown >= inARow {
		e.Outcome, e.ExitCode = Fail, report.ExitMissed
		e.Sentence = fmt.Sprintf("fail: inconclusive %d times in a row, the last time: %s", unknown, strings.TrimPrefix(last.Sentence, "inconclusive: "))
	}
	for _, a := range e.Fresh {
		if a.Outcome == Fail && report.Strongest(a.ExitCode, e.ExitCode) == a.ExitCode {
			e.Outcome, e.ExitCode, e.Sentence = a.Outcome, a.ExitCode, a.Sentence
		}
	}
	e.Took = 0
	for _, a := range slices.Concat(e.Attempts, e.Fresh) {
		e.Took += a.Took
	}
	e.worsened()
}
