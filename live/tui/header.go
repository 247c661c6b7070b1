package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// doing says in words what the run does now.
func (s *snapshot) doing() (text string, look style) {
	switch {
	case s.over && s.verdict == nil:
		return "NO REPORT", bad
	case s.verdict != nil:
		return strings.ToUpper(string(s.verdict.Outcome)), map[report.Outcome]style{report.Pass: good, report.Fail: bad, report.Inconclusive: caution}[s.verdict.Outcome]
	case s.run == nil:
		return "STARTING", accent
	}
	p := s.phase()
	look = map[report.PhaseKind]style{report.During: bad, report.Recovering: caution}[p.Kind]
	if look == plain {
		look = accent
	}
	kind := map[report.PhaseKind]string{report.Prepare: "PREPARING", report.During: "DURING", report.Recovering: "RECOVERY", report.Heal: "HEALING",
		report.Drain: "DRAINING", report.Reading: "READING BACK"}[p.Kind]
	if kind == "" {
		kind = strings.ToUpper(p.Name)
	}
	return strings.TrimSpace(kind + " " + p.Fault), look
}

// header writes what is run and where it stands, and below it how far it is.
func (v *scene) header(c *canvas, now time.Duration, flags string) {
	x := c.text(1, 0, title, "squall")
	if v.run != nil {
		x = c.text(x+2, 0, accent, v.run.Scenario)
		nodes := fmt.Sprintf("%s, %s", v.run.Broker.Kind, plural(len(v.run.Broker.Nodes), "broker"))
		if c.w >= 90 {
			x = c.text(x+2, 0, dim, fmt.Sprintf("%s  seed %d", nodes, v.run.Seed))
		}
	}
	times := clock(now)
	if end, ok := v.end(); ok && !v.over {
		times += " / " + clock(end)
	}
	doing, look := v.doing()
	if flags != "" {
		flags += "  "
	}
	at := max(x+2, c.w-1-c.width(flags+doing+"  "+times))
	at = c.text(at, 0, caution, flags)
	c.fit(at, 0, c.w-at-c.width(times)-3, look, doing)
	c.right(c.w-1, 0, bold, times)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bar draws the run's time in one line: what is over, and when faults are on or planned.
func (v *scene) bar(c *canvas, y int, now time.Duration) {
	end, ok := v.end()
	if end = max(end, now); !ok || v.over {
		end = max(now, 1)
	}
	w := c.w - 2
	at := func(t time.Duration) int {
		return min(int(float64(w)*float64(max(t-v.load, 0))/float64(max(end-v.load, 1))), w)
	}
	for x := range w {
		if x < at(now) {
			c.put(1+x, y, c.glyph('━'), accent)
		} else {
			c.put(1+x, y, c.glyph('─'), dim)
		}
	}
	for i := range v.rows {
		r := &v.rows[i]
		from, to, begun := span(&r.Fault, now)
		if !begun {
			if r.Error != "" || r.LeftOut != "" || r.never {
				continue
			}
			from, to = r.Planned, r.Planned+r.lasts
			if r.lasts == 0 {
				to = end
			}
		} else if r.Healed < 0 {
			to = max(to, r.Commanded+r.lasts)
		}
		for x := at(from); x < max(at(to), at(from)+1) && x < w; x++ {
			if x < at(now) {
				c.put(1+x, y, c.glyph('▓'), bad)
			} else {
				c.put(1+x, y, c.glyph('▒'), caution)
			}
		}
	}
}

// done returns how far the run is, from 0 to 100.
func (s *snapshot) done(now time.Duration) int {
	end, ok := s.end()
	if !ok || end <= s.load {
		return 0
	}
	return int(100 * min(max(float64(now-s.load)/float64(end-s.load), 0), 1))
}
