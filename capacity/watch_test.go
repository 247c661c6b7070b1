package capacity_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
)

// outcomeOf is what a saved point is to be told as.
func outcomeOf(p *capacity.Point) report.SearchOutcome {
	switch {
	case p.Validity == capacity.GeneratorLimit:
		return report.SearchGenerator
	case p.Validity != capacity.Valid:
		return report.SearchUnknown
	case p.Held:
		return report.SearchHeld
	}
	return report.SearchMissed
}

// saved are the points of a result as a watcher is to be told them, by id.
func saved(r *capacity.Result) map[string]string {
	all := map[string]string{}
	for i := range r.Curves {
		c := &r.Curves[i]
		for j := range c.Points {
			p := &c.Points[j]
			all[p.ID] = fmt.Sprintf("%s %s %g %g %v %s", c.Name, p.Purpose, p.Rate, p.Achieved, p.Ack.P99, outcomeOf(p))
		}
	}
	for _, rec := range r.Recoveries {
		all[rec.Point.ID] = fmt.Sprintf("recovery %s %g %g %v %s", rec.Point.Purpose, rec.Point.Rate, rec.Point.Achieved, rec.Point.Ack.P99, report.SearchMeasured)
	}
	return all
}

func told(s *report.Search) map[string]string {
	all := map[string]string{}
	for _, p := range s.Points {
		all[p.ID] = fmt.Sprintf("%s %s %g %g %v %s", p.Part, p.Purpose, p.Rate, p.Achieved, p.Ack, p.Outcome)
	}
	return all
}

// watched searches, and returns what its watcher was told; after each point that is held against what is saved.
func watched(t *testing.T, m *modelled, o capacity.Options) (*capacity.Result, []*report.Search) {
	t.Helper()
	var all []*report.Search
	var kept *capacity.Result
	o.Keep = func(r *capacity.Result) { kept = reread(t, r) }
	o.Watch = func(s *report.Search) {
		all = append(all, s)
		if kept == nil || o.Earlier != nil { // of an earlier sitting, points are told before they are saved again
			return
		}
		if got, want := told(s), saved(kept); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("told\n%v\nand saved\n%v", got, want)
		}
	}
	r := m.search(o)
	return r, all
}

// What a watcher is told are the points that are saved, after each of them; what is measured next is what is saved next; and in the end every part is over.
func TestWatcherIsToldWhatIsSaved(t *testing.T) {
	m := &modelled{t: t, seed: 1, mu: 600, down: 0.7, catching: 0.5}
	o := m.options(scenario)
	o.Faults = capacity.FaultsOn
	r, all := watched(t, m, o)
	last := all[len(all)-1]
	if got, want := told(last), saved(r); fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 20 {
		t.Errorf("told in the end\n%v\nand saved\n%v", got, want)
	}
	for _, p := range last.Parts {
		if p.State != report.SearchOver || p.Answer == "" {
			t.Errorf("in the end: %+v", p)
		}
	}
	if names := len(last.Parts); names != 4 || last.Left != 0 || last.Runs != len(m.runs) {
		t.Errorf("%d parts, %v left, %d runs of %d", names, last.Left, last.Runs, len(m.runs))
	}
	for i, s := range all[:len(all)-1] {
		next := all[i+1]
		if s.Now == nil || next.Now != nil {
			continue
		}
		if at := slices.IndexFunc(next.Points, func(p report.SearchPoint) bool { return p.ID == s.Now.ID }); at < 0 || next.Points[at].Rate != s.Now.Rate || next.Runs != s.Runs+1 {
			t.Errorf("measured was to be %+v, and what came is %+v", s.Now, next.Points)
		}
	}
}

// The bracket that is told is that of the points: what holds, and the lowest above it that does not.
func TestWatcherIsToldTheBracket(t *testing.T) {
	m := &modelled{t: t, seed: 2, mu: 1000}
	_, all := watched(t, m, m.options(scenario))
	width := 0.0
	for _, s := range all {
		p := s.Parts[0]
		if s.Now == nil || p.Low == 0 || p.High == 0 {
			continue
		}
		if s.Now.Purpose == string(capacity.Bisect) && (s.Now.Rate <= p.Low || s.Now.Rate >= p.High) {
			t.Errorf("%g is halved, and the bracket is told from %g to %g", s.Now.Rate, p.Low, p.High)
		}
		for _, point := range s.Points {
			if point.Rate == p.Low && point.Outcome == report.SearchHeld {
				width = p.High / p.Low
			}
		}
		if s.Now.Purpose == string(capacity.Confirm) && (s.Now.Of != 3 && s.Now.Of != 2 || s.Now.Nth < 1 || s.Now.Nth > s.Now.Of) {
			t.Errorf("confirmed is %d of %d", s.Now.Nth, s.Now.Of)
		}
	}
	if width <= 1 || width > 1.031 {
		t.Errorf("in the end the bracket is told as %g wide", width)
	}
}

// Once there is a bracket, what is told of the time that is left is within half of what it comes to, or two points, where no answer is taken back.
func TestTellsHowLongItStillTakes(t *testing.T) {
	m := &modelled{t: t, seed: 1, mu: 3000}
	o := m.options(scenario)
	_, all := watched(t, m, o)
	whole := all[len(all)-1].Took
	each := whole / time.Duration(len(m.runs))
	for _, s := range all {
		if s.Now == nil || s.Parts[0].Low == 0 || s.Parts[0].High == 0 {
			continue
		}
		if left := whole - s.Took; s.Left < left/2-2*each || s.Left > left*3/2+2*each {
			t.Errorf("after %v: %v left, and it took %v more", s.Took, s.Left, left)
		}
	}
}

// Rates that are given are counted, and a part that nothing is left of is told so.
func TestWatcherIsToldOfSweepsAndWhatIsLeftOut(t *testing.T) {
	m := &modelled{t: t, mu: 1000}
	o := m.options(scenario)
	o.Settings.Sweeps = []capacity.Sweep{{Path: "load.rate", Values: []string{"300/s", "700/s", "2k/s"}}, {Path: "load.size", Values: []string{"100B", "1KiB"}}}
	_, all := watched(t, m, o)
	asked := 0
	for _, s := range all {
		if s.Now != nil {
			if asked++; s.Now.Nth != (asked-1)%3+1 || s.Now.Of != 3 || len(s.Parts) != 2 {
				t.Errorf("point %d: %+v, %d parts", asked, s.Now, len(s.Parts))
			}
		}
	}
	if last := all[len(all)-1].Parts[1]; asked != 6 || last.Measured != 3 || last.Answer != "2 of 3 held, up to 700/s" || last.Short != "1KiB" {
		t.Errorf("%d points, %+v", asked, last)
	}

	m = &modelled{t: t, mu: 30}
	o = m.options(scenario)
	o.Faults = capacity.FaultsOn
	_, all = watched(t, m, o)
	for i, want := range []report.SearchState{report.SearchOver, report.SearchLeftOut, report.SearchLeftOut, report.SearchLeftOut} {
		if p := all[len(all)-1].Parts[i]; p.State != want {
			t.Errorf("%s is %s, want %s", p.Name, p.State, want)
		}
	}
}

// A search that goes on has told the points of the sitting before when it measures again.
func TestWatcherIsToldOfTheSittingBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := &modelled{t: t, seed: 4, mu: 800}
	first.before = func(n int) {
		if n == 5 {
			cancel()
		}
	}
	half, err := capacity.Run(ctx, first.options(scenario))
	if err != nil {
		t.Fatal(err)
	}
	second := &modelled{t: t, seed: 4, mu: 800}
	o := second.options(scenario)
	o.Earlier = reread(t, half)
	_, all := watched(t, second, o)
	i := slices.IndexFunc(all, func(s *report.Search) bool { return s.Now != nil })
	if i < 0 || len(all[i].Points) != 5 || all[i].Took < half.Took || all[i].Took > half.Took+time.Minute {
		t.Errorf("at first %+v", all[max(i, 0)])
	}
}
