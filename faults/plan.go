package faults

import (
	"fmt"
	"slices"
	"time"
)

// A Plan is one entry of a scenario's list of faults: a fault, a sequence, faults side by side, or random ones; once, or again and again.
type Plan struct {
	Step // of several faults: Name, At, and of random ones For

	Follows   string // the entry that has to be over before; At counts from then
	Recovered bool   // and the cluster whole again

	Repeat int           // how many times; 0: once
	Every  time.Duration // from one beginning to the next
	Phase  time.Duration // each beginning is later by up to this much, drawn

	Sequence []Plan // one after the other, each At from the end of the one before
	Parallel []Plan // side by side, each At from the common beginning
	Random   *Random
}

// Leaves returns the faults that the plan is made of, itself where it is one.
func (p *Plan) Leaves() []*Plan {
	if p.Random == nil && p.Sequence == nil && p.Parallel == nil {
		return []*Plan{p}
	}
	var all []*Plan
	for i := range p.Sequence {
		all = append(all, p.Sequence[i].Leaves()...)
	}
	for i := range p.Parallel {
		all = append(all, p.Parallel[i].Leaves()...)
	}
	return all
}

// Expand returns every injection of the plans, with all that chance decides drawn from the seed. After is how long a fault's recovery is watched: what
// is to begin when the cluster has recovered is planned so long after the end.
func Expand(plans []Plan, seed uint64, after time.Duration) []Step {
	e := &expansion{seed: seed, after: after, named: map[string]part{}}
	for _, p := range plans {
		e.add(p, start{group: p.Name}, "")
	}
	return e.steps
}

// An expansion is what a list of plans was expanded to so far.
type expansion struct {
	seed  uint64
	after time.Duration
	steps []Step
	named map[string]part
}

// A part is what one plan became.
type part struct {
	names []string
	end   time.Duration // of the last one, as planned
}

// join adds another part.
func (p *part) join(o part) {
	p.names, p.end = append(p.names, o.names...), max(p.end, o.end)
}

// A start is when something is to begin.
type start struct {
	at     time.Duration // as planned
	after  []Anchor
	floats bool
	group  string
}

// later returns the same start, by so much later.
func (s start) later(by time.Duration) start {
	s.at += by
	s.after = slices.Clone(s.after)
	for i := range s.after {
		s.after[i].Delay += by
	}
	return s
}

// behind returns the start when a part is over.
func (s start) behind(p part, recovered bool) start {
	s.at, s.floats, s.after = p.end, true, nil
	for _, name := range p.names {
		s.after = append(s.after, Anchor{Step: name, Recovered: recovered})
	}
	return s
}

// add expands one plan; suffix says which of its repetitions it belongs to.
func (e *expansion) add(p Plan, s start, suffix string) part {
	if before, ok := e.named[p.Follows]; ok {
		if s = s.behind(before, p.Recovered); p.Recovered {
			s.at += e.after
		}
	}
	s = s.later(p.At)
	if p.Repeat == 0 {
		own := e.once(p, s, suffix)
		e.named[p.Name] = own
		return own
	}
	var all, last part
	for k := range p.Repeat {
		nth := fmt.Sprintf(" #%d", k+1)
		if suffix != "" {
			nth = fmt.Sprintf("%s.%d", suffix, k+1)
		}
		own := s.later(time.Duration(k)*p.Every + e.phase(p, nth))
		for _, name := range last.names { // it never overtakes the one before
			own.after = append(own.after, Anchor{Step: name})
		}
		last = e.once(p, own, nth)
		all.join(last)
	}
	e.named[p.Name] = all
	return all
}

// phase draws by how much one repetition is later.
func (e *expansion) phase(p Plan, nth string) time.Duration {
	if p.Phase <= 0 {
		return 0
	}
	return time.Duration(chance(e.seed, "phase of "+p.Name+nth).Int64N(int64(p.Phase))).Truncate(time.Millisecond)
}

// once expands one repetition.
func (e *expansion) once(p Plan, s start, suffix string) part {
	var all part
	switch {
	case p.Random != nil:
		return e.random(p, s, suffix)
	case p.Sequence != nil:
		for _, c := range p.Sequence {
			next := e.add(c, s, suffix)
			all.join(next)
			s = s.behind(next, false)
		}
	case p.Parallel != nil:
		for _, c := range p.Parallel {
			all.join(e.add(c, s, suffix))
		}
	default:
		return e.step(p.Step, s, p.Name, suffix)
	}
	return all
}

// step adds one injection.
func (e *expansion) step(st Step, s start, of, suffix string) part {
	st.Name, st.Of, st.Group, st.At, st.After, st.Floats = of+suffix, of, s.group, s.at, s.after, s.floats
	e.steps = append(e.steps, st)
	return part{[]string{st.Name}, st.End()}
}
