package tui

import (
	"math"
	"time"
)

// A chart draws values over time. A cell has two by four dots of braille, or is one dot itself where there is but ASCII.
type chart struct {
	c          *canvas
	x, y, w, h int // in cells
	from, to   time.Duration
	dots       []uint8 // of each cell
	look       []look
	shaded     []bool // columns of cells
}

// A look is how a curve is drawn.
type look struct {
	s style
	r rune // without braille
}

// The curves.
var (
	dueLook       = look{due, '-'}
	ackedLook     = look{acked, '*'}
	deliveredLook = look{delivered, 'o'}
	fastLook      = look{fast, '.'}
	slowLook      = look{slow, 'o'}
	worseLook     = look{worse, '*'}
	backlogLook   = look{delivered, '*'}
)

func newChart(c *canvas, x, y, w, h int, from, to time.Duration) *chart {
	w, h = max(w, 1), max(h, 1)
	return &chart{c: c, x: x, y: y, w: w, h: h, from: from, to: max(to, from+1), dots: make([]uint8, w*h), look: make([]look, w*h), shaded: make([]bool, w)}
}

// columns and rows are how many dots there are.
func (p *chart) columns() int {
	if p.c.ascii {
		return p.w
	}
	return 2 * p.w
}

func (p *chart) rows() int {
	if p.c.ascii {
		return p.h
	}
	return 4 * p.h
}

// series returns a value for each column of dots: the mean of the slices in it, or the greatest; NaN where there is none.
func (p *chart) series(all []slice, mean bool, of func(*slice) float64) []float64 {
	out := make([]float64, p.columns())
	step := float64(p.to-p.from) / float64(len(out))
	i := 0
	for col := range out {
		from, to := p.from+time.Duration(float64(col)*step), p.from+time.Duration(float64(col+1)*step)
		for i < len(all) && all[i].to <= from {
			i++
		}
		sum, n, most := 0.0, 0.0, math.NaN()
		for k := i; k < len(all) && all[k].from < to; k++ {
			v := of(&all[k])
			if math.IsNaN(v) {
				continue
			}
			sum, n = sum+v, n+1
			if !(most >= v) {
				most = v
			}
		}
		if out[col] = most; mean && n > 0 {
			out[col] = sum / n
		}
	}
	return out
}

// A scale says how high a value is, from 0 to 1.
type scale func(float64) float64

func linear(most float64) scale { return func(v float64) float64 { return v / most } }

// logarithmic goes from least to most; what is 0 was not measured.
func logarithmic(least, most float64) scale {
	span := math.Log(most / least)
	return func(v float64) float64 {
		if v <= 0 {
			return math.NaN()
		}
		return max(0, math.Log(v/least)/span)
	}
}

// line draws a curve. Jumps are drawn upright, so that it has no holes.
func (p *chart) line(values []float64, of scale, l look) {
	before := -1
	for col, v := range values {
		y := p.height(of(v))
		if y < 0 {
			before = -1
			continue
		}
		if before < 0 {
			before = y
		}
		for at := min(y, before); at <= max(y, before); at++ {
			p.dot(col, at, l)
		}
		before = y
	}
}

// fill draws an area.
func (p *chart) fill(values []float64, of scale, l look) {
	for col, v := range values {
		for y := range p.height(of(v)) + 1 {
			if v > 0 {
				p.dot(col, y, l)
			}
		}
	}
}

// height returns the row of dots of a height, counted from below; -1: there is nothing.
func (p *chart) height(share float64) int {
	if math.IsNaN(share) {
		return -1
	}
	top := p.rows() - 1
	return min(int(math.Round(share*float64(top))), top)
}

// dots of a braille cell, by column and by row from above.
var braille = [2][4]uint8{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

func (p *chart) dot(col, row int, l look) {
	row = p.rows() - 1 - row
	x, y, bit := col, row, uint8(1)
	if !p.c.ascii {
		x, y, bit = col/2, row/4, braille[col%2][row%4]
	}
	if x < 0 || y < 0 || x >= p.w || y >= p.h {
		return
	}
	p.dots[y*p.w+x] |= bit
	p.look[y*p.w+x] = l
}

// mark shades a stretch of time: a cell at least.
func (p *chart) mark(from, to time.Duration) {
	if to <= p.from || from >= p.to {
		return
	}
	per := float64(p.to-p.from) / float64(p.w)
	first := int(float64(max(from, p.from)-p.from) / per)
	last := int(math.Ceil(float64(min(to, p.to)-p.from)/per)) - 1
	for x := first; x <= max(last, first) && x < p.w; x++ {
		p.shaded[x] = true
	}
}

// draw puts everything on the canvas.
func (p *chart) draw() {
	for y := range p.h {
		for x := range p.w {
			bits, l := p.dots[y*p.w+x], p.look[y*p.w+x]
			switch {
			case bits == 0 && p.shaded[x]:
				p.c.put(p.x+x, p.y+y, p.c.glyph('░'), shade)
			case bits == 0:
			case p.c.ascii:
				p.c.put(p.x+x, p.y+y, l.r, l.s)
			default:
				p.c.put(p.x+x, p.y+y, 0x2800+rune(bits), l.s)
			}
		}
	}
}

// ceiling returns a round number that is at least v: 1, 1.5, 2, 3, 5 or 8 times a power of ten.
func ceiling(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if n*power >= v*0.9999 {
			return n * power
		}
	}
	return 10 * power
}
