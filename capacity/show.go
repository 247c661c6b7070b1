package capacity

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/seed-228c25e4/squall/report"
)

// Text writes an analysed result for a terminal: the answer first, then what it rests on, and a line for each point. What each of them used is left to the files.
func Text(w io.Writer, r *Result) error {
	fmt.Fprintf(w, "%s\n", strings.ToUpper(string(r.Verdict.Outcome)))
	for _, text := range []string{r.Question, r.Analysis.Answer, r.remark()} {
		if text != "" {
			fmt.Fprintln(w, strings.Join(wrapped(report.Plain(text), widestLine), "\n"))
		}
	}
	for _, s := range r.sections() {
		if s.Detail {
			continue // the files have it
		}
		if err := s.text(w); err != nil {
			return err
		}
	}
	if err := table(w, r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s in %s\n", countOf(r.points(), "point"), report.Roughly(r.Took))
	return err
}

// widestLine is how wide paragraphs and tables are on a terminal, in columns.
const widestLine = 110

// text writes a section.
func (s *section) text(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n", s.Title)
	switch {
	case len(s.Head) == 2:
		s.pairs(w)
	case s.width() <= widestLine:
		if err := s.table(w); err != nil {
			return err
		}
	default:
		s.lists(w)
	}
	for _, note := range s.Notes {
		hanging(w, "", note)
	}
	return nil
}

// width is how wide the section's table would be.
func (s *section) width() (sum int) {
	for i, head := range s.Head {
		most := utf8.RuneCountInString(head)
		for _, row := range s.Rows {
			most = max(most, utf8.RuneCountInString(row.Cells[i]))
		}
		sum += most + 2
	}
	return sum
}

func (s *section) table(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "  %s\n", strings.ToUpper(strings.Join(s.Head, "\t")))
	for _, row := range s.Rows {
		fmt.Fprintf(tw, "  %s\n", strings.Join(plain(row.Cells), "\t"))
	}
	return tw.Flush()
}

// lists writes, of each row, a line for each cell: they would not fit beside one another.
func (s *section) lists(w io.Writer) {
	for _, row := range s.Rows {
		fmt.Fprintf(w, "  %s\n", report.Plain(row.Cells[0]))
		for i, cell := range row.Cells[1:] {
			if cell != "" {
				fmt.Fprintf(w, "    %-31s %s\n", s.Head[i+1], report.Plain(cell))
			}
		}
	}
}

// pairs writes rows of a name and a text.
func (s *section) pairs(w io.Writer) {
	most := 0
	for _, row := range s.Rows {
		most = max(most, utf8.RuneCountInString(row.Cells[0]))
	}
	for _, row := range s.Rows {
		hanging(w, fmt.Sprintf("%-*s  ", min(most, widestLine/3), report.Plain(row.Cells[0])), row.Cells[1])
	}
}

// hanging writes a paragraph, indented as far as its name is long.
func hanging(w io.Writer, name, text string) {
	indent := utf8.RuneCountInString(name)
	for i, line := range wrapped(report.Plain(text), widestLine-2-indent) {
		if i > 0 {
			name = strings.Repeat(" ", indent)
		}
		fmt.Fprintf(w, "  %s%s\n", name, line)
	}
}

func plain(cells []string) []string {
	all := make([]string, len(cells))
	for i, c := range cells {
		all[i] = report.Plain(c)
	}
	return all
}

// wrapped breaks a paragraph into lines.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
