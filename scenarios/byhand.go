package scenarios

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// handFile is what the mistakes of a fault by hand call the file that there is not.
const handFile = "by hand"

// ParseFault reads one fault that is to begin now, in one line and as the scenario's file would have it, but for when: "{ kill: leader, for: 20s }". Without
// for it lasts until heal. The step has no name yet, and no time. The error is of type Errors, and holds every mistake.
func (s *Scenario) ParseFault(line string, kinds map[string]broker.Kind) (faults.Step, error) {
	own := *s
	d := &draft{s: &own, kinds: kinds, reader: reader{notebook: newNotebook(handFile, []byte(line)), places: map[string]*yaml.Node{}}}
	if text := strings.TrimSpace(line); text == "" || text[0] == '#' || strings.ContainsAny(text, "\n\r") {
		d.add(Mistake{File: handFile, Line: 1, Column: 1, Message: "wants a fault in one line, as in " + (&written{in: byHand}).example()})
		return faults.Step{}, d.err()
	}
	w := written{file: steps{d}, in: byHand}
	if n := d.document([]byte(line)); n != nil {
		w.file.step(&d.reader, "fault", n, &w)
	}
	return w.Step, d.err()
}

// WithByHand returns the scenario with faults that were injected by hand into a run of it, each at its time from the end of the baseline and as long as it
// was in force; and what cannot be as it was, a sentence each. Where one began before the baseline was over, the baseline ends there, and what was planned keeps
// its distance. What would meet a fault that cannot be met begins behind it.
func WithByHand(s *Scenario, done []faults.Step) (*Scenario, []string) {
	c := *s
	c.Plan, c.Faults = slices.Clone(s.Plan), slices.Clone(s.Faults)
	early := time.Duration(0)
	for _, d := range done {
		early = min(early, d.At)
	}
	notes := c.advance(-early)
	for _, d := range done {
		d.At -= early
		at, free := c.free(d)
		switch {
		case !free:
			notes = append(notes, fmt.Sprintf("%s is left out: what it hurts is down until heal then", d.Name))
			continue
		case at != d.At:
			notes = append(notes, fmt.Sprintf("%s begins %s later: what it hurts is down until then", d.Name, report.Human(at-d.At)))
		}
		d.At, d.ByHand, d.Of, d.Group = at, false, d.Name, d.Name
		c.Plan, c.Faults = append(c.Plan, faults.Plan{Step: d}), append(c.Faults, d)
	}
	c.Faults = faults.Expand(c.Plan, c.Seed, c.Phases.Recovery)
	return &c, notes
}

// leastSaved is the least that is left of a baseline in which a fault began by hand: what comes after is told by it.
const leastSaved = 3 * time.Second

// advance ends the baseline earlier, and lets every planned fault begin later by as much after it, so that it begins when it did. Of what does not fit into the
// baseline it says so.
func (s *Scenario) advance(by time.Duration) []string {
	if by == 0 {
		return nil
	}
	cut := min(by, max(s.Phases.Baseline-leastSaved, 0))
	s.Phases.Baseline -= cut
	for i := range s.Plan {
		if s.Plan[i].Follows == "" {
			s.Plan[i].At += by
		}
	}
	s.Faults = faults.Expand(s.Plan, s.Seed, s.Phases.Recovery)
	notes := []string{fmt.Sprintf("the baseline ends %s earlier: where the first fault by hand began", report.Human(cut))}
	if late := by - cut; late > 0 {
		notes = []string{fmt.Sprintf("the baseline ends %s earlier, and every fault begins %s later than it did: the first by hand began before there was a baseline worth the name",
			report.Human(cut), report.Human(late))}
	}
	return notes
}

// Shorten ends a planned fault earlier than the scenario says, where it is one injection of an entry of its own. It reports whether it is.
func (s *Scenario) Shorten(name string, length time.Duration) bool {
	s.Plan = slices.Clone(s.Plan)
	i := slices.IndexFunc(s.Plan, func(p faults.Plan) bool { return p.Name == name && p.Kind != "" && p.Repeat == 0 })
	if i < 0 {
		return false
	}
	s.Plan[i].For = length
	s.Faults = faults.Expand(s.Plan, s.Seed, s.Phases.Recovery)
	return true
}

// free returns when a fault can begin, at its time or later, without meeting one that cannot be met; false: never.
func (s *Scenario) free(f faults.Step) (time.Duration, bool) {
	v := steps{&draft{s: s}}
	for moved := true; moved; {
		moved = false
		for _, o := range s.Faults {
			if !exclusive(f) && !exclusive(o) || !v.meet(f, o) || o.When.Set() || o.Limits != nil || until(o) <= f.At || o.At >= until(f) {
				continue
			}
			if o.For == 0 {
				return 0, false
			}
			f.At, moved = until(o), true
		}
	}
	return f.At, true
}

func exclusive(s faults.Step) bool {
	k, ok := faults.FindKind(s.Kind)
	return ok && k.Exclusive
}

// Annotated is Effective with lines of comment before it.
func Annotated(s *Scenario, lines []string) []byte {
	var b bytes.Buffer
	if _, replayed := s.Load.Shape.(*Trace); replayed || s.Load.Body.File != "" {
		lines = append(slices.Clone(lines), "It names a file, which is read below the folder of this one.")
	}
	file := Effective(s)
	if note := withoutSecrets(file); note != "" {
		lines = append(slices.Clone(lines), note)
	}
	for _, l := range lines {
		fmt.Fprintf(&b, "# %s\n", strings.Join(strings.Fields(l), " "))
	}
	return append(b.Bytes(), file...)
}
