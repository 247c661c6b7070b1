package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A timer explains a part of a recovery that is up to a quarter shorter than it, or than the shortest that it is drawn to be, for it counts from the last sign of
// life, which came before the fault; or up to a quarter longer, or slow where that is more, but never more than twice as long: whoever waits for it looks now and then, and acts after that.
const (
	aboutShare = 4
	slow       = time.Second
)

// parts takes an outage apart. Nothing can be told where service came back because the fault ended, which no part of the cluster's own doing explains,
// or where the cluster's view changed only after it. Where it did not change at all, it is the clients who found another way.
func (a *analysis) parts(s stretch, r report.Recovery, timers []report.Timer) []report.Part {
	service := r.Service.Value
	if !r.Service.Known || service == 0 || s.Healing >= 0 && s.Effective+service >= s.Healing {
		return nil
	}
	if r.Detect.Why != unchanged && !r.Detect.Known || r.Detect.Known && r.Detect.Value > service {
		return nil
	}
	ends := []time.Duration{0, 0, 0, service}
	if r.Detect.Known {
		ends[0] = r.Detect.Value
		ends[1] = a.elected(s, s.Effective+r.Detect.Value, s.Effective+service) - s.Effective
	}
	ends[2] = r.FirstSuccess.Value
	if noticedByGroup(s, timers) { // whom it expels is not in the cluster's view
		ends[0], ends[1] = ends[2], ends[2]
	}
	var all []report.Part
	done := time.Duration(0)
	for i, name := range []report.PartName{report.Detection, report.Election, report.Discovery, report.CatchUp} {
		end := min(max(ends[i], done), service)
		all = append(all, report.Part{Name: name, Took: end - done})
		done = end
	}
	return all
}

// noticedByGroup reports whether a fault is nothing that the brokers could notice, and the coordinator of a group does.
func noticedByGroup(s stretch, timers []report.Timer) bool {
	return slices.ContainsFunc(timers, func(t report.Timer) bool {
		return t.Name == s.NoticedBy && t.Side == string(report.Consume) && t.Part == string(report.Detection)
	})
}

// elected returns when every partition that a victim led had another leader, as far as that was seen before service was back.
func (a *analysis) elected(s stretch, detected, back time.Duration) time.Duration {
	before, _ := a.stateAt(s.start)
	victims, last := nodes(s.Fault), detected
	for _, p := range before.Partitions {
		if at, ok := a.successor(p, s.start); ok && at <= back && slices.Contains(victims, p.Leader) {
			last = max(last, at)
		}
	}
	return last
}

// explain names the timer that explains the largest part of an outage, where one does, and says so. Of several that fit, it is the most decisive.
// What only a group notices, no timer explains by which brokers notice something.
func explain(s stretch, r report.Recovery, timers []report.Timer) (name, text string) {
	if len(r.Parts) == 0 {
		return "", ""
	}
	byGroup := noticedByGroup(s, timers)
	largest := largestOf(r)
	for _, t := range timers {
		if byGroup && t.Part == string(report.Detection) && t.Name != s.NoticedBy {
			continue
		}
		if t.Part == string(largest.Name) && felt(r.Gaps, t.Side) && fits(largest.Took, t) {
			return t.Name, fmt.Sprintf("%s of %s: %s = %s", report.Human(largest.Took), report.Human(r.Service.Value), t.Name, t.Span())
		}
	}
	return "", ""
}

// largestOf returns the part of an outage that took longest. There are parts.
func largestOf(r report.Recovery) report.Part {
	return slices.MaxFunc(r.Parts, func(a, b report.Part) int { return cmp.Compare(a.Took, b.Took) })
}

// felt reports whether those had an outage whom a timer keeps waiting.
func felt(gaps []report.Silence, side string) bool {
	return side == "" || slices.ContainsFunc(gaps, func(g report.Silence) bool { return string(g.Direction) == side })
}

func fits(part time.Duration, t report.Timer) bool {
	least := cmp.Or(t.Least, t.Value)
	return t.Value > 0 && part >= least-least/aboutShare && part <= t.Value+min(max(slow, t.Value/aboutShare), t.Value)
}
