package tui

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// gutter is how wide the labels at the left of a chart are.
const gutter = 6

// plot returns a chart that fills a panel beside its labels, with the faults shaded.
func (v *scene) plot(c *canvas) *chart {
	from, to := v.stretch()
	p := newChart(c, 1+gutter, 1, c.w-gutter-1, c.h-1, from, to)
	for i := range v.rows {
		if a, b, ok := span(&v.rows[i].Fault, v.now()); ok {
			p.mark(a, b)
		}
	}
	return p
}

// label writes at a height of a chart, at the left.
func (p *chart) label(share float64, text string) {
	y := p.y + p.h - 1 - int(math.Round(share*float64(p.h-1)))
	p.c.right(p.x-1, y, dim, text)
}

func (v *scene) ratePanel(w, h int) *canvas {
	var infos []string
	if n := len(v.slices); n > 0 {
		s := &v.slices[n-1]
		due, acked, given := s.perSecond(s.due), s.perSecond(s.acknowledged), s.perSecond(s.delivered)
		infos = []string{fmt.Sprintf("due %s  acked %s  delivered %s", rate(due), rate(acked), rate(given)),
			fmt.Sprintf("due %s  acked %s  delivered %s", compact(due), compact(acked), compact(given)),
			fmt.Sprintf("due %s  acked %s", compact(due), compact(acked)), fmt.Sprintf("%s/%s", compact(acked), compact(due))}
	}
	c := v.panel(w, h, "Rate msg/s", infos...)
	if len(v.slices) == 0 {
		c.wait("no load yet")
		return c
	}
	p := v.plot(c)
	due := p.series(v.slices, true, func(s *slice) float64 { return s.perSecond(s.due) })
	acked := p.series(v.slices, true, func(s *slice) float64 { return s.perSecond(s.acknowledged) })
	given := p.series(v.slices, true, func(s *slice) float64 { return s.perSecond(s.delivered) })
	most := ceiling(max(greatest(due), greatest(acked), greatest(given)) * 1.05)
	of := linear(most)
	p.fill(acked, of, ackedLook)
	p.line(given, of, deliveredLook)
	p.line(due, of, dueLook)
	p.draw()
	p.label(1, compact(most))
	if half := compact(most / 2); p.h > 4 && len(half) < 5 {
		p.label(0.5, half)
	}
	p.label(0, "0")
	return c
}

// greatest returns the greatest of the values that there are.
func greatest(all []float64) float64 {
	most := 0.0
	for _, v := range all {
		if v > most {
			most = v
		}
	}
	return most
}

func (v *scene) latencyPanel(w, h int) *canvas {
	var infos []string
	if n := len(v.slices); n > 0 && v.slices[n-1].most > 0 {
		s := &v.slices[n-1]
		tail := fmt.Sprintf("p99 %s  max %s", report.Human(s.p99), report.Human(s.most))
		infos = []string{fmt.Sprintf("p50 %s  %s", report.Human(s.p50), tail), tail, "p99 " + report.Human(s.p99)}
	}
	c := v.panel(w, h, "Latency", infos...)
	p := v.plot(c)
	value := func(of func(*slice) time.Duration) []float64 {
		return p.series(v.slices, false, func(s *slice) float64 {
			if s.most == 0 {
				return math.NaN()
			}
			return float64(max(of(s), 1))
		})
	}
	fast, slow, most := value(func(s *slice) time.Duration { return s.p50 }), value(func(s *slice) time.Duration { return s.p99 }), value(func(s *slice) time.Duration { return s.most })
	if greatest(most) == 0 {
		c.wait("nothing acknowledged yet")
		return c
	}
	low, high := decades(fast, most)
	of := logarithmic(low, high)
	p.line(most, of, worseLook)
	p.line(slow, of, slowLook)
	p.line(fast, of, fastLook)
	p.draw()
	last := math.MaxInt
	for at := math.Pow(10, math.Floor(math.Log10(high)+1e-9)); at >= low*0.99; at /= 10 {
		y := int(math.Round(of(at) * float64(p.h-1)))
		if last-y >= 2 || y == 0 && last > 0 {
			p.label(of(at), report.Human(time.Duration(math.Round(at))))
			last = y
		}
	}
	return c
}

// decades returns the powers of ten of a second between which all values are.
func decades(least, most []float64) (low, high float64) {
	low = math.Inf(1)
	for _, v := range least {
		if v > 0 && v < low {
			low = v
		}
	}
	low = math.Pow(10, math.Floor(math.Log10(max(low, 1e4))))
	high = max(greatest(most)*1.3, low*10)
	return low, high
}

func (v *scene) backlogPanel(w, h int) *canvas {
	info := ""
	if n := len(v.slices); n > 0 {
		info = fmt.Sprintf("%s msg  schedule lag p99 %s", report.Thousands(v.slices[n-1].backlog), report.Human(v.slices[n-1].lag))
	}
	c := v.panel(w, h, "Backlog", info)
	if len(v.slices) == 0 {
		return c
	}
	p := v.plot(c)
	waiting := p.series(v.slices, false, func(s *slice) float64 { return float64(s.backlog) })
	most := ceiling(greatest(waiting))
	p.fill(waiting, linear(most), backlogLook)
	p.draw()
	p.label(1, compact(most))
	if p.h > 1 {
		p.label(0, "0")
	}
	return c
}
