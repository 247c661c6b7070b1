package formats

import (
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// mostClientLines is how many of the things that happened to clients while a fault was on, or until they had recovered from it, are told with the fault.
const mostClientLines = 8

// clientRows tell what happened to the load's clients from a fault's injection until service was back, or it was healed if that was later.
func clientRows(r *report.Report, f *report.Fault) []row {
	if r.Clients == nil || !f.Took() {
		return nil
	}
	from, to := f.Effective, f.Healed
	if f.Commanded >= 0 {
		from = min(from, f.Commanded)
	}
	for i := range r.Recovery {
		if s := r.Recovery[i].Service; r.Recovery[i].Fault == f.Name && (s.Known || s.Censored) {
			to = max(to, f.Effective+s.Value)
		}
	}
	if f.Healed < 0 { // it was on until the end
		to = max(to, r.Run.Took)
	}
	var lines []string
	left := 0
	for _, m := range r.Clients.Events {
		if m.Last < from || m.At > to+time.Second { // a second for those who come back
			continue
		}
		if len(lines) == mostClientLines {
			left++
			continue
		}
		lines = append(lines, at(r, m.At)+" "+m.String())
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("and %s more, in report.json", report.Thousands(uint64(left))))
	}
	return under("clients", lines)
}
