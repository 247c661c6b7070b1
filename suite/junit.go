package suite

import (
	"io"
	"strings"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// JUnit writes all runs into one JUnit file, a testsuite each: junit.xml. A run that was not made, or left no report, is an error; what is in quarantine is
// told, and never a failure. reports are the runs' last ones, nil where there is none.
func JUnit(w io.Writer, r *Result, reports []*report.Report) error {
	runs := make([]formats.JUnitRun, len(r.Runs))
	for i := range r.Runs {
		e := &r.Runs[i]
		runs[i] = formats.JUnitRun{Name: e.Name, Report: reports[i], Took: e.Took, Error: e.wrong(reports[i])}
		if !e.Counts() {
			runs[i].Excused = "in quarantine until " + e.Quarantine.Until + ": " + e.Quarantine.Reason
		}
	}
	return formats.JUnitSuite(w, r.Name, runs)
}

// wrong is what the run's report does not tell of what went wrong; empty: nothing.
func (e *Entry) wrong(r *report.Report) string {
	if len(e.Attempts) == 0 {
		return e.Sentence
	}
	switch last := e.Attempts[len(e.Attempts)-1]; {
	case last.Error != "" || r == nil:
		return strings.TrimPrefix(last.Sentence, "error: ")
	case e.ExitCode != last.ExitCode:
		return e.Sentence
	}
	return ""
}
