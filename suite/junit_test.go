package suite_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/suite"
)

// In JUnit a run that was not made is an error, and what is in quarantine is told and fails nothing.
func TestJUnit(t *testing.T) {
	s := suiteOf("failed", "excused", "lacking", "left-out")
	s.Runs[1].Quarantine = scenarios.Quarantine{Reason: "flaky", Until: time.Now()}
	s.Runs[3].Scenario.Phases.Baseline, s.Budget = time.Hour, 30*time.Minute
	of := script{"failed": {"0s 11"}, "excused": {"0s 11"}, "lacking": {"0s lacks"}}
	var xml strings.Builder
	run := func(ctx context.Context, r *scenarios.SuiteRun, folder string) (*report.Report, error) {
		done, err := of.run(ctx, r, folder)
		if done != nil {
			done.Run.Contract.Durable = true
			done.Safety = report.Safety{Sent: 10, Acknowledged: 10, Lost: 3, FinalRead: report.FinalRead{Done: true}, Drained: true}
			report.Judge(done, nil)
		}
		return done, err
	}
	suite.Run(t.Context(), s, suite.Options{Run: run, Code: code, Keep: func(r *suite.Result, reports []*report.Report) {
		xml.Reset()
		if err := suite.JUnit(&xml, r, reports); err != nil {
			t.Error(err)
		}
	}})
	suites := strings.Split(xml.String(), "<testsuite ")[1:]
	if len(suites) != 4 {
		t.Fatalf("%d testsuites in\n%s", len(suites), xml.String())
	}
	for i, want := range []struct{ failures, errors, says string }{
		{`failures="1"`, `errors="0"`, "are lost"},
		{`failures="0"`, `errors="0"`, "in quarantine until " + time.Now().UTC().Format(time.DateOnly) + ": flaky: "},
		{`failures="0"`, `errors="1"`, "no Docker"},
		{`failures="0"`, `errors="1"`, "not run: it takes about 1h"},
	} {
		if !strings.Contains(suites[i], want.failures) || !strings.Contains(suites[i], want.errors) || !strings.Contains(suites[i], want.says) {
			t.Errorf("want %v in\n%s", want, suites[i])
		}
	}
}
