package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// stage says in a sign and a word how far a fault is.
func (r *row) stage() (sign rune, look style, word string) {
	switch {
	case r.HealError != "":
		return '!', bad, "NOT healed"
	case r.Error != "":
		return '✗', bad, "failed"
	case r.LeftOut != "":
		return '—', dim, "left out"
	case r.Commanded < 0 && r.never:
		return '—', caution, "never began"
	case r.Commanded < 0:
		return '·', dim, "planned"
	case r.Healed >= 0:
		return '✓', good, "healed"
	case r.Healing >= 0:
		return '▶', caution, "healing"
	case r.Effective >= 0:
		return '▶', bad, "on"
	}
	return '▶', caution, "injecting"
}

// what says what a fault does to whom.
func (r *row) what() string {
	text := strings.TrimSpace(r.Kind + " " + r.Target)
	if v := strings.Join(r.Victims, "+"); v != "" && v != r.Target {
		text += "=" + v
	}
	return text
}

// lasted says how long a fault has been on, of how long it is to be.
func (v *scene) lasted(r *row) string {
	from, to, ok := span(&r.Fault, v.at)
	switch {
	case !ok && r.never:
		return "never began"
	case !ok && r.lasts > 0:
		return "for " + report.Human(r.lasts)
	case !ok:
		return ""
	case r.Healed < 0 && r.lasts > 0:
		return short(to-from) + "/" + report.Human(r.lasts)
	case r.Healed < 0:
		return short(to - from)
	}
	return report.Human(to - from)
}

func (v *scene) faultsPanel(w, h int) *canvas {
	over := 0
	for i := range v.rows {
		if r := &v.rows[i]; r.Commanded >= 0 || r.Error != "" || r.LeftOut != "" {
			over++
		}
	}
	info := ""
	if len(v.rows) > 0 {
		info = fmt.Sprintf("%d of %d", over, len(v.rows))
	}
	c := v.panel(w, h, "Faults", info)
	if len(v.rows) == 0 {
		c.wait("none planned")
	}
	first := max(0, min(over-(h-1)/2-1, len(v.rows)-(h-1)))
	for i := first; i < len(v.rows) && i-first < h-1; i++ {
		v.writeFault(c, 2, 1+i-first, &v.rows[i])
	}
	return c
}

func (v *scene) writeFault(c *canvas, x, y int, r *row) {
	sign, look, _ := r.stage()
	c.put(x, y, c.glyph(sign), look)
	x = c.text(x+2, y, dim, clock(begins(r))) + 1
	lasted := v.lasted(r)
	name := r.Name
	if r.byHand {
		name = "by hand: " + r.what()
	}
	text := plain
	if r.Commanded < 0 {
		text = dim
	} else if on(&r.Fault) {
		text = bold
	}
	room := c.w - x - c.width(lasted) - 2
	if c.width(name)+c.width(r.what())+1 <= room && !r.byHand && !strings.HasPrefix(name, r.Kind) {
		name += " " + r.what()
	}
	c.fit(x, y, room, text, name)
	c.right(c.w-1, y, look, lasted)
}

func (v *scene) recoveryPanel(w, h int) *canvas {
	p, ok := v.recovering()
	if !ok {
		c := v.panel(w, h, "Recovery", "")
		c.wait("no fault yet")
		return c
	}
	c := v.panel(w, h, "Recovery", p.fault.Name)
	for i, r := range v.recovery(p) {
		if i < h-1 {
			c.text(2, 1+i, dim, r.name)
			c.fit(14, 1+i, w-15, r.look, r.value)
		}
	}
	return c
}

// A fact is a name with what there is to say.
type fact struct {
	name, value string
	look        style
}

// recovery tells a fault's recovery: the report's figures, or as it goes.
func (v *scene) recovery(p progress) []fact {
	if m := v.measured(p.fault.Name); m != nil {
		return []fact{figure("service", m.Service), figure("detect", m.Detect), figure("redundancy", m.Redundancy), figure("performance", m.Performance), figure("drained", m.Drained)}
	}
	service := fact{"service", "no silent second", good}
	switch {
	case p.ongoing:
		service = fact{"service", fmt.Sprintf("OUT %s  %d/%d silent", short(v.at-p.fault.Effective), p.silent, p.of), bad}
	case p.service > 0:
		service = fact{"service", "back after ~" + short(p.service.Round(time.Second)), good}
	case p.of == 0:
		service = fact{"service", "...", dim}
	}
	detect := fact{"detect", "...", dim}
	if p.detect >= 0 {
		detect = fact{"detect", report.Human(p.detect), plain}
	}
	all := []fact{service, detect}
	if v.state != nil {
		look := caution
		if v.state.FullyInSync() {
			look = good
		}
		all = append(all, fact{"redundancy", inSync(v.state), look})
	}
	return all
}

func figure(name string, f report.Figure) fact {
	look := plain
	switch {
	case f.Censored:
		look = bad
	case !f.Known:
		look = dim
	}
	return fact{name, f.String(), look}
}
