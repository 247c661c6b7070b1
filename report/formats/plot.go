package formats

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// A Plot is a drawing of values over values, for a page about many runs that is to look as the page of one does. It works without scripts, and at any width.
type Plot struct {
	Title  string // which is also what a screen reader tells
	Across string // what the horizontal axis counts, with its unit
	Height int    // of the plot, in pixels; 0: 220
	// Durations says that what goes up is nanoseconds, on a logarithmic axis; else it goes up from 0.
	Durations bool
	Traces    []PlotTrace
	Levels    []PlotLevel // horizontal lines
	Bands     []PlotBand  // stretches of the horizontal axis
	Guide     []PlotPoint // a dotted line without a name, behind all others
	Caption   string
}

// A PlotTrace is a line through some points, and a sign at each.
type PlotTrace struct {
	Name   string
	Points []PlotPoint // in order of X
	Signs  bool        // no line between them: they belong to the line before
}

// A PlotPoint is one value over another. A Y that is no number is a hole in the line.
type PlotPoint struct {
	X, Y  float64
	Sign  PlotSign
	About string // what is told when it is pointed at
}

// A PlotSign is how a point is drawn.
type PlotSign int

// The signs. None of them is told from another by its colour alone.
const (
	NoSign  PlotSign = iota
	Dot              // as it should be
	Cross            // not as it should be
	Hollow           // worth nothing
	Bracket          // the end of an interval
)

// A PlotLevel is a horizontal line that has a name.
type PlotLevel struct {
	Y    float64
	Name string
}

// A PlotBand is a stretch of the horizontal axis that has a name.
type PlotBand struct {
	From, To float64
	Name     string
}

// Draw draws the plot as a figure of a page: the title, a key, the drawing, and the caption. Where there is no point, it is nothing.
func (p *Plot) Draw() template.HTML {
	x, y := p.bounds()
	if math.IsInf(x[0], 0) || math.IsInf(y[0], 0) {
		return ""
	}
	across, xTicks := countScale(x[1])
	up, yTicks := countScale(y[1])
	if p.Durations {
		up, yTicks = durationScale(max(y[0], 1), max(y[1], 1))
	}
	height := p.Height
	if height == 0 {
		height = 220
	}
	c := newChart(p.Title, height, across, up)
	c.shades(p.shades())
	c.grid(xTicks, yTicks, p.Across, "")
	for _, l := range p.Levels {
		c.level(l)
	}
	c.line("due", lineOf(p.Guide))
	d := drawing{Title: p.Title, Caption: p.Caption}
	lines := 0
	for _, t := range p.Traces {
		if !t.Signs || lines == 0 {
			lines++
		}
		class := fmt.Sprintf("curve%d", (lines-1)%mostCurves)
		if !t.Signs {
			c.line(class, lineOf(t.Points))
		}
		for _, at := range t.Points {
			c.sign(class, at)
		}
		if t.Name != "" {
			d.Key = append(d.Key, keyed{"line " + class, t.Name})
		}
	}
	d.SVG = c.done()
	var b strings.Builder
	_ = figureTemplate.Execute(&b, d) // into memory, of a type that the template was written for
	return template.HTML(b.String())  //nolint:gosec // what the template wrote
}

// bounds returns the least and the greatest of both axes.
func (p *Plot) bounds() (x, y [2]float64) {
	x, y = [2]float64{math.Inf(1), math.Inf(-1)}, [2]float64{math.Inf(1), math.Inf(-1)}
	widen := func(b *[2]float64, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			b[0], b[1] = min(b[0], v), max(b[1], v)
		}
	}
	for _, t := range p.Traces {
		for _, at := range t.Points {
			widen(&x, at.X)
			widen(&y, at.Y)
		}
	}
	if math.IsInf(y[0], 0) {
		return x, y
	}
	for _, at := range p.Guide {
		widen(&x, at.X)
		widen(&y, at.Y)
	}
	for _, l := range p.Levels {
		widen(&y, l.Y)
	}
	for _, b := range p.Bands {
		widen(&x, b.To)
	}
	return x, y
}

func (p *Plot) shades() (all []shade) {
	for _, b := range p.Bands {
		all = append(all, shade{from: b.From, to: b.To, name: b.Name, about: b.Name})
	}
	slices.SortFunc(all, func(a, b shade) int { return cmp.Compare(a.from, b.from) })
	return all
}

func lineOf(points []PlotPoint) []point {
	all := make([]point, len(points))
	for i, p := range points {
		all[i] = point{p.X, p.Y}
	}
	return all
}

// level draws a horizontal line with its name above its right end.
func (c *chart) level(l PlotLevel) {
	at := headRoom + c.down(l.Y)
	c.printf(`<line class="level" x1="0" x2="100%%" y1="%.1f" y2="%.1f"/><text class="levelname" x="100%%" y="%.1f">%s</text>`, at, at, at-4, template.HTMLEscapeString(l.Name))
}

// signShapes are drawn around the point itself, in pixels.
var signShapes = map[PlotSign]string{
	Dot:     `<circle class="sign held %s" r="2"/>`,
	Cross:   `<path class="sign missed %s" d="M-4.5 -4.5L4.5 4.5M-4.5 4.5L4.5 -4.5"/>`,
	Hollow:  `<rect class="sign nothing %s" x="-4" y="-4" width="8" height="8"/>`,
	Bracket: `<path class="sign end %s" d="M-5 0H5"/>`,
}

// sign draws a point.
func (c *chart) sign(class string, p PlotPoint) {
	shape, ok := signShapes[p.Sign]
	if !ok || (point{p.X, p.Y}).hole() {
		return
	}
	c.printf(`<svg x="%.2f%%" y="%.1f" width="1" height="1" overflow="visible"><title>%s</title>`, c.left(p.X), headRoom+c.down(p.Y), template.HTMLEscapeString(p.About))
	c.printf(shape+`</svg>`, class)
}

var figureTemplate = template.Must(template.New("figure").Parse(`<figure><h3>{{.Title}}</h3>` +
	`{{if .Key}}<ul class="key">{{range .Key}}<li><svg class="swatch" aria-hidden="true" width="26" height="12"><path class="{{.Class}}" d="M1 6H25"/></svg> {{.Text}}</li>{{end}}</ul>{{end}}` +
	`<div class="picture">{{.SVG}}</div>{{with .Caption}}<figcaption>{{.}}</figcaption>{{end}}</figure>`))
