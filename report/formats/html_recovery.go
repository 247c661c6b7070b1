package formats

import (
	"html/template"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// A recoveryPart is how long it took, by fault.
type recoveryPart struct {
	Scale   string // what the whole width of a bar stands for
	Backlog string // of consumers that began late
	Key     []keyed
	Bars    []bars
	Series  []spreadPart
	More    string
}

// A spreadPart is how recovery varied over the injections of one fault.
type spreadPart struct {
	Name string
	Made [][2]string
	Head []string
	Rows []spreadRow
	Axis template.HTML
}

// A spreadRow is a figure's statistics, and a sign for each injection.
type spreadRow struct {
	Name  string
	SVG   template.HTML
	Cells []string
}

// drawn are the figures that have a bar.
var drawn = map[string]bool{"service back": true, "performance back": true, "redundancy back": true, "backlog drained": true}

func recoveryOf(r *report.Report) recoveryPart {
	most := longest(r.Recovery)
	p := recoveryPart{Scale: report.Human(most), Key: []keyed{{"bar part0", string(report.Detection)}, {"bar part1", string(report.Election)}, {"bar part2", string(report.Discovery)},
		{"bar part3", string(report.CatchUp)}, {"bar whole", "as a whole"}, {"bar whole open", "not back when watching ended"}, {"line timer", "the timer that explains the largest part"}}}
	told, left := map[string]bool{}, 0
	eachFault(r, func(*series) {}, func(f *report.Fault) { told[f.Name] = true })
	for i := range r.Recovery {
		rec := &r.Recovery[i]
		at := slices.IndexFunc(r.Faults, func(f report.Fault) bool { return f.Name == rec.Fault })
		if at < 0 || !r.Faults[at].Took() {
			continue
		}
		if !told[rec.Fault] || len(p.Bars) == mostItems {
			left++
			continue
		}
		b := barsOf(rec, r.Run.Timers, most)
		b.Notes = named(slices.DeleteFunc(recoveryRows(rec), func(r row) bool { return drawn[r[0]] || r[0] == "outage" && b.hasParts() }))
		if rec.Service.Why != "" {
			b.Rows = nil
		}
		p.Bars = append(p.Bars, b)
	}
	if left > 0 {
		p.More = report.Thousands(uint64(left)) + " more, in report.json"
	}
	if r.Backlog != nil {
		p.Backlog = backlog(r.Backlog)
	}
	for _, s := range seriesOf(r) {
		if at := slices.IndexFunc(r.Series, func(o report.Series) bool { return o.Name == s.name }); at >= 0 {
			p.Series = append(p.Series, spreadOfSeries(r, s, &r.Series[at]))
		}
	}
	return p
}

func spreadOfSeries(r *report.Report, s *series, of *report.Series) spreadPart {
	rows := gridOf(recovered(of))
	p := spreadPart{Name: s.name, Made: named(madeOf(of)), Head: rows.Head[1:]}
	spreads := spreadsOf(of)
	x := scale{to: 1}
	for _, f := range spreads {
		x.to = max(x.to, 1.02*float64(f.spread.Max.Value))
	}
	ticks, axis := spreadTicks(x)
	p.Axis = axis
	for i, row := range rows.Rows {
		p.Rows = append(p.Rows, spreadRow{row[0], spreadOf(figuresOf(r, s, spreads[i].of), spreads[i].spread, x, ticks), row[1:]})
	}
	return p
}
