package suite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/suite"
)

// nights runs a suite of one scenario on one night after another, against one history.
type nights struct {
	limits    report.ComparisonLimits // the zero value: the defaults
	t         *testing.T
	dir       string
	strict    bool
	disturbed bool // all of it
	n         int
}

// run is a night on which service comes back after these times, one run after another; code is what the runs after the first come to.
func (n *nights) run(code report.ExitCode, services ...time.Duration) *suite.Result {
	n.t.Helper()
	s := suiteOf("a")
	s.Baseline = scenarios.SuiteBaseline{Dir: n.dir, FailOnWorse: n.strict, Limits: report.DefaultLimits()}
	if n.limits.Alpha > 0 {
		s.Baseline.Limits = n.limits
	}
	made := 0
	r := suite.Run(n.t.Context(), s, suite.Options{Code: func(error) report.ExitCode { return report.ExitInternal },
		Run: func(_ context.Context, run *scenarios.SuiteRun, _ string) (*report.Report, error) {
			n.n++
			made++
			at := min(made, len(services)) - 1
			r := &report.Report{Run: report.Run{ID: fmt.Sprintf("%08d", n.n), Scenario: run.Name, Started: time.Unix(int64(n.n)*86400, 0)},
				Verdict:  report.Verdict{Outcome: report.Pass, Sentence: "pass."},
				Faults:   []report.Fault{{Name: "kill"}},
				Recovery: []report.Recovery{{Fault: "kill", Service: report.Figure{Value: services[at], Known: true}}}}
			if n.disturbed {
				r.Validity = []report.Finding{{Scope: report.ScopeAll, Text: "the schedule was missed"}}
			}
			if made > 1 && code != 0 {
				r.Verdict = report.Verdict{Outcome: report.Fail, Sentence: "fail.", ExitCode: code}
			}
			return r, nil
		}})
	if r.ComparisonError != "" {
		n.t.Fatal(r.ComparisonError)
	}
	return r
}

// before makes twelve nights that are much alike.
func (n *nights) before() {
	n.t.Helper()
	for i := range 12 {
		if r := n.run(0, 4*time.Second+time.Duration(i%5)*50*time.Millisecond); r.Verdict.ExitCode != 0 || len(r.Runs[0].Fresh) > 0 && i > 0 {
			n.t.Fatalf("night %d: %s", i, r.Verdict.Sentence)
		}
	}
}

// What looks worse is run again, and what was again is a failure only where the suite says so.
func TestWorse(t *testing.T) {
	for _, c := range []struct {
		name     string
		strict   bool
		code     report.ExitCode
		services []time.Duration
		want     report.ExitCode
		fresh    bool
		worse    bool
	}{
		{"as ever", true, 0, []time.Duration{4100 * time.Millisecond}, 0, false, false},
		{"worse, and again", true, 0, []time.Duration{6 * time.Second}, 10, true, true},
		{"worse, and nobody minds", false, 0, []time.Duration{6 * time.Second}, 0, true, true},
		{"worse, but not again", true, 0, []time.Duration{6 * time.Second, 4 * time.Second}, 0, true, false},
		{"worse, and unsafe when it was run again", false, 11, []time.Duration{6 * time.Second}, 11, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &nights{t: t, dir: filepath.Join(t.TempDir(), "history"), strict: c.strict}
			n.before()
			r := n.run(c.code, c.services...)
			e := r.Runs[0]
			if r.Verdict.ExitCode != c.want || len(e.Fresh) > 0 != c.fresh || len(e.Worse) > 0 != c.worse || len(e.Attempts) != 1 {
				t.Errorf("exit code %d, want %d; %d fresh runs; worse: %q: %s", r.Verdict.ExitCode, c.want, len(e.Fresh), e.Worse, r.Verdict.Sentence)
			}
			var text, md, html strings.Builder
			if suite.Text(&text, r) != nil || suite.Markdown(&md, r) != nil || suite.HTML(&html, r) != nil {
				t.Error("a view failed")
			}
			for _, view := range []string{text.String(), md.String(), html.String()} {
				if c.worse && !strings.Contains(view, "recovery.service of kill") {
					t.Errorf("what is worse is not told:\n%s", view)
				}
			}
		})
	}
}

// What matters is as much as the suite says.
func TestWorseByTheSuitesLimits(t *testing.T) {
	for _, c := range []struct {
		share float64
		least time.Duration
		worse bool
	}{{0.2, 20 * time.Millisecond, true}, {0.8, 20 * time.Millisecond, false}, {0.2, 3 * time.Second, false}} {
		n := &nights{t: t, dir: filepath.Join(t.TempDir(), "history"), strict: true}
		n.before()
		n.limits = report.ComparisonLimits{Alpha: 0.05, MinShare: c.share, MinTime: c.least}
		r := n.run(0, 6*time.Second) // 4s before
		if (len(r.Runs[0].Worse) > 0) != c.worse || (r.Verdict.ExitCode == report.ExitMissed) != c.worse {
			t.Errorf("with %+v: exit code %d, worse %q", c, r.Verdict.ExitCode, r.Runs[0].Worse)
		}
	}
}

// A run of which no figure can be used passes, and does not join those that later ones are held against.
func TestWithoutFiguresJoinsNothing(t *testing.T) {
	n := &nights{t: t, dir: filepath.Join(t.TempDir(), "history")}
	n.disturbed = true
	r := n.run(0, 4*time.Second)
	if notes := strings.Join(r.Runs[0].Notes, "; "); r.Verdict.ExitCode != 0 || !strings.Contains(notes, "it does not join the earlier runs: no figure of it can be used: ") {
		t.Errorf("exit code %d, notes %q", r.Verdict.ExitCode, notes)
	}
	if n.disturbed = false; len(n.run(0, 4*time.Second).Runs[0].Notes) > 0 {
		t.Error("a run with figures does not join")
	}
	if rolling, _, _, err := (compare.History{Dir: n.dir}).Runs("a"); len(rolling) != 1 || err != nil {
		t.Errorf("%d runs joined, %v", len(rolling), err)
	}
}
