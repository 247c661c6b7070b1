package formats

import (
	"fmt"
	"html/template"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// mostRows is how many faults the timeline has a row for.
const mostRows = 40

// timeline draws the phases of a run and its faults, each as it was planned and as it went; nil: there was neither.
func (f *film) timeline() *drawing {
	faults := f.r.Faults[:min(len(f.r.Faults), mostRows)]
	if len(faults) == 0 {
		return nil
	}
	const tall = 30
	c := newChart("When each fault was planned, effective and healed", tall*len(faults), f.x, scale{to: 1})
	c.grid(f.ticks, nil, f.utc(f.from), f.utc(f.to))
	for i := range faults {
		f.fault(c, &faults[i], headRoom+i*tall)
	}
	d := &drawing{Title: "Faults over time", SVG: c.done(), Key: []keyed{{"bar planned", "planned"}, {"bar effective", "in force"}, {"bar back", "service not back yet"}}}
	d.Caption = fmt.Sprintf("%d of %d faults took effect.", f.took(), len(f.r.Faults))
	if n := len(f.r.Faults) - len(faults); n > 0 {
		d.Caption += fmt.Sprintf(" The first %d are drawn; %d more, in report.json.", len(faults), n)
	}
	return d
}

func (f *film) took() (n int) {
	for i := range f.r.Faults {
		if f.r.Faults[i].Took() {
			n++
		}
	}
	return n
}

// fault draws a fault's row, from a number of pixels below the top.
func (f *film) fault(c *chart, fault *report.Fault, top int) {
	what := fmt.Sprintf("%s: %s %s", fault.Name, fault.Kind, fault.Target)
	if fault.LeftOut != "" {
		what += " (left out)"
	} else if !fault.Took() {
		what += " (did not take effect, or not as planned)"
	}
	c.printf("<g><title>%s</title>", template.HTMLEscapeString(what))
	if from, to, ok := f.planned(fault); ok {
		f.bar(c, "planned", from, to, top+14, 14)
	}
	if fault.Effective >= 0 {
		to := fault.Healed
		if to < 0 {
			to = f.to
		}
		f.bar(c, "effective", fault.Effective, to, top+17, 8)
		if back, ok := f.back(fault); ok {
			f.bar(c, "back", fault.Effective, back, top+26, 3)
		}
	}
	at, anchor := c.left(float64(max(fault.Planned, fault.Effective, f.from))), "start"
	if at > 60 {
		anchor = "end"
	}
	c.printf(`<text class="row %s" x="%.2f%%" y="%d">%s</text></g>`, anchor, at, top+10, template.HTMLEscapeString(what))
}

func (f *film) bar(c *chart, class string, from, to time.Duration, top, tall int) {
	left, right := c.left(float64(from)), c.left(float64(to))
	c.printf(`<rect class="bar %s" x="%.2f%%" y="%d" width="%.2f%%" height="%d"/>`, class, left, top, max(right-left, 0.2), tall)
}

// planned returns when a fault was to be in force. How long it was to last is in the run's plan, if anywhere.
func (f *film) planned(fault *report.Fault) (from, to time.Duration, ok bool) {
	if fault.Planned < 0 || fault.ByHand {
		return 0, 0, false
	}
	if f.r.Run.Plan != nil {
		for _, p := range f.r.Run.Plan.Faults {
			if p.Name == fault.Name && p.For > 0 {
				return fault.Planned, fault.Planned + p.For, true
			}
		}
	}
	return fault.Planned, fault.Planned, true
}

// back returns when service was back after a fault, or until when it was not.
func (f *film) back(fault *report.Fault) (time.Duration, bool) {
	for i := range f.r.Recovery {
		if rec := &f.r.Recovery[i]; rec.Fault == fault.Name {
			return fault.Effective + rec.Service.Value, rec.Service.Why == "" && rec.Service.Value > 0
		}
	}
	return 0, false
}
