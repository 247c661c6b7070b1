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
	how := f.spread()
	if f.Low == nil && n == 1 {
		how = f.place()
	}
	f.Text = fmt.Sprintf("%s: %s, and %s before; %s; %d %s against %d", f.Outcome, f.New.Human(f.Unit), f.Base.Human(f.Unit), how, n, who, f.NBase)
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
	confirmed := ""
	if f.rerun {
		confirmed = "fresh runs did not confirm that it is worse; "
	}
	switch {
	case f.Base.Beyond:
		return confirmed + "in most of the earlier runs it never came"
	case f.More == 0:
		return confirmed + fmt.Sprintf("with this noise not even %d runs would", sizes[len(sizes)-1])
	}
	return confirmed + "about " + runs(f.More, "more") + " would"
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

// place tells where the one run stands among the earlier ones: all that can be said of it alone.
func (f *figure) place() string {
	one := f.new.values
	if f.rerun {
		one = f.fresh.values
	}
	less, equal := 0, 0
	for _, v := range f.base.values {
		switch {
		case v < one[0]:
			less++
		case v == one[0]:
			equal++
		}
	}
	if less == 0 && equal > 0 {
		return fmt.Sprintf("as in %d of %d", equal, f.NBase)
	}
	return fmt.Sprintf("more than in %d of %d", less, f.NBase)
}

// conclude says what all the sets together come to.
func conclude(c *report.Comparison) {
	c.Outcome = report.Same
	named := map[report.Compared][]string{}
	counts := map[report.Compared]int{}
	var suspects []string
	base, new, single, all := 0, 0, false, 0
	for _, a := range c.Against {
		base, new, single, all = base+a.Base, new+a.New, single || a.New == 1, all+len(a.Figures)
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
	case all == 0 && base > 0:
		c.Outcome, c.Sentence = report.Unclear, "cannot tell: of these runs no figure is known"
		return
	case base == 0:
		c.Outcome, c.Sentence = report.Unclear, "cannot tell: there is no earlier run to compare with"
		return
	}
	parts := []string{fmt.Sprintf("%s: %s", c.Outcome, strings.Join(named[c.Outcome], ", "))}
	if c.Outcome == report.Unclear || c.Outcome == report.Same {
		parts = nil
	}
	if len(suspects) > 0 {
		if c.Outcome == report.Unclear {
			parts = append(parts, "cannot tell yet")
		}
		parts = append(parts, "worse than in all earlier runs, and worth a rerun: "+strings.Join(suspects, ", "))
	}
	for _, o := range []report.Compared{report.Unclear, report.Same} {
		if n := counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s in %d of %d figures", o, n, all))
		}
	}
	if c.Outcome == report.Unclear && single && len(suspects) == 0 {
		parts = append(parts, "nothing in the one run stands out")
	}
	c.Sentence = strings.Join(parts, "; ")
}

func add(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
