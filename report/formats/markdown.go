package formats

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// mostMarkdown is how large a report in Markdown may be, in bytes: the summary of a step of GitHub Actions takes a MiB, of all that it is given.
const mostMarkdown = 900_000

// Markdown writes a report for pull requests and the summaries of CI servers: report.md. It is never larger than 900,000 bytes: what is left out is counted.
// Words of the scenario, of brokers and of errors are words and nothing else there: no markup, no mention, no command to a CI server that prints the file.
func Markdown(w io.Writer, r *report.Report) error {
	m := &markdown{}
	m.section(60_000, "", func() { m.head(r) })
	m.section(60_000, "", func() { m.table(nil, runRows(r)) })
	m.section(100_000, "Valid", func() { m.valid(r) })
	m.section(100_000, safetyTitle(&r.Safety), func() { m.safety(r) })
	m.section(100_000, "Expectations", func() { m.expectations(r.Expectations) })
	m.section(250_000, "Faults and recovery", func() { m.faults(r) })
	m.section(60_000, latencyTitle, func() { m.table(latencyRows(r)[0], latencyRows(r)[1:]) })
	if len(r.Windows) > 0 {
		rows := generatorRows(r)
		m.section(20_000, generatorTitle(r), func() { m.table(rows[0], rows[1:]) })
	}
	m.section(100_000, "Again", func() { m.again(r) })
	m.section(20_000, "Files", func() { m.list(fileNames(r.Files)) })
	_, err := m.all.WriteTo(w)
	return err
}

// A markdown is written section by section, each with room of its own, so that none can take that of the verdict.
type markdown struct {
	all  bytes.Buffer
	room int // left in this section, in bytes
	left int // lines, tables or faults of this section for which there was no room
}

// section writes a section; one with nothing in it is left out.
func (m *markdown) section(room int, title string, write func()) {
	m.room, m.left = room, 0
	begin := m.all.Len()
	if title != "" {
		m.add("### " + MarkdownText(title) + "\n\n")
	}
	empty := m.all.Len()
	write()
	switch {
	case m.left > 0:
		fmt.Fprintf(&m.all, "\n... and %d more, for which there is no room; report.json has them.\n\n", m.left)
	case m.all.Len() == empty:
		m.all.Truncate(begin)
	}
}

// add writes something that is told as a whole, or counts it.
func (m *markdown) add(text string) {
	if len(text) > m.room {
		m.left++
		return
	}
	m.room -= len(text)
	m.all.WriteString(text)
}

func (m *markdown) list(items []string) {
	if len(items) == 0 {
		return
	}
	for _, s := range items {
		m.add("- " + MarkdownText(s) + "\n")
	}
	m.add("\n")
}

// table writes rows below their columns' names; nil: they have none.
func (m *markdown) table(columns row, rows []row) {
	head, lines := tableOf(columns, rows)
	m.add(head)
	for _, line := range lines {
		m.add(line)
	}
	m.add("\n")
}

// tableOf returns a table's head and its lines. All have as many cells as the widest.
func tableOf(columns row, rows []row) (head string, lines []string) {
	width := len(columns)
	for _, cells := range rows {
		width = max(width, len(cells))
	}
	line := func(cells row) string {
		var b strings.Builder
		for i := range width {
			cell := ""
			if i < len(cells) {
				cell = MarkdownText(cells[i])
			}
			b.WriteString("| " + cell + " ")
		}
		return b.String() + "|\n"
	}
	for _, cells := range rows {
		lines = append(lines, line(cells))
	}
	return line(columns) + strings.Repeat("|---", width) + "|\n", lines
}

func (m *markdown) head(r *report.Report) {
	m.add(fmt.Sprintf("## %s: %s\n\n", MarkdownText(strings.ToUpper(string(r.Verdict.Outcome))), MarkdownText(r.Run.Scenario)))
	if r.Verdict.Sentence != "" {
		m.add(MarkdownText(r.Verdict.Sentence) + "\n\n")
	}
	if r.Run.About != "" {
		m.add(MarkdownText(r.Run.About) + "\n\n")
	}
	if len(r.Run.Touched) > 0 {
		m.add("Touched by hand:\n\n")
		m.list(touches(r))
	}
}

func (m *markdown) valid(r *report.Report) {
	for _, of := range []struct {
		title string
		lines []string
	}{
		{"Not valid:", findings(r.Validity)},
		{"Disturbed by what is no part of the run:", disturbances(r.Disturbances)},
		{"Died outside any fault:", crashes(r)},
		{"To know:", r.Findings},
	} {
		switch {
		case len(of.lines) > 0:
			m.add(of.title + "\n\n")
			m.list(of.lines)
		case of.title == "Not valid:":
			m.add("Yes.\n\n")
		}
	}
}

func (m *markdown) safety(r *report.Report) {
	m.table(row{"rule", "", "count"}, ruleRows(r))
	m.table(nil, safetyRows(&r.Safety))
	m.list(append(regressions(&r.Safety), anomalies(&r.Safety)...))
}

func (m *markdown) expectations(all []report.Judged) {
	if len(all) == 0 {
		m.add("None: no objective stated.\n\n")
		return
	}
	m.table(nil, expectationRows(all))
}

// faults tells each fault as a whole, or leaves it out as a whole.
func (m *markdown) faults(r *report.Report) {
	whole := func(title string, columns row, rows []row) string {
		head, lines := tableOf(columns, rows)
		return "#### " + MarkdownText(title) + "\n\n" + head + strings.Join(lines, "") + "\n"
	}
	if b := r.Backlog; b != nil {
		m.add("Backlog of consumers that began late: " + MarkdownText(backlog(b)) + "\n\n")
	}
	if len(r.Faults) == 0 {
		m.add("None.\n\n")
	}
	eachFault(r, func(s *series) {
		rows, of := seriesRows(r, s)
		text := whole(s.title(), nil, rows)
		if of != nil {
			varied := recovered(of)
			text += whole(recoveredTitle(of), varied[0], varied[1:])
		}
		m.add(text)
	}, func(f *report.Fault) {
		m.add(whole(faultTitle(f), nil, wholeFault(r, f)))
	})
}

// again says how to repeat the run, and with what.
func (m *markdown) again(r *report.Report) {
	if len(r.Run.Command) > 0 {
		m.add(fenced("sh", shell(r.Run.Command)))
	}
	if r.Run.Effective != "" {
		m.add("<details><summary>The scenario, with everything filled in</summary>\n\n" + fenced("yaml", strings.TrimSpace(r.Run.Effective)) + "</details>\n\n")
	}
}
