package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A snapshot is what is known of a run at one moment. Nobody changes it.
type snapshot struct {
	version uint64
	at      time.Duration // of the last event
	run     *report.Run   // nil: it has not begun
	phases  []report.Phase
	load    time.Duration  // when the load began
	loading bool           // it has begun
	faults  []report.Fault // those that were told
	rows    []row          // those and the planned ones, in order
	state   *report.StateChange
	states  []time.Duration // when the cluster changed
	crashes []report.Crash
	slices  []slice
	last    *report.Window
	total   report.Window // only its counts
	lines   []line
	said    uint64 // lines in all, those no longer kept too
	touched int    // what was done by hand
	judged  []judged
	figures []report.PhaseFigures // as they were when it was judged last
	safety  *report.Safety        // nil: not known yet
	verdict *report.Verdict
	report  *report.Report
	failed  error // why there is no report
	over    bool
}

// A line is an event for people.
type line struct {
	n    uint64 // counted from 1
	at   time.Duration
	kind report.EventType
	text string
}

// A row is a fault as it was planned and as it went.
type row struct {
	report.Fault
	lasts  time.Duration // as planned; 0: until heal, or not known
	waits  string
	byHand bool
	never  bool // the load is over, and it has not begun
}

func (s *snapshot) enter(p report.Phase) {
	if n := len(s.phases); n > 0 {
		s.phases[n-1].To = p.From
	}
	if !s.loading {
		s.load, s.loading = p.From, true
	}
	s.phases = append(s.phases, p)
}

// phase returns the phase that is on.
func (s *snapshot) phase() report.Phase {
	if n := len(s.phases); n > 0 {
		return s.phases[n-1]
	}
	return report.Phase{Name: string(report.Prepare), Kind: report.Prepare}
}

// settling reports whether the load is over.
func (s *snapshot) settling() bool {
	switch s.phase().Kind {
	case report.Heal, report.Drain, report.Reading:
		return true
	}
	return s.over || s.verdict != nil
}

// say keeps a line.
func (s *snapshot) say(l line) {
	s.said++
	l.n = s.said
	s.lines = lastOf(append(s.lines, l), keptLines)
}

func (s *snapshot) window(w *report.Window) {
	s.total.AddCounts(w)
	s.last = w
	s.slices = thin(append(s.slices, sliceOf(w)))
	if len(w.Late) > 0 {
		s.slices = slices.Clone(s.slices) // somebody may be drawing those that change
	}
	for i := range w.Late {
		s.late(&w.Late[i])
	}
}

// late enters what was told late into the slice that it belongs to.
func (s *snapshot) late(l *report.Late) {
	i, _ := slices.BinarySearchFunc(s.slices, l.Start, func(c slice, at time.Duration) int {
		if c.to <= at {
			return -1
		}
		return 1
	})
	if i < len(s.slices) && s.slices[i].from <= l.Start {
		s.slices[i].due += l.Due
		s.slices[i].add(l.Latency)
	}
}

// plan puts together the faults that are planned and those that were told.
func (s *snapshot) plan() {
	seen := map[string]bool{}
	told := map[string]*report.Fault{}
	for i := range s.faults {
		told[s.faults[i].Name] = &s.faults[i]
	}
	s.rows = nil
	var planned []report.Planned
	if s.run != nil && s.run.Plan != nil {
		planned = s.run.Plan.Faults
	}
	for _, p := range planned {
		r := row{lasts: p.For, waits: p.Waits, Fault: report.Fault{Name: p.Name, Kind: p.Kind, Target: p.Target, Params: p.Params, Planned: s.load + p.At,
			Commanded: report.Never, Effective: report.Never, Healing: report.Never, Healed: report.Never}}
		if f := told[p.Name]; f != nil {
			r.Fault = *f
		}
		r.never = r.Commanded < 0 && r.Error == "" && r.LeftOut == "" && s.settling()
		seen[p.Name] = true
		s.rows = append(s.rows, r)
	}
	for _, f := range s.faults {
		if !seen[f.Name] {
			s.rows = append(s.rows, row{Fault: f, byHand: s.run != nil && s.run.Plan != nil})
		}
	}
	slices.SortStableFunc(s.rows, func(a, b row) int { return int(begins(&a) - begins(&b)) })
}

func begins(r *row) time.Duration {
	if r.Commanded >= 0 {
		return r.Commanded
	}
	return r.Planned
}

// end returns when the load is planned to end, on the run's clock; false: not known.
func (s *snapshot) end() (time.Duration, bool) {
	if s.run == nil || s.run.Plan == nil || !s.loading {
		return 0, false
	}
	return s.load + s.run.Plan.Load, true
}

// on reports whether the fault is in force, or is being put into it.
func on(f *report.Fault) bool {
	return f.Commanded >= 0 && f.Healed < 0 && f.Error == "" && f.LeftOut == "" && f.HealError == ""
}

// span returns when a fault was in force; of one that is, until now.
func span(f *report.Fault, now time.Duration) (from, to time.Duration, ok bool) {
	if f.Commanded < 0 || f.Error != "" && f.Effective < 0 {
		return 0, 0, false
	}
	if f.Healed < 0 {
		return f.Commanded, now, true
	}
	return f.Commanded, f.Healed, true
}

// hurts reports whether a node is a victim, by itself or as an end of a link.
func hurts(f *report.Fault, node string) bool {
	return slices.ContainsFunc(f.Victims, func(v string) bool { return slices.Contains(strings.Fields(v), node) })
}

// onNode returns the fault that a node suffers from now, the last that began; nil: none.
func (s *snapshot) onNode(node string) *report.Fault {
	var found *report.Fault
	for i := range s.faults {
		if f := &s.faults[i]; on(f) && hurts(f, node) && (found == nil || f.Commanded >= found.Commanded) {
			found = f
		}
	}
	return found
}

// now returns the end of the last second that was told: where the charts end.
func (s *snapshot) now() time.Duration {
	if n := len(s.slices); n > 0 {
		return s.slices[n-1].to
	}
	return s.load
}
