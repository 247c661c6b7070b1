package tui

import (
	"fmt"
	"strings"
	"time"
)

func faultsView(v *scene, b box) []place {
	table := min(2+max(len(v.rows), 1), max(4, b.h/2))
	return column(b.x, b.y, b.w, b.h, []place{{name: "timeline", h: table, draw: (*scene).timelinePanel}, {name: "fault", draw: (*scene).faultPanel}})
}

// chosen returns the fault that is looked at: the one that was chosen, else the last that began, else the first.
func (v *scene) chosen() int {
	if v.fault >= 0 {
		return min(v.fault, len(v.rows)-1)
	}
	last := 0
	for i := range v.rows {
		if v.rows[i].Commanded >= 0 {
			last = i
		}
	}
	return last
}

// timelinePanel draws a line for each fault over the time of the whole run: planned and as it was.
func (v *scene) timelinePanel(w, h int) *canvas {
	end, ok := v.end()
	if end = max(end, v.at); !ok || v.over {
		end = max(v.at, v.load+time.Second)
	}
	c := v.panel(w, h, "Faults", clock(v.load)+" to "+clock(end))
	if len(v.rows) == 0 {
		c.wait("none planned")
		return c
	}
	name := min(max(w/3, 24), 44)
	bar := w - name - 12
	at := func(t time.Duration) int {
		return int(float64(bar) * float64(max(t-v.load, 0)) / float64(max(end-v.load, 1)))
	}
	chosen := v.chosen()
	lines := h - 1
	first := max(0, min(chosen-lines/2, len(v.rows)-lines))
	for i := first; i < len(v.rows) && i-first < lines; i++ {
		r, y := &v.rows[i], 1+i-first
		sign, look, word := r.stage()
		c.put(2, y, c.glyph(sign), look)
		text := plain
		if i == chosen {
			text = marked
		}
		called := r.Name
		if r.byHand {
			called = "by hand: " + r.what()
		}
		c.fit(4, y, name-5, text, called)
		for x := range bar {
			c.put(name+x, y, c.glyph('·'), dim)
		}
		if from, to := r.Planned, r.Planned+r.lasts; r.Planned > 0 {
			if r.lasts == 0 {
				to = end
			}
			for x := at(from); x <= max(at(to)-1, at(from)) && x < bar; x++ {
				c.put(name+x, y, c.glyph('▒'), caution)
			}
		}
		if from, to, begun := span(&r.Fault, v.at); begun {
			for x := at(from); x <= max(at(to)-1, at(from)) && x < bar; x++ {
				c.put(name+x, y, c.glyph('█'), look)
			}
		}
		if x := at(v.at); x < bar && !v.over {
			c.put(name+x, y, c.glyph('│'), accent)
		}
		c.fit(name+bar+1, y, 11, look, word)
	}
	return c
}

// faultPanel tells everything of the fault that is looked at.
func (v *scene) faultPanel(w, h int) *canvas {
	if len(v.rows) == 0 {
		return v.panel(w, h, "Fault")
	}
	r := &v.rows[v.chosen()]
	c := v.panel(w, h, r.Name, "up/down: another fault", "")
	var all []fact
	add := func(name, value string, look style) {
		if value != "" {
			all = append(all, fact{name, value, look})
		}
	}
	what := r.Kind + " " + r.Target
	if r.Params != "" {
		what += " (" + r.Params + ")"
	}
	add("what", what, bold)
	add("waits", r.waits, plain)
	planned := clock(r.Planned)
	if r.lasts > 0 {
		planned += " for " + r.lasts.String()
	}
	if !r.byHand {
		add("planned", planned, dim)
	}
	add("went", v.went(r), plain)
	add("victims", strings.Join(r.Victims, ", "), plain)
	for _, text := range r.Chosen {
		add("chosen", text, plain)
	}
	if r.NoticedBy != "" {
		add("noticed by", r.NoticedBy, plain)
	}
	for _, text := range r.Evidence {
		add("evidence", text, plain)
	}
	add("error", r.Error, bad)
	add("left out", r.LeftOut, caution)
	add("NOT healed", r.HealError, bad)
	if r.Took() {
		for _, f := range v.recovery(v.progress(r)) {
			add(f.name, f.value, f.look)
		}
		if m := v.measured(r.Name); m != nil {
			add("explained", m.Explained, plain)
			add("vacuous", m.Vacuous, caution)
		}
	}
	before := ""
	for i, f := range all[:min(len(all), h-1)] {
		if f.name != before {
			c.text(2, 1+i, dim, f.name)
		}
		before = f.name
		c.fit(15, 1+i, w-16, f.look, f.value)
	}
	return c
}

// went tells a fault's times.
func (v *scene) went(r *row) string {
	if r.Commanded < 0 {
		return ""
	}
	text := "commanded " + exactly(r.Commanded)
	for _, t := range []struct {
		name string
		at   time.Duration
	}{{"effective", r.Effective}, {"healing", r.Healing}, {"healed", r.Healed}} {
		if t.at >= 0 {
			text += fmt.Sprintf("  %s %s", t.name, exactly(t.at))
		}
	}
	if on(&r.Fault) {
		text += "  on for " + v.lasted(r)
	}
	return text
}

// exactly prints a time on the run's clock with tenths of a second.
func exactly(d time.Duration) string { return fmt.Sprintf("%s.%d", clock(d), d.Milliseconds()/100%10) }
