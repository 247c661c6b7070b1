package recovery

import (
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Backlog returns what the consumers found that began at a time, and how long they took to drain it: until the end of the first second in which no more
// waits than were due in it. A backlog that was never drained is censored at the last window.
func Backlog(windows []report.Window, began time.Duration) *report.Backlog {
	b := &report.Backlog{Began: began, Drained: report.CensoredFigure(0)}
	for i := range windows {
		w := &windows[i]
		b.Peak = max(b.Peak, w.Backlog)
		after := w.Start + time.Second - began
		if after < time.Second { // the consumers have not read for a whole second yet
			continue
		}
		if b.Drained.Censored {
			b.Drained = report.CensoredFigure(after)
			if w.Backlog <= max(w.Due, 1) {
				b.Drained = report.KnownFigure(after)
			}
		}
	}
	return b
}
