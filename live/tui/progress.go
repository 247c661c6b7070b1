package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A progress is how a fault's recovery goes, as far as seconds and the cluster's own view tell it. The report measures it finer.
type progress struct {
	fault   *row
	detect  time.Duration // from effective to the first change; report.Never: none yet
	silent  int           // partitions that are silent now
	of      int           // partitions
	service time.Duration // from effective to the end of the last silent second; 0: there was none
	ongoing bool          // service is not back
}

// recovering returns the fault whose recovery is of interest now: the last that took effect.
func (s *snapshot) recovering() (progress, bool) {
	var last *row
	for i := range s.rows {
		if r := &s.rows[i]; r.Took() && (last == nil || r.Effective >= last.Effective) {
			last = r
		}
	}
	if last == nil {
		return progress{}, false
	}
	return s.progress(last), true
}

// progress follows one fault until the next began.
func (s *snapshot) progress(r *row) progress {
	p := progress{fault: r, detect: report.Never}
	until := s.at
	for i := range s.rows {
		if next := &s.rows[i]; next.Took() && next.Commanded > r.Commanded && r.Healed >= 0 && next.Commanded >= r.Healed {
			until = min(until, next.Commanded)
		}
	}
	if i, _ := slices.BinarySearch(s.states, r.Effective+1); i < len(s.states) && s.states[i] <= until {
		p.detect = s.states[i] - r.Effective
	}
	from, _ := slices.BinarySearchFunc(s.slices, r.Commanded, func(c slice, at time.Duration) int { return int(c.to - at) })
	for i := from; i < len(s.slices) && s.slices[i].from < until; i++ {
		c := &s.slices[i]
		p.silent, p.of = strings.Count(c.partitions, string(rune(report.PartitionSilent))), len(c.partitions)
		if p.ongoing = p.silent > 0; p.ongoing {
			p.service = c.to - r.Effective
		}
	}
	return p
}

// measured returns a fault's recovery from the report, once there is one.
func (s *snapshot) measured(fault string) *report.Recovery {
	if s.report == nil {
		return nil
	}
	for i := range s.report.Recovery {
		if s.report.Recovery[i].Fault == fault {
			return &s.report.Recovery[i]
		}
	}
	return nil
}
