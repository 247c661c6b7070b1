package formats

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A series is the injections of one fault that was repeated, or of random faults.
type series struct {
	name   string
	faults []*report.Fault
}

// seriesOf returns the series of a report in their order; what was injected once is none.
func seriesOf(r *report.Report) (all []*series) {
	for i := range r.Faults {
		f := &r.Faults[i]
		name, _, repeated := strings.Cut(f.Name, " #")
		if !repeated {
			continue
		}
		at := slices.IndexFunc(all, func(s *series) bool { return s.name == name })
		if at < 0 {
			all, at = append(all, &series{name: name}), len(all)
		}
		all[at].faults = append(all[at].faults, f)
	}
	return slices.DeleteFunc(all, func(s *series) bool { return len(s.faults) < 2 })
}

// rows tell how many there were, of which kinds, and how recovery varied.
func (s *series) rows(r *report.Report) []string {
	var took, leftOut, failed int
	kinds := map[string]int{}
	for _, f := range s.faults {
		kinds[f.Kind]++
		switch {
		case f.Took():
			took++
		case f.LeftOut != "":
			leftOut++
		default:
			failed++
		}
	}
	rows := []string{fmt.Sprintf("injected\t%d of %d took effect, %d left out, %d not as planned", took, len(s.faults), leftOut, failed)}
	var each []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		each = append(each, fmt.Sprintf("%s %d", k, kinds[k]))
	}
	rows = append(rows, "kinds\t"+strings.Join(each, ", "))
	for _, row := range []struct {
		name, since string
		of          func(*report.Recovery) report.Figure
	}{
		{"service back", "effective", func(r *report.Recovery) report.Figure { return r.Service }},
		{"detected", "effective", func(r *report.Recovery) report.Figure { return r.Detect }},
		{"redundancy back", "healed", func(r *report.Recovery) report.Figure { return r.Redundancy }},
	} {
		if text := spread(s.figures(r, row.of)); text != "" {
			rows = append(rows, row.name+"\t"+text+" after "+row.since)
		}
	}
	return rows
}

// figures returns one recovery figure of every injection of which it is known, or known to be longer.
func (s *series) figures(r *report.Report, of func(*report.Recovery) report.Figure) (all []report.Figure) {
	for _, f := range s.faults {
		for i := range r.Recovery {
			if figure := of(&r.Recovery[i]); r.Recovery[i].Fault == f.Name && (figure.Known || figure.Censored) {
				all = append(all, figure)
			}
		}
	}
	slices.SortFunc(all, func(a, b report.Figure) int { // what never came within its time ranks above all that did
		if a.Censored != b.Censored {
			if a.Censored {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Value, b.Value)
	})
	return all
}

// spread tells the least, the median and the greatest of sorted figures.
func spread(all []report.Figure) string {
	n := len(all)
	if n == 0 {
		return ""
	}
	censored := 0
	for _, f := range all {
		if f.Censored {
			censored++
		}
	}
	text := fmt.Sprintf("min %s, median %s, max %s of %d", all[0], all[n/2], all[n-1], n)
	if censored > 0 {
		text += fmt.Sprintf(" (%d had not come when watching ended)", censored)
	}
	return text
}

// shown returns which injections of a series are told by themselves: those with which something is wrong, and the slowest to recover.
func (s *series) shown(r *report.Report) map[string]bool {
	show := map[string]bool{}
	var slowest *report.Recovery
	for _, f := range s.faults {
		if f.Error != "" || f.HealError != "" {
			show[f.Name] = true
		}
		for i := range r.Recovery {
			rec := &r.Recovery[i]
			if rec.Fault == f.Name && (slowest == nil || rec.Service.Value > slowest.Service.Value) {
				slowest = rec
			}
		}
	}
	if slowest != nil {
		show[slowest.Fault] = true
	}
	return show
}
