package tui

import (
	"fmt"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// pointsPanel is the table of what was measured, the newest above.
func (v *searchScene) pointsPanel(w, h int) *canvas {
	c := v.run.panel(w, h, "Points")
	if v.Search == nil || len(v.Points) == 0 {
		c.wait("none was measured yet")
		return c
	}
	t := tableOf(w)
	t.heads(c)
	rows := h - 1
	first := min(v.first, max(len(v.Points)-rows, 0))
	for y := range min(rows, len(v.Points)-first) {
		p := &v.Points[len(v.Points)-1-first-y]
		t.row(c, 1+y, p, v.named(p.Part).Short)
	}
	if more := len(v.Points) - first - rows; more > 0 {
		c.right(w-1, 0, dim, fmt.Sprintf(" %d earlier ", more))
	}
	return c
}

// A table says where the columns are; 0: there is no room for one.
type table struct{ id, part, purpose, rate, acked, p99, outcome, note int } // rate, acked and p99 end there

func tableOf(w int) table {
	t := table{id: 2, part: 6, rate: 26}
	if w >= 100 {
		t.purpose, t.rate = 15, 36
	}
	t.p99 = t.rate + 9
	if w >= 70 {
		t.acked = t.rate + 12
		t.p99 = t.acked + 9
	}
	t.outcome = t.p99 + 2
	if t.note = t.outcome + 12; t.note > w-10 {
		t.note = 0
	}
	return t
}

func (t *table) heads(c *canvas) {
	for _, h := range []struct {
		at   int
		text string
	}{{t.rate, "rate"}, {t.acked, "acked"}, {t.p99, "ack p99"}} {
		if h.at > 0 {
			c.right(h.at+1, 0, dim, " "+h.text+" ")
		}
	}
	if t.note > 0 {
		c.text(t.note-1, 0, dim, " why ")
	}
}

func (t *table) row(c *canvas, y int, p *report.SearchPoint, part string) {
	c.fit(t.id, y, 3, dim, p.Run)
	c.fit(t.part, y, max(t.purpose-1, t.rate-11)-t.part, plain, part)
	if t.purpose > 0 {
		c.fit(t.purpose, y, 9, dim, p.Purpose)
	}
	c.right(t.rate, y, bold, perSecond(p.Rate))
	if t.acked > 0 {
		c.right(t.acked, y, plain, perSecond(p.Achieved))
	}
	c.right(t.p99, y, plain, report.Human(p.Ack))
	m := outcomes[p.Outcome]
	c.put(t.outcome, y, c.glyph(m.sign), m.look)
	c.text(t.outcome+2, y, m.look, string(p.Outcome))
	if t.note > 0 {
		c.fit(t.note, y, c.w-t.note-1, dim, strings.Join(nonempty(p.Bound, p.Note), "; "))
	}
}

func nonempty(all ...string) (out []string) {
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// partLabel is a part's name where there is room for names, else the same in few letters.
func partLabel(p *report.SearchPart, w int) string {
	if w >= 70 && len(p.Name) <= 24 {
		return p.Name
	}
	return p.Short
}
