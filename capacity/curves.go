package capacity

import (
	"context"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// How the rate grows and shrinks until there is a bracket.
const (
	up       = 2.0
	down     = 4.0
	upDown   = 1.25 // with one broker down it is known about where
	downDown = 1.5
)

// search measures everything that is to be, one curve after the other.
func (g *going) search(ctx context.Context) {
	for _, set := range g.grid {
		healthy := g.curve(ctx, Healthy, set)
		if g.ended(ctx) {
			return
		}
		if len(g.rates) > 0 {
			g.given(ctx, healthy)
		} else {
			g.find(ctx, healthy)
		}
		if g.ended(ctx) {
			return
		}
		if g.degraded && len(g.rates) == 0 {
			g.oneDown(ctx, healthy)
		}
		if g.ended(ctx) {
			return
		}
	}
	if g.recovers && len(g.rates) == 0 && len(g.grid) == 1 {
		g.recover(ctx)
	}
}

// curve begins a curve, and returns where it is in the result: curves move in memory as others join them. What the generator reaches is found for each set of settings anew.
func (g *going) curve(ctx context.Context, state State, set []Setting) (at int) {
	c := Curve{Name: curveName(state, set), State: state, Set: set, Points: []Point{}}
	if state == Healthy && g.Ceiling != nil {
		c.Ceiling = g.ceiling(ctx, set)
	}
	for _, other := range g.result.Curves {
		if slices.Equal(other.Set, set) && other.Ceiling > 0 {
			c.Ceiling = other.Ceiling
		}
	}
	g.result.Curves = append(g.result.Curves, c)
	if state != CatchingUp { // which is searched after the one whose runs are its own
		g.enter(c.Name, report.SearchNow)
	}
	return len(g.result.Curves) - 1
}

// ceiling asks what the generator reaches. A search goes on without it.
func (g *going) ceiling(ctx context.Context, set []Setting) float64 {
	if g.Earlier != nil {
		for _, c := range g.Earlier.Curves {
			if c.Ceiling > 0 && slices.Equal(c.Set, set) {
				return c.Ceiling
			}
		}
	}
	s, err := g.Scenario(sets(set)...)
	if err != nil {
		g.failed = err
		return 0
	}
	g.tell("finding what this machine's generator reaches, to a broker that forgets what it is told")
	ceiling, err := g.Ceiling(ctx, s)
	if err != nil {
		g.Progress("capacity ceiling=unknown why=%q", err)
		return 0
	}
	g.Progress("capacity ceiling=%s", perSecond(ceiling))
	return ceiling
}

// given measures the rates that were given.
func (g *going) given(ctx context.Context, at int) {
	for _, rate := range g.rates {
		if o := g.try(ctx, at, rate, SweepPoint, nil); o.ended {
			return
		}
	}
	g.enter(g.result.Curves[at].Name, report.SearchOver)
}

// searchOn returns a search over a curve's rates, as the settings have it.
func (g *going) searchOn(ctx context.Context, at int) *search {
	s := &search{from: g.From, to: g.To, top: g.top, start: g.start(g.Settings), up: up, down: down, resolution: g.Resolution, confirm: g.Confirm, most: mostPoints}
	s.try = func(rate float64, p Purpose) outcome { return g.try(ctx, at, rate, p, s) }
	return s
}

// find searches the healthy cluster's curve.
func (g *going) find(ctx context.Context, at int) {
	s := g.searchOn(ctx, at)
	s.run()
	g.conclude(at, s)
}

// oneDown searches with one broker down, and while it catches up: each run of the one is a point of the other too.
func (g *going) oneDown(ctx context.Context, at int) {
	healthy := &g.result.Curves[at]
	set, most := healthy.Set, healthy.Found.Low
	if most == 0 {
		g.result.NotMeasured = append(g.result.NotMeasured, NotMeasured{"one broker down, catching up, and recovery: " + healthy.Name, "the healthy cluster carries not even the lowest rate"})
		g.enter(curveName(OneDown, set), report.SearchLeftOut)
		g.enter(curveName(CatchingUp, set), report.SearchLeftOut)
		return
	}
	down, catching := g.curve(ctx, OneDown, set), g.curve(ctx, CatchingUp, set)
	nodes := float64(g.base.Broker.Nodes)
	s := g.searchOn(ctx, down)
	s.from, s.to, s.top, s.up, s.down = min(g.From, most), most, StopHighest, upDown, downDown
	s.start = max(round(most*(nodes-1)/nodes), s.from)
	s.run()
	g.conclude(down, s)
	if s.ended != "" {
		return
	}
	if s.low == 0 {
		g.enter(g.result.Curves[catching].Name, report.SearchLeftOut)
		return
	}
	g.enter(g.result.Curves[catching].Name, report.SearchNow)
	c := g.searchOn(ctx, catching)
	c.from, c.to, c.top, c.start, c.up, c.down = s.from, s.low, StopHighest, s.low, upDown, downDown
	c.confirm = min(g.Confirm, 1)
	c.run()
	g.conclude(catching, c)
}

// conclude writes down what a search found.
func (g *going) conclude(at int, s *search) {
	f := &Found{Low: s.low, High: s.high, Stop: s.stop}
	c := &g.result.Curves[at]
	for _, p := range c.Points {
		switch {
		case s.low > 0 && p.Rate == s.low:
			f.LowIDs = append(f.LowIDs, p.ID)
			f.count(&p)
		case s.high > 0 && p.Rate == s.high:
			f.HighIDs = append(f.HighIDs, p.ID)
		}
	}
	switch known := s.stop != StopGenerator && s.stop != StopUnknown; {
	case s.ended != "":
		f.Answer, f.Stop = Unknown, s.ended
	case s.low == 0 && s.high > 0 && known:
		f.Answer = Below
	case s.low == 0:
		f.Answer = Unknown
	case s.high == 0 || !known:
		f.Answer = AtLeast
	default:
		f.Answer = Bracketed
	}
	c.Found, g.asks = f, nil
	f.Sentence = c.sentence()
	g.Progress("capacity found curve=%q answer=%q low=%s high=%s stop=%q", c.Name, f.Answer, perSecond(f.Low), perSecond(f.High), f.Stop)
	g.keep()
	if s.ended == "" {
		g.enter(c.Name, report.SearchOver)
	}
}

// count counts a point at Low, if its outcome is known.
func (f *Found) count(p *Point) {
	if p.Validity != Valid {
		return
	}
	if f.Tried++; p.Held {
		f.Held++
	}
}
