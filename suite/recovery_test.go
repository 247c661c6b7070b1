package suite_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/suite"
)

// How each run came back from the faults of the same name stands side by side, of a fault that was injected again and again once, with the median.
func TestSideBySide(t *testing.T) {
	known := func(s int) report.Figure { return report.KnownFigure(time.Duration(s) * time.Second) }
	of := map[string]*report.Report{
		"one": {
			Series:   []report.Series{{Name: "death", Took: 9, Service: report.Distribution{P50: known(8)}, Failover: report.Distribution{P50: known(7)}, Explained: "the session <time-out>"}},
			Recovery: []report.Recovery{{Fault: "death #1", Service: known(80)}, {Fault: "alone", Service: known(5), Detect: report.Figure{Why: "nobody looked"}}},
		},
		"two":   {Recovery: []report.Recovery{{Fault: "death", Service: report.Figure{Value: 30 * time.Second, Censored: true}}}},
		"three": {},
	}
	r := suite.Run(t.Context(), suiteOf("one", "two", "three"), suite.Options{Code: code, Run: func(_ context.Context, r *scenarios.SuiteRun, _ string) (*report.Report, error) {
		made := of[r.Name]
		made.Verdict = report.Verdict{Outcome: report.Pass, Sentence: "pass: as scripted."}
		return made, nil
	}})
	var lines []string
	for _, b := range r.SideBySide() {
		lines = append(lines, b.Fault+" "+b.Run+" "+strings.Join(b.Cells()[:2], " "))
	}
	if got, want := strings.Join(lines, "; "), "alone one 5s -; death one 8s 7s; death two > 30s -"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var page, summary bytes.Buffer
	if err := suite.HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	if err := suite.Markdown(&summary, r); err != nil {
		t.Fatal(err)
	}
	for text, in := range map[string]string{
		"Recovery side by side": page.String(), "median of 9": page.String(), "the session &lt;time-out&gt;": page.String(), "&gt; 30s": page.String(), "death #1": summary.String(),
		"| alone | one | 5s | - | - |": summary.String(), "| death | one | 8s | 7s | - |": summary.String(),
	} {
		if strings.Contains(in, text) == (text == "death #1") {
			t.Errorf("%q: in\n%s", text, in)
		}
	}
}
