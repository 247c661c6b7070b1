package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// nameAll names the faults that have no name after their kind, and tells of names that stand for something else.
func (v steps) nameAll(r *reader) {
	taken := map[string]string{}
	v.walk(func(p *faults.Plan, path string) {
		field := path + ".name"
		first, twice := taken[p.Name]
		switch {
		case p.Name == "":
		case slices.Contains(phaseNames, p.Name):
			r.note(r.at(field), field, "", "%s is the name of a phase; call the fault something else", p.Name)
		case twice:
			r.note(r.at(field), field, "", "two faults are called %s; the first is in %s", p.Name, r.where(r.at(first)))
		default:
			taken[p.Name] = path
		}
	})
	v.walk(func(p *faults.Plan, path string) {
		kind := kindOfPlan(p)
		for n := 1; p.Name == "" && kind != ""; n++ {
			name := fmt.Sprintf("%s-%d", kind, n)
			if _, used := taken[name]; !used {
				p.Name = name
				taken[name] = path
			}
		}
	})
}

// kindOfPlan is what an entry is named after.
func kindOfPlan(p *faults.Plan) string {
	switch {
	case p.Random != nil:
		return "random"
	case p.Sequence != nil:
		return "sequence"
	case p.Parallel != nil:
		return "parallel"
	}
	return p.Kind
}

// phaseNames are names that a fault cannot have: expectations speak of phases by them.
var phaseNames = []string{
	string(report.WarmUp), string(report.Baseline), string(report.During), string(report.Recovering), string(report.Between),
	string(report.Heal), string(report.Drain), string(report.Reading), report.DuringFaults,
}

// FaultNames are all names by which expectations can speak of faults: of the entries, and of the injections.
func (s *Scenario) FaultNames() []string {
	var names []string
	walk(s.Plan, "", func(p *faults.Plan, _ string) { names = append(names, p.Name) })
	for _, f := range s.Faults {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// overlaps tells of a fault that would hurt what another one holds already, and cannot be hurt twice.
func (v steps) overlaps(r *reader) {
	inOrder, places := v.s.inOrder(), v.places()
	for i, s := range inOrder {
		for _, o := range inOrder[:i] {
			k, ok := faults.FindKind(o.Kind)
			if !ok || !k.Exclusive || until(o) <= s.At || s.When.Set() || o.When.Set() || s.Limits != nil || o.Limits != nil || !v.meet(s, o) {
				continue
			}
			field := places[s.Of]
			r.note(r.at(field+".at"), field+".at", "", "%s is still under the %s of %s then", s.Target, k.Name, r.where(r.at(places[o.Of])))
		}
	}
}

// places tells where each entry stands, by name.
func (v steps) places() map[string]string {
	at := map[string]string{}
	v.walk(func(p *faults.Plan, path string) { at[p.Name] = path })
	return at
}

// sameAsNobody tells of a first fault that wants the victims of the one before.
func (v steps) sameAsNobody(r *reader) {
	inOrder := v.s.inOrder()
	if len(inOrder) == 0 || !inOrder[0].Target.Uses(faults.SetSame) {
		return
	}
	field := v.places()[inOrder[0].Of]
	r.note(r.at(field), field, "", "same as whom? no fault begins before this one; name its target")
}

// meet reports whether two faults are known to have a victim in common, whenever they begin.
func (v steps) meet(a, b faults.Step) bool {
	if a.Target.Type != b.Target.Type || !a.Target.Fixed() || !b.Target.Fixed() {
		return false
	}
	its := b.Target.NodesIn(v.s.Place())
	return a.Target.String() == b.Target.String() ||
		slices.ContainsFunc(a.Target.NodesIn(v.s.Place()), func(n string) bool { return slices.Contains(its, n) })
}

// until returns when a step is over, as far as it is known before the run.
func until(s faults.Step) time.Duration {
	if s.For == 0 {
		return longest * 2
	}
	return s.End()
}
