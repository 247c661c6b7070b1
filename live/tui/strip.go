package tui

import (
	"fmt"
	"math"

	"github.com/seed-228c25e4/squall/report"
)

// stripPanel draws a line for each partition, or for several, and a cell for a stretch of time: the worst that happened in it.
func (v *scene) stripPanel(w, h int) *canvas {
	from, to := v.stretch()
	c := v.panel(w, h, "Partitions", "")
	c.text(14, 0, dim, " "+clock(from)+" to "+clock(to)+" ")
	signs := []struct {
		r    rune
		s    style
		name string
	}{{' ', plain, ""}, {'·', good, "full"}, {'▄', caution, "thin"}, {'█', bad, "silent"}}
	x := w - 1
	for i := 3; i > 0 && x > 30; i-- {
		text := " " + signs[i].name + " "
		x -= len(text)
		c.text(x, 0, dim, text)
		x--
		c.put(x, 0, c.glyph(signs[i].r), signs[i].s)
		x--
		c.put(x, 0, ' ', plain)
	}
	count := 0
	for i := range v.slices {
		count = max(count, len(v.slices[i].partitions))
	}
	if count == 0 || h < 2 {
		c.wait("nothing told of partitions yet")
		return c
	}
	lines := min(h-1, count)
	each := (count + lines - 1) / lines
	lines = (count + each - 1) / each
	p := newChart(c, 1+gutter, 1, w-gutter-1, lines, from, to)
	for i := range lines {
		first, last := i*each, min((i+1)*each, count)-1
		name := fmt.Sprint(first)
		if last > first {
			name += fmt.Sprintf("-%d", last)
		}
		c.right(p.x-1, 1+i, dim, name)
		for x, s := range p.cells(v.slices, func(s *slice) float64 { return worstOf(s.partitions, first, last) }) {
			if !math.IsNaN(s) {
				c.put(p.x+x, 1+i, c.glyph(signs[int(s)].r), signs[int(s)].s)
			}
		}
	}
	return c
}

// worstOf returns how bad it was for some of the partitions.
func worstOf(letters string, first, last int) float64 {
	most := math.NaN()
	for i := first; i <= last && i < len(letters); i++ {
		if s := float64(report.Badness(letters[i])); !(most >= s) {
			most = s
		}
	}
	return most
}

// cells returns the greatest value for each column of cells; NaN where there is none.
func (p *chart) cells(all []slice, of func(*slice) float64) []float64 {
	whole := chart{c: &canvas{ascii: true}, w: p.w, h: 1, from: p.from, to: p.to}
	return whole.series(all, false, of)
}
