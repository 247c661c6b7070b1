package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// perSecond prints a rate as searches do.
func perSecond(v float64) string { return report.Thousands(uint64(math.Round(v))) + "/s" }

// said tells what is known of a part, in a few words.
func said(p *report.SearchPart) (string, style) {
	switch {
	case p.State == report.SearchToCome:
		return p.About, dim
	case p.State == report.SearchLeftOut:
		return "left out: what was found before leaves nothing to look for", dim
	case len(p.Rates) > 0 && p.State == report.SearchNow:
		text := fmt.Sprintf("%d of %d rates", p.Measured, len(p.Rates))
		if p.Answer != "" {
			text += ": " + p.Answer
		}
		return text, plain
	case p.Answer != "" && p.High > 0 && p.Low > 0 && p.State == report.SearchOver:
		return fmt.Sprintf("%s, and not at %s", p.Answer, perSecond(p.High)), plain
	case p.Answer != "":
		return p.Answer, plain
	case p.Low > 0 && p.High > 0:
		return fmt.Sprintf("between %s and %s", perSecond(p.Low), perSecond(p.High)), plain
	case p.Low > 0:
		return perSecond(p.Low) + " or more", plain
	case p.High > 0:
		return "less than " + perSecond(p.High), plain
	}
	return p.About, plain
}

// An axis shows rates from left to right, on a logarithmic scale.
type axis struct {
	x, w        int
	least, most float64
}

// axisOf returns an axis with room for all of some rates.
func axisOf(rates []float64, x, w int) axis {
	a := axis{x: x, w: max(w, 1), least: math.Inf(1)}
	for _, r := range rates {
		a.least, a.most = min(a.least, r), max(a.most, r)
	}
	margin := max(math.Pow(a.most/a.least, 0.08), 1.05)
	a.least, a.most = a.least/margin, a.most*margin
	return a
}

// at returns the column of a rate.
func (a *axis) at(rate float64) int {
	share := math.Log(rate/a.least) / math.Log(a.most/a.least)
	return a.x + min(max(int(math.Round(share*float64(a.w-1))), 0), a.w-1)
}

// bracketPanel shows the rates that the part tried which goes on, and between which of them the answer lies.
func (v *searchScene) bracketPanel(w, h int) *canvas {
	p := v.part()
	if p == nil {
		c := v.run.panel(w, h, "Bracket")
		c.wait("no rate was tried yet")
		return c
	}
	name := "Bracket"
	if len(p.Rates) > 0 {
		name = "Rates"
	}
	c := v.run.panel(w, h, name, v.apart(p)...)
	marks := v.marks(p.Name)
	if len(marks) == 0 {
		c.wait("no rate was tried yet")
		return c
	}
	var rates []float64
	for _, end := range []float64{p.Low, p.High} { // another part may have told it
		if end > 0 {
			rates = append(rates, end)
		}
	}
	for _, m := range marks {
		rates = append(rates, m.rate)
	}
	a := axisOf(rates, 3, w-6)
	for x := range a.w {
		c.put(a.x+x, 1, c.glyph('─'), dim)
	}
	if p.Low > 0 && p.High > 0 {
		for x := a.at(p.Low); x <= a.at(p.High); x++ {
			c.put(x, 1, c.glyph('━'), accent)
		}
	}
	for _, m := range marks {
		c.put(a.at(m.rate), 1, c.glyph(m.sign), m.look)
	}
	if h > 2 {
		a.labels(c, p, v.above(p))
	}
	return c
}

// apart says how far the ends of the bracket are from each other, in several lengths.
func (v *searchScene) apart(p *report.SearchPart) []string {
	if p.Low == 0 || p.High == 0 {
		return nil
	}
	apart := fmt.Sprintf("%.3g %% apart", 100*(p.High/p.Low-1))
	ends := fmt.Sprintf("%s holds, %s %s", perSecond(p.Low), perSecond(p.High), v.above(p))
	return []string{fmt.Sprintf("%s: %s, %.3g %% wanted", ends, apart, 100*v.Resolution), ends + ": " + apart, ends, apart}
}

// above says what is known of the rate above the highest that holds.
func (v *searchScene) above(p *report.SearchPart) string {
	text := "does not"
	for i := range v.Points {
		if point := &v.Points[i]; point.Part == p.Name && point.Rate == p.High {
			switch point.Outcome {
			case report.SearchMissed:
				return "does not"
			case report.SearchGenerator, report.SearchUnknown:
				text = "is not known"
			}
		}
	}
	return text
}

// labels writes the bracket's ends below the axis, or those of what was tried where there is no bracket.
func (a *axis) labels(c *canvas, p *report.SearchPart, above string) {
	end := a.x - 2 // of what is written
	if p.Low > 0 {
		text := perSecond(p.Low) + " holds"
		end = c.text(max(a.at(p.Low)-c.width(text)+1, a.x), 2, good, text)
	}
	if p.High > 0 {
		text := perSecond(p.High) + " " + above
		at := max(min(a.at(p.High), a.x+a.w-c.width(text)), end+2)
		c.fit(at, 2, c.w-at-1, bad, text)
	}
	if p.Low == 0 && p.High == 0 {
		c.text(a.x, 2, dim, perSecond(a.least))
		c.right(a.x+a.w, 2, dim, perSecond(a.most))
	}
}

// A mark is a rate on the axis.
type mark struct {
	rate float64
	sign rune
	look style
}

// outcomes are the signs of what points say.
var outcomes = map[report.SearchOutcome]mark{
	report.SearchHeld: {sign: '●', look: good}, report.SearchMissed: {sign: '✗', look: bad}, report.SearchMeasured: {sign: '●', look: accent},
	report.SearchGenerator: {sign: '○', look: caution}, report.SearchUnknown: {sign: '?', look: caution},
}

// marks are the rates that a part tried, the one last that is measured now; those that say something of the cluster are over those that do not.
func (v *searchScene) marks(part string) (all []mark) {
	for _, says := range []bool{false, true} {
		for i := range v.Points {
			p := &v.Points[i]
			if p.Part != part || says != (p.Outcome == report.SearchHeld || p.Outcome == report.SearchMissed || p.Outcome == report.SearchMeasured) {
				continue
			}
			m := outcomes[p.Outcome]
			m.rate = p.Rate
			all = append(all, m)
		}
	}
	if v.Now != nil && v.Now.Part == part {
		all = append(all, mark{v.Now.Rate, '◆', bold})
	}
	return all
}

// nowPanel shows the point that is measured: what for, how far it is, what comes of it, and how the generator does.
func (v *searchScene) nowPanel(w, h int) *canvas {
	var info string
	if v.Search != nil && v.Now != nil {
		info = fmt.Sprintf("run %d of ~%d", v.Runs+1, max(v.Of, v.Runs+1))
	}
	c := v.run.panel(w, h, "Now", info)
	if v.Search == nil || v.Now == nil {
		text := v.note
		if v.Search != nil && v.Doing != "" {
			text = v.Doing
		}
		c.fit(2, 1, w-3, dim, text)
		return c
	}
	word, from, to := v.phase()
	text := word
	if to > from {
		text = fmt.Sprintf("%s %s of %s", word, short(v.at-from), short(to-from))
	}
	c.put(2, 1, c.glyph('▶'), accent)
	x := c.text(4, 1, bold, perSecond(v.Now.Rate))
	x = c.fit(x+2, 1, w-x-c.width(text)-5, plain, v.purpose())
	c.right(max(w-1, x+2+c.width(text)), 1, accent, text)
	lines := []func(*canvas, int){v.gaugeLine, v.figuresLine, v.generatorLine}
	if h < 5 {
		lines = lines[1:]
	}
	for i, write := range lines[:min(len(lines), max(h-2, 0))] {
		write(c, 2+i)
	}
	return c
}

// phase says in a word in which phase the run of the point is, and from when to when that is planned; to 0: that is not known.
func (v *searchScene) phase() (word string, from, to time.Duration) {
	s := &v.run
	if s.run == nil {
		return "starting", 0, 0
	}
	p := s.phase()
	broken := s.run.Plan != nil && len(s.run.Plan.Faults) > 0
	if s.run.Plan != nil && s.loading {
		to = s.load + map[report.PhaseKind]time.Duration{report.WarmUp: s.run.Plan.WarmUp, report.Baseline: s.run.Plan.WarmUp + s.run.Plan.Baseline}[p.Kind]
	}
	switch p.Kind {
	case report.Prepare:
		return "preparing", 0, 0
	case report.WarmUp:
		return "settling", p.From, to
	case report.Baseline:
		if broken {
			return "before the fault", p.From, to
		}
		return "measuring", p.From, to
	case report.During:
		for i := range s.rows {
			if r := &s.rows[i]; r.Name == p.Fault && r.lasts > 0 {
				return "measuring, " + p.Fault, p.From, p.From + r.lasts
			}
		}
		return "measuring, " + p.Fault, 0, 0
	case report.Recovering:
		if end, ok := s.end(); ok {
			return "measuring recovery", p.From, end
		}
		return "measuring recovery", 0, 0
	case report.Heal:
		return "healing", 0, 0
	case report.Drain:
		return "draining", 0, 0
	case report.Reading:
		return "reading back", 0, 0
	}
	return p.Name, 0, 0
}

// gaugeLine draws how much of the point's load is over.
func (v *searchScene) gaugeLine(c *canvas, y int) {
	end, ok := v.run.end()
	share := 0.0
	if ok && end > v.run.load {
		share = min(max(float64(v.at-v.run.load)/float64(end-v.run.load), 0), 1)
	}
	c.gauge(2, y, c.w-3, share)
}

// figuresLine tells the last second of the load.
func (v *searchScene) figuresLine(c *canvas, y int) {
	if len(v.run.slices) == 0 {
		text := v.note
		if text == "" {
			text = "no load yet"
		}
		c.fit(2, y, c.w-3, dim, text)
		return
	}
	s := &v.run.slices[len(v.run.slices)-1]
	c.text(2, y, dim, "load")
	x := lineAt
	for _, f := range []fact{{"due", rate(s.perSecond(s.due)), plain}, {"acked", rate(s.perSecond(s.acknowledged)), acked}, {"p99", report.Human(s.p99), slow},
		{"backlog", report.Thousands(s.backlog), plain}, {"delivered", rate(s.perSecond(s.delivered)), plain}} {
		x = c.item(x, y, dim, f)
	}
}

// generatorLine tells how what makes the load does.
func (v *searchScene) generatorLine(c *canvas, y int) {
	c.text(2, y, dim, "generator")
	w := v.run.last
	if w == nil {
		return
	}
	cpu := fmt.Sprintf("%.1f", w.CPU)
	if r := v.run.run; r != nil && r.Host.MaxProcs > 0 {
		cpu = fmt.Sprintf("%.1f of %d", w.CPU, r.Host.MaxProcs)
	}
	facts := []fact{{"lag p99", strings.ReplaceAll(w.Latency.Lag.Quantile(0.99).String(), " ", ""), plain}, {"cores", cpu, plain}}
	if w.Held > 0 {
		facts = append(facts, fact{"held back", report.Thousands(w.Held), caution})
	}
	if w.Host != nil {
		look := plain
		if w.Host.Idle < 0.1 {
			look = caution
		}
		facts = append(facts, fact{"idle", fmt.Sprintf("%.0f %%", 100*w.Host.Idle), look})
	}
	if p := v.named(v.Now.Part); p.Ceiling > 0 {
		facts = append(facts, fact{"reaches", perSecond(p.Ceiling), plain})
	}
	x := lineAt
	for _, f := range facts {
		x = c.item(x, y, dim, f)
	}
}
