package suite

import (
	"io"
	"os"
	"strings"

	"github.com/seed-228c25e4/squall/report/formats"
)

// mostAnnotations bounds them: GitHub shows ten of a step, and half of them are for others.
const mostAnnotations = 5

// Annotate prints the runs that count and did not pass as GitHub Actions shows them beside the files that they come from, the worst first, at most five.
func Annotate(w io.Writer, r *Result) {
	for _, e := range r.Worst(mostAnnotations) {
		a := formats.Annotation{File: e.File, Title: e.Name, Message: cut(e.Sentence, widestSentence)}
		if a.File != "" {
			a.Line = e.place()
		}
		_ = a.Write(w) // whoever cannot be told here finds it in the results
	}
}

// place returns the line that a run is to be shown at: that of the first expectation that it missed, where the file has it.
func (e *Entry) place() int {
	if len(e.Attempts) == 0 || len(e.Attempts[len(e.Attempts)-1].Missed) == 0 {
		return e.Line
	}
	text, err := os.ReadFile(e.File)
	if err != nil {
		return e.Line
	}
	before, _, found := strings.Cut(string(text), e.Attempts[len(e.Attempts)-1].Missed[0])
	if !found {
		return e.Line
	}
	return strings.Count(before, "\n") + 1
}
