package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// A File is a view of the results that a suite leaves in its folder.
type File struct {
	Name  string
	Write func(io.Writer, *Result, []*report.Report) error
}

// of is a view of the results alone.
func of(write func(io.Writer, *Result) error) func(io.Writer, *Result, []*report.Report) error {
	return func(w io.Writer, r *Result, _ []*report.Report) error { return write(w, r) }
}

// Files are the views that every suite leaves, made of the results and of the reports as Options.Keep is told them. The results are the last: when they are
// there, the others are.
var Files = []File{
	{"junit.xml", JUnit},
	{"summary.md", of(Markdown)},
	{"index.html", of(HTML)},
	{ResultFile, of(JSON)},
}

// ResultFile is the name of the file that the others are views of.
const ResultFile = "suite.json"

// JSON writes the results, indented: suite.json.
func JSON(w io.Writer, r *Result) error { return indented(w, r) }

func indented(w io.Writer, what any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(what)
}

// Text writes the results for a terminal: the verdict, and a line for each run.
func Text(w io.Writer, r *Result) error {
	fmt.Fprintf(w, "%s\n%s\n\n", strings.ToUpper(string(r.Verdict.Outcome)), report.Plain(r.Verdict.Sentence))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range r.Runs {
		e := &r.Runs[i]
		fmt.Fprintf(tw, "  %d\t%s\t%s\t%s\t%s\n", e.N, e.state(), report.Plain(e.Name), about(e.Took), report.Plain(e.remarks()))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, e := range r.Worst(mostTold) {
		fmt.Fprintf(w, "\n%s\n  %s\n", report.Plain(e.Name), report.Plain(cut(e.Sentence, widestSentence)))
		if len(e.Attempts) > 0 {
			fmt.Fprintf(w, "  %s\n", report.Plain(e.Attempts[len(e.Attempts)-1].Folder))
		}
	}
	if more := len(r.Worst(len(r.Runs))) - mostTold; more > 0 {
		fmt.Fprintf(w, "\nand %d more in %s\n", more, ResultFile)
	}
	if r.Comparison != nil {
		fmt.Fprintln(w, "\nCompared with earlier runs")
		if err := formats.Comparison(w, r.Comparison); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s in %s, in the order %s\n", runs(len(r.Runs)), about(r.Took), r.order())
	return err
}

// What is told in words of runs that did not pass.
const (
	mostTold       = 10
	widestSentence = 600 // characters
)

// List writes what would run: in which order, for about how long, and what it needs.
func List(w io.Writer, r *Result) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "  N\tRUN\tABOUT\tNEEDS\t\n")
	for i := range r.Runs {
		e := &r.Runs[i]
		fmt.Fprintf(tw, "  %d\t%s\t%s\t%s\t%s\n", e.N, report.Plain(e.Name), about(e.Estimate), e.Needs, report.Plain(e.remarks()))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	total := r.estimate()
	fmt.Fprintf(w, "\n%s, about %s one after another, in the order %s", runs(len(r.Runs)), about(total), r.order())
	if r.Budget > 0 {
		fmt.Fprintf(w, "; the budget is %s", about(r.Budget))
		if total > r.Budget {
			fmt.Fprint(w, ", and not all are likely to fit: those that do not are told as not run, and the suite is then inconclusive")
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// state is an outcome as a table has it: in capitals where somebody has to look.
func (e *Entry) state() string {
	switch {
	case !e.Counts():
		return "(" + string(e.Outcome) + ")"
	case e.Outcome == Pass:
		return "pass"
	}
	return strings.ToUpper(string(e.Outcome))
}

// remarks tell what is not in a run's verdict.
func (e *Entry) remarks() string {
	var all []string
	if again := len(e.Attempts) - 1; again > 0 {
		all = append(all, fmt.Sprintf("made %d times", again+1))
	}
	if fresh := len(e.Fresh); fresh > 0 {
		all = append(all, fmt.Sprintf("%s more to confirm that it is worse", runs(fresh)))
	}
	for _, w := range e.Worse {
		all = append(all, "worse: "+w)
	}
	if q := e.Quarantine; q != nil && q.Holds {
		all = append(all, fmt.Sprintf("in quarantine until %s: %s", q.Until, q.Reason))
	} else if q != nil {
		all = append(all, fmt.Sprintf("its quarantine ended on %s: %s", q.Until, q.Reason))
	}
	if e.NotRun != "" && len(e.Attempts) == 0 && e.NotRun != notYet {
		all = append(all, e.NotRun)
	}
	return strings.Join(append(all, e.Notes...), "; ")
}

func (r *Result) order() string {
	if r.Seed != nil {
		return fmt.Sprintf("of seed %d", *r.Seed)
	}
	return "that is written"
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if all := []rune(s); len(all) > most {
		return string(all[:most]) + "..."
	}
	return s
}
