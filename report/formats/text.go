package formats

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed-228c25e4/squall/report"
)

// Text writes a report for a terminal, at most 100 columns wide where the content allows it: the verdict first, then what it rests on.
func Text(w io.Writer, r *report.Report) error {
	t := &text{w: w}
	t.verdict(r)
	t.table("Run", runRows(r))
	t.list("Not valid", findings(r.Validity))
	t.list("Disturbed by what is no part of the run", disturbances(r.Disturbances))
	t.list("Died outside any fault", crashes(r))
	t.list("To know", r.Findings)
	t.safety(&r.Safety)
	t.expectations(r.Expectations)
	t.faults(r)
	if b := r.Backlog; b != nil {
		t.list("Backlog of consumers that began late", []string{backlog(b)})
	}
	t.table(latencyTitle, latencyRows(r))
	if len(r.Windows) > 0 {
		t.table(generatorTitle(r), generatorRows(r))
	}
	if r.Comparison != nil {
		t.comparison(r.Comparison)
	}
	t.list("Files", r.Files)
	return t.err
}

type text struct {
	w   io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *text) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.line("\n%s", title)
	for _, s := range items {
		t.line("  %s", s)
	}
}

// table writes rows of cells, aligned.
func (t *text) table(title string, rows []row) {
	t.line("\n%s", title)
	tw := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	for _, cells := range rows {
		if t.err == nil {
			_, t.err = fmt.Fprintf(tw, "  %s\n", strings.Join(cells, "\t"))
		}
	}
	if t.err == nil {
		t.err = tw.Flush()
	}
}

func (t *text) verdict(r *report.Report) {
	t.line("%s", strings.ToUpper(string(r.Verdict.Outcome)))
	t.line("%s", r.Verdict.Sentence)
	if len(r.Run.Touched) > 0 {
		t.line("touched by hand: %s", strings.Join(touches(r), ", "))
	}
}

func (t *text) safety(s *report.Safety) {
	t.table(safetyTitle(s), safetyRows(s))
	for _, line := range append(regressions(s), anomalies(s)...) {
		t.line("  %s", line)
	}
}

func (t *text) expectations(all []report.Judged) {
	if len(all) == 0 {
		t.line("\nExpectations\n  none: no objective stated")
		return
	}
	t.table("Expectations", expectationRows(all))
}

// faults tells each fault; of what was injected again and again how it varied, and by itself only what stands out.
func (t *text) faults(r *report.Report) {
	told := func(s *series) {
		rows, of := seriesRows(r, s)
		t.table(s.title(), rows)
		if of != nil {
			t.table(recoveredTitle(of), recovered(of))
		}
	}
	each := func(f *report.Fault) {
		t.table(faultTitle(f), wholeFault(r, f))
	}
	eachFault(r, told, each)
}
