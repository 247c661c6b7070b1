package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// A Mistake is one thing that is wrong with a scenario, and where.
type Mistake struct {
	File       string `json:"file"`       // or "--set load.rate=5k", for what was set on the command line: then Line and Column are 0
	Line       int    `json:"line"`       // from 1
	Column     int    `json:"column"`     // in characters, from 1
	Field      string `json:"field"`      // as --set names it; empty: not about a field
	Message    string `json:"message"`    // what is wrong, and what to write
	Suggestion string `json:"suggestion"` // the nearest right word, as in `did you mean "rate"?`; may be empty
	Excerpt    string `json:"-"`          // the offending line, or what is around the mistake where the line is long

	indent int // how many characters of the excerpt stand before the mistake
}

// Error prints the mistake with its place, the offending line and a caret below it.
func (m Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	b.WriteString(": ")
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	b.WriteString(m.Message)
	if m.Suggestion != "" {
		b.WriteString("; " + m.Suggestion)
	}
	if m.Line > 0 && m.Excerpt != "" {
		fmt.Fprintf(&b, "\n    %s\n    %s^", m.Excerpt, m.padding())
	}
	return b.String()
}

// padding is as wide as what stands before the mistake: tabs stay tabs.
func (m Mistake) padding() string {
	before := []rune(m.Excerpt)
	return strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, string(before[:min(m.indent, len(before))]))
}

// What is shown of a long line, in characters.
const (
	widest = 160
	ahead  = 100 // of these, what stands before the mistake
)

// excerpt sets what is shown of the offending line. Characters that would do something to a terminal become question marks.
func (m *Mistake) excerpt(line string) {
	text := []rune(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\t' {
			return '?'
		}
		return c
	}, line))
	m.indent = m.Column - 1
	if from := min(m.indent, len(text)) - ahead; len(text) > widest && from > 0 {
		text, m.indent = text[from:], ahead
	}
	m.Excerpt = string(text[:min(len(text), widest)])
}

// hide puts stars in the place of secrets: mistakes are told in public pipelines, too.
func (m *Mistake) hide() {
	if set, ok := strings.CutPrefix(m.File, "--set "); ok {
		m.File = "--set " + report.HideSetting(set)
	}
	m.Message = report.HideNamed(m.Message)
	hidden := report.HideNamed(m.Excerpt)
	if hidden == m.Excerpt {
		return
	}
	if text := []rune(m.Excerpt); m.indent < len(text) {
		if before := report.HideNamed(string(text[:m.indent])); strings.HasPrefix(hidden, before) {
			m.indent = len([]rune(before))
		}
	}
	m.Excerpt = hidden
}

// Errors are all mistakes of one scenario, in the file's order; those of --set come last.
type Errors []Mistake

// Error prints all mistakes, one below the other.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, m := range e {
		texts[i] = m.Error()
	}
	return strings.Join(texts, "\n")
}

// A notebook collects the mistakes of one scenario.
type notebook struct {
	file     string
	lines    []string
	set      map[*yaml.Node]string // the --set that a node comes from
	given    map[*yaml.Node]bool   // nodes that stand for what cannot be read: what is wrong with them is told already
	once     map[string]bool       // what is told once however often it is done
	mistakes Errors
}

// newNotebook returns an empty one for a file.
func newNotebook(file string, data []byte) notebook {
	text := strings.ReplaceAll(strings.ToValidUTF8(string(data), "\uFFFD"), "\r\n", "\n")
	return notebook{file: file, lines: strings.Split(text, "\n"), set: map[*yaml.Node]string{}, given: map[*yaml.Node]bool{}, once: map[string]bool{}}
}

// note writes down a mistake at a node; a second one at the same place follows from the first, and is left out.
func (b *notebook) note(n *yaml.Node, field, suggestion, format string, args ...any) {
	if b.given[n] {
		return
	}
	m := Mistake{File: b.file, Field: field, Message: fmt.Sprintf(format, args...), Suggestion: strings.TrimPrefix(suggestion, ", ")}
	if set, ok := b.set[n]; ok {
		m.File = "--set " + set
	} else {
		m.Line, m.Column = max(n.Line, 1), max(n.Column, 1)
	}
	b.add(m)
}

func (b *notebook) add(m Mistake) {
	same := func(o Mistake) bool {
		return o.File == m.File && o.Line == m.Line && o.Column == m.Column && (m.Line > 0 || o.Field == m.Field)
	}
	if slices.ContainsFunc(b.mistakes, same) {
		return
	}
	if m.Line > 0 && m.Line <= len(b.lines) {
		m.excerpt(b.lines[m.Line-1])
	}
	m.hide()
	m.Message = strings.ReplaceAll(m.Message, "\n", "; ")
	b.mistakes = append(b.mistakes, m)
}

// wrong reports whether there is a mistake in the field or in a part of it.
func (b *notebook) wrong(field string) bool {
	return slices.ContainsFunc(b.mistakes, func(m Mistake) bool {
		rest, ok := strings.CutPrefix(m.Field, field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// noted reports whether there is a mistake in the field itself.
func (b *notebook) noted(field string) bool {
	return slices.ContainsFunc(b.mistakes, func(m Mistake) bool { return m.Field == field })
}

// where says where a node stands.
func (b *notebook) where(n *yaml.Node) string {
	if set, ok := b.set[n]; ok {
		return "--set " + set
	}
	return fmt.Sprintf("line %d", max(n.Line, 1))
}

// err returns all mistakes in order; nil: there is none.
func (b *notebook) err() error {
	if len(b.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(b.mistakes, func(x, y Mistake) int {
		return cmp.Or(compareBool(x.Line == 0, y.Line == 0), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	if more := len(b.mistakes) - mostMistakes; more > 0 {
		last := b.mistakes[mostMistakes]
		last.Field, last.Suggestion, last.Message = "", "", fmt.Sprintf("from here on there are %d more mistakes", more)
		b.mistakes = append(b.mistakes[:mostMistakes], last)
	}
	return b.mistakes
}

// mostMistakes bounds what is told of one file.
const mostMistakes = 100

// compareBool sorts false before true.
func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
