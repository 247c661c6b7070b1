package capacity

import (
	"math"
	"strconv"
)

// An outcome is what a point says of a rate.
type outcome struct {
	held  bool
	stop  Stop // why it did not hold
	ended bool // nothing is measured any more
}

// A search looks for the highest rate that holds: it brackets it by growing steps, halves the bracket, and has the answer confirmed. It knows nothing of
// what a rate is but that one which holds is more likely to be below one that does not.
type search struct {
	from, to   float64 // the lowest rate that is tried, and the highest; to 0: there is none
	top        Stop    // why there is no higher one than to
	start      float64 // what is tried first
	up, down   float64 // factors by which the rate grows and shrinks until there is a bracket
	resolution float64 // relative: the bracket is narrow enough when high/low - 1 is no more
	confirm    int     // how often the answer has to hold besides
	most       int     // points that are measured at most
	try        func(rate float64, p Purpose) outcome

	tried     []trial
	nth, of   int  // which of how many tries of one rate comes next; of 0: it is no such try
	bounding  bool // they are of the rate above the answer
	low, high float64
	stop      Stop // of high
	ended     Stop // why it ended before it had its answer; empty: it had not to
}

// A trial is a rate that was tried.
type trial struct {
	rate    float64
	purpose Purpose
	outcome
}

// Bounds of a search that goes astray: where what a cluster carries changes all the time, no answer would ever be confirmed.
const (
	mostPoints = 40
	mostSteps  = 8 // up or down, after answers that were not confirmed
	// coarse is the resolution at which a rate is told that the generator alone stands in the way of: it is no figure of the cluster.
	coarse = 0.2
)

// run searches until there is an answer, or nothing is measured any more.
func (s *search) run() {
	s.bracket()
	for step := 0; s.ended == "" && s.low > 0; step++ {
		s.bisect()
		held := s.confirmed()
		if s.ended != "" || held && s.bounded() {
			return
		}
		if held {
			s.goUp()
		} else {
			s.takeBack()
		}
		if step == mostSteps {
			s.ended = StopUnknown
			return
		}
		s.again()
	}
}

// measure tries a rate and takes down what came of it. It reports whether it held; a search that has ended holds nothing.
func (s *search) measure(rate float64, p Purpose) bool {
	if s.ended != "" {
		return false
	}
	if len(s.tried) >= s.most {
		s.ended = StopUnknown
		return false
	}
	o := s.try(rate, p)
	if o.ended {
		s.ended = StopEnded
		return false
	}
	s.tried = append(s.tried, trial{rate, p, o})
	switch {
	case p == Confirm: // one point more takes nothing back
	case !o.held && (s.high == 0 || rate < s.high):
		s.high, s.stop = rate, o.stop
	case o.held && rate > s.low && (s.high == 0 || rate < s.high):
		s.low = rate
	}
	return o.held
}

// bracket finds a rate that holds and one that does not.
func (s *search) bracket() {
	rate := s.start
	for s.ended == "" {
		held := s.measure(rate, Bracket)
		switch {
		case s.ended != "":
			return
		case held && s.high > 0, !held && s.low > 0:
			return
		case held && s.to > 0 && rate >= s.to:
			s.stop = s.top
			return
		case held:
			rate = round(rate * s.up)
			if s.to > 0 {
				rate = min(rate, s.to)
			}
		case rate <= s.from:
			return
		default:
			rate = max(round(rate/s.down), s.from)
		}
	}
}

// enough is how narrow the bracket is to become.
func (s *search) enough() float64 {
	if s.stop == StopGenerator || s.stop == StopUnknown {
		return max(s.resolution, coarse)
	}
	return s.resolution
}

// bisect narrows the bracket.
func (s *search) bisect() {
	for s.ended == "" && s.high > 0 {
		middle := round(math.Sqrt(s.low * s.high))
		if s.high <= s.low*(1+s.enough()) || middle <= s.low || middle >= s.high {
			return
		}
		s.measure(middle, Bisect)
	}
}

// confirmed has the answer confirmed. As often as not, a rate that is just what the cluster carries does not hold: one in four may miss, and no more.
func (s *search) confirmed() bool {
	missed := 0
	defer func() { s.nth, s.of = 0, 0 }()
	for i := range s.confirm {
		s.nth, s.of = i+1, s.confirm
		if !s.measure(s.low, Confirm) {
			missed++
		}
		if s.ended != "" {
			return true
		}
		if 4*missed > s.confirm+1 {
			return false
		}
	}
	return true
}

// boundTries is how often it is tried again at most that the rate above the answer does not hold.
const boundTries = 2

// bounds reports whether it is.
func (s *search) bounds() bool { return s.confirm > 0 && s.high > 0 && s.stop == StopExpectation }

// bounded has it confirmed that the rate above the answer does not hold, where only an expectation said so: by chance one of several points may miss it, and
// the answer would be too low. Of three points two decide.
func (s *search) bounded() bool {
	if !s.bounds() {
		return true
	}
	s.bounding = true
	defer func() { s.nth, s.of, s.bounding = 0, 0, false }()
	for i := range boundTries {
		s.nth, s.of = i+1, boundTries
		if !s.measure(s.high, Confirm) {
			return true
		}
	}
	return false
}

// goUp takes for the answer what was above it, and held more often than not.
func (s *search) goUp() {
	s.low, s.high, s.stop = s.high, 0, ""
	for _, t := range s.tried {
		if !t.held && t.rate > s.low && (s.high == 0 || t.rate < s.high) {
			s.high, s.stop = t.rate, t.stop
		}
	}
}

// takeBack takes the answer back that was not confirmed, for the next that held below it.
func (s *search) takeBack() {
	s.high, s.stop, s.low = s.low, s.tried[len(s.tried)-1].stop, 0
	for _, t := range s.tried {
		if t.held && t.rate < s.high {
			s.low = max(s.low, t.rate)
		}
	}
}

// again finds a bracket where there is none any more.
func (s *search) again() {
	for rate := s.high; s.low == 0 && s.ended == "" && rate > s.from; {
		rate = max(round(rate/s.down), s.from)
		s.measure(rate, Bracket)
	}
	for rate := s.low; s.high == 0 && s.ended == "" && (s.to == 0 || rate < s.to); {
		rate = round(rate * s.up)
		if s.to > 0 {
			rate = min(rate, s.to)
		}
		if s.measure(rate, Bracket) && rate == s.to {
			s.stop = s.top
		}
	}
}

// toCome is about how many points the search still needs, the one that is asked for among them; false: that is not known before there is a bracket.
func (s *search) toCome() (int, bool) {
	switch {
	case s.low == 0 || s.high == 0:
		return 0, false
	case s.of > 0 && s.bounding:
		return 1, true
	}
	n := int(math.Ceil(max(math.Log2(math.Log(s.high/s.low)/math.Log1p(s.enough())), 0))) + s.confirm - max(s.nth-1, 0)
	if s.bounds() {
		n++
	}
	return n, true
}

// round keeps three digits of a rate, which are more than it is worth, and no fraction of a message.
func round(rate float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', 3, 64), 64)
	return max(math.Round(v), 1)
}
