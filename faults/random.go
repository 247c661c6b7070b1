package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Random is a draw of faults over a stretch of time, which is the plan's For.
type Random struct {
	Of     []Choice
	Every  time.Duration // from one beginning to the next, on average
	AtMost int           // how many are in force at once
	Blast  Share         // the share of the nodes that is hurt at once; at least one node may be
	Stable time.Duration // how long nothing is broken before a fault begins while no other is in force
	Never  []Pick        // nodes that are never hurt
	Except []string      // kinds that are never drawn
}

// A Choice is one fault that may be drawn.
type Choice struct {
	Step           // without a time
	Weight float64 // how often it is drawn, beside the others
}

// Limits are what random faults keep to when they begin.
type Limits struct {
	AtMost int
	Blast  Share
	Never  []Pick
	Until  time.Duration // none begins later, counted like a step's At; 0: whenever
}

// Hurts returns how many of n nodes a share is: at least one.
func (s Share) Hurts(n int) int { return max(1, int(float64(s)*float64(n)+1e-9)) }

// choices returns what can be drawn.
func (r *Random) choices() []Choice {
	return slices.DeleteFunc(slices.Clone(r.Of), func(c Choice) bool { return slices.Contains(r.Except, c.Kind) })
}

// mostRandom bounds the faults of one draw.
const mostRandom = 10_000

// random draws the schedule of a plan: when which fault begins. Whom it meets is drawn when it begins.
func (e *expansion) random(p Plan, s start, suffix string) part {
	r, choices := p.Random, p.Random.choices()
	limits := &Limits{AtMost: r.AtMost, Blast: r.Blast, Never: r.Never}
	if !s.floats {
		limits.Until = s.at + p.For
	}
	luck := chance(e.seed, "random faults of "+p.Name+suffix)
	var all part
	var ends []time.Duration // of what was drawn before
	at := time.Duration(0)
	for len(choices) > 0 && len(ends) < mostRandom {
		at += r.Every/2 + time.Duration(luck.Float64()*float64(r.Every))
		at = r.free(ends, at).Truncate(time.Millisecond)
		c := weighted(luck, choices)
		if at+c.For > p.For {
			break
		}
		ends = append(ends, at+c.For)
		step := c.Step
		step.Limits, step.Within = limits, recoversWithin
		nth := fmt.Sprintf(" #%d", len(ends))
		if suffix != "" {
			nth = fmt.Sprintf("%s.%d", suffix, len(ends))
		}
		own := s.later(at)
		if before := len(all.names) - r.AtMost; before >= 0 { // where all is late, they keep their order
			own.after = append(own.after, Anchor{Step: all.names[before], Delay: r.pause()})
		}
		all.join(e.step(step, own, p.Name, nth))
	}
	all.end = max(all.end, s.at+p.For)
	return all
}

// pause is how long a fault begins after the one that makes room for it: with one at a time, nothing is in force then.
func (r *Random) pause() time.Duration {
	if r.AtMost == 1 {
		return r.Stable
	}
	return 0
}

// recoversWithin is how long a random fault waits for the cluster to be whole.
const recoversWithin = 2 * time.Minute

// free returns the first moment from at on at which another fault may begin.
func (r *Random) free(ends []time.Duration, at time.Duration) time.Duration {
	for {
		var on []time.Duration
		last := time.Duration(-1 << 62)
		for _, end := range ends {
			if last = max(last, end); end > at {
				on = append(on, end)
			}
		}
		switch {
		case len(on) >= r.AtMost:
			at = slices.Min(on)
		case len(on) == 0 && last+r.Stable > at:
			at = last + r.Stable
		default:
			return at
		}
	}
}

func weighted(luck *rand.Rand, choices []Choice) Choice {
	sum := 0.0
	for _, c := range choices {
		sum += c.Weight
	}
	x := luck.Float64() * sum
	for _, c := range choices {
		if x -= c.Weight; x < 0 {
			return c
		}
	}
	return choices[len(choices)-1]
}
