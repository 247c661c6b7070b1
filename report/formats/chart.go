package formats

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"unicode/utf8"
)

// The heights of a chart's parts, in pixels. Its width is the page's: horizontal places are shares of it, so that texts keep their size on a telephone and
// on paper. The texts beside an axis stand outside of the drawing, in a margin that the style sheet leaves.
const (
	headRoom = 18 // above the plot: the names of faults
	footRoom = 34 // below it: times
)

// across is how many steps the plot's own coordinates have from left to right.
const across = 4000

// A chart is a drawing with two axes. Whatever text goes into it is escaped here.
type chart struct {
	b      strings.Builder
	x, y   scale
	height int // of the plot
}

// newChart begins a drawing; its title is what a screen reader tells of it.
func newChart(title string, height int, x, y scale) *chart {
	c := &chart{x: x, y: y, height: height}
	c.printf(`<svg class="chart" role="img" width="100%%" height="%d"><title>%s</title>`, height+headRoom+footRoom, template.HTMLEscapeString(title))
	return c
}

func (c *chart) printf(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

// done ends the drawing.
func (c *chart) done() template.HTML {
	c.b.WriteString("</svg>")
	return template.HTML(c.b.String()) //nolint:gosec // every text in it is escaped where it is written
}

// left returns where a value of the horizontal axis is, in percent.
func (c *chart) left(v float64) float64 { return 100 * c.x.at(v) }

// down returns where a value of the vertical axis is, in pixels below the plot's top.
func (c *chart) down(v float64) float64 { return float64(c.height) * (1 - c.y.at(v)) }

// grid draws both axes, and words at the ends of the horizontal one.
func (c *chart) grid(x, y []tick, begin, end string) {
	bottom := headRoom + c.height
	for _, t := range y {
		at := headRoom + c.down(t.at)
		c.printf(`<line class="grid" x1="0" x2="100%%" y1="%.1f" y2="%.1f"/><text class="tick y" x="-6" y="%.1f">%s</text>`, at, at, at+4, template.HTMLEscapeString(t.text))
	}
	c.printf(`<line class="axis" x1="0" x2="100%%" y1="%d" y2="%d"/>`, bottom, bottom)
	for _, t := range x {
		c.printf(`<line class="axis" x1="%.2f%%" x2="%.2f%%" y1="%d" y2="%d"/>`, c.left(t.at), c.left(t.at), bottom, bottom+4)
		class := "x"
		if c.left(t.at) > 98 { // in the middle it would be cut off
			class = "end"
		}
		c.printf(`<text class="tick %s" x="%.2f%%" y="%d">%s</text>`, class, c.left(t.at), bottom+16, template.HTMLEscapeString(t.text))
	}
	c.printf(`<text class="tick" x="0" y="%d">%s</text><text class="tick end" x="100%%" y="%d">%s</text>`,
		bottom+31, template.HTMLEscapeString(begin), bottom+31, template.HTMLEscapeString(end))
}

// A shade is a stretch of the horizontal axis that has a name: a fault's time.
type shade struct {
	from, to float64
	name     string
	short    string // which of a name that several have; empty: the name is its own
	about    string // what is told when it is pointed at
}

// A name above the plot gets the room that its letters take where the chart is as wide as on paper, in pixels; on a narrower screen it is cut there.
const (
	paper    = 620
	letter   = 7
	mostName = 40 // letters
)

// roomOf returns how many percent of the width a name takes.
func roomOf(name string) float64 {
	return 100 * float64(letter*utf8.RuneCountInString(name)+letter) / paper
}

// shades draws what lies behind the lines, and names above: one that would run into the next is told in short, and what stands below a name has none.
func (c *chart) shades(all []shade) {
	free := 0.0
	for i, s := range all {
		from, to := c.left(s.from), c.left(s.to)
		c.printf(`<g><title>%s</title><rect class="shade" x="%.2f%%" y="%d" width="%.2f%%" height="%d"/>`, template.HTMLEscapeString(s.about), from, headRoom,
			max(to-from, 0.15), c.height)
		c.printf(`<line class="begin" x1="%.2f%%" x2="%.2f%%" y1="%d" y2="%d"/></g>`, from, from, headRoom-4, headRoom+c.height)
		next := 100.0
		if i+1 < len(all) {
			next = c.left(all[i+1].from)
		}
		name := s.name
		if s.short != "" && from+roomOf(name) > next {
			name = s.short
		}
		if letters := []rune(name); len(letters) > mostName {
			name = string(letters[:mostName-1]) + "…"
		}
		if at := min(from, 100-roomOf(name)); at >= free {
			c.printf(`<svg x="%.2f%%" y="0" width="%.2f%%" height="%d"><text class="name" x="2" y="12">%s</text></svg>`, at, roomOf(name), headRoom, template.HTMLEscapeString(name))
			free = at + roomOf(name)
		}
	}
}

// plot draws what is given in the plot's own coordinates: from 0 to across, and pixels.
func (c *chart) plot(inside string) {
	c.printf(`<svg x="0" y="%d" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none">%s</svg>`, headRoom, c.height, across, c.height, inside)
}

// line draws a line of a class through points, with its holes.
func (c *chart) line(class string, points []point) {
	if path := c.path(points); path != "" {
		c.plot(fmt.Sprintf(`<path class="line %s" d="%s"/>`, class, path))
	}
}

// path returns the points as a path. A point between two holes is drawn as a dot; points that fall on one another are drawn once.
func (c *chart) path(points []point) string {
	var b strings.Builder
	pen := false
	lastX, lastY := 0, ""
	for i, p := range points {
		if p.hole() {
			pen = false
			continue
		}
		x, y := int(math.Round(across*c.x.at(p.x))), strings.TrimSuffix(fmt.Sprintf("%.1f", c.down(p.y)), ".0")
		switch alone := i+1 == len(points) || points[i+1].hole(); {
		case !pen && alone:
			fmt.Fprintf(&b, "M%d %sh0", x, y)
		case !pen:
			fmt.Fprintf(&b, "M%d %s", x, y)
		case x == lastX && y != lastY:
			fmt.Fprintf(&b, "V%s", y)
		case x != lastX && y == lastY:
			fmt.Fprintf(&b, "H%d", x)
		case x != lastX:
			fmt.Fprintf(&b, "L%d %s", x, y)
		}
		pen, lastX, lastY = true, x, y
	}
	return b.String()
}

// A drawing is a chart, with what its lines are and what it tells in words.
type drawing struct {
	ID      string
	Title   string
	SVG     template.HTML
	Key     []keyed
	Caption string
}

// A keyed is an entry of a drawing's key: the class of the line or area, and what it stands for.
type keyed struct{ Class, Text string }
