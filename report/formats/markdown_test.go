package formats

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-228c25e4/squall/report"
)

func markdownOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	lost := judged(t, failing())
	lost.Run.Command, lost.Run.Effective = []string{"squall", "run", "leader-kill", "--seed", "42"}, "name: leader-kill\nseed: 42\n"
	for name, r := range map[string]*report.Report{"fail": lost, "repeated": judged(t, repeated()), "inconclusive": judged(t, inconclusive()), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			got := markdownOf(t, r)
			golden(t, filepath.Join("testdata", "markdown-"+name+".golden"), got)
			if !strings.HasPrefix(got, "## "+strings.ToUpper(string(r.Verdict.Outcome))) {
				t.Errorf("the verdict does not come first: %q", strings.SplitN(got, "\n", 2)[0])
			}
			tables(t, got)
		})
	}
}

var cell = regexp.MustCompile(`(^|[^\\])(\\\\)*\|`) // the end of one: not a word's own

// tables checks that each table is as wide all over as its head.
func tables(t *testing.T, text string) {
	t.Helper()
	width := 0
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		n := len(cell.FindAllString(line, -1))
		if width == 0 {
			width = n
		}
		if n != width || !strings.HasSuffix(line, "|") {
			t.Errorf("%d cells where there are %d: %q", n-1, width-1, line)
		}
	}
}

// Words are words: whatever they are, they say nothing to Markdown, to browsers, to terminals, and to CI servers.
func TestMarkdownHostile(t *testing.T) {
	r := spoilt()
	r.Run.Effective = "name: x\nabout: |\n  ::error::owned\n  ##vso[task.complete]\n  ````\n````\n</details>" + hostile
	got := markdownOf(t, r)
	tables(t, got)
	for n, line := range strings.Split(got, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			t.Errorf("line %d is a command to a CI server: %q", n+1, line)
		}
		if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
			t.Errorf("line %d is no text: %q", n+1, line)
		}
	}
	prose := outside(t, got)
	prose = strings.Replace(prose, "<details><summary>The scenario, with everything filled in</summary>", "", 1)
	prose = strings.Replace(prose, "</details>", "", 1)
	for _, bad := range []string{"<", "@everyone", "http://"} {
		if at := strings.Index(prose, bad); at >= 0 {
			t.Errorf("%q is in it: %q", bad, prose[max(0, at-40):min(len(prose), at+40)])
		}
	}
	if at := regexp.MustCompile("(^|[^\\\\])(\\\\\\\\)*[`*_\\[]").FindStringIndex(prose); at != nil {
		t.Errorf("markup: %q", prose[max(0, at[0]-40):min(len(prose), at[1]+40)])
	}
}

// outside returns what is in no block of code. Every block ends.
func outside(t *testing.T, text string) string {
	t.Helper()
	var prose strings.Builder
	fence := ""
	for _, line := range strings.Split(text, "\n") {
		switch ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]; {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && len(ticks) >= len(fence) && line == ticks:
			fence = ""
		case fence == "":
			prose.WriteString(line + "\n")
		}
	}
	if fence != "" {
		t.Errorf("a block of code does not end: %q", text)
	}
	return prose.String()
}

// However much there is to tell, there is an end to it, and what is left out is told.
func TestMarkdownBounded(t *testing.T) {
	t.Parallel()
	r := judged(t, failing())
	long := strings.Repeat("<&|@#`", 1_000)
	r.Verdict.Sentence, r.Run.About, r.Run.Effective, r.Run.Scenario = long, long, long, long
	r.Run.Command = []string{"squall", "run", "x", "--seed", "7"}
	const many = 100 // of each, which is several times what there is room for
	for i := range many {
		f := r.Faults[0]
		f.Name, f.Evidence = fmt.Sprintf("death-%d", i), []string{long}
		r.Faults = append(r.Faults, f)
		r.Findings, r.Files = append(r.Findings, long), append(r.Files, long)
		r.Safety.Examples = append(r.Safety.Examples, report.Anomaly{Kind: "lost", Note: long})
		r.Expectations = append(r.Expectations, report.Judged{Text: long, Outcome: report.Fail})
		r.Validity, r.Run.Touched = append(r.Validity, report.Finding{Text: long}), append(r.Run.Touched, report.Touch{What: long})
		r.Run.Broker.Images = append(r.Run.Broker.Images, report.Image{Name: long, Note: long})
		r.Phases = append(r.Phases, report.PhaseFigures{Phase: report.Phase{Name: long}, Acknowledged: 1})
	}
	got := markdownOf(t, r)
	if len(got) > mostMarkdown {
		t.Errorf("%d bytes, and %d is the most", len(got), mostMarkdown)
	}
	told := strings.Count(got, "#### Fault death-")
	left := regexp.MustCompile(`\n\.\.\. and (\d+) more, for which there is no room`).FindAllStringSubmatch(got, -1)
	if told == 0 || len(left) < 7 || !strings.Contains(got, fmt.Sprintf("... and %d more", many-told)) {
		t.Errorf("%d faults of %d are told, and left out are %q", told, many+1, left)
	}
	if !strings.Contains(got, "squall run x --seed 7") {
		t.Error("how to repeat it is left out")
	}
}
