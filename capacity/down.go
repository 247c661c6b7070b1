package capacity

import (
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// leastCatching is how much of a catching-up is measured at least, where it was over sooner.
const leastCatching = 3 * time.Second

// measureDown fills two points from a run in which one broker went and came back: one of the time in which it was down, and one of that in which it caught up.
func (g *going) measureDown(down, caught *Point, r *report.Report, ceiling float64) {
	f := stopped(r)
	if f == nil || !f.Took() || f.HealError != "" {
		why := "the broker did not go down and come back as it was to"
		if f != nil && f.Error != "" {
			why += ": " + f.Error
		}
		for _, p := range []*Point{down, caught} {
			p.Validity, p.Why = Inconclusive, why
		}
		return
	}
	down.fill(r, stretchOf(r, report.Span{From: f.Healing - g.Measuring - time.Second, To: f.Healing}), g.expectations, ceiling)
	span, why := catching(r, f)
	caught.fill(r, stretchOf(r, span), g.expectations, ceiling)
	if why != "" && caught.Validity == Valid {
		caught.Held, caught.Missed, caught.Stop = false, append(caught.Missed, why), StopExpectation
	}
	if caught.Validity == Inconclusive && caught.Measuring >= leastCatching && len(caught.Missed) > 0 {
		caught.Validity, caught.Why = Valid, "" // that rate and lag are not flat is what it is about
	}
}

func stopped(r *report.Report) *report.Fault {
	for i := range r.Faults {
		if r.Faults[i].Name == downName {
			return &r.Faults[i]
		}
	}
	return nil
}

// catching is when the broker that was down caught up: from when its process ran again until every replica was in sync. why says that this did not come.
func catching(r *report.Report, f *report.Fault) (span report.Span, why string) {
	span = report.Span{From: f.Healed, To: r.History.LoadEnd}
	for i := range r.Recovery {
		rec := &r.Recovery[i]
		switch {
		case rec.Fault != f.Name:
		case rec.Redundancy.Known:
			span.To = min(span.To, (f.Healed+max(rec.Redundancy.Value, leastCatching)+time.Second).Truncate(time.Second)+time.Second)
		default:
			why = fmt.Sprintf("its replicas were not in sync again within %s", report.Human(span.To-span.From))
		}
	}
	return span, why
}
