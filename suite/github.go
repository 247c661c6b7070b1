package suite

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// mostAnnotations bounds them: GitHub shows ten of a step, and half of them are for others.
const mostAnnotations = 5

// Annotate prints the runs that count and did not pass as GitHub Actions shows them beside the files that they come from, the worst first, at most five.
func Annotate(w io.Writer, r *Result) {
	for _, e := range r.Worst(mostAnnotations) {
		place := ""
		if e.File != "" {
			place = fmt.Sprintf("file=%s,line=%d,", property(e.File), e.place())
		}
		fmt.Fprintf(w, "::error %stitle=%s::%s\n", place, property(report.Plain(e.Name)), data(report.Plain(cut(e.Sentence, widestSentence))))
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

// data is text in the place of a command's message, and property in that of one of its properties, as GitHub's own toolkit writes them.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
