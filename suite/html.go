package suite

import (
	_ "embed"
	"html/template"
	"io"
	"path"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

//go:embed index.html.tmpl
var indexText string

var index = template.Must(template.New("index").Funcs(template.FuncMap{"about": about, "runs": runs, "plain": report.Plain}).Parse(indexText))

// HTML writes the results as one page that needs no network and runs no script, and links the report of each run: index.html.
func HTML(w io.Writer, r *Result) error { return index.Execute(w, r) }

// InOrder is the order of the runs in words.
func (r *Result) InOrder() string { return r.order() }

// State is the outcome as tables have it.
func (e *Entry) State() string { return e.state() }

// Class is the outcome as one word, for a style sheet.
func (e *Entry) Class() string {
	switch {
	case !e.Counts():
		return "quarantine"
	case e.Outcome == NotRun:
		return "none"
	}
	return string(e.Outcome)
}

// Remarks are what is not in the run's verdict.
func (e *Entry) Remarks() string {
	if r := e.remarks(); r != e.NotRun {
		return r
	}
	return ""
}

// All are all times that the run was made.
func (e *Entry) All() []Attempt { return slices.Concat(e.Attempts, e.Fresh) }

// Link is the best that there is to read of the attempt, from the suite's folder; empty: nothing.
func (a Attempt) Link() string {
	for _, name := range []string{"report.html", "report.json", "events.ndjson"} {
		if slices.Contains(a.Files, name) {
			return path.Join(a.Folder, name)
		}
	}
	return ""
}
