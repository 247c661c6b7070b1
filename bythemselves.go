package squall

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// stuckAfter is how long after the last fault was healed a client may be stuck until that is its own: what was held comes through by then.
const stuckAfter = time.Second

// paused tells which nodes stopped serving by themselves, and when they served again.
func paused(states []report.StateChange) (told []string) {
	since := map[string]time.Duration{}
	for _, s := range states {
		for _, node := range s.Paused {
			if _, is := since[node]; !is {
				since[node] = s.At
			}
		}
		for _, node := range s.Nodes {
			if from, was := since[node]; was {
				told = append(told, fmt.Sprintf("%s paused itself from %s to %s: it ran and served nobody, because it had lost sight of others", node, report.Human(from), report.Human(s.At)))
				delete(since, node)
			}
		}
	}
	for _, node := range slices.Sorted(maps.Keys(since)) {
		told = append(told, fmt.Sprintf("%s paused itself at %s and has not served again: it runs, and has lost sight of others", node, report.Human(since[node])))
	}
	return told
}

// stuck tells which clients were left without a word on an open connection while no fault was on: after the last one was healed, or without any.
func stuck(clients *report.Clients, faults []report.Fault) (told []string) {
	if clients == nil {
		return nil
	}
	for _, m := range clients.Events {
		if m.Kind != string(broker.Stuck) {
			continue
		}
		last, on := healedBefore(faults, m.Last)
		switch {
		case on:
		case last == nil:
			told = append(told, fmt.Sprintf("%s was stuck at %s while no fault was on: %s", m.Client, m.Node, m.Detail))
		case m.Last-last.Healed >= stuckAfter:
			told = append(told, fmt.Sprintf("%s stayed stuck at %s until %s after %s was healed: %s", m.Client, m.Node, report.Human(m.Last-last.Healed), last.Name, m.Detail))
		}
	}
	return told
}

// healedBefore returns the fault that was healed last before a moment, nil: none was, and whether another was on in that moment.
func healedBefore(faults []report.Fault, at time.Duration) (last *report.Fault, on bool) {
	for i := range faults {
		f := &faults[i]
		switch {
		case !f.Took() || f.Effective > at:
		case f.Healed < 0 || f.Healed > at:
			return nil, true
		case last == nil || f.Healed > last.Healed:
			last = f
		}
	}
	return last, false
}
