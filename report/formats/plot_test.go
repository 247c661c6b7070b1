package formats

import (
	"math"
	"strings"
	"testing"
)

// A plot's guide keeps its slope: what it is drawn for is in the axes' bounds, and so are levels and bands.
func TestPlotBounds(t *testing.T) {
	p := Plot{Title: "x", Traces: []PlotTrace{{Points: []PlotPoint{{X: 10, Y: 5}, {X: 100, Y: math.NaN()}}}}, Guide: []PlotPoint{{X: 0, Y: 0}, {X: 100, Y: 100}}, Levels: []PlotLevel{{Y: 300}}, Bands: []PlotBand{{From: 50, To: 900}}}
	x, y := p.bounds()
	if x != [2]float64{0, 900} || y != [2]float64{0, 300} {
		t.Errorf("x %v, y %v", x, y)
	}
}

// Where there is no point nothing is drawn, and whatever stands in it is words.
func TestPlotDraw(t *testing.T) {
	for name, p := range map[string]Plot{
		"nothing": {Title: "x", Guide: []PlotPoint{{}, {X: 1, Y: 1}}}, "no number": {Traces: []PlotTrace{{Points: []PlotPoint{{X: 1, Y: math.NaN()}, {X: math.Inf(1), Y: math.Inf(1)}}}}},
	} {
		if got := p.Draw(); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	p := Plot{Title: "<b>", Across: "<b>", Caption: "<b>", Durations: true, Levels: []PlotLevel{{Y: 5, Name: "<b>"}}, Bands: []PlotBand{{From: 1, To: 2, Name: "<b>"}},
		Traces: []PlotTrace{{Name: "<b>", Points: []PlotPoint{{X: 1, Y: 1e6, Sign: Dot, About: "<b>"}, {X: 2, Y: 2e6, Sign: Cross}}}, {Signs: true, Points: []PlotPoint{{X: 2, Y: 1, Sign: Hollow}, {X: 3, Y: math.NaN(), Sign: Dot}}}}}
	got := string(p.Draw())
	if strings.Contains(got, "<b>") {
		t.Errorf("what is not escaped: %s", got)
	}
	for sign, want := range map[string]int{"sign held curve0": 1, "sign missed curve0": 1, "sign nothing curve0": 1, `class="level"`: 1} {
		if n := strings.Count(got, sign); n != want {
			t.Errorf("%s is there %d times, want %d: %s", sign, n, want, got)
		}
	}
}
