package compare

import (
	"math"

	"github.com/seed-228c25e4/squall/report"
)

// judge says what a figure comes to.
func (c *comparer) judge(f *figure) {
	f.Base, f.New, f.P, f.Outcome = f.base.median(), f.new.median(), 1, report.Unclear
	if f.NBase == 0 || f.NNew == 0 {
		f.Text = f.missing()
		return
	}
	f.P = f.p
	first := c.look(f, f.new, f.p)
	f.Suspect = first.worse && first.extreme && f.NBase >= leastNoise && !c.couldTell(f.NBase, f.NNew)
	decides := first
	switch {
	case first.significant && first.worse && f.NFresh == 0:
		f.Outcome = report.Unconfirmed
	case (first.significant && first.worse || f.Suspect) && f.NFresh > 0:
		decides, f.rerun = c.look(f, f.fresh, f.pFresh), true
		f.New, f.P = f.fresh.median(), f.pFresh
		if decides.significant && decides.worse {
			f.Outcome = report.Worse
		}
	case first.significant && first.better:
		f.Outcome = report.Better
	case first.bounded:
		f.Outcome = report.Same
	}
	f.Suspect = f.Suspect && !f.rerun
	decides.write(f)
	f.More = c.more(f, decides)
	c.tell(f)
}

// look is what one comparison of two samples shows.
type look struct {
	mid, low, high float64 // of the shift; infinite where what never came makes it so
	interval       bool
	reach          float64
	significant    bool
	worse, better  bool // by more than the limits
	bounded        bool // the whole interval lies within the limits
	extreme        bool // every value is worse than all of the base
}

func (c *comparer) look(f *figure, s sample, p float64) look {
	l := look{significant: p <= c.limits.Alpha, reach: max(f.base.reach, s.reach)}
	l.mid, l.low, l.high, l.interval = c.tables.shift(f.base.values, s.values, intervals)
	base := medianOf(f.base.values)
	up := c.matters(f.Unit, base, l.mid) && l.mid > 0
	down := c.matters(f.Unit, base, l.mid) && l.mid < 0
	l.worse, l.better = up, down
	l.extreme = s.values[0] > f.base.values[f.NBase-1]
	if moreIsBetter(f.Unit) {
		l.worse, l.better = down, up
		l.extreme = s.values[len(s.values)-1] < f.base.values[0]
	}
	l.bounded = l.interval && !c.matters(f.Unit, base, l.low) && !c.matters(f.Unit, base, l.high)
	return l
}

func moreIsBetter(u report.Unit) bool { return u == report.UnitRate }

// matters reports whether a difference reaches the limits.
func (c *comparer) matters(u report.Unit, base, shift float64) bool {
	return shift != 0 && math.Abs(shift) >= c.leastThatMatters(u, base)
}

// leastThatMatters is the least difference that reaches the limits; infinite where the base itself is.
func (c *comparer) leastThatMatters(u report.Unit, base float64) float64 {
	least := c.limits.MinShare * math.Abs(base)
	if math.IsInf(base, 0) {
		least = 0 // whatever came at all is less, by more than anybody can tell
	}
	if u == report.UnitDuration {
		least = max(least, c.limits.MinTime.Seconds())
	}
	return least
}

// couldTell reports whether so many runs could show anything, were they as far apart as can be.
func (c *comparer) couldTell(base, new int) bool {
	return c.tables.critical(base, new, c.limits.Alpha/float64(max(1, c.tests))/2) >= 0
}

// write writes the shift into the figure.
func (l look) write(f *figure) {
	s := sample{reach: l.reach}
	f.Shift = s.amount(l.mid)
	if l.interval {
		low, high := s.amount(l.low), s.amount(l.high)
		f.Low, f.High = &low, &high
	}
}

// more returns how many more runs would tell.
func (c *comparer) more(f *figure, l look) int {
	base := medianOf(f.base.values)
	effect, has := l.mid, f.NNew
	switch {
	case f.Outcome == report.Unconfirmed, f.Suspect:
		has = 0
	case f.Outcome != report.Unclear || l.significant:
		return 0
	case math.IsInf(base, 1):
		return 0
	case f.rerun:
		has = f.NFresh
	}
	if least := c.leastThatMatters(f.Unit, base); math.Abs(effect) < least {
		effect = least
		if moreIsBetter(f.Unit) {
			effect = -least
		}
	}
	if math.IsInf(effect, 0) {
		effect = math.Copysign(10*(1+l.reach), effect) // beyond all that was seen
	}
	k := c.tables.enough(f.base.values, has, effect, c.limits.Alpha/float64(max(1, c.tests)), f.Figure)
	return max(0, k-has)
}
