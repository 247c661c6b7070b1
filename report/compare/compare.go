package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A Set is what is held against what: runs of one scenario on both sides.
type Set struct {
	Name string // of the base, as it is told: "the last 20 runs"
	Base []Run  // earlier runs; those that may not be held against are left out, aloud
	New  []Run
	// Fresh are runs that were made because the new ones looked worse. What they were made for is worse only if these alone show it too.
	Fresh []Run
	// Across are aspects in which the sides may differ from one another: what a broker's new version did, for one.
	Across []Aspect
}

// Defaults are the limits where nobody states others.
func Defaults() report.ComparisonLimits { return report.DefaultLimits() }

// intervals is the confidence of the intervals that are told.
const intervals = 0.95

// Compare holds the new runs of every set against its base, all figures of all sets at once: a correction for how many there are counts only if it is for all.
// The result has one Against a set, in order.
func Compare(sets []Set, limits report.ComparisonLimits) *report.Comparison {
	c := comparer{limits: limits, tables: tables{}}
	all := &report.Comparison{Limits: limits}
	for i := range sets {
		all.Against = append(all.Against, c.collect(&sets[i]))
	}
	c.test()
	all.Figures = c.tests
	at := 0
	for i := range all.Against {
		for range all.Against[i].Figures {
			f := c.figures[at]
			c.judge(f)
			all.Against[i].Figures[f.at] = f.ComparedFigure
			at++
		}
	}
	conclude(all)
	return all
}

// Part returns what a comparison tells of some of its sets, by their places: for the report of one run of many. The correction stays the one for all.
func Part(all *report.Comparison, sets ...int) *report.Comparison {
	part := *all
	part.Against = nil
	for _, i := range sets {
		part.Against = append(part.Against, all.Against[i])
	}
	conclude(&part)
	return &part
}

// Rerun returns how many fresh runs would confirm, or not, what looks worse in a set; 0: nothing does. Where the noise is such that none of the numbers tried would, it is
// the greatest of them.
func Rerun(a report.Against) int {
	most := 0
	for _, f := range a.Figures {
		switch {
		case f.Outcome != report.Unconfirmed && !f.Suspect:
		case f.More == 0:
			most = sizes[len(sizes)-1]
		default:
			most = max(most, f.More)
		}
	}
	return most
}

// comparer is one comparison that goes on.
type comparer struct {
	limits  report.ComparisonLimits
	tables  tables
	figures []*figure
	tests   int // figures that both sides have, and that are not the same in all runs: those can show nothing, and take nothing from the others' power
}

// figure is one figure of one set.
type figure struct {
	report.ComparedFigure
	at               int // in its set
	base, new, fresh sample
	p, pFresh        float64 // corrected
	left             int     // runs without it
	why              string  // of one of those
	rerun            bool    // the fresh runs decided
}

// A sample is one figure of the runs of one side, in order of size; what never came is infinite.
type sample struct {
	values []float64
	reach  float64 // the greatest value that was seen, or that one which never came was known to exceed
}

// collect chooses the runs of a set that can be compared, and lists their figures.
func (c *comparer) collect(s *Set) report.Against {
	a := report.Against{Name: s.Name}
	base, new, fresh := s.chosen(&a)
	a.Base, a.New, a.Fresh = len(base), len(new), len(fresh)
	if len(new) > 0 {
		a.Scenario = new[0].Scenario
	}
	for _, name := range namesIn(new) {
		f := &figure{at: len(a.Figures)}
		f.Figure = name
		f.base, f.new, f.fresh = f.sample(base), f.sample(new), f.sample(fresh)
		f.NBase, f.NNew, f.NFresh = len(f.base.values), len(f.new.values), len(f.fresh.values)
		if f.NBase+f.NNew == 0 && f.why != disturbedWhy {
			continue // nobody ever knew it
		}
		c.figures = append(c.figures, f)
		a.Figures = append(a.Figures, report.ComparedFigure{})
	}
	return a
}

func namesIn(runs []Run) (names []string) {
	for _, r := range runs {
		for _, f := range r.Figures {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// sample takes one figure of some runs.
func (f *figure) sample(runs []Run) (s sample) {
	for _, r := range runs {
		at := slices.IndexFunc(r.Figures, func(o Figure) bool { return o.Name == f.Figure })
		if at < 0 || r.Figures[at].Why != "" {
			if f.left++; at >= 0 {
				f.why = r.Figures[at].Why
			}
			continue
		}
		v := r.Figures[at]
		f.Unit = v.Unit
		s.reach = max(s.reach, v.Value)
		if v.Beyond {
			v.Value = math.Inf(1)
		}
		s.values = append(s.values, v.Value)
	}
	slices.Sort(s.values)
	return s
}

// median tells the middle value as it can be written.
func (s sample) median() report.Amount {
	if len(s.values) == 0 {
		return report.Amount{}
	}
	return s.amount(medianOf(s.values))
}

func (s sample) amount(v float64) report.Amount {
	if math.IsInf(v, 0) {
		return report.Amount{Value: math.Copysign(s.reach, v), Beyond: true}
	}
	return report.Amount{Value: v}
}

// test makes all the tests, and corrects each for all.
func (c *comparer) test() {
	var tested []*figure
	var first, fresh []float64
	for _, f := range c.figures {
		f.p, f.pFresh = 1, 1
		if f.varies() {
			tested = append(tested, f)
			first, fresh = append(first, rankTest(f.base.values, f.new.values)), append(fresh, rankTest(f.base.values, f.fresh.values))
		}
	}
	c.tests = len(tested)
	first, fresh = holm(first), holm(fresh)
	for i, f := range tested {
		f.p, f.pFresh = first[i], fresh[i]
	}
}

// varies reports whether both sides have the figure, and not all runs the same value of it.
func (f *figure) varies() bool {
	if f.NBase == 0 || f.NNew == 0 {
		return false
	}
	all := slices.Concat(f.base.values, f.new.values, f.fresh.values)
	return slices.Min(all) < slices.Max(all)
}

// chosen returns the runs of a set that may be compared, and notes which were left out and why, and what differs although it was compared.
func (s *Set) chosen(a *report.Against) (base, new, fresh []Run) {
	barred := func(r *Run) string { return r.Barred }
	usable := func(r *Run) string {
		if slices.ContainsFunc(s.New, func(o Run) bool { return o.ID == r.ID }) {
			return "it is one of the new ones"
		}
		return r.NoBaseline
	}
	like := firstThat(s.New, barred)
	new = alike(a, "new", s.New, like, barred)
	fresh = alike(a, "fresh", s.Fresh, like, barred)
	if len(s.Across) == 0 || like == nil {
		return alike(a, "earlier", s.Base, like, usable), new, fresh
	}
	first := firstThat(s.Base, usable)
	base = alike(a, "earlier", s.Base, first, usable)
	if first == nil {
		return base, new, fresh
	}
	for _, aspect := range Aspects {
		why := like.differs(first, aspect)
		switch {
		case why == "":
		case slices.Contains(s.Across, aspect):
			a.Notes = append(a.Notes, "Of the new runs "+why+", as it was asked for.")
		default:
			a.Notes = append(a.Notes, fmt.Sprintf("Left out: all %d earlier runs: of the new ones %s.", len(base), why))
			return nil, new, fresh
		}
	}
	return base, new, fresh
}

// firstThat returns the first run that is not barred; nil: there is none.
func firstThat(runs []Run, barred func(*Run) string) *Run {
	for i := range runs {
		if barred(&runs[i]) == "" {
			return &runs[i]
		}
	}
	return nil
}

// alike returns those of the runs that are not barred and can be compared with one.
func alike(a *report.Against, side string, runs []Run, like *Run, barred func(*Run) string) (kept []Run) {
	var versions, whys []string
	out := map[string][]*Run{}
	for i := range runs {
		r := &runs[i]
		why := barred(r)
		if why == "" && like != nil {
			why = r.Comparable(like)
		}
		if why != "" {
			whys, out[why] = add(whys, why), append(out[why], r)
			continue
		}
		kept, versions = append(kept, *r), add(versions, r.Squall)
	}
	for _, why := range whys {
		which := fmt.Sprintf("%s run %s", side, out[why][0])
		if n := len(out[why]); n > 1 {
			which = fmt.Sprintf("%d %s runs, as %s", n, side, out[why][0])
		}
		a.Notes = append(a.Notes, fmt.Sprintf("Left out: %s: %s.", which, why))
	}
	if len(versions) > 1 {
		a.Notes = append(a.Notes, fmt.Sprintf("The %s runs were made by different versions of squall: %s.", side, strings.Join(versions, ", ")))
	}
	return kept
}
