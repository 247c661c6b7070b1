package capacity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// What follows, and in section_*.go beside it, is what the views for people have in common: words, and tables of words, in their order. Each view sets them in
// its own way, and makes harmless what its own readers would obey.

// A section is one part of a result in words.
type section struct {
	ID, Title string
	Lead      []string // before the table, a paragraph each
	Head      []string
	Rows      []tableRow
	Notes     []string // behind it
	Detail    bool     // worth a page, and not a terminal
}

// A tableRow is a line of a table. Its first cell names it.
type tableRow struct {
	Cells []string
	Class string  // "good", "bad", "unsure" or nothing
	Link  string  // the report of its run, from the folder of the result
	Bar   float64 // a share that can be drawn; 0: there is none
}

func rowOf(cells ...string) tableRow { return tableRow{Cells: cells} }

// sections are all parts of an analysed result that have something to say.
func (r *Result) sections() []section {
	all := []section{
		r.carriesSection(), r.adviceSection(), r.recoverySection(), r.sensitivitySection(), r.growthSection(), r.boundSection(), r.trafficSection(),
		r.unmeasuredSection(), r.pointsSection(), r.searchSection(),
	}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.Rows)+len(s.Lead)+len(s.Notes) == 0 })
}

// carriesSection tells each state of the cluster side by side.
func (r *Result) carriesSection() section {
	s := section{ID: "carries", Title: "What it carries", Head: []string{"the cluster", "carries", "the limit lies (95 % sure)", "compared with all brokers", "latency at that rate: p50", "p99", "p99.9", "runs at that rate that held", "short of"}}
	s.Lead = []string{
		"The highest rate at which everything held that is wanted: " + strings.Join(r.wanted(), "; ") + ". Besides, the rate was kept, and no backlog grew.",
		"Latency counts from when a message was due, so that time spent waiting to be sent is in it; 99 % of the messages took no longer than the p99. Near the limit runs differ: where it lies is told by all valid runs together.",
	}
	if drift := r.Analysis.Drift.String(); drift != "" {
		s.Notes = append(s.Notes, drift)
	}
	healthy := r.knee(r.main(Healthy))
	for _, state := range []State{Healthy, OneDown, CatchingUp} {
		c := r.main(state)
		k := r.knee(c)
		if k == nil {
			continue
		}
		row := rowOf(inStates[state], k.String(), k.Limit.String(), "", "", "", "", fmt.Sprintf("%d of %d", c.Found.Held, c.Found.Tried), k.Bound.String())
		if healthy != nil && healthy.Rate > 0 && k.Rate > 0 {
			row.Cells[3] = fmt.Sprintf("%.0f %%", 100*k.Rate/healthy.Rate)
		}
		for _, at := range c.ByRate() {
			if at.Rate == k.Rate {
				copy(row.Cells[4:], []string{quantile(at.Ack.P50, at.Ack), quantile(at.Ack.P99, at.Ack), quantile(at.Ack.P999, at.Ack)})
			}
		}
		s.Rows = append(s.Rows, row)
		if why := r.because(k, c); why != "" {
			s.Notes = append(s.Notes, capital(inStates[state])+": "+why)
		}
		if c.Found.Sentence != "" {
			s.Notes = append(s.Notes, strings.TrimSuffix(c.Found.Sentence, ".")+".")
		}
	}
	if len(s.Rows) == 0 {
		s.Notes = append(s.Notes, "No rate was searched, or the search came to no answer.")
	}
	return s
}

// wanted are the expectations that had to hold.
func (r *Result) wanted() []string {
	if len(r.Expectations) == 0 {
		return []string{"nothing beyond what the broker promises"}
	}
	return r.Expectations
}

// quantile tells a latency, and whether it is a lower bound.
func quantile(d time.Duration, of Quantiles) string {
	switch {
	case of.Count == 0:
		return "none"
	case of.AtLeast:
		return "up to more than " + report.Human(d)
	}
	return report.Human(d)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// adviceSection tells at what rate to run the cluster, and how many brokers the goal needs.
func (r *Result) adviceSection() section {
	s := section{ID: "advice", Title: "What to run it at", Head: []string{"because of", "measured", "gives"}}
	a := r.Analysis.Advice
	if a == nil {
		return section{}
	}
	s.Lead = []string{fmt.Sprintf("%s, the lowest rate of the table. At that rate a broker can fail, and the distance to the limit is a reserve for peaks and for what was not measured.", capital(both(a.Rate, a.Bytes)))}
	for _, t := range a.Terms {
		row := rowOf(t.Name, t.Why, "not known")
		if t.Rate > 0 {
			row = rowOf(t.Name, perSecond(t.From), perSecond(t.Rate))
			if t.AtLeast {
				row.Cells[1], row.Cells[2] = "at least "+row.Cells[1], "at least "+row.Cells[2]
			}
		}
		if t.Name == a.By {
			row.Class = "good"
			row.Cells[2] += ", the lowest"
		}
		s.Rows = append(s.Rows, row)
	}
	if !a.Complete {
		s.Notes = append(s.Notes, "What is not known may be less than this: take it as the most that may be advised, until it is measured.")
	}
	if k := r.knee(r.main(CatchingUp)); k != nil && k.Answer == Bracketed && k.Rate < a.Rate {
		s.Notes = append(s.Notes, fmt.Sprintf("While a broker catches up it carries less than that, %s: at the advised rate, what is wanted is then missed until that broker has caught up.", perSecond(k.Rate)))
	}
	s.Notes = append(s.Notes, r.fleetInWords()...)
	return s
}

// fleetInWords tells how many brokers and partitions the goal needs.
func (r *Result) fleetInWords() (all []string) {
	f := r.Analysis.Fleet
	if f == nil {
		return nil
	}
	goal := fmt.Sprintf("For %s, which is %s times %g,", both(f.Needed, f.Needed*r.bytesEach()), perSecond(r.Goal.Rate), max(r.Goal.Growth, 1))
	switch {
	case f.Brokers == 0:
		all = append(all, fmt.Sprintf("%s nobody can say how many brokers are needed: %s.", goal, f.Why))
	default:
		text := fmt.Sprintf("%s at least %s are needed, %s.", goal, countOf(f.Brokers, "broker"), f.By)
		if f.Why != "" {
			text += " But " + f.Why + "."
		}
		all = append(all, text)
	}
	if p := r.Analysis.Partitions; p != nil {
		text := fmt.Sprintf("%s %s are enough, if each carries what one of them did here (%s at the advised share)", goal, countOf(p.Needed, "partition"), perSecond(p.PerPartition))
		if p.PerConsumer > 0 {
			text += fmt.Sprintf(", and each has a consumer of its own that takes what one took here (%s)", perSecond(p.PerConsumer))
		}
		all = append(all, text+". One alone may carry more: sweep topic.partitions to see.")
	}
	return all
}
