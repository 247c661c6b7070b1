package formats

import (
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

func generatorTitle(r *report.Report) string {
	return fmt.Sprintf("Generator, of %d cores", r.Run.Host.MaxProcs)
}

// generatorRows tell what squall itself used, of a run that has windows, and how it kept its schedule; the first row names the columns.
func generatorRows(r *report.Report) []row {
	column := func(of func(*report.Window) float64) (median, most float64) {
		all := make([]float64, len(r.Windows))
		for i := range r.Windows {
			all[i] = of(&r.Windows[i])
		}
		slices.Sort(all)
		return all[len(all)/2], all[len(all)-1]
	}
	rows := []row{{"", "median second", "worst second"}}
	for _, c := range []struct {
		name, format string
		of           func(*report.Window) float64
	}{
		{"own CPU", "%.2f cores", func(w *report.Window) float64 { return w.CPU }},
		{"of it for collecting garbage", "%.2f cores", func(w *report.Window) float64 { return w.GC }},
		{"goroutines", "%.0f", func(w *report.Window) float64 { return float64(w.Goroutines) }},
		{"messages in the clients' buffers", "%.0f", func(w *report.Window) float64 { return float64(w.Buffered) }},
	} {
		median, most := column(c.of)
		rows = append(rows, row{c.name, fmt.Sprintf(c.format, median), fmt.Sprintf(c.format, most)})
	}
	if r.Run.Pacing != "" {
		rows = append(rows, row{"pacing", r.Run.Pacing})
	}
	return rows
}
