package formats

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A bars is how one fault's recovery went: a bar for each figure, all on one axis that begins when the fault took effect.
type bars struct {
	Fault string
	Rows  []barRow
	Notes [][2]string // what there is to say of it besides
}

// A barRow is a figure in words and as a bar, with what its parts are: in the bar itself there may be no room for words.
type barRow struct {
	Name, Value string
	SVG         template.HTML
	Parts       []keyed
}

// hasParts reports whether the parts of the outage stand below a bar.
func (b *bars) hasParts() bool {
	return slices.ContainsFunc(b.Rows, func(r barRow) bool { return len(r.Parts) > 0 })
}

// partClasses are how the parts of an outage look, in their order.
var partClasses = map[report.PartName]string{report.Detection: "part0", report.Election: "part1", report.Discovery: "part2", report.CatchUp: "part3"}

// longest returns the time that all bars are a share of.
func longest(all []report.Recovery) time.Duration {
	most := time.Millisecond
	for i := range all {
		r := &all[i]
		for _, f := range []report.Figure{r.Service, r.Performance, r.RedundancySinceEffect, r.DrainedSinceEffect} {
			most = max(most, f.Value)
		}
	}
	return most
}

// barsOf draws a fault's recovery against the longest of all, with the timer that explains it.
func barsOf(r *report.Recovery, timers []report.Timer, most time.Duration) bars {
	b := bars{Fault: r.Fault}
	x := scale{to: float64(most)}
	service, parts := parted(r, timers, x)
	for _, f := range []struct {
		name  string
		text  string
		svg   template.HTML
		parts []keyed
	}{
		{"service back", figure(r.Service, "effective", "no silence above "+report.Human(r.Threshold)), service, parts},
		{"performance back", figure(r.Performance, "effective", "never worse"), plainBar(r.Performance, x), nil},
		{"redundancy back", figure(r.Redundancy, "healed", "by then"), plainBar(r.RedundancySinceEffect, x), nil},
		{"backlog drained", figure(r.Drained, "healed", "by then"), plainBar(r.DrainedSinceEffect, x), nil},
	} {
		b.Rows = append(b.Rows, barRow{f.name, f.text, f.svg, f.parts})
	}
	return b
}

// barTall is the height of a bar, in pixels.
const barTall = 22

func drawBar(inside string, about string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="hbar" role="img" width="100%%" height="%d"><title>%s</title>%s</svg>`, barTall, template.HTMLEscapeString(about), inside)) //nolint:gosec // escaped
}

// plainBar draws a figure; one that had not come when watching ended is drawn open.
func plainBar(f report.Figure, x scale) template.HTML {
	if f.Why != "" || f.Value <= 0 {
		return ""
	}
	return drawBar(piece("whole", 0, f.Value, x, f.Censored), f.String())
}

// piece draws a stretch of a bar.
func piece(class string, from, to time.Duration, x scale, open bool) string {
	left, width := 100*x.at(float64(from)), 100*(x.at(float64(to))-x.at(float64(from)))
	if open {
		class += " open"
	}
	return fmt.Sprintf(`<rect class="bar %s" x="%.2f%%" y="3" width="%.2f%%" height="%d"/>`, class, left, max(width, 0.3), barTall-6)
}

// parted draws how long service was gone, in its parts where they are known, and where the timer ran out that explains the largest of them; or could
// first, of one that is drawn.
func parted(r *report.Recovery, timers []report.Timer, x scale) (svg template.HTML, parts []keyed) {
	if len(r.Parts) == 0 || r.Service.Censored {
		return plainBar(r.Service, x), nil
	}
	var b strings.Builder
	var words []string
	var largest report.PartName
	at, begins, most := time.Duration(0), time.Duration(0), time.Duration(-1)
	for _, p := range r.Parts {
		b.WriteString(piece(partClasses[p.Name], at, at+p.Took, x, false))
		if p.Took > most {
			largest, begins, most = p.Name, at, p.Took
		}
		at += p.Took
		text := fmt.Sprintf("%s %s", p.Name, report.Human(p.Took))
		parts, words = append(parts, keyed{"bar " + partClasses[p.Name], text}), append(words, text)
	}
	if i := slices.IndexFunc(timers, func(t report.Timer) bool { return t.Name == r.Timer }); i >= 0 {
		t := timers[i]
		if !slices.ContainsFunc(timers, func(t report.Timer) bool { return t.Name == r.Timer && t.Part == string(largest) }) {
			begins = 0 // it explains the outage as a whole
		}
		text := fmt.Sprintf("%s = %s", t.Name, t.Span())
		left := 100 * x.at(float64(begins+cmp.Or(t.Least, t.Value)))
		fmt.Fprintf(&b, `<g><title>%s</title><line class="timer" x1="%.2f%%" x2="%.2f%%" y1="0" y2="%d"/></g>`, template.HTMLEscapeString(text), left, left, barTall)
		parts, words = append(parts, keyed{"line timer", text}), append(words, text)
	}
	return drawBar(b.String(), strings.Join(words, ", ")), parts
}

// spreadTicks returns the times that are written below the signs of all injections, and an axis of them.
func spreadTicks(x scale) (ticks []tick, axis template.HTML) {
	if x.to < float64(time.Millisecond) { // nothing took any time
		return nil, ""
	}
	for v, step := 0.0, nice(x.to/5, false); v <= x.to; v += step {
		ticks = append(ticks, tick{v, axisTime(time.Duration(v))})
	}
	var b strings.Builder
	for i, t := range ticks {
		class, at := "x", 100*x.at(t.at)
		switch {
		case i == 0: // in the middle it would be cut off
			class = "first"
		case at > 94:
			class = "end"
		}
		fmt.Fprintf(&b, `<line class="axis" x1="%.2f%%" x2="%.2f%%" y1="0" y2="4"/><text class="tick %s" x="%.2f%%" y="16">%s</text>`, at, at, class, at, template.HTMLEscapeString(t.text))
	}
	b.WriteString(`<line class="axis" x1="0" x2="100%" y1="0.5" y2="0.5"/>`)
	return ticks, drawBar(b.String(), "time since the fault took effect")
}

// spreadOf draws how a figure varied over the injections of a fault: a sign for each, and the median. What had not come when watching ended points on.
func spreadOf(figures []report.Figure, d *report.Distribution, x scale, ticks []tick) template.HTML {
	if d.N == 0 {
		return ""
	}
	var b strings.Builder
	for _, t := range ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%.2f%%" x2="%.2f%%" y1="0" y2="%d"/>`, 100*x.at(t.at), 100*x.at(t.at), barTall)
	}
	if d.Low.Why == "" {
		left, right := 100*x.at(float64(d.Low.Value)), 100*x.at(float64(d.High.Value))
		fmt.Fprintf(&b, `<rect class="bar sure" x="%.2f%%" y="1" width="%.2f%%" height="%d"/>`, left, max(right-left, 0.3), barTall-2)
	}
	for _, f := range figures[:min(len(figures), mostPoints)] {
		at := 100 * x.at(float64(f.Value))
		switch {
		case f.Censored:
			fmt.Fprintf(&b, `<svg x="%.2f%%" y="6" width="10" height="10" overflow="visible"><path class="on" d="M0 0L8 5L0 10"/></svg>`, at)
		case f.Known:
			fmt.Fprintf(&b, `<circle class="dot" cx="%.2f%%" cy="%d" r="3.5"/>`, at, barTall/2)
		}
	}
	fmt.Fprintf(&b, `<line class="median" x1="%.2f%%" x2="%.2f%%" y1="1" y2="%d"/>`, 100*x.at(float64(d.P50.Value)), 100*x.at(float64(d.P50.Value)), barTall-1)
	return drawBar(b.String(), "median "+d.P50.String())
}

// figuresOf returns a figure of each injection of a fault.
func figuresOf(r *report.Report, s *series, of func(*report.Recovery) report.Figure) (all []report.Figure) {
	for _, f := range s.faults {
		at := slices.IndexFunc(r.Recovery, func(rec report.Recovery) bool { return rec.Fault == f.Name })
		if at >= 0 && f.Took() {
			all = append(all, of(&r.Recovery[at]))
		}
	}
	return all
}
