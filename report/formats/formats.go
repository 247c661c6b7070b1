// Package formats shows a report in the forms that people and programs ask for. It knows only the report: what is not in there cannot be shown.
package formats

import (
	"encoding/json"
	"io"

	"github.com/seed-228c25e4/squall/report"
)

// A File is a view of a report that a run leaves in its folder.
type File struct {
	Name  string
	Write func(io.Writer, *report.Report) error
}

// Files are the views that every run leaves, the report itself last: when it is there, the others are.
var Files = []File{
	{"latency.hlog", HdrLog},
	{"latency.hgrm", HdrPercentiles},
	{"report.html", HTML},
	{"junit.xml", JUnit},
	{"report.md", Markdown},
	{"metrics.txt", Metrics},
	{"report.json", JSON},
}

// JSON writes the whole report on one line: report.json. Indented, with each of a histogram's numbers on a line of its own, it would be five times as
// large.
func JSON(w io.Writer, r *report.Report) error { return json.NewEncoder(w).Encode(r) }
