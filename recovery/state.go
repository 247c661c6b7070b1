package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// What the observer saw at last after it had been blind may have been there for as long. That much is no harm; beyond it, neither is a tenth of the
// figure.
const (
	blindness      = 500 * time.Millisecond
	blindnessShare = 10
	// lookAgain is how soon after blindness the observer's first look comes.
	lookAgain = 250 * time.Millisecond
)

// unchanged is why there is no detection.
const unchanged = "the cluster's view did not change"

// detect returns when the cluster's own view of what the fault hurt changed first.
func (a *analysis) detect(s stretch) report.Figure {
	before, known := a.stateAt(s.start)
	if !known {
		return report.UnknownFigure("nobody had seen the cluster's state before the fault")
	}
	for _, state := range a.States {
		if state.At <= s.start || state.At >= s.until || !differs(before, state, s.Fault) {
			continue
		}
		if why := a.hidden(s, state.At); why != "" {
			return report.UnknownFigure(why)
		}
		return report.KnownFigure(max(0, state.At-s.Effective))
	}
	if why := a.blind(s.start, s.until); why != "" {
		return report.UnknownFigure(why)
	}
	return report.UnknownFigure(unchanged)
}

// stateAt returns the state that was seen last at some time.
func (a *analysis) stateAt(at time.Duration) (last report.StateChange, known bool) {
	for _, s := range a.States {
		if s.At > at {
			break
		}
		last, known = s, true
	}
	return last, known
}

// hidden tells why a change that was seen at some time may have come much earlier; empty: it did not.
func (a *analysis) hidden(s stretch, at time.Duration) string {
	for _, b := range a.Blind {
		if b.From < at && b.To > at-lookAgain && b.To > s.start {
			if since := at - max(b.From, s.start); since > max(blindness, (at-s.Effective)/blindnessShare) {
				return blindWhy(b)
			}
		}
	}
	return ""
}

// blind tells when the observer could not see for long; empty: it could.
func (a *analysis) blind(from, to time.Duration) string {
	for _, b := range a.Blind {
		if min(b.To, to)-max(b.From, from) > blindness {
			return blindWhy(b)
		}
	}
	return ""
}

func blindWhy(b report.Span) string {
	return fmt.Sprintf("the observer was blind for %s", report.Human(b.To-b.From))
}

// differs reports whether two states differ in what a fault's victims have a part in: who is registered, who leads, who is in sync. Another
// controller alone is no difference: it is found long before the data that the victim led has another leader, and does not bring service back.
// What a state does not tell is no difference either.
func differs(a, b report.StateChange, f *report.Fault) bool {
	victims := nodes(f)
	for _, v := range victims {
		if len(a.Nodes) > 0 && len(b.Nodes) > 0 && slices.Contains(a.Nodes, v) != slices.Contains(b.Nodes, v) {
			return true
		}
	}
	for _, p := range a.Partitions {
		if !slices.Contains(f.Affected, p.Partition) && !slices.ContainsFunc(victims, func(v string) bool { return slices.Contains(p.Replicas, v) }) {
			continue
		}
		i := slices.IndexFunc(b.Partitions, func(q report.PartitionState) bool { return q.Partition == p.Partition })
		if i >= 0 && partitionDiffers(p, b.Partitions[i]) {
			return true
		}
	}
	return false
}

func partitionDiffers(a, b report.PartitionState) bool {
	return a.Leader != b.Leader || a.Epoch != b.Epoch ||
		slices.ContainsFunc(a.InSync, func(name string) bool { return !slices.Contains(b.InSync, name) }) // who joins is another's recovery
}

// nodes returns the names in a fault's victims: "b1" of "b1", "b1" and "b2" of "b1 -> b2 (data)".
func nodes(f *report.Fault) []string {
	var names []string
	for _, v := range f.Victims {
		v, _, _ = strings.Cut(v, " (")
		names = append(names, strings.Split(v, " -> ")...)
	}
	return names
}

// redundancy returns the moment at which every in-sync set was full again, and stayed so.
func (a *analysis) redundancy(s stretch) report.Figure {
	var turns []turn
	for _, state := range a.States {
		if len(state.Partitions) > 0 {
			turns = append(turns, turn{state.At, !state.FullyInSync()})
		}
	}
	if len(turns) == 0 {
		return report.UnknownFigure("nobody saw the cluster's state")
	}
	moment := s.recovered(turns)
	switch {
	case moment.Censored:
		return moment
	case moment.Value == never:
		if why := a.blind(s.Effective, s.end); why != "" {
			return report.UnknownFigure(why)
		}
	default:
		if why := a.hidden(s, moment.Value); why != "" {
			return report.UnknownFigure(why)
		}
	}
	return moment
}
