// Package formats shows a report in the forms that people and programs ask for. It knows only the report: what is not in there cannot be shown.
package formats

import (
	"encoding/json"
	"io"

	"github.com/seed-228c25e4/squall/report"
)

// JSON writes the whole report, indented: report.json.
func JSON(w io.Writer, r *report.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}
