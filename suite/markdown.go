package suite

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-228c25e4/squall/report/formats"
)

// mostRows bounds the table of a summary: with the longest rows it stays below what a CI system takes, which is a megabyte.
const mostRows = 400

// mostBeside bounds the table of recoveries.
const mostBeside = 200

// Markdown writes the results for a step summary of a CI system or a pull request: summary.md. It is smaller than 900 KB whatever the suite is like.
func Markdown(w io.Writer, r *Result) error {
	fmt.Fprintf(w, "## %s: %s\n\n%s\n\n", sign(Outcome(r.Verdict.Outcome)), inline(r.Name, 200), inline(r.Verdict.Sentence, widestSentence))
	fmt.Fprint(w, "| | run | outcome | took | what it came to |\n|---|---|---|---|---|\n")
	for i := range r.Runs {
		if i == mostRows {
			fmt.Fprintf(w, "| | and %d more | | | in %s |\n", len(r.Runs)-i, ResultFile)
			break
		}
		e := &r.Runs[i]
		what := inline(e.Sentence, widestSentence)
		if remarks := e.remarks(); remarks != "" && remarks != e.NotRun {
			what += " *" + inline(remarks, widestSentence) + "*"
		}
		fmt.Fprintf(w, "| %d | %s | %s | %s | %s |\n", e.N, inline(e.Name, 200), sign(e.Outcome)+quarantined(e), about(e.Took), what)
	}
	sideBySide(w, r.SideBySide())
	if r.Comparison != nil {
		fmt.Fprintf(w, "\nCompared with earlier runs: %s\n", inline(r.Comparison.Sentence, widestSentence))
	}
	_, err := fmt.Fprintf(w, "\n%s in %s, in the order %s; exit code %d; squall %s\n", runs(len(r.Runs)), about(r.Took), r.order(), r.Verdict.ExitCode, inline(r.Version, 100))
	return err
}

// sideBySide tells the recoveries of all runs, as many as there is room for.
func sideBySide(w io.Writer, all []Beside) {
	if len(all) == 0 {
		return
	}
	fmt.Fprint(w, "\nRecovery side by side:\n\n| fault | run | service back | failover silence | detected | performance back | redundancy back | explained by |\n|---|---|---|---|---|---|---|---|\n")
	for i := range all[:min(len(all), mostBeside)] {
		b := &all[i]
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", inline(b.Fault, 100), inline(b.Run, 200), strings.Join(b.Cells(), " | "), inline(b.Explained, 200))
	}
	if left := len(all) - mostBeside; left > 0 {
		fmt.Fprintf(w, "| and %d more, in %s | | | | | | | |\n", left, ResultFile)
	}
}

// sign is an outcome in words, which stand out where they are to.
func sign(o Outcome) string {
	switch o {
	case Pass:
		return "✅ pass"
	case Fail:
		return "❌ **fail**"
	case Error:
		return "❌ **error**"
	}
	return "⚠️ **" + string(o) + "**"
}

func quarantined(e *Entry) string {
	if e.Counts() {
		return ""
	}
	return " (does not count)"
}

// inline is so much of a text as a cell of a table has room for.
func inline(s string, most int) string { return formats.MarkdownText(cut(s, most)) }
