package capacity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// enter says how far a part of the search is.
func (g *going) enter(part string, state report.SearchState) {
	g.states[part] = state
	g.tell("")
}

// begin says what is measured now, and for which search; nil: for none.
func (g *going) begin(p *report.SearchPoint, s *search) {
	g.asked, g.asks = p, s
	g.tell("")
}

// done says that it is measured.
func (g *going) done() {
	g.asked = nil
	g.tell("")
}

// asking is the point of a curve that is measured now.
func (g *going) asking(at int, rate float64, purpose Purpose, s *search) *report.SearchPoint {
	id := fmt.Sprintf("%03d", g.points+1)
	p := &report.SearchPoint{ID: id, Run: id, Part: g.result.Curves[at].Name, Purpose: string(purpose), Rate: rate}
	switch {
	case purpose == SweepPoint:
		p.Nth, p.Of = slices.Index(g.rates, rate)+1, len(g.rates)
	case purpose == Confirm:
		p.Nth, p.Of = s.nth, s.of
	}
	return p
}

// recovering is the recovery that is measured now.
func (g *going) recovering(share, rate float64) *report.SearchPoint {
	id := fmt.Sprintf("%03d", g.points+1)
	p := &report.SearchPoint{ID: id, Run: id, Part: recoveryPart, Purpose: string(RecoverPoint), Rate: rate, Share: share}
	if i := slices.Index(shares, share); i >= 0 {
		p.Nth, p.Of = i+1, len(shares)
	}
	return p
}

// tell tells who watches how the search goes, and what is done while no point is measured.
func (g *going) tell(doing string) {
	if g.Watch == nil {
		return
	}
	now := g.Now()
	b := &g.base.Broker
	s := &report.Search{Scenario: g.base.Name, Broker: fmt.Sprintf("%s on %s", b.Kind, countOf(b.Nodes, "broker")), Question: g.question, Resolution: g.Resolution,
		Points: g.result.searched(), Doing: doing, Runs: g.points, Of: g.points + g.runsToCome(g.asks), Told: now, Took: g.sofar + now.Sub(g.begun), Left: g.left(g.asks)}
	for i := range g.parts {
		s.Parts = append(s.Parts, g.searchPart(&g.parts[i]))
	}
	if g.asked != nil {
		asked := *g.asked
		s.Now = &asked
	}
	g.Watch(s)
}

// searchPart tells how far a part is.
func (g *going) searchPart(p *plannedPart) report.SearchPart {
	out := report.SearchPart{Name: p.name, Short: p.short, About: p.about, State: cmp.Or(g.states[p.name], report.SearchToCome)}
	if p.name == recoveryPart {
		g.result.tellRecoveries(&out)
		return out
	}
	i := slices.IndexFunc(g.result.Curves, func(c Curve) bool { return c.Name == p.name })
	if i < 0 {
		return out
	}
	c := &g.result.Curves[i]
	out.Rates, out.Ceiling = g.rates, c.Ceiling
	switch {
	case c.Found != nil:
		out.Low, out.High, out.Answer = c.Found.Low, c.Found.High, g.result.knee(c).String()
	case len(g.rates) > 0:
		out.Measured = len(c.Points)
		out.Low, out.Answer = c.highest()
	case g.asks != nil && out.State == report.SearchNow:
		out.Low, out.High = g.asks.low, g.asks.high
	}
	return out
}

// highest is the highest of the rates that were given which held so far, and how many did.
func (c *Curve) highest() (rate float64, text string) {
	held := 0
	for i := range c.Points {
		if p := &c.Points[i]; p.Held {
			held, rate = held+1, max(rate, p.Rate)
		}
	}
	if len(c.Points) == 0 {
		return 0, ""
	}
	text = fmt.Sprintf("%d of %d held", held, len(c.Points))
	if held > 0 {
		text += ", up to " + perSecond(rate)
	}
	return rate, text
}

// tellRecoveries tells of the recoveries so far.
func (r *Result) tellRecoveries(out *report.SearchPart) {
	if len(r.Curves) > 0 && r.Curves[0].Found != nil && r.Curves[0].Found.Low > 0 {
		for _, share := range shares {
			out.Rates = append(out.Rates, round(share*r.Curves[0].Found.Low))
		}
	}
	out.Measured = len(r.Recoveries)
	var times []string
	for i := range r.Recoveries {
		if rec := &r.Recoveries[i]; rec.Point.Validity == Valid && len(rec.Faults) > 0 {
			times = append(times, fmt.Sprintf("%s at %.0f %%", rec.Faults[0].Service, 100*rec.Share))
		}
	}
	if len(times) > 0 {
		out.Answer = "service back after " + strings.Join(times, ", ")
	}
}

// searched are all points so far, as who watches is told them: in the order in which they were measured.
func (r *Result) searched() []report.SearchPoint {
	type entry struct {
		at    *Point
		shown report.SearchPoint
	}
	var all []entry
	for i := range r.Curves {
		c := &r.Curves[i]
		for j := range c.Points {
			all = append(all, entry{&c.Points[j], r.searchPoint(&c.Points[j], c.Name)})
		}
	}
	for i := range r.Recoveries {
		rec := &r.Recoveries[i]
		all = append(all, entry{&rec.Point, r.recovery(rec)})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.at.Started.Compare(b.at.Started) })
	out := make([]report.SearchPoint, len(all))
	for i := range all {
		out[i] = all[i].shown
	}
	return out
}

// searchPoint is a point as who watches is told it.
func (r *Result) searchPoint(p *Point, part string) report.SearchPoint {
	out := report.SearchPoint{ID: p.ID, Run: cmp.Or(p.Again, p.ID), Part: part, Purpose: string(p.Purpose), Rate: p.Rate, Achieved: p.Achieved, Ack: p.Ack.P99, Note: report.Plain(p.Why)}
	switch {
	case p.Validity == GeneratorLimit:
		out.Outcome = report.SearchGenerator
	case p.Validity != Valid:
		out.Outcome = report.SearchUnknown
	case p.Held:
		out.Outcome = report.SearchHeld
	default:
		out.Outcome, out.Note = report.SearchMissed, report.Plain(strings.Join(p.Missed, "; "))
	}
	if b := r.boundOf(p); b != nil && len(b.By) > 0 {
		by := &b.By[0]
		out.Bound = fmt.Sprintf("%s %s %.0f %%", by.Who, by.What, 100*by.Share)
	}
	return out
}

// recovery is a recovery as who watches is told it.
func (r *Result) recovery(rec *Recovery) report.SearchPoint {
	out := r.searchPoint(&rec.Point, recoveryPart)
	out.Share = rec.Share
	if rec.Point.Validity != Valid {
		return out
	}
	var notes []string
	for i := range rec.Expected {
		if j := &rec.Expected[i]; j.Outcome == report.Fail {
			notes = append(notes, j.Text+": "+j.Got)
		}
	}
	for _, t := range rec.Faults {
		notes = append(notes, fmt.Sprintf("service back after %s", t.Service))
	}
	out.Note = report.Plain(strings.Join(notes, "; "))
	switch {
	case len(rec.Expected) == 0:
		out.Outcome = report.SearchMeasured
	case rec.Held:
		out.Outcome = report.SearchHeld
	default:
		out.Outcome = report.SearchMissed
	}
	return out
}
