package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A searchScene is what the panels of a search are drawn of.
type searchScene struct {
	*report.Search               // nil: nothing was told yet
	run            scene         // of the point that is measured
	at             time.Duration // on that run's clock
	note           string
	now            time.Time
	first          int // how many of the newest points are not shown
}

// elapsed and left are how long the search has taken, and about how long it still takes.
func (v *searchScene) elapsed() time.Duration { return v.Took + max(v.now.Sub(v.Told), 0) }
func (v *searchScene) left() time.Duration {
	return max(v.Left-max(v.now.Sub(v.Told), 0), 0)
}

// share is how much of the search is over, from 0 to 1, as far as that can be told beforehand.
func (v *searchScene) share() float64 {
	return v.elapsed().Seconds() / max((v.elapsed()+v.left()).Seconds(), 1)
}

// part returns the part of the search that goes on, or else the last that is over; nil: none has begun.
func (v *searchScene) part() (found *report.SearchPart) {
	if v.Search == nil {
		return nil
	}
	for i := range v.Parts {
		switch p := &v.Parts[i]; p.State {
		case report.SearchNow:
			return p
		case report.SearchOver:
			found = p
		}
	}
	return found
}

// named returns a part by its name.
func (v *searchScene) named(name string) *report.SearchPart {
	i := slices.IndexFunc(v.Parts, func(p report.SearchPart) bool { return p.Name == name })
	if i < 0 {
		return &report.SearchPart{Name: name, Short: name}
	}
	return &v.Parts[i]
}

// purpose says in words what the point that is measured is for.
func (v *searchScene) purpose() string {
	p := v.Now
	switch {
	case p.Purpose == "bracket":
		return "looking for a bracket"
	case p.Purpose == "bisect":
		return "halving the bracket"
	case p.Purpose == "confirm" && p.Rate == v.named(p.Part).High:
		return fmt.Sprintf("trying above again, %d of %d", p.Nth, p.Of)
	case p.Purpose == "confirm":
		return fmt.Sprintf("confirming, %d of %d", p.Nth, p.Of)
	case p.Purpose == "sweep":
		return fmt.Sprintf("rate %d of %d", p.Nth, p.Of)
	case p.Share > 0:
		return fmt.Sprintf("recovery at %.0f %%", 100*p.Share)
	}
	return p.Purpose
}

// doing says in words what the search does now.
func (v *searchScene) doing() string {
	switch {
	case v.Search == nil || v.Now == nil && v.Runs == 0:
		return "STARTING"
	case v.Now == nil:
		return "BETWEEN POINTS"
	case v.Now.Share > 0:
		return strings.ToUpper(v.purpose())
	}
	word := map[string]string{"bracket": "bracketing", "bisect": "halving", "confirm": "confirming", "sweep": "measuring"}[v.Now.Purpose]
	if v.Now.Of > 0 {
		word += fmt.Sprintf(" %d/%d", v.Now.Nth, v.Now.Of)
	}
	return strings.ToUpper(v.named(v.Now.Part).Short + ": " + word)
}

// header writes what is searched for, what is done, and how long it takes.
func (v *searchScene) header(c *canvas, stopping bool) {
	x := c.text(1, 0, title, "squall capacity")
	times, doing, look := "", v.doing(), accent
	if stopping {
		doing, look = "STOPPING", caution
	}
	if v.Search != nil {
		times = fmt.Sprintf("%s, ~%s left", clock(v.elapsed()), report.Roughly(v.left()))
		room := c.w - x - 2 - c.width(doing) - c.width(times) - 5
		x = c.fit(x+2, 0, min(c.width(v.Scenario), max(room, 8)), accent, v.Scenario)
		if room > c.width(v.Scenario+v.Broker)+2 {
			x = c.text(x+2, 0, dim, v.Broker)
		}
	}
	at := max(x+2, c.w-1-c.width(doing+"  "+times))
	c.fit(at, 0, c.w-at-c.width(times)-3, look, doing)
	c.right(c.w-1, 0, bold, times)
}

// bar draws how much of the search is over.
func (v *searchScene) bar(c *canvas, y int) {
	if v.Search != nil {
		c.gauge(1, y, c.w-2, v.share())
	}
}

// gauge draws a share of a line.
func (c *canvas) gauge(x, y, w int, share float64) {
	for i := range w {
		if float64(i) < share*float64(w) {
			c.put(x+i, y, c.glyph('━'), accent)
		} else {
			c.put(x+i, y, c.glyph('─'), dim)
		}
	}
}

// places places the panels: one below the other, and where there is room, those of the point that is measured at the right, with charts.
func (v *searchScene) places(b box) []place {
	own := func(name string, h int, draw func(w, h int) *canvas) place {
		return place{name: name, h: h, draw: func(_ *scene, w, h int) *canvas { return draw(w, h) }}
	}
	wide, left := b.w >= 110 && b.h >= 26, b.w
	if wide {
		left = b.w * 58 / 100
	}
	axis, now := 3, 5
	if b.h < 16 {
		axis, now = 2, 3
	}
	all := []place{own("question", 1+v.asks(left, b.h/7), v.questionPanel), own("parts", 1+min(max(v.count(), 1), max(2, b.h/5)), v.partsPanel),
		own("bracket", axis, v.bracketPanel), own("now", now, v.nowPanel), own("points", 0, v.pointsPanel)}
	if !wide {
		return column(b.x, b.y, b.w, b.h, all)
	}
	chart := (b.h - now) * 2 / 5
	placed := column(b.x, b.y, left, b.h, slices.Delete(slices.Clone(all), 3, 4))
	return append(placed, column(b.x+left, b.y, b.w-left, b.h, []place{all[3], {name: "rate", h: chart, draw: (*scene).ratePanel},
		{name: "latency", h: chart, draw: (*scene).latencyPanel}, {name: "events", draw: (*scene).eventsPanel}})...)
}

// count is how many parts there are.
func (v *searchScene) count() int {
	if v.Search == nil {
		return 0
	}
	return len(v.Parts)
}

// asks is how many lines the question takes, at most so many.
func (v *searchScene) asks(w, most int) int {
	if v.Search == nil {
		return 1
	}
	return min(len(words(v.Question, w-4)), max(most, 1))
}

func (v *searchScene) questionPanel(w, h int) *canvas {
	c := v.run.panel(w, h, "Question")
	if v.Search == nil {
		return c
	}
	lines := words(v.Question, w-4)
	for i := 0; i < min(len(lines), h-1); i++ {
		l := lines[i]
		if i == h-2 && i < len(lines)-1 {
			l += " …"
		}
		c.fit(2, 1+i, w-3, plain, l)
	}
	return c
}

// partsPanel says of each part of the search what was found, is, or is to be looked for.
func (v *searchScene) partsPanel(w, h int) *canvas {
	if v.Search == nil {
		return v.run.panel(w, h, "Search")
	}
	over, name, current := 0, 0, 0
	for i := range v.Parts {
		p := &v.Parts[i]
		if name = max(name, len(partLabel(p, w))); p.State == report.SearchOver {
			over++
		}
		if p.State == report.SearchNow || p.State == report.SearchOver {
			current = i
		}
	}
	c := v.run.panel(w, h, "Search", fmt.Sprintf("%d of %d over", over, len(v.Parts)))
	first := min(max(current-(h-1)/2, 0), max(len(v.Parts)-(h-1), 0))
	name = min(name, w/3)
	for i, p := range v.Parts[first:min(first+h-1, len(v.Parts))] {
		sign, look := '·', dim
		switch p.State {
		case report.SearchNow:
			sign, look = '▶', accent
		case report.SearchOver:
			sign, look = '✓', good
		case report.SearchLeftOut:
			sign, look = '○', dim
		}
		c.put(2, 1+i, c.glyph(sign), look)
		c.fit(4, 1+i, name, bold, partLabel(&p, w))
		text, look := said(&p)
		c.fit(6+name, 1+i, w-7-name, look, text)
	}
	return c
}
