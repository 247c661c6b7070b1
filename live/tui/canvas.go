package tui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// A cell is one place of the terminal.
type cell struct {
	r rune
	s style
}

// A canvas is a rectangle of cells. What does not fit is cut off, and what would take another width than one cell is replaced: tables keep their columns,
// and no line is ever wider than the canvas.
type canvas struct {
	w, h  int
	cells []cell
	ascii bool
}

func newCanvas(w, h int, ascii bool) *canvas {
	c := &canvas{w: max(w, 0), h: max(h, 0), ascii: ascii}
	c.cells = make([]cell, c.w*c.h)
	for i := range c.cells {
		c.cells[i].r = ' '
	}
	return c
}

func (c *canvas) put(x, y int, r rune, s style) {
	if x >= 0 && x < c.w && y >= 0 && y < c.h {
		c.cells[y*c.w+x] = cell{r, s}
	}
}

// text writes from x on, as far as the canvas goes, and returns where it ended.
func (c *canvas) text(x, y int, s style, text string) int { return c.fit(x, y, c.w-x, s, text) }

// fit writes at most width cells, the last of which says where something is left out.
func (c *canvas) fit(x, y, width int, s style, text string) int {
	end := min(x+width, c.w)
	for _, r := range text {
		if r, ok := c.shown(r); ok {
			if x >= end {
				if width > 0 {
					c.put(end-1, y, c.glyph('…'), s)
				}
				return end
			}
			c.put(x, y, r, s)
			x++
		}
	}
	return x
}

// right writes so that the text ends before x.
func (c *canvas) right(x, y int, s style, text string) { c.text(x-c.width(text), y, s, text) }

// width is how many cells a text takes here.
func (c *canvas) width(text string) int {
	n := 0
	for _, r := range text {
		if _, ok := c.shown(r); ok {
			n++
		}
	}
	return n
}

// shown returns what a rune is shown as; false: not at all.
func (c *canvas) shown(r rune) (rune, bool) {
	switch {
	case r >= ' ' && r < 0x7f:
		return r, true
	case unicode.IsControl(r):
		return 0, false
	case c.ascii:
		return c.glyph(r), true
	case r >= 0x2500 && r < 0x2600 || r >= 0x2800 && r < 0x2900: // lines, blocks and dots: ours
		return r, true
	}
	switch ansi.StringWidth(string(r)) {
	case 0:
		return 0, false
	case 1:
		return r, true
	}
	return '?', true
}

// plainly are the signs for terminals that have but ASCII.
var plainly = map[rune]rune{'…': '~', 'µ': 'u', '·': '.', '●': '+', '✓': '+', '✗': 'x', '▶': '>', '○': '.', '→': '>', '—': '-', '–': '-', '×': 'x', '░': ':', '█': '#', '▄': '_',
	'━': '=', '─': '-', '│': '|', '▒': '+', '▼': 'v', '▓': '%', '↑': '^', '↓': 'v', '◆': '*', '≥': '>', '⏸': '"', '♦': '*', '■': '#'}

// glyph returns the sign as this canvas can show it.
func (c *canvas) glyph(r rune) rune {
	if !c.ascii || r < 0x7f {
		return r
	}
	if p, ok := plainly[r]; ok {
		return p
	}
	return '?'
}

// blit copies another canvas to a place on this one.
func (c *canvas) blit(x, y int, o *canvas) {
	for row := range o.h {
		if y+row < 0 || y+row >= c.h || x >= c.w {
			continue
		}
		copy(c.cells[(y+row)*c.w+x:(y+row+1)*c.w], o.cells[row*o.w:(row+1)*o.w])
	}
}

// horizontal and vertical draw lines between panels; join makes their crossings right.
func (c *canvas) horizontal(x, y, width int) {
	for i := range width {
		c.put(x+i, y, '─', frame)
	}
}

func (c *canvas) vertical(x, y, height int) {
	for i := range height {
		c.put(x, y+i, '│', frame)
	}
}

// crossings are the signs by the sides on which a line goes on: up 1, down 2, left 4, right 8.
var crossings = []rune("─│││─╯╮┤─╰╭├─┴┬┼")

// join looks at every cell of the frame and gives it the sign that goes on where its neighbours do.
func (c *canvas) join() {
	was := make([]bool, len(c.cells))
	for i, k := range c.cells {
		was[i] = k.s == frame && (k.r == '─' || k.r == '│')
	}
	at := func(x, y int, r rune) bool {
		if x < 0 || y < 0 || x >= c.w || y >= c.h || !was[y*c.w+x] {
			return false
		}
		return r == 0 || c.cells[y*c.w+x].r == r
	}
	signs := make([]rune, len(c.cells))
	for y := range c.h {
		for x := range c.w {
			if !was[y*c.w+x] {
				continue
			}
			horizontal := c.cells[y*c.w+x].r == '─'
			sides := 0
			if at(x, y-1, '│') || !horizontal && at(x, y-1, 0) {
				sides |= 1
			}
			if at(x, y+1, '│') || !horizontal && at(x, y+1, 0) {
				sides |= 2
			}
			if at(x-1, y, '─') {
				sides |= 4
			}
			if at(x+1, y, '─') {
				sides |= 8
			}
			if horizontal && sides&12 == 0 {
				sides |= 4 | 8
			}
			signs[y*c.w+x] = c.crossing(sides)
		}
	}
	for i, r := range signs {
		if r != 0 {
			c.cells[i].r = r
		}
	}
}

func (c *canvas) crossing(sides int) rune {
	if !c.ascii {
		return crossings[sides]
	}
	switch {
	case sides&12 == 0:
		return '|'
	case sides&3 == 0:
		return '-'
	}
	return '+'
}

// string returns the cells as lines for the terminal.
func (c *canvas) string(t *theme) string {
	var b strings.Builder
	b.Grow(len(c.cells) * 2)
	for y := range c.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		last := plain
		for _, k := range c.cells[y*c.w : (y+1)*c.w] {
			if k.r == ' ' && k.s != marked {
				k.s = last // a space has no colour
			}
			if t[k.s] != t[last] {
				if t[last] != "" {
					b.WriteString(reset)
				}
				b.WriteString(t[k.s])
			}
			last = k.s
			b.WriteRune(k.r)
		}
		if t[last] != "" {
			b.WriteString(reset)
		}
	}
	return b.String()
}
