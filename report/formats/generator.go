package formats

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func generatorTitle(r *report.Report) string {
	return fmt.Sprintf("Generator, of %d cores", r.Run.Host.MaxProcs)
}

// generatorRows tell what squall itself used, of a run that has windows, and how it kept its schedule; the first row names the columns.
func generatorRows(r *report.Report) []row {
	column := func(of func(*report.Window) float64) (median, most float64) {
		all := make([]*report.Window, len(r.Windows))
		var whole, seen time.Duration
		for i := range r.Windows {
			all[i] = &r.Windows[i]
			whole += all[i].Span()
		}
		slices.SortFunc(all, func(a, b *report.Window) int { return cmp.Compare(of(a), of(b)) })
		middle := slices.IndexFunc(all, func(w *report.Window) bool { seen += w.Span(); return 2*seen > whole })
		return of(all[middle]), of(all[len(all)-1])
	}
	rows := []row{{"", "median second", "worst second"}}
	for _, c := range []struct {
		name, format string
		of, worst    func(*report.Window) float64 // worst is nil where that of several seconds is kept as it is
	}{
		{"own CPU", "%.2f cores", func(w *report.Window) float64 { return w.CPU }, func(w *report.Window) float64 { return w.Each().CPU }},
		{"of it for collecting garbage", "%.2f cores", func(w *report.Window) float64 { return w.GC }, nil},
		{"goroutines", "%.0f", func(w *report.Window) float64 { return float64(w.Goroutines) }, nil},
		{"messages in the clients' buffers", "%.0f", func(w *report.Window) float64 { return float64(w.Buffered) }, nil},
	} {
		median, most := column(c.of)
		if c.worst != nil {
			_, most = column(c.worst)
		}
		rows = append(rows, row{c.name, fmt.Sprintf(c.format, median), fmt.Sprintf(c.format, most)})
	}
	if r.Run.Pacing != "" {
		rows = append(rows, row{"pacing", r.Run.Pacing})
	}
	return rows
}
