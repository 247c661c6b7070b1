package formats

import (
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// generator tells what squall itself used, and how it kept its schedule.
func (t *text) generator(r *report.Report) {
	if len(r.Windows) == 0 {
		return
	}
	column := func(of func(*report.Window) float64) (median, most float64) {
		all := make([]float64, len(r.Windows))
		for i := range r.Windows {
			all[i] = of(&r.Windows[i])
		}
		slices.Sort(all)
		return all[len(all)/2], all[len(all)-1]
	}
	rows := []string{"\tmedian second\tworst second"}
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
		rows = append(rows, fmt.Sprintf("%s\t"+c.format+"\t"+c.format, c.name, median, most))
	}
	if r.Run.Pacing != "" {
		rows = append(rows, "pacing\t"+r.Run.Pacing)
	}
	t.table(fmt.Sprintf("Generator, of %d cores", r.Run.Host.MaxProcs), rows)
}
