package capacity

import (
	"math"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A plannedPart is a part of what is to be measured: a curve, or the recoveries.
type plannedPart struct {
	name   string        // the curve's, or recoveryPart
	short  string        // in few letters
	about  string        // what is looked for
	points int           // about how many runs that takes
	each   time.Duration // about how long one of them takes
}

// recoveryPart is the part that is no curve.
const recoveryPart = "recovery"

// planParts are the parts of the plan, in their order.
func (p *plan) planParts(s Settings) (all []plannedPart) {
	beside := p.base.Beside() / 4 // the cluster is there already: what is left is to drain and to read again
	each := s.Settling + s.Measuring + beside
	points, about := len(p.rates), "the rates that were given"
	if points == 0 {
		points, about = 4+s.narrowing(up), "the highest rate that holds"
	}
	for _, set := range p.grid {
		all = append(all, plannedPart{curveName(Healthy, set), shortOf(set), about, points, each})
	}
	down := each + besideDown
	if p.degraded && len(p.rates) == 0 {
		all = append(all, plannedPart{curveName(OneDown, nil), "one down", about, 2 + s.narrowing(upDown), down},
			plannedPart{curveName(CatchingUp, nil), "catching", about, 1, down}) // most of its points are told by the runs before
	}
	if p.recovers && len(p.rates) == 0 {
		recovery := down
		if len(p.base.Faults) > 0 {
			recovery = p.base.LoadEnd() - p.warmUp(s) + beside
		}
		all = append(all, plannedPart{recoveryPart, recoveryPart, "at 50, 70 and 85 % of what all brokers carry", len(shares), recovery})
	}
	return all
}

// narrowing is about how many points it takes to halve a bracket whose ends are a factor apart, and to have the answer confirmed.
func (s *Settings) narrowing(factor float64) int {
	n := max(int(math.Ceil(math.Log2(math.Log(factor)/math.Log1p(s.Resolution)))), 0) + s.Confirm
	if s.Confirm > 0 {
		n++ // above the answer
	}
	return n
}

// warmUp is for how much longer a cluster that was just started is loaded before its first point than before any other.
func (p *plan) warmUp(s Settings) time.Duration { return max(p.base.Phases.WarmUp-s.Settling, 0) }

// shortOf is a healthy curve in few letters: what was set for it.
func shortOf(set []Setting) string {
	if len(set) == 0 {
		return string(Healthy)
	}
	var values []string
	for _, s := range set {
		values = append(values, s.Value)
	}
	return strings.Join(values, " ")
}

// left is about how long the rest of the search takes, by what its points have taken so far against what was thought. s is the search that goes on; nil: none does.
func (g *going) left(s *search) time.Duration {
	var took, planned, more float64
	for i := range g.parts {
		p := &g.parts[i]
		n, sofar := g.measured(p.name)
		took, planned = took+sofar.Seconds(), planned+float64(n)*p.each.Seconds()
		more += float64(g.toCome(p, s)) * p.each.Seconds()
	}
	if planned == 0 {
		return g.Settings.Estimate
	}
	planned += (g.base.Beside() + g.warmUp(g.Settings)).Seconds() // the first has started the cluster, and warmed it
	return seconds(more * took / planned)
}

// runsToCome is about how many runs there are still to be, the one that goes on among them.
func (g *going) runsToCome(s *search) (n int) {
	for i := range g.parts {
		n += g.toCome(&g.parts[i], s)
	}
	return n
}

// toCome is about how many runs a part still takes.
func (g *going) toCome(p *plannedPart, s *search) int {
	measured, _ := g.measured(p.name)
	switch g.states[p.name] {
	case "":
		return p.points
	case report.SearchNow:
		if s != nil {
			if n, ok := s.toCome(); ok {
				return max(n, 1)
			}
		}
		return max(p.points-measured, 1)
	}
	return 0
}

// measured returns how many runs a part has had, and how long they took.
func (g *going) measured(name string) (n int, took time.Duration) {
	for i := range g.result.Curves {
		c := &g.result.Curves[i]
		for j := range c.Points {
			if p := &c.Points[j]; c.Name == name && p.Again == "" {
				n, took = n+1, took+p.Took
			}
		}
	}
	if name == recoveryPart {
		for i := range g.result.Recoveries {
			n, took = n+1, took+g.result.Recoveries[i].Point.Took
		}
	}
	return n, took
}
