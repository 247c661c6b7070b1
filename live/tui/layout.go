package tui

import "fmt"

// The least terminal in which something can be read.
const (
	leastWidth  = 60
	leastHeight = 15
)

// tooSmall says so on a canvas on which nothing can be read.
func (c *canvas) tooSmall() bool {
	if c.w >= leastWidth && c.h >= leastHeight {
		return false
	}
	c.fit(0, 0, c.w, plain, fmt.Sprintf("squall needs %dx%d; this is %dx%d", leastWidth, leastHeight, c.w, c.h))
	return true
}

// enclose draws the frame around the panels from a line on.
func (c *canvas) enclose(top int) {
	c.vertical(c.w-1, top, c.h-top)
	c.vertical(0, top, c.h-top)
	c.horizontal(1, c.h-1, c.w-2)
	c.join()
}

// A place is where a panel stands.
type place struct {
	name       string
	x, y, w, h int
	draw       func(*scene, int, int) *canvas
}

// A box is a part of the screen that panels are put into.
type box struct{ x, y, w, h int }

// overview places the panels of the first view: side by side where there is room, else as charts above lines.
func overview(v *scene, b box) []place {
	if b.w < 100 || b.h < 23 {
		return collapsed(v, b)
	}
	parts := partitions(v)
	strip := 1 + min(max(parts, 1), max(2, b.h/5))
	events := min(max(b.h/5, 4), 14)
	top := b.h - strip - events
	left, right := min(max(b.w*26/100, 31), 50), min(max(b.w*28/100, 32), 50)
	middle := b.w - left - right
	all := column(b.x, b.y, left, top, []place{
		{name: "brokers", h: 1 + min(max(nodeCount(v), 2), max(3, top/3)), draw: (*scene).brokersPanel},
		{name: "faults", draw: (*scene).faultsPanel},
		{name: "recovery", h: 6, draw: (*scene).recoveryPanel},
	})
	all = append(all, column(b.x+left, b.y, middle, top, []place{
		{name: "rate", draw: (*scene).ratePanel},
		{name: "latency", h: top * 2 / 5, draw: (*scene).latencyPanel},
		{name: "backlog", h: max(3, top/5), draw: (*scene).backlogPanel},
	})...)
	all = append(all, column(b.x+left+middle, b.y, right, top, []place{
		{name: "safety", h: 1 + min(len(v.safetyFacts()), top*6/10), draw: (*scene).safetyPanel},
		{name: "expectations", draw: (*scene).expectationsPanel},
	})...)
	return append(all, column(b.x, b.y+top, b.w, strip+events, []place{
		{name: "strip", h: strip, draw: (*scene).stripPanel},
		{name: "events", draw: (*scene).eventsPanel},
	})...)
}

// collapsed places two charts, lines of everything else, and what room is left for the partitions and events.
func collapsed(v *scene, b box) []place {
	charts := max(4, b.h*3/10)
	lines := min(6, b.h-charts-2)
	rest := b.h - charts - lines
	strip := 0
	if rest >= 7 {
		strip = 1 + min(max(partitions(v), 1), rest/2-1)
	}
	left := b.w / 2
	all := []place{
		{name: "rate", x: b.x, y: b.y, w: left, h: charts, draw: (*scene).ratePanel},
		{name: "latency", x: b.x + left, y: b.y, w: b.w - left, h: charts, draw: (*scene).latencyPanel},
		{name: "lines", x: b.x, y: b.y + charts, w: b.w, h: lines, draw: (*scene).linesPanel},
	}
	return append(all, column(b.x, b.y+charts+lines, b.w, rest, []place{{name: "strip", h: strip, draw: (*scene).stripPanel}, {name: "events", draw: (*scene).eventsPanel}})...)
}

// column places panels one below the other; the one without a height takes what is left.
func column(x, y, w, h int, all []place) []place {
	left := h
	for _, p := range all {
		left -= p.h
	}
	var placed []place
	for _, p := range all {
		if p.h == 0 && p.name != "strip" {
			p.h = left
		}
		if p.h = min(p.h, h); p.h < 1 {
			continue
		}
		p.x, p.y, p.w = x, y, w
		y, h = y+p.h, h-p.h
		placed = append(placed, p)
	}
	return placed
}

func nodeCount(v *scene) int {
	if v.run == nil {
		return 0
	}
	return len(v.run.Broker.Nodes)
}

func partitions(v *scene) int {
	if n := len(v.slices); n > 0 {
		return len(v.slices[n-1].partitions)
	}
	if v.state != nil {
		return len(v.state.Partitions)
	}
	return 0
}
