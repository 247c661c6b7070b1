package suite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/suite"
)

// suiteOf makes a suite of scenarios of these names, each of which loads its cluster for a minute.
func suiteOf(names ...string) *scenarios.Suite {
	s := &scenarios.Suite{Name: "night", Order: scenarios.AsWritten, Rerun: 2}
	for _, n := range names {
		is := &scenarios.Scenario{Name: n, Broker: scenarios.Broker{Run: scenarios.Embedded, Nodes: 3}}
		is.Phases.Baseline = time.Minute
		s.Runs = append(s.Runs, scenarios.SuiteRun{Name: n, Open: n, Scenario: is})
	}
	return s
}

// A script says what each run comes to, one after another; "10s 11" comes to exit code 11 after ten seconds. Virtual time.
type script map[string][]string

var errLacks = errors.New("no Docker")

func (s script) run(ctx context.Context, r *scenarios.SuiteRun, _ string) (*report.Report, error) {
	steps := s[r.Name]
	s[r.Name] = steps[1:]
	took, what, _ := strings.Cut(steps[0], " ")
	d, err := time.ParseDuration(took)
	if err != nil {
		panic(err)
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		what = "130"
	}
	switch what {
	case "panic":
		panic("at the disco")
	case "lacks":
		return nil, errLacks
	}
	v := report.Verdict{Outcome: report.Inconclusive, Sentence: "as scripted."}
	fmt.Sscan(what, &v.ExitCode)
	switch v.ExitCode {
	case report.ExitPass:
		v.Outcome = report.Pass
	case report.ExitMissed, report.ExitSafety, report.ExitNotRecovered:
		v.Outcome = report.Fail
	}
	v.Sentence = string(v.Outcome) + ": " + v.Sentence
	return &report.Report{Verdict: v}, nil
}

func code(err error) report.ExitCode {
	if errors.Is(err, errLacks) {
		return report.ExitEnvironment
	}
	return report.ExitInternal
}

func night(ctx context.Context, s *scenarios.Suite, of script) *suite.Result {
	return suite.Run(ctx, s, suite.Options{Run: of.run, Code: code})
}

// told is what came of the runs, in the order in which they were to be made: "name: outcome exit-code attempts".
func told(r *suite.Result) (all []string) {
	for i := range r.Runs {
		e := &r.Runs[i]
		all = append(all, fmt.Sprintf("%s: %s %d %d", e.Name, e.Outcome, e.ExitCode, len(e.Attempts)))
	}
	return all
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name    string
		of      script
		change  func(*scenarios.Suite)
		want    []string
		outcome report.Outcome
		code    report.ExitCode
		says    string
	}{
		{"all pass", script{"a": {"1m 0"}, "b": {"1m 0"}}, nil, []string{"a: pass 0 1", "b: pass 0 1"}, report.Pass, 0, "pass: of 2 runs, 2 passed."},
		{"the worst decides", script{"a": {"1m 10"}, "b": {"1m 11"}, "c": {"1m 12"}, "d": {"1m 0"}}, nil,
			[]string{"a: fail 10 1", "b: fail 11 1", "c: fail 12 1", "d: pass 0 1"}, report.Fail, 11, "fail: of 4 runs, 3 failed, 1 passed; b: fail: as scripted."},
		{"inconclusive, then it passes", script{"a": {"1m 20", "1m 20", "1m 0"}}, nil, []string{"a: pass 0 3"}, report.Pass, 0, "1 passed"},
		{"inconclusive, then it fails", script{"a": {"1m 20", "1m 11"}}, nil, []string{"a: fail 11 2"}, report.Fail, 11, "1 failed"},
		{"inconclusive three times in a row", script{"a": {"1m 20", "1m 20", "1m 20"}}, nil, []string{"a: fail 10 3"}, report.Fail, 10, "inconclusive 3 times in a row"},
		{"inconclusive, and not made again", script{"a": {"1m 20"}}, func(s *scenarios.Suite) { s.Rerun = 0 }, []string{"a: inconclusive 20 1"}, report.Inconclusive, 20, "1 inconclusive"},
		{"a panic and a lack lose nothing", script{"a": {"1m panic"}, "b": {"1m lacks"}, "c": {"1m 0"}}, nil,
			[]string{"a: error 1 1", "b: error 3 1", "c: pass 0 1"}, report.Inconclusive, 1, "2 ended with an error, 1 passed; a: error: panic: at the disco"},
		{"a lack alone", script{"a": {"1m lacks"}, "b": {"1m 0"}}, nil, []string{"a: error 3 1", "b: pass 0 1"}, report.Inconclusive, 3, "no Docker"},
		{"the first failure ends it", script{"a": {"1m 0"}, "b": {"1m 10"}, "c": nil}, func(s *scenarios.Suite) { s.FailFast = true },
			[]string{"a: pass 0 1", "b: fail 10 1", "c: not run 20 0"}, report.Fail, 10, "1 failed, 1 not run, 1 passed"},
		{"what nobody knows does not end it", script{"a": {"1m 20"}, "b": {"1m 0"}}, func(s *scenarios.Suite) { s.FailFast, s.Rerun = true, 0 },
			[]string{"a: inconclusive 20 1", "b: pass 0 1"}, report.Inconclusive, 20, "1 inconclusive, 1 passed"},
		{"what does not fit is not begun", script{"a": {"70s 0"}, "b": nil, "c": nil}, func(s *scenarios.Suite) { s.Budget = 130 * time.Second },
			[]string{"a: pass 0 1", "b: not run 20 0", "c: not run 20 0"}, report.Inconclusive, 20, "2 not run, 1 passed; b: not run: it takes about 1m10s, and 1m were left of the budget of 2m10s"},
		{"what fits after something that does not", script{"a": {"65s 0"}, "b": nil, "c": {"5s 0"}},
			func(s *scenarios.Suite) {
				s.Budget, s.Runs[1].Scenario.Phases.Baseline, s.Runs[2].Scenario.Phases.Baseline = 100*time.Second, time.Hour, 0
			}, []string{"a: pass 0 1", "b: not run 20 0", "c: pass 0 1"}, report.Inconclusive, 20, "1 not run, 2 passed"},
		{"nothing is made again that does not fit", script{"a": {"70s 20"}}, func(s *scenarios.Suite) { s.Budget = 2 * time.Minute },
			[]string{"a: inconclusive 20 1"}, report.Inconclusive, 20, "1 inconclusive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := suiteOf(slices.Sorted(maps(c.of))...)
				if c.change != nil {
					c.change(s)
				}
				r := night(t.Context(), s, c.of)
				if got := told(r); !slices.Equal(got, c.want) {
					t.Errorf("%q, want %q", got, c.want)
				}
				if v := r.Verdict; v.Outcome != c.outcome || v.ExitCode != c.code || !strings.Contains(v.Sentence, c.says) {
					t.Errorf("%s %d: %s; want %s %d: %s", v.Outcome, v.ExitCode, v.Sentence, c.outcome, c.code, c.says)
				}
			})
		})
	}
}

func maps(of script) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range of {
			if !yield(name) {
				return
			}
		}
	}
}

// A run in quarantine is made and does not count, until its last day is over.
func TestQuarantine(t *testing.T) {
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		now    string
		code   report.ExitCode
		counts suite.Counts
	}{
		{"2026-12-01 03:00:00", 0, suite.Counts{Passed: 1, Quarantined: 1}},
		{"2027-01-31 23:59:59", 0, suite.Counts{Passed: 1, Quarantined: 1}},
		{"2027-02-01 00:00:00", 11, suite.Counts{Passed: 1, Failed: 1}},
	} {
		s := suiteOf("a", "b")
		s.FailFast = true // for what counts
		s.Runs[0].Quarantine = scenarios.Quarantine{Reason: "flaky", Until: day("2027-01-31 00:00:00")}
		s.Runs[1].Scenario.Name = "b"
		if c.counts.Failed > 0 {
			s.FailFast = false
		}
		r := suite.Run(t.Context(), s, suite.Options{Run: script{"a": {"0s 11"}, "b": {"0s 0"}}.run, Code: code, Now: func() time.Time { return day(c.now) }})
		if r.Verdict.ExitCode != c.code || r.Verdict.Counts != c.counts {
			t.Errorf("%s: exit code %d, %+v: %s", c.now, r.Verdict.ExitCode, r.Verdict.Counts, r.Verdict.Sentence)
		}
		if r.Runs[0].ExitCode != 11 {
			t.Errorf("%s: the run itself came to %d", c.now, r.Runs[0].ExitCode)
		}
	}
}

// Where nothing counts, nothing was tested.
func TestAllInQuarantine(t *testing.T) {
	s := suiteOf("a")
	s.Runs[0].Quarantine = scenarios.Quarantine{Reason: "flaky", Until: time.Now()}
	if r := night(t.Context(), s, script{"a": {"0s 0"}}); r.Verdict.ExitCode != report.ExitInconclusive {
		t.Errorf("%d: %s", r.Verdict.ExitCode, r.Verdict.Sentence)
	}
}

// An interruption ends the run that is going on, and the suite with it; what was found stays.
func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(90*time.Second, func() { cancel(squall.Stopped{By: "SIGTERM", Code: report.ExitTerminated}) })
		r := night(ctx, suiteOf("a", "b", "c"), script{"a": {"1m 11"}, "b": {"1m 0"}, "c": nil})
		want := []string{"a: fail 11 1", "b: inconclusive 130 1", "c: not run 20 0"}
		if got := told(r); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if v := r.Verdict; v.ExitCode != report.ExitInterrupted || v.Outcome != report.Fail || !strings.Contains(v.Sentence, "stopped by SIGTERM") {
			t.Errorf("%s %d: %s", v.Outcome, v.ExitCode, v.Sentence)
		}
	})
}

// The same seed makes the same order, and every run is in it once.
func TestSeededOrder(t *testing.T) {
	names := strings.Split("abcdefghij", "")
	order := func(seed uint64) []string {
		s := suiteOf(names...)
		s.Order, s.Seed = scenarios.Seeded, &seed
		var all []string
		for _, e := range suite.Plan(s, time.Now()).Runs {
			all = append(all, e.Name)
		}
		return all
	}
	one := order(1)
	if !slices.Equal(one, order(1)) || slices.Equal(one, order(2)) || slices.Equal(one, names) {
		t.Errorf("%q, %q", one, order(2))
	}
	if slices.Sort(one); !slices.Equal(one, names) {
		t.Errorf("%q", one)
	}
}

// Results are kept after every run, and tell of those that are still to come.
func TestKeptAfterEachRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept []string
		suite.Run(t.Context(), suiteOf("a", "b"), suite.Options{Run: script{"a": {"1m 0"}, "b": {"1m 11"}}.run, Code: code,
			Keep: func(r *suite.Result, _ []*report.Report) { kept = append(kept, strings.Join(told(r), ", ")) }})
		want := []string{"a: pass 0 1, b: not run 20 0", "a: pass 0 1, b: fail 11 1", "a: pass 0 1, b: fail 11 1"}
		if !slices.Equal(kept, want) {
			t.Errorf("%q, want %q", kept, want)
		}
	})
}

// bad are results whose texts try everything.
func bad(n int) *suite.Result {
	evil := "a|b\n::error::x <script>alert(1)</script> `x` @all \x1b[31m " + strings.Repeat("long ", 1000)
	s := suiteOf()
	for range n {
		s.Runs = append(s.Runs, suiteOf(evil).Runs...)
	}
	r := suite.Plan(s, time.Unix(0, 0))
	for i := range r.Runs {
		e := &r.Runs[i]
		e.NotRun, e.Outcome, e.ExitCode, e.Sentence, e.File, e.Line = "", suite.Fail, 11, evil, "dir/a,b:c%.yaml", 3
		e.Attempts = []suite.Attempt{{Folder: "1-" + evil, Sentence: evil, Error: evil, Files: []string{"report.html"}}}
	}
	return r
}

func TestViewsOfAnything(t *testing.T) {
	var md, html, text bytes.Buffer
	if err := errors.Join(suite.Markdown(&md, bad(1000)), suite.HTML(&html, bad(3)), suite.Text(&text, bad(20))); err != nil {
		t.Fatal(err)
	}
	if md.Len() > 900_000 {
		t.Errorf("the summary has %d bytes", md.Len())
	}
	for _, view := range []string{md.String(), html.String(), text.String()} {
		if strings.Contains(view, "\x1b") || strings.Contains(view, "\n::error") {
			t.Error("something is obeyed by a terminal or by GitHub")
		}
	}
	if strings.Contains(md.String(), "<script") || strings.Contains(html.String(), "<script") {
		t.Error("a script is in a page")
	}
}

func TestAnnotations(t *testing.T) {
	var b strings.Builder
	suite.Annotate(&b, bad(20))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines", len(lines))
	}
	if want := "::error file=dir/a%2Cb%3Ac%25.yaml,line=3,title=a|b"; !strings.HasPrefix(lines[0], want) {
		t.Errorf("%s\nwant %s", lines[0], want)
	}
}
