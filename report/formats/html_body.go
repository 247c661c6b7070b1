package formats

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Bounds of the page's lists: what is beyond them stands in report.json.
const (
	mostItems    = 50
	mostEvents   = 250
	mostPhases   = 60
	mostLogLines = 60 // lines of a broker's log
)

func sorted(of map[string]string) (rows [][]string) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		rows = append(rows, []string{name, of[name]})
	}
	return rows
}

// A validPart is what makes figures worth less, and what there is to know besides.
type validPart struct {
	Findings     []report.Finding
	Disturbances []string
	ToKnow       []string
	Unseen       []string
}

func validOf(r *report.Report) validPart {
	v := validPart{Findings: r.Validity, ToKnow: firstOf(r.Findings, mostItems, "report.json"), Unseen: r.Run.Host.Unseen}
	if n := len(v.Findings); n > mostItems {
		v.Findings = append(slices.Clone(v.Findings[:mostItems]), report.Finding{Scope: "more", Text: report.Thousands(uint64(n-mostItems)) + " more, in report.json"})
	}
	var all []string
	for _, d := range r.Disturbances {
		all = append(all, fmt.Sprintf("%s (%s)", d, utc(r, d.From)))
	}
	v.Disturbances = firstOf(all, mostItems, "report.json")
	return v
}

// An expected is an expectation and what it came to.
type expected struct{ Class, Sign, Word, Text, Got, Why string }

func expectedOf(r *report.Report) (all []expected) {
	signs := map[report.Outcome]string{report.Pass: "✓", report.Fail: "✗", report.Inconclusive: "?"}
	words := map[report.Outcome]string{report.Pass: "met", report.Fail: "MISSED", report.Inconclusive: "unknown"}
	for _, e := range r.Expectations {
		x := expected{Class: string(e.Outcome), Sign: signs[e.Outcome], Word: words[e.Outcome], Text: e.Text, Got: e.Got, Why: e.Why}
		if e.Warn {
			x.Word += ", only a warning"
		}
		all = append(all, x)
	}
	return all
}

// A faultsPart is each fault as it was planned and as it went.
type faultsPart struct {
	Timeline *drawing
	Cards    []card
	Series   []card
	More     string
}

// A card tells of one thing in rows of a name and a value.
type card struct {
	Title, Class string
	Rows         [][2]string
}

func faultsOf(r *report.Report) faultsPart {
	var p faultsPart
	left := len(r.Faults)
	eachFault(r, func(s *series) {
		rows, _ := seriesRows(r, s)
		p.Series = append(p.Series, card{Title: s.title(), Rows: named(rows)})
	}, func(f *report.Fault) {
		if len(p.Cards) == mostItems {
			return
		}
		left--
		c := card{Title: faultTitle(f)}
		for _, t := range []struct {
			name string
			at   time.Duration
		}{{"planned", f.Planned}, {"commanded", f.Commanded}, {"effective", f.Effective}, {"healed", f.Healed}} {
			if t.name != "planned" || !f.ByHand {
				c.Rows = append(c.Rows, [2]string{t.name, at(r, t.at)})
			}
		}
		for _, told := range slices.Concat(faultRows(r, f), clientRows(r, f), faultEnd(f)) {
			if told[0] != "when" { // it stands above, with the time of day
				c.Rows = append(c.Rows, named([]row{told})...)
			}
		}
		p.Cards = append(p.Cards, c)
	})
	if left > 0 {
		p.More = fmt.Sprintf("%s more, in report.json", report.Thousands(uint64(left)))
	}
	return p
}

// latencyOf is a row for each phase in which something was due.
func latencyOf(r *report.Report) table {
	t := gridOf(latencyRows(r))
	if n := len(t.Rows) - mostPhases; n > 0 {
		t.Rows, t.More = t.Rows[:mostPhases], fmt.Sprintf("%s more, in report.json", report.Thousands(uint64(n)))
	}
	return t
}

// A crash is a broker that died by itself, and its last words.
type crash struct{ Title, Log string }

func crashesOf(r *report.Report) (all []crash) {
	for _, c := range r.Crashes[:min(len(r.Crashes), mostItems)] {
		how := ""
		if c.OutOfMemory {
			how = ", ended by the kernel for want of memory"
		}
		lines := make([]string, 0, mostLogLines)
		for _, l := range c.Log[max(0, len(c.Log)-mostLogLines):] {
			lines = append(lines, report.Plain(l))
		}
		all = append(all, crash{c.Node + " at " + at(r, c.At) + how, strings.Join(lines, "\n")})
	}
	return all
}

// A comparedPart is how the run was held against those before it.
type comparedPart struct {
	Sentence, Limits string
	Against          []againstPart
}

// An againstPart is the comparison with one set of earlier runs.
type againstPart struct {
	Title string
	Rows  [][2]string
	Notes []string
}

// comparedOf returns nil where nothing was compared.
func comparedOf(c *report.Comparison) *comparedPart {
	if c == nil {
		return nil
	}
	p := &comparedPart{Sentence: c.Sentence, Limits: comparisonLimits(c)}
	for _, a := range c.Against {
		p.Against = append(p.Against, againstPart{againstTitle(a), named(againstRows(a)), firstOf(a.Notes, mostItems, "report.json")})
	}
	return p
}
