package tui

import (
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A scene is what panels are drawn of: what is known, and which part of it is looked at. Equal scenes give equal panels.
type scene struct {
	*snapshot
	span  time.Duration // of time in charts; 0: all
	ascii bool
	find  string             // what lines of the log have to contain
	until uint64             // the line of the log that is shown last; 0: the newest
	node  int                // the node whose log is shown
	fault int                // that is looked at; -1: the last that began
	logs  map[string]nodeLog // by node; the version below tells when they change
	logAt int
}

// A nodeLog is what a node wrote last.
type nodeLog struct {
	lines []string
	err   error
}

// stretch returns what charts show: it grows until it has the wanted length, and then goes along.
func (v *scene) stretch() (from, to time.Duration) {
	now := max(v.now(), v.load+time.Second)
	if v.span == 0 {
		return v.load, now
	}
	if now-v.load <= v.span {
		return v.load, v.load + v.span
	}
	return now - v.span, now
}

// panel returns a canvas with a panel's line above and at its left; what is in it begins at column 2, line 1.
// Of what is said in short at the right of the line, the first that there is room for is.
func (v *scene) panel(w, h int, name string, infos ...string) *canvas {
	c := newCanvas(w, h, v.ascii)
	c.vertical(0, 0, h)
	c.horizontal(0, 0, w)
	x := c.fit(2, 0, w-4, title, " "+name+" ")
	for _, info := range infos {
		if n := c.width(info) + 2; info != "" && x+n < w {
			c.text(w-n-1, 0, dim, " "+info+" ")
			break
		}
	}
	return c
}

// wait says in an empty panel what it waits for.
func (c *canvas) wait(text string) { c.fit(2, min(c.h/2, max(1, c.h-1)), c.w-2, dim, text) }

// clock prints a time on the run's clock: 02:14, 1:02:14.
func clock(d time.Duration) string {
	d = max(d, 0)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", m, s)
}

// short prints a length of time in whole seconds: what is shown of it changes once a second.
func short(d time.Duration) string { return max(d, 0).Truncate(time.Second).String() }

// rate prints messages per second.
func rate(v float64) string {
	if v < 99.5 {
		return fmt.Sprintf("%.3g", v)
	}
	return report.Thousands(uint64(v + 0.5))
}

// compact prints a number in at most four cells: 950, 2k, 14k, 1.2M.
func compact(v float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.of {
			return fmt.Sprintf("%.3g%s", v/u.of, u.name)
		}
	}
	return fmt.Sprintf("%.3g", v)
}
