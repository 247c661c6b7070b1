package capacity

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// mostMarkdown bounds a section of Markdown, in bytes, so that all stay below what a CI system takes of a summary, which is a megabyte.
const mostMarkdown = 80_000

// Markdown writes an analysed result for a pull request or a step summary of a CI system: capacity.md. It is smaller than 900 KB whatever was measured.
func Markdown(w io.Writer, r *Result) error {
	var b bytes.Buffer
	signs := map[report.Outcome]string{report.Pass: "✅", report.Fail: "❌"}
	sign, ok := signs[r.Verdict.Outcome]
	if !ok {
		sign = "⚠️"
	}
	fmt.Fprintf(&b, "## %s %s\n\n%s\n\n**%s**\n\n", sign, cell(r.Scenario), cell(r.Question), cell(r.Analysis.Answer))
	if text := r.remark(); text != "" {
		fmt.Fprintf(&b, "%s\n\n", cell(text))
	}
	for _, s := range r.sections() {
		s.markdown(&b)
	}
	_, err := b.WriteTo(w)
	return err
}

func cell(s string) string { return formats.MarkdownText(s) }

func (s *section) markdown(b *bytes.Buffer) {
	fmt.Fprintf(b, "### %s\n\n", cell(s.Title))
	for _, p := range s.Lead {
		fmt.Fprintf(b, "%s\n\n", cell(p))
	}
	if len(s.Rows) > 0 {
		line := func(cells []string) string {
			all := make([]string, len(s.Head))
			for i := range all {
				if i < len(cells) {
					all[i] = cell(cells[i])
				}
			}
			return "| " + strings.Join(all, " | ") + " |\n"
		}
		b.WriteString(line(s.Head) + strings.Repeat("|---", len(s.Head)) + "|\n")
		for i, from := 0, b.Len(); i < len(s.Rows); i++ {
			text := line(s.Rows[i].Cells)
			if b.Len()-from+len(text) > mostMarkdown {
				b.WriteString(line([]string{fmt.Sprintf("and %d more, in %s", len(s.Rows)-i, ResultFile)}))
				break
			}
			b.WriteString(text)
		}
		b.WriteString("\n")
	}
	for _, n := range s.Notes[:min(len(s.Notes), mostNotes)] {
		fmt.Fprintf(b, "- %s\n", cell(n))
	}
	b.WriteString("\n")
}

// mostNotes bounds what is said below a table of Markdown.
const mostNotes = 20
