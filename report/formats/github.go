package formats

import (
	"fmt"
	"io"
	"strings"
)

// An Annotation is an error that GitHub Actions shows beside the line that it is in.
type Annotation struct {
	File    string // empty: it is in none
	Line    int    // from 1; 0: in the file as a whole
	Column  int    // from 1; 0: in the line as a whole
	Title   string
	Message string
}

// Write writes the annotation as the workflow command that a step prints, on one line that holds no other command.
func (a Annotation) Write(w io.Writer) error {
	place := ""
	if a.File != "" {
		place = "file=" + property(a.File) + ","
	}
	if a.Line > 0 {
		place += fmt.Sprintf("line=%d,", a.Line)
	}
	if a.Column > 0 {
		place += fmt.Sprintf("col=%d,", a.Column)
	}
	_, err := fmt.Fprintf(w, "::error %stitle=%s::%s\n", place, property(a.Title), WorkflowText(a.Message))
	return err
}

// WorkflowText is text that stands on one line of what a step prints, as GitHub's own toolkit escapes it.
func WorkflowText(s string) string { return workflow.Replace(lines(s)) }

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(WorkflowText(s))
}

var workflow = strings.NewReplacer("%", "%25", "\n", "%0A")
