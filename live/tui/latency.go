package tui

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func latencyView(v *scene, b box) []place {
	table := min(2+max(len(v.lively()), 2), max(4, b.h/3))
	charts := b.h - table
	heat := b.w * 3 / 5
	if b.w < 100 {
		if curve := charts / 2; curve >= 6 {
			return column(b.x, b.y, b.w, b.h, []place{{name: "heat", draw: (*scene).heatPanel}, {name: "curve", h: curve, draw: (*scene).curvePanel}, {name: "phases", h: table, draw: (*scene).phasesPanel}})
		}
		return column(b.x, b.y, b.w, b.h, []place{{name: "heat", draw: (*scene).heatPanel}, {name: "phases", h: table, draw: (*scene).phasesPanel}})
	}
	return []place{
		{name: "heat", x: b.x, y: b.y, w: heat, h: charts, draw: (*scene).heatPanel},
		{name: "curve", x: b.x + heat, y: b.y, w: b.w - heat, h: charts, draw: (*scene).curvePanel},
		{name: "phases", x: b.x, y: b.y + charts, w: b.w, h: table, draw: (*scene).phasesPanel},
	}
}

// heatSigns are the shares of a stretch's messages, from few to many.
var heatSigns = []rune(" ·░▒▓█")

// heatPanel shows how latencies were spread over time: a column is a stretch of time, a line a class of latency.
func (v *scene) heatPanel(w, h int) *canvas {
	from, to := v.stretch()
	c := v.panel(w, h, "Latency over time", clock(from)+" to "+clock(to))
	first, last := v.heated()
	if last < first || h < 3 {
		c.wait("nothing acknowledged yet")
		return c
	}
	p := newChart(c, 1+gutter, 1, w-gutter-1, h-1, from, to)
	each := max(1, (last-first+h-1)/(h-1)) // classes in a line
	lines := min((last-first)/each+1, h-1)
	tall := (h - 1) / lines // of a line
	bottom := h - tall
	for x, s := range v.columnsOf(p) {
		var sum uint64
		for _, n := range s {
			sum += n
		}
		for line := 0; line < lines && sum > 0; line++ {
			var n uint64
			for k := first + line*each; k < min(first+(line+1)*each, heatRows); k++ {
				n += s[k]
			}
			level := heatLevel(n, sum)
			if level == 0 {
				continue
			}
			for y := range tall {
				c.put(p.x+x, bottom-line*tall+y, c.glyph(heatSigns[level]), heat0+style(level))
			}
		}
	}
	for line := range lines {
		if at := first + line*each; line == 0 || at%perDecade < each && (at/perDecade)*perDecade >= first {
			c.right(p.x-1, bottom-line*tall+tall-1, dim, roughly(heatFrom(at)))
		}
	}
	return c
}

// heatFrom returns the least latency of a class.
func heatFrom(row int) time.Duration {
	return time.Duration(float64(heatLeast) * math.Pow(10, float64(row)/perDecade))
}

// roughly prints a latency in at most five cells.
func roughly(d time.Duration) string {
	unit := time.Microsecond
	for _, u := range []time.Duration{time.Millisecond, time.Second} {
		if d >= u*99/100 {
			unit = u
		}
	}
	if d >= 10*unit {
		return report.Human(d.Round(unit))
	}
	return report.Human(max(d.Round(unit/10), unit))
}

// heatLevel says how much a class has of all, from 0 to 5: none, up to a thousandth, a hundredth, a tenth, half, more.
func heatLevel(n, of uint64) int {
	if n == 0 {
		return 0
	}
	share := float64(n) / float64(of)
	for i, most := range []float64{0.001, 0.01, 0.1, 0.5} {
		if share <= most {
			return i + 1
		}
	}
	return 5
}

// heated returns the first and the last class in which anything was counted.
func (s *snapshot) heated() (first, last int) {
	first, last = heatRows, -1
	for i := range s.slices {
		for k, n := range s.slices[i].heat {
			if n > 0 {
				first, last = min(first, k), max(last, k)
			}
		}
	}
	return first, last
}

// columnsOf adds up the classes of latency for each column of cells.
func (v *scene) columnsOf(p *chart) [][heatRows]uint64 {
	out := make([][heatRows]uint64, p.w)
	step := float64(p.to-p.from) / float64(p.w)
	for i := range v.slices {
		s := &v.slices[i]
		if s.to <= p.from || s.from >= p.to {
			continue
		}
		first := max(int(float64(s.from-p.from)/step), 0)
		last := min(max(int(math.Ceil(float64(s.to-p.from)/step))-1, first), p.w-1)
		for x := first; x <= last; x++ {
			for k, n := range s.heat {
				out[x][k] += uint64(n)
			}
		}
	}
	return out
}

// curveLooks tell the curves of phases apart.
var curveLooks = []look{{fast, '.'}, {worse, 'x'}, {slow, 'o'}, {accent, '+'}}

// compared are the phases whose curves are shown: the baseline, and of the others the latest.
func (s *snapshot) compared() []report.PhaseFigures {
	var all []report.PhaseFigures
	for _, p := range s.figures {
		if p.Latency.Ack.Count() > 0 && p.Kind != report.WarmUp && p.Kind != report.Heal {
			all = append(all, p)
		}
	}
	if n := len(all); n > len(curveLooks) {
		all = append(all[:1:1], all[n-len(curveLooks)+1:]...)
	}
	return all
}

// lively are the phases in which something happened.
func (s *snapshot) lively() (all []report.PhaseFigures) {
	for _, p := range s.figures {
		if p.Acknowledged+p.Rejected+p.Unknown+p.Delivered > 0 {
			all = append(all, p)
		}
	}
	return all
}

// curvePanel shows latency by percentile: the further right, the rarer.
func (v *scene) curvePanel(w, h int) *canvas {
	c := v.panel(w, h, "Latency by percentile")
	phases := v.compared()
	if len(phases) == 0 || h < 5 {
		c.wait("nothing acknowledged yet")
		return c
	}
	const nines = 4.0 // to 99.99
	p := newChart(c, 1+gutter, 1, w-gutter-1, h-2-min(len(phases), h/4), 0, 1)
	curves := make([][]float64, len(phases))
	for i := range phases {
		ack := &phases[i].Latency.Ack
		count := float64(ack.Count())
		curves[i] = make([]float64, p.columns())
		for x := range curves[i] {
			rare := math.Pow(10, -nines*float64(x)/float64(len(curves[i])-1))
			curves[i][x] = math.NaN()
			if rare*count >= 1 { // fewer make no such percentile
				curves[i][x] = max(float64(ack.Quantile(1-rare).Value), 1)
			}
		}
	}
	low, high := decades(curves[0], slices.Concat(curves...))
	for _, curve := range curves[1:] {
		l, _ := decades(curve, curve)
		low = min(low, l)
	}
	of := logarithmic(low, high)
	for i, curve := range curves {
		p.line(curve, of, curveLooks[i])
	}
	p.draw()
	p.label(1, roughly(time.Duration(high)))
	p.label(0, roughly(time.Duration(low)))
	for i, name := range []string{"0", "p90", "p99", "p99.9", "p99.99"} {
		x := p.x + int(float64(p.w-1)*float64(i)/nines)
		c.text(min(max(x-len(name)/2, p.x), w-1-len(name)), p.y+p.h, dim, name)
	}
	names := report.PhaseNames(phases, exactly)
	for i := range phases {
		y := p.y + p.h + 1 + i
		if y >= h {
			break
		}
		sign := '━'
		if c.ascii {
			sign = curveLooks[i].r
		}
		c.put(2, y, sign, curveLooks[i].s)
		c.put(3, y, sign, curveLooks[i].s)
		ack := &phases[i].Latency.Ack
		c.fit(5, y, w-6, plain, fmt.Sprintf("%s  p99 %s  max %s", names[i], ack.Quantile(0.99), ack.Quantile(1)))
	}
	return c
}

// phasesPanel is the table of latency by phase, the latest phases where there are too many.
func (v *scene) phasesPanel(w, h int) *canvas {
	c := v.panel(w, h, "By phase", "by when a message was due, or the fault that began as it waited", "")
	columns := []string{"acked", "p50", "p99", "p99.9", "max", "service p99", "e2e p99", "lag p99"}
	at := make([]int, len(columns)) // where each ends
	rows := v.lively()
	rows = rows[max(0, len(rows)-(h-2)):]
	names := report.PhaseNames(rows, exactly)
	name, x := max(18, w/4), 0
	for _, n := range names {
		name = max(name, min(len(n)+1, w/2))
	}
	for i, head := range columns {
		x = max(len(head), 8) + 2
		if i > 0 {
			at[i] = at[i-1] + x
		} else {
			at[i] = 2 + name + x
		}
		if at[i] < w {
			c.right(at[i], 1, dim, head)
		}
	}
	if len(rows) == 0 {
		c.text(2, 1, dim, "nothing acknowledged yet")
	}
	for y := range rows {
		p := &rows[y]
		look := plain
		if p.Name == v.phase().Name && p.From == v.phase().From {
			look = bold
		}
		c.fit(2, 2+y, name, look, names[y])
		l := &p.Latency
		for i, cell := range []string{report.Thousands(p.Acknowledged), l.Ack.Quantile(0.5).String(), l.Ack.Quantile(0.99).String(), l.Ack.Quantile(0.999).String(), l.Ack.Quantile(1).String(),
			l.Service.Quantile(0.99).String(), l.E2E.Quantile(0.99).String(), l.Lag.Quantile(0.99).String()} {
			if at[i] < w {
				c.right(at[i], 2+y, look, cell)
			}
		}
	}
	return c
}
