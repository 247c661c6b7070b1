package suite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A Recovered is how one fault of a run went by, for a look at several runs side by side. Of a fault that was injected again and again the figures are the medians.
type Recovered struct {
	Fault      string        `json:"fault"`
	Injections int           `json:"injections"`
	Service    report.Figure `json:"service"`
	Failover   report.Figure `json:"failover"`
	Detect     report.Figure `json:"detect"`
	Performing report.Figure `json:"performance"`
	Redundant  report.Figure `json:"redundancy"`
	Explained  string        `json:"explained,omitempty"`
}

// recoveries are those of a run: one for each fault, or for each series of them.
func recoveries(r *report.Report) (all []Recovered) {
	for i := range r.Series {
		s := &r.Series[i]
		all = append(all, Recovered{s.Name, s.Took, s.Service.P50, s.Failover.P50, s.Detect.P50, s.Performance.P50, s.Redundancy.P50, s.Explained})
	}
	for i := range r.Recovery {
		f := &r.Recovery[i]
		if name, _, _ := strings.Cut(f.Fault, " #"); slices.ContainsFunc(r.Series, func(s report.Series) bool { return s.Name == name }) {
			continue
		}
		all = append(all, Recovered{f.Fault, 1, f.Service, f.Failover, f.Detect, f.Performance, f.Redundancy, f.Explained})
	}
	return all
}

// A Beside is one run's line among those that tell of a fault of the same name.
type Beside struct {
	Run string
	Recovered
}

// SideBySide are the recoveries of all runs, by fault and then in the order of the runs.
func (r *Result) SideBySide() (all []Beside) {
	for i := range r.Runs {
		for _, of := range r.Runs[i].Recovery {
			all = append(all, Beside{r.Runs[i].Name, of})
		}
	}
	slices.SortStableFunc(all, func(a, b Beside) int { return cmp.Compare(a.Fault, b.Fault) })
	return all
}

// Cells are the figures as tables have them.
func (b *Beside) Cells() []string {
	cells := make([]string, 0, 5)
	for _, f := range []report.Figure{b.Service, b.Failover, b.Detect, b.Performing, b.Redundant} {
		switch {
		case !f.Known && !f.Censored:
			cells = append(cells, "-")
		case f.Known && f.Value == 0:
			cells = append(cells, "at once")
		default:
			cells = append(cells, f.String())
		}
	}
	return cells
}
