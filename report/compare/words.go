package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// missing says why a figure cannot be compared.
func (f *figure) missing() string {
	side := "earlier"
	if f.NNew == 0 {
		side = "new"
	}
	if f.why == "" {
		return fmt.Sprintf("cannot tell: no %s run has it", side)
	}
	return fmt.Sprintf("cannot tell: it is known of no %s run: %s", side, f.why)
}

// tell puts a figure into words.
func (c *comparer) tell(f *figure) {
	n, who := f.NNew, "new"
	if f.rerun {
		n, who = f.NFresh, "fresh"
	}
	f.Text = fmt.Sprintf("%s: %s, and %s before; %s; %d %s against %d", f.Outcome, f.New.Human(f.Unit), f.Base.Human(f.Unit), f.spread(), n, who, f.NBase)
	var advice []string
	if said := c.advice(f); said != "" {
		advice = append(advice, said)
	}
	if f.left > 0 {
		left := fmt.Sprintf("unknown of %d", f.left)
		if f.why != "" {
			left += " (" + strings.TrimSuffix(f.why, ".") + ")"
		}
		advice = append(advice, left)
	}
	f.Advice = strings.Join(advice, "; ")
}

// advice says what would make an outcome a better one.
func (c *comparer) advice(f *figure) string {
	switch {
	case f.Outcome == report.Worse:
		return "fresh runs confirmed it"
	case f.Outcome == report.Unconfirmed:
		return runs(f.More, "fresh") + " would confirm it"
	case f.Outcome != report.Unclear:
		return ""
	case f.Suspect:
		return "worse than every earlier run; " + runs(f.More, "fresh") + " would tell"
	case f.NBase < leastNoise:
		return fmt.Sprintf("%s are too few to know the noise", runs(f.NBase, "earlier"))
	case f.P <= c.limits.Alpha:
		return "it differs, but by how much is not known well enough"
	}
	place := f.place()
	if f.rerun {
		place = "fresh runs did not confirm that it is worse; "
	}
	switch {
	case f.Base.Beyond:
		return place + "in most of the earlier runs it never came"
	case f.More == 0:
		return place + fmt.Sprintf("with this noise not even %d runs would", sizes[len(sizes)-1])
	}
	return place + "about " + runs(f.More, "more") + " would"
}

func runs(n int, kind string) string {
	switch n {
	case 0:
		return kind + " runs"
	case 1:
		return "1 " + kind + " run"
	}
	return fmt.Sprintf("%d %s runs", n, kind)
}

// spread tells the shift and its interval.
func (f *figure) spread() string {
	if f.Low == nil {
		return f.signed(f.Shift) + ", too few runs for an interval"
	}
	return fmt.Sprintf("%s (%s to %s)", f.signed(f.Shift), f.signed(*f.Low), f.signed(*f.High))
}

// signed prints a difference.
func (f *figure) signed(a report.Amount) string {
	sign := "+"
	if a.Value < 0 {
		sign = "-"
	}
	size := f.Unit.Human(math.Abs(a.Value))
	switch {
	case a.Beyond:
		return "beyond " + sign + size
	case size == f.Unit.Human(0):
		return "0"
	}
	return sign + size
}

// place tells where the one new run stands among the earlier ones: all that can be said of it alone.
func (f *figure) place() string {
	if f.NNew != 1 {
		return ""
	}
	less := 0
	for _, v := range f.base.values {
		if v < f.new.values[0] {
			less++
		}
	}
	return fmt.Sprintf("%d of %d from the least; ", less+1, f.NBase+1)
}

// conclude says what all the sets together come to.
func conclude(c *report.Comparison) {
	c.Outcome = report.Same
	counts, named := map[report.Compared]int{}, map[report.Compared][]string{}
	var suspects []string
	base, new := 0, 0
	for _, a := range c.Against {
		base, new = base+a.Base, new+a.New
		for _, f := range a.Figures {
			c.Outcome = c.Outcome.Strongest(f.Outcome)
			counts[f.Outcome]++
			named[f.Outcome] = add(named[f.Outcome], f.Figure)
			if f.Suspect {
				suspects = add(suspects, f.Figure)
			}
		}
	}
	switch {
	case new == 0:
		c.Outcome, c.Sentence = report.Unclear, "cannot tell: there is no run that can be compared"
		return
	case len(counts) == 0, base == 0:
		c.Outcome, c.Sentence = report.Unclear, "cannot tell: there is no earlier run to compare with"
		return
	case c.Outcome == report.Same, c.Outcome == report.Unclear:
		c.Sentence = string(c.Outcome)
	default:
		c.Sentence = fmt.Sprintf("%s: %s", c.Outcome, strings.Join(named[c.Outcome], ", "))
	}
	if len(suspects) > 0 {
		c.Sentence += fmt.Sprintf("; in every new run worse than in all earlier ones, and worth a rerun: %s", strings.Join(suspects, ", "))
	}
	var parts []string
	for _, o := range []report.Compared{report.Better, report.Same, report.Unclear} {
		if n := counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", o, n))
		}
	}
	if len(parts) > 0 {
		c.Sentence += fmt.Sprintf(" (%s)", strings.Join(parts, ", "))
	}
}

func add(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
