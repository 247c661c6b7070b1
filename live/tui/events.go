package tui

import (
	"github.com/seed-228c25e4/squall/report"
)

// eventLooks are the signs of what is told.
var eventLooks = map[report.EventType]struct {
	sign rune
	look style
}{
	report.EventRun: {'▶', accent}, report.EventPhase: {'─', dim}, report.EventFault: {'▼', bad}, report.EventState: {'◆', accent}, report.EventNode: {'✗', bad},
	report.EventClient: {'·', dim}, report.EventNote: {'!', caution}, report.EventVerdict: {'■', title},
}

// eventsPanel shows the last events, but those of clients, of which there are many.
func (v *scene) eventsPanel(w, h int) *canvas {
	c := v.panel(w, h, "Events", "")
	var shown []line
	for i := len(v.lines) - 1; i >= 0 && len(shown) < h-1; i-- {
		if v.lines[i].kind != report.EventClient {
			shown = append(shown, v.lines[i])
		}
	}
	if len(shown) == 0 {
		c.wait("nothing has happened yet")
	}
	for i, l := range shown {
		l.write(c, 2, len(shown)-i)
	}
	return c
}

func (l *line) write(c *canvas, x, y int) {
	how := eventLooks[l.kind]
	if how.sign == 0 {
		how.sign = '·'
	}
	x = c.text(x, y, dim, clock(l.at)) + 1
	c.put(x, y, c.glyph(how.sign), how.look)
	look := plain
	switch l.kind {
	case report.EventVerdict, report.EventNode:
		look = bold
	case report.EventPhase, report.EventClient:
		look = dim
	}
	c.text(x+2, y, look, l.text)
}
