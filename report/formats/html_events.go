package formats

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// An eventsPart is what happened, in order of time.
type eventsPart struct {
	Rows []eventRow
	More string
}

// An eventRow is one thing that happened.
type eventRow struct{ Run, UTC, Class, Kind, Text string }

// An occurrence is an event before it is put in order.
type occurrence struct {
	at         time.Duration
	kind, text string
}

func eventsOf(r *report.Report) eventsPart {
	all := append(faultEvents(r), stateEvents(r)...)
	for _, p := range r.History.Phases {
		all = append(all, occurrence{p.From, "phase", p.Name + " begins"})
	}
	for _, t := range r.Run.Touched {
		all = append(all, occurrence{t.At, "by hand", t.What})
	}
	for _, c := range r.Crashes {
		all = append(all, occurrence{c.At, "crash", c.Node + " died outside any fault"})
	}
	for _, b := range r.History.Blind {
		all = append(all, occurrence{b.From, "state", "the observer could not see the cluster's state for " + report.Human(b.To-b.From)})
	}
	slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.at, b.at) })
	left := uint64(max(len(all)-mostEvents, 0))
	all = all[:min(len(all), mostEvents)]
	if r.Clients != nil { // they get what room is left: there may be very many
		told := r.Clients.Events[:min(len(r.Clients.Events), mostEvents-len(all))]
		left += uint64(len(r.Clients.Events)-len(told)) + r.Clients.Left
		for _, m := range told {
			all = append(all, occurrence{m.At, "client", m.String()})
		}
		slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.at, b.at) })
	}
	var p eventsPart
	if left > 0 {
		p.More = fmt.Sprintf("%s more, in events.ndjson", report.Thousands(left))
	}
	for _, o := range all {
		p.Rows = append(p.Rows, eventRow{moment(o.at), utc(r, o.at), map[string]string{"fault": "bad", "crash": "bad"}[o.kind], o.kind, o.text})
	}
	return p
}

func faultEvents(r *report.Report) (all []occurrence) {
	for i := range r.Faults {
		f := &r.Faults[i]
		add := func(at time.Duration, what string) {
			if at >= 0 {
				all = append(all, occurrence{at, "fault", f.Name + " " + what})
			}
		}
		add(f.Commanded, fmt.Sprintf("commanded: %s %s", f.Kind, f.Target))
		add(f.Effective, "effective")
		add(f.Healing, "is being reverted")
		add(f.Healed, "healed")
	}
	return all
}

func stateEvents(r *report.Report) (all []occurrence) {
	for i := 1; i < len(r.History.States); i++ {
		s := r.History.States[i]
		if text := s.Since(r.History.States[i-1]); text != "" {
			all = append(all, occurrence{s.At, "state", text})
		}
	}
	return all
}
