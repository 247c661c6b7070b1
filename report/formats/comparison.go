package formats

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// Comparison writes a comparison by itself, for a terminal.
func Comparison(w io.Writer, c *report.Comparison) error {
	t := &text{w: w}
	t.line("%s", strings.ToUpper(string(c.Outcome)))
	t.line("%s", printable(c.Sentence))
	for _, a := range c.Against {
		t.against(a)
	}
	t.line("\n%s", comparisonLimits(c))
	return t.err
}

func (t *text) comparison(c *report.Comparison) {
	t.line("\nComparison: %s", printable(c.Sentence))
	for _, a := range c.Against {
		t.against(a)
	}
	t.line("  %s", comparisonLimits(c))
}

func (t *text) against(a report.Against) {
	t.table(againstTitle(a), againstRows(a))
	for _, note := range a.Notes {
		t.line("  %s", printable(note))
	}
}

// againstTitle says what was held against what.
func againstTitle(a report.Against) string {
	title := fmt.Sprintf("%s of %s against %s (%s)", numberOf(a.New, "run"), printable(a.Scenario), a.Name, numberOf(a.Base, "run"))
	if a.Fresh > 0 {
		title += fmt.Sprintf(", and %s", numberOf(a.Fresh, "fresh run"))
	}
	return title
}

// againstRows tell each figure, what is worse first, then what is better, what cannot be told, and by its name alone what has not changed. Of a single run, what would
// tell more is said once, and so is that there is nothing to hold it against.
func againstRows(a report.Against) (rows []row) {
	if a.Base == 0 && a.New > 0 {
		return []row{{"", "cannot tell: there is no earlier run to compare with"}}
	}
	var same []string
	least, most := 0, 0
	for _, f := range byImportance(a.Figures) {
		if f.Outcome == report.Same {
			same = append(same, printable(f.Figure))
			continue
		}
		rows = append(rows, row{printable(f.Figure), printable(f.Text)})
		switch {
		case a.New == 1 && f.Outcome == report.Unclear && !f.Suspect:
			if f.More > 0 {
				least, most = min(cmp.Or(least, f.More), f.More), max(most, f.More)
			}
		case f.Advice != "":
			rows = append(rows, row{"", printable(f.Advice)})
		}
	}
	switch {
	case most == 0:
	case least == most:
		rows = append(rows, row{"", fmt.Sprintf("about %s would tell", numberOf(most, "more run"))})
	default:
		rows = append(rows, row{"", fmt.Sprintf("about %d to %d more runs would tell, by figure", least, most)})
	}
	return append(rows, under(string(report.Same), same)...)
}

// byImportance sorts figures by how much their reader wants to know of them.
func byImportance(figures []report.ComparedFigure) []report.ComparedFigure {
	order := []report.Compared{report.Worse, report.Unconfirmed, report.Better, report.Unclear, report.Same}
	sorted := slices.Clone(figures)
	slices.SortStableFunc(sorted, func(a, b report.ComparedFigure) int {
		if a.Outcome == b.Outcome && a.Suspect != b.Suspect {
			return map[bool]int{true: -1, false: 1}[a.Suspect]
		}
		return cmp.Compare(slices.Index(order, a.Outcome), slices.Index(order, b.Outcome))
	})
	return sorted
}

// comparisonLimits say what a difference has to pass to count.
func comparisonLimits(c *report.Comparison) string {
	return fmt.Sprintf("What counts: at least %.3g %% and, of durations, %s; p at most %.3g, corrected for the %s that vary; worse only if fresh runs show it too.",
		100*c.Limits.MinShare, report.Human(c.Limits.MinTime), c.Limits.Alpha, numberOf(c.Figures, "figure"))
}

func numberOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
