package capacity

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

//go:embed capacity.html.tmpl
var pageText string

//go:embed capacity.css
var pageStyle string

var pageTemplate = template.Must(template.New("capacity").Funcs(template.FuncMap{"plain": report.Plain, "lines": linesOf, "percent": func(share float64) float64 { return 100 * share }}).Parse(pageText))

// HTML writes an analysed result as one page that needs no network and runs no script, to send and to print: capacity.html.
func HTML(w io.Writer, r *Result) error { return pageTemplate.Execute(w, r.page()) }

// linesOf is a text without what a terminal would obey, its lines kept.
func linesOf(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = report.Plain(line)
	}
	return strings.Join(lines, "\n")
}

// A page is a result in the words and drawings of its page, in their order.
type page struct {
	Style     template.CSS
	StyleHash string // by which alone the page's policy admits the style
	*Result
	Class, Sign, Means, Remark string
	Tiles                      []tile
	Parts                      []part
}

// A tile is a figure that is worth seeing first.
type tile struct{ Name, Value, About string }

// A part is a section with its drawings.
type part struct {
	section
	Drawings []template.HTML
	Bars     bool // a column of them
	Links    bool
}

func (r *Result) page() *page {
	p := &page{Result: r, Class: string(r.Verdict.Outcome), Sign: "?", Means: r.means(), Remark: r.remark(), Tiles: r.tiles()}
	p.Style, p.StyleHash = formats.PageStyle(pageStyle)
	switch r.Verdict.Outcome {
	case report.Pass:
		p.Sign = "✓"
	case report.Fail:
		p.Sign = "✗"
	}
	drawings := r.drawings()
	for _, s := range r.sections() {
		part := part{section: s}
		for _, d := range drawings[s.ID] {
			if d != "" {
				part.Drawings = append(part.Drawings, d)
			}
		}
		for _, row := range s.Rows {
			part.Bars, part.Links = part.Bars || row.Bar > 0, part.Links || row.Link != ""
		}
		p.Parts = append(p.Parts, part)
	}
	return p
}

// means tells what the verdict means to somebody who sees one for the first time.
func (r *Result) means() string {
	switch r.Verdict.Outcome {
	case report.Pass:
		return "Every question that was asked has its answer."
	case report.Fail:
		return "Something that the cluster promises, or that was wanted of it, did not hold at any rate that was tried."
	}
	return "Part of what was asked is open: the measurements do not answer it. What is known stands below."
}

// tiles are the figures that a reader comes for.
func (r *Result) tiles() (all []tile) {
	add := func(name string, k *Knee) {
		switch {
		case k == nil:
			all = append(all, tile{name, "–", "not measured"})
		case k.Rate == 0:
			all = append(all, tile{name, "–", k.String()})
		default:
			value, about := perSecond(k.Rate), bytesPerSecond(k.Bytes)
			if k.Answer != Bracketed {
				value = "≥ " + value
			} else if k.Limit != nil {
				about += "; limit " + k.Limit.String()
			}
			all = append(all, tile{name, value, about})
		}
	}
	add("carries with all brokers", r.knee(r.main(Healthy)))
	add("with one broker down", r.knee(r.main(OneDown)))
	if c := r.main(CatchingUp); c != nil {
		add("while it catches up", r.knee(c))
	}
	if a := r.Analysis.Advice; a != nil {
		value := perSecond(a.Rate)
		if !a.Complete {
			value = "≤ " + value
		}
		all = append(all, tile{"run it at", value, a.By})
	}
	if f := r.Analysis.Fleet; f != nil && f.Brokers > 0 {
		all = append(all, tile{"brokers for " + roughly(f.Needed), "≥ " + fmt.Sprint(f.Brokers), bytesPerSecond(f.Needed*r.bytesEach()) + "; how that is reckoned stands below"})
	}
	if k := r.knee(r.main(Healthy)); k != nil && k.Bound != nil && len(k.Bound.By) > 0 {
		b := k.Bound.By[0]
		all = append(all, tile{"first bottleneck", b.Who + ": " + b.What, b.Used})
	}
	return all
}
