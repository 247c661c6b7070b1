package recovery

import (
	"math"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Backlog returns what the consumers found that began at a time, and how long they took to drain it: until the end of the first window in which no more
// waits than were due in one second of it. A backlog that was never drained is censored at the last window.
func Backlog(windows []report.Window, began time.Duration) *report.Backlog {
	b := &report.Backlog{Began: began, Drained: report.CensoredFigure(0)}
	for i := range windows {
		w := &windows[i]
		b.Peak = max(b.Peak, w.Backlog)
		after := w.End() - began
		if after < time.Second { // the consumers have not read for a whole second yet
			continue
		}
		if b.Drained.Censored {
			b.Drained = report.CensoredFigure(after)
			if w.Backlog <= max(dueEach(w), 1) {
				b.Drained = report.KnownFigure(after)
			}
		}
	}
	return b
}

// dueEach is how many messages were due in each second of a window.
func dueEach(w *report.Window) uint64 { return uint64(math.Round(w.PerSecond(w.Due))) }
