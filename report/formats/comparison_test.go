package formats

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// compared returns a comparison in which there is one figure of each outcome.
func compared() *report.Comparison {
	figure := func(name string, o report.Compared, text, advice string) report.ComparedFigure {
		return report.ComparedFigure{Figure: name, Unit: report.UnitDuration, Outcome: o, Text: string(o) + ": " + text, Advice: advice}
	}
	suspect := figure("ack.p99 during slow-network", report.Unclear, "360ms, and 153ms before; +208ms, too few runs for an interval; 1 new against 17",
		"worse than every earlier run; 3 fresh runs would tell")
	suspect.Suspect = true
	return &report.Comparison{Outcome: report.Worse, Figures: 12, Limits: report.ComparisonLimits{Alpha: 0.05, MinShare: 0.2, MinTime: 20 * time.Millisecond},
		Sentence: "worse: recovery.service of leader-kill; cannot tell in 2 of 7 figures; no change that matters in 2 of 7 figures",
		Against: []report.Against{
			{Name: "the runs before", Scenario: "leader-kill", Base: 20, New: 6, Fresh: 5, Notes: []string{"Left out: earlier run 20260101T020000Z-aaaaaaaa: its verdict is fail."},
				Figures: []report.ComparedFigure{
					figure("ack.p50 during baseline", report.Same, "3ms, and 3ms before; 0 (-1ms to +1ms); 6 new against 20", ""),
					figure("ack.p99 during baseline", report.Unclear, "12ms, and 15ms before; -3ms (-40ms to +30ms); 6 new against 20", "about 4 more runs would"),
					suspect,
					figure("ack.p99 during leader-kill", report.Same, "2.1s, and 2.1s before; 0 (-1ms to +1ms); 6 new against 20", ""),
					figure("recovery.drained of leader-kill", report.Better, "1s, and 2s before; -1s (-1.1s to -850ms); 6 new against 20", ""),
					figure("recovery.service of leader-kill", report.Worse, "5.03s, and 4s before; +1.02s (+900ms to +1.15s); 5 fresh against 20", "fresh runs confirmed it; unknown of 1"),
				}},
			{Name: "the pinned reference, to 2026-01-01", Scenario: "leader-kill", Base: 30, New: 10, Figures: []report.ComparedFigure{
				figure("recovery.service of leader-kill", report.Unconfirmed, "5.03s, and 4s before; +1.02s (+900ms to +1.15s); 10 new against 30", "2 fresh runs would confirm it"),
			}},
		}}
}

// Of a single run it is said once what would tell more.
func TestComparisonOfOneRun(t *testing.T) {
	c := compared()
	a := &c.Against[0]
	a.New, a.Fresh, a.Figures = 1, 0, a.Figures[1:3]
	a.Figures = append(a.Figures, a.Figures[0])
	a.Figures[0].More, a.Figures[2].More = 4, 9
	var b bytes.Buffer
	if err := Comparison(&b, c); err != nil {
		t.Fatal(err)
	}
	told := b.String()
	if strings.Count(told, "3 fresh runs would tell") != 1 || strings.Count(told, "more runs would") != 1 || !strings.Contains(told, " about 4 to 9 more runs would tell, by figure\n") {
		t.Error(told)
	}
	if strings.Index(told, "ack.p99 during slow-network") > strings.Index(told, "ack.p99 during baseline") {
		t.Errorf("the suspect does not come first:\n%s", told)
	}
}

func TestComparison(t *testing.T) {
	var alone, whole bytes.Buffer
	if err := Comparison(&alone, compared()); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "comparison.golden"), alone.String())
	r := passing()
	r.Comparison = compared()
	if err := Text(&whole, r); err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(whole.String(), "\nComparison: worse: recovery.service of leader-kill")
	for _, line := range strings.Split(alone.String(), "\n")[2:] {
		if !strings.Contains(section, strings.TrimSpace(line)) {
			t.Errorf("the report's section has no line %q", line)
		}
	}
	if !found || !strings.Contains(section, "\nFiles\n") {
		t.Errorf("the section is not before the files:\n%s", whole.String())
	}
}
