package recovery

import (
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func TestBacklog(t *testing.T) {
	history := func(backlogs ...uint64) (windows []report.Window) {
		for i, n := range backlogs {
			windows = append(windows, report.Window{Start: time.Duration(10+i) * time.Second, Due: 100, Backlog: n})
		}
		return windows
	}
	for name, tt := range map[string]struct {
		windows []report.Window
		peak    uint64
		want    report.Figure
	}{
		"drained":                {history(100, 200, 300, 250, 120, 90, 10), 300, report.KnownFigure(3 * time.Second)},
		"at once":                {history(100, 200, 300, 50), 300, report.KnownFigure(time.Second)},
		"small before they came": {history(10, 20, 300, 250), 300, report.CensoredFigure(time.Second)},
		"never":                  {history(100, 200, 300, 400, 500), 500, report.CensoredFigure(2 * time.Second)},
		"the load ended first":   {history(100, 200), 200, report.CensoredFigure(0)},
	} {
		if got := Backlog(tt.windows, 13*time.Second); got.Peak != tt.peak || got.Drained != tt.want {
			t.Errorf("%s: %+v, want %d and %+v", name, got, tt.peak, tt.want)
		}
	}
}
