package tui

import (
	"fmt"

	"github.com/seed-228c25e4/squall/report"
)

// linesPanel says in a line each what the panels say where there is more room.
func (v *scene) linesPanel(w, h int) *canvas {
	c := v.panel(w, h, "Run", v.spoken())
	for i, write := range []func(*canvas, int){v.brokersLine, v.faultLine, v.recoveryLine, v.safetyLine, v.expectationsLine} {
		write(c, 1+i)
	}
	return c
}

// spoken says how the load goes.
func (v *scene) spoken() string {
	if n := len(v.slices); n > 0 {
		s := &v.slices[n-1]
		return fmt.Sprintf("backlog %s  lag %s", report.Thousands(s.backlog), report.Human(s.lag))
	}
	return ""
}

// lineAt is where the lines' content begins.
const lineAt = 13

func (v *scene) brokersLine(c *canvas, y int) {
	c.text(2, y, dim, "brokers")
	x := lineAt
	for _, n := range v.nodes() {
		c.put(x, y, c.glyph(n.sign), n.look)
		x = c.text(x+2, y, bold, n.name) + 1
		if n.what != "" {
			x = c.text(x, y, n.look, n.what) + 1
		} else {
			role := fmt.Sprintf("leads %d", n.leads)
			if n.controller {
				role += " ctl"
			}
			x = c.text(x, y, dim, role) + 1
		}
		x++
	}
	if v.state != nil && c.w-x > 16 {
		c.text(x, y, dim, inSync(v.state))
	}
}

// faultLine shows the fault that is on, else the next, else the last.
func (v *scene) faultLine(c *canvas, y int) {
	c.text(2, y, dim, "fault")
	var shown *row
	more := 0
	for i := range v.rows {
		r := &v.rows[i]
		if on(&r.Fault) {
			if shown != nil && on(&shown.Fault) {
				more++
			}
			shown = r
		}
	}
	for i := range v.rows {
		if r := &v.rows[i]; shown == nil && r.Commanded < 0 && r.Error == "" && r.LeftOut == "" {
			shown = r
		}
	}
	if shown == nil && len(v.rows) > 0 {
		shown = &v.rows[len(v.rows)-1]
	}
	if shown == nil {
		c.text(lineAt, y, dim, "none planned")
		return
	}
	if more > 0 {
		c.right(c.w-1, y, caution, fmt.Sprintf("+%d on", more))
		part := newCanvas(c.w-lineAt-7, 1, c.ascii)
		v.writeFault(part, 0, 0, shown)
		c.blit(lineAt, y, part)
		return
	}
	part := newCanvas(c.w-lineAt, 1, c.ascii)
	v.writeFault(part, 0, 0, shown)
	c.blit(lineAt, y, part)
}

func (v *scene) recoveryLine(c *canvas, y int) {
	c.text(2, y, dim, "recovery")
	p, ok := v.recovering()
	if !ok {
		c.text(lineAt, y, dim, "no fault yet")
		return
	}
	x := lineAt
	for _, f := range v.recovery(p) {
		x = c.item(x, y, dim, f)
	}
}

// item writes a name and a value where there is room for both, and returns where the next one can be.
func (c *canvas) item(x, y int, name style, f fact) int {
	if x+c.width(f.name)+1+c.width(f.value) > c.w-1 {
		return c.w
	}
	x = c.text(x, y, name, f.name) + 1
	return c.text(x, y, f.look, f.value) + 2
}

func (v *scene) safetyLine(c *canvas, y int) {
	c.text(2, y, dim, "safety")
	x := lineAt
	for _, f := range v.safetyFacts() {
		if f.value == "0" && f.name != "unknown" {
			continue
		}
		name := dim
		if f.name == "LOST" {
			name = bold
			if v.safety == nil {
				f.value = "..."
			}
		}
		x = c.item(x, y, name, f)
	}
}

// expectationsLine counts them, and shows what is missed first.
func (v *scene) expectationsLine(c *canvas, y int) {
	c.text(2, y, dim, "expect")
	if len(v.judged) == 0 {
		c.text(lineAt, y, dim, "no objective stated")
		return
	}
	x := lineAt
	counts := map[string]int{}
	for i := range v.judged {
		sign, _ := v.judged[i].mark()
		counts[sign]++
	}
	for _, k := range []struct {
		sign string
		look style
	}{{"NO ", bad}, {"no ", caution}, {"?? ", caution}, {"ok ", good}, {"...", dim}} {
		if n := counts[k.sign]; n > 0 {
			x = c.text(x, y, k.look, fmt.Sprintf("%d %s", n, k.sign)) + 1
		}
	}
	for _, settled := range []bool{true, false} {
		for i := range v.judged {
			j := &v.judged[i]
			if j.settled != settled || j.Outcome == report.Pass {
				continue
			}
			if !settled && j.Outcome != report.Fail {
				continue // nothing is known of it yet
			}
			sign, look := j.mark()
			got, how := j.got()
			if x+c.width(sign+j.Text+got)+4 > c.w {
				return
			}
			x = c.text(x+1, y, look, sign)
			x = c.text(x+1, y, plain, j.Text) + 1
			x = c.text(x, y, how, got) + 1
		}
	}
}
