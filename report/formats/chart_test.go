package formats

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func ticksOf(ticks []tick) string {
	var all []string
	for _, t := range ticks {
		all = append(all, t.text)
	}
	return strings.Join(all, " ")
}

func TestCountScale(t *testing.T) {
	for most, want := range map[float64]string{0: "0 0.5 1", 1: "0 0.5 1", 7: "0 2 4 6 8", 1000: "0 500 1k", 1100: "0 500 1k 1.5k", 2_412_331: "0 1M 2M 3M"} {
		s, ticks := countScale(most)
		if ticksOf(ticks) != want || s.at(most) > 1 || s.at(0) != 0 {
			t.Errorf("to %g: %q, want %q", most, ticksOf(ticks), want)
		}
	}
}

func TestDurationScale(t *testing.T) {
	for _, c := range []struct {
		least, most time.Duration
		want        string
	}{
		{3 * ms, 40 * ms, "2ms 5ms 10ms 20ms 50ms"},
		{700 * time.Microsecond, 9 * time.Second, "1ms 10ms 100ms 1s 10s"},
		{0, 100 * time.Second, "1ns 1µs 1ms 1s"},
		{ms, ms, "500µs 1ms 2ms"},
	} {
		s, ticks := durationScale(float64(c.least), float64(c.most))
		if ticksOf(ticks) != c.want || !(s.at(float64(c.least)) >= 0 && s.at(float64(c.most)) <= 1 && s.to > s.from) {
			t.Errorf("%s to %s: %q, want %q", c.least, c.most, ticksOf(ticks), c.want)
		}
	}
}

func TestTimeScale(t *testing.T) {
	for _, c := range []struct {
		from, to time.Duration
		want     string
	}{
		{time.Second, 20 * time.Second, "5s 10s 15s 20s"}, {0, 95 * time.Second, "0s 30s 1m 1m30s"}, {10 * time.Second, 10 * time.Minute, "2m 4m 6m 8m 10m"},
		{0, 24 * time.Hour, "0s 6h 12h 18h 24h"}, {0, 0, "0s 1s"}, {0, 1000 * time.Hour, "0s 192h 384h 576h 768h 960h"},
	} {
		if _, ticks := timeScale(c.from, c.to); ticksOf(ticks) != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, ticksOf(ticks), c.want)
		}
	}
}

// Of a line with more points than can be drawn, what stands out stays: the least, the greatest, and the holes.
func TestThinKeepsWhatStandsOut(t *testing.T) {
	points := make([]point, 86_400)
	for i := range points {
		points[i] = point{float64(i), 100}
	}
	points[12_345].y, points[54_321].y, points[70_000].y = 7, 31_337, math.NaN()
	kept, stretch := thin(points)
	if len(kept) > mostPoints || stretch < 2 {
		t.Fatalf("%d points, %d of them as one", len(kept), stretch)
	}
	found := 0
	for i, p := range kept {
		if p == points[12_345] || p == points[54_321] || p.x == 70_000 && p.hole() {
			found++
		}
		if i > 0 && p.x < kept[i-1].x {
			t.Fatalf("%v comes after %v", p, kept[i-1])
		}
	}
	if found != 3 {
		t.Errorf("%d of 3 stand out still", found)
	}
	if kept, stretch := thin(points[:mostPoints]); len(kept) != mostPoints || stretch != 1 {
		t.Errorf("%d points of %d", len(kept), mostPoints)
	}
}

func TestPathHasHoles(t *testing.T) {
	c := newChart("", 100, scale{to: 10}, scale{to: 10})
	hole := math.NaN()
	for want, points := range map[string][]point{
		"":                     {{1, hole}},
		"M0 100L400 90H800":    {{0, 0}, {1, 1}, {2, 1}},
		"M0 100h0M800 90V50":   {{0, 0}, {1, hole}, {2, 1}, {2, 5}, {2, 5}},
		"M4000 0h0M4000 100h0": {{99, 99}, {3, hole}, {10, -1}},
	} {
		if got := c.path(points); got != want {
			t.Errorf("%v: %q, want %q", points, got, want)
		}
	}
}

// The curve goes through exactly what the histogram says of each quantile, and what is only a lower bound is drawn apart.
func TestRanks(t *testing.T) {
	h := histogram(3*ms, 12*ms, 40*ms)
	known, open := ranks(h)
	if len(open) != 0 {
		t.Errorf("open: %v", open)
	}
	for _, q := range []float64{0.1, 0.5, 0.95, 0.99, 0.999} {
		want, x, got := float64(h.Quantile(q).Value), 1/(1-q), 0.0
		for i := 0; i+1 < len(known); i += 2 {
			if known[i].x <= x && x <= known[i+1].x {
				got = known[i].y
			}
		}
		if got != want {
			t.Errorf("at %g %g, want %g", q, got, want)
		}
	}
	h.AddCensored(60*time.Second, 100)
	known, open = ranks(h)
	if len(known) != 6 || len(open) != 3 || open[2].y != float64(60*time.Second) {
		t.Errorf("known %v, open %v", known, open)
	}
}

// Each letter of a second becomes a cell of its own kind; what is put together shows the worst.
func TestStrip(t *testing.T) {
	r := &report.Report{}
	for i, letters := range []string{"fi", "fs", "ts", "sf"} {
		r.Windows = append(r.Windows, report.Window{Start: time.Duration(i) * time.Second, Partitions: letters})
	}
	d := newFilm(r).strip()
	for _, want := range []string{`class="cells full" d="M0 5H2000v4H0zM3000 19H4000v4H3000z"`, `class="cells thin" d="M2000 3H3000v8H2000z"`, `class="cells silent" d="M3000 1H4000v12H3000zM1000 15H3000v12H1000z"`} {
		if !strings.Contains(string(d.SVG), want) {
			t.Errorf("%s is not in %s", want, d.SVG)
		}
	}
	if !strings.Contains(d.Caption, "2 of 2 partitions were silent in some second, for 3 seconds in all") {
		t.Error(d.Caption)
	}
	r.Windows[0].Partitions = strings.Repeat("f", 200) + "s"
	if d := newFilm(r).strip(); !strings.Contains(d.Caption, "worst of 7 partitions") || strings.Count(string(d.SVG), "tick y") > mostLines {
		t.Error(d.Caption)
	}
}

// A fault's time is shaded where it was, and named where there is room.
func TestShades(t *testing.T) {
	r := long(100, 1)
	d := newFilm(r).overTime()[0]
	for _, want := range []string{`<title>death #1: kill leader, effective 50.004s, healed 1m2.501s</title>`, `<rect class="shade" x="50.00%" y="18" width="12.50%"`, `>death #1</text>`} {
		if !strings.Contains(string(d.SVG), want) {
			t.Errorf("%s is not in %s", want, d.SVG)
		}
	}
	if n := strings.Count(string(newFilm(long(3000, 400)).overTime()[0].SVG), `class="name"`); n > int(100/roomOf("#1")) {
		t.Errorf("%d names, for which there is no room", n)
	}
}

// A run whose windows were thinned has charts over the same time and with the same rate as one of which every second is kept.
func TestChartsOfAThinnedRun(t *testing.T) {
	whole := &report.Report{}
	for i := range 20_000 {
		whole.Windows = append(whole.Windows, report.Window{Start: time.Duration(i) * time.Second, Phase: "baseline", Due: 100, Acknowledged: 100, Partitions: "fs"})
	}
	thinned := &report.Report{Windows: report.Thin(append([]report.Window{}, whole.Windows...))}
	a, b := newFilm(whole), newFilm(thinned)
	if a.from != b.from || a.to != b.to || a.x != b.x || len(b.r.Windows) > report.MostWindows {
		t.Errorf("%d windows from %v to %v, want from %v to %v", len(b.r.Windows), b.from, b.to, a.from, a.to)
	}
	for _, p := range b.points(func(w *report.Window) float64 { return w.PerSecond(w.Acknowledged) }) {
		if p.y != 100 {
			t.Fatalf("%+v: the rate is 100/s", p)
		}
	}
	if c := b.overTime()[0].Caption; !strings.Contains(c, "2,000,000 messages were due") || !strings.Contains(c, "a point stands for up to 8s") {
		t.Error(c)
	}
	if c := b.strip().Caption; !strings.Contains(c, "for at most 20,000 seconds in all") {
		t.Error(c)
	}
}
