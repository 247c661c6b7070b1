package tui

import (
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// judgeEvery is how often the expectations are judged while the run goes on.
const judgeEvery = time.Second

// A judged is an expectation as it stands. What is not settled may still change.
type judged struct {
	report.Judged
	settled bool
}

func final(all []report.Judged) []judged {
	out := make([]judged, 0, len(all))
	for _, j := range all {
		out = append(out, judged{j, true})
	}
	return out
}

// parse reads the run's expectations; those that cannot be read are shown as they are written.
func (b *Board) parse() {
	b.parsed, b.known.judged = nil, nil
	for _, text := range b.known.run.Objective {
		e, err := report.ParseExpectation(text, b.known.run.FaultNames)
		if err != nil {
			e = report.Expectation{Text: text}
		}
		b.parsed = append(b.parsed, e)
		b.known.judged = append(b.known.judged, judged{Judged: report.Judged{Text: text, Warn: e.Warn, Outcome: report.Inconclusive, Got: "unknown"}})
	}
}

// due reports whether there is something new to sum up and to judge.
func (b *Board) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.known.over && b.known.run != nil && b.known.at >= b.judged+judgeEvery
}

// judge holds what is known so far against the expectations. It takes milliseconds, and holds up Observe only while it copies.
func (b *Board) judge() {
	b.mu.Lock()
	r, ok := b.rebuilt.Report()
	parsed, known := b.parsed, b.known
	if ok { // the rest is only ever appended to
		r.Phases, r.Faults = slices.Clone(r.Phases), slices.Clone(r.Faults)
	}
	b.judged = known.at
	known.phases = slices.Clone(known.phases)
	b.mu.Unlock()
	if !ok {
		return
	}
	r.Run.CutOff = "" // it goes on
	report.Judge(r, parsed)
	known.plan()
	all := make([]judged, 0, len(parsed))
	for i, j := range r.Expectations {
		all = append(all, judged{j, known.settles(parsed[i], j)})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known.over {
		b.known.judged, b.known.figures, b.handed = all, r.Phases, nil
	}
}

// settles reports whether nothing that is still to come can change what an expectation came to.
func (s *snapshot) settles(e report.Expectation, j report.Judged) bool {
	switch {
	case j.Outcome == report.Inconclusive:
		return false
	case s.settling() && e.Of == "":
		return s.safety != nil || e.During != ""
	case e.During == string(report.WarmUp), e.During == string(report.Baseline):
		return s.phase().Name != e.During && slices.ContainsFunc(s.phases, func(p report.Phase) bool { return p.Name == e.During })
	}
	return false
}
