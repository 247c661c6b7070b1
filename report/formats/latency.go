package formats

import (
	"cmp"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

const latencyTitle = "Latency by the phase in which a message was due, or the fault that began as it waited: p50 to max, due to acknowledged"

// latencyRows tell the latencies of every phase in which something happened, in their order; the first row names the columns.
func latencyRows(r *report.Report) []row {
	rows := []row{{"phase", "acked", "p50", "p99", "p99.9", "max", "service p99", "e2e p99", "lag p99"}}
	phases := livelyPhases(r)
	names := report.PhaseNames(phases, moment)
	for i := range phases {
		p, l := &phases[i], &phases[i].Latency
		q := func(h *report.Histogram, at float64) string { return h.Quantile(at).String() }
		rows = append(rows, row{names[i], report.Thousands(p.Acknowledged),
			q(&l.Ack, 0.5), q(&l.Ack, 0.99), q(&l.Ack, 0.999), q(&l.Ack, 1), q(&l.Service, 0.99), q(&l.E2E, 0.99), q(&l.Lag, 0.99)})
	}
	return rows
}

// livelyPhases returns the phases in which something happened, in their order.
func livelyPhases(r *report.Report) []report.PhaseFigures {
	phases := slices.DeleteFunc(slices.Clone(r.Phases), func(p report.PhaseFigures) bool { return p.Acknowledged+p.Rejected+p.Unknown+p.Delivered == 0 })
	slices.SortStableFunc(phases, func(a, b report.PhaseFigures) int { return cmp.Compare(a.From, b.From) })
	return phases
}
