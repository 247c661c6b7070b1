package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// crashed is what failed where a broker died outside every fault, beside the metrics that can fail.
const crashed = "crash"

// Stated is what a scenario says that its run comes to: a control, which shows that what is to be found is found. The zero value states nothing.
type Stated struct {
	Outcome Outcome
	Of      []string // of a fail: every metric that fails, and no other; none: whichever
}

var statedSyntax = regexp.MustCompile(`^\s*(pass|inconclusive|fail)(?:\(([^()]+)\))?\s*$`)

// StatedPattern returns a regular expression that every verdict matches which a scenario can state.
func StatedPattern() string { return statedSyntax.String() }

// ParseStated reads a verdict as scenarios write it: pass, inconclusive, fail, or fail(lost, duplicates).
func ParseStated(text string) (Stated, error) {
	m := statedSyntax.FindStringSubmatch(text)
	switch {
	case m == nil:
		return Stated{}, fmt.Errorf("%q is no verdict; write pass, inconclusive, fail, or what fails as in fail(lost)", text)
	case m[2] == "":
		return Stated{Outcome: Outcome(m[1])}, nil
	case Outcome(m[1]) != Fail:
		return Stated{}, fmt.Errorf("only a fail is of something; write %s alone", m[1])
	}
	s := Stated{Outcome: Fail}
	known := append(MetricNames(), crashed)
	for _, m := range catalogue {
		known = append(known, m.Name)
	}
	for _, of := range strings.Split(m[2], ",") {
		if of = strings.TrimSpace(of); !slices.Contains(known, of) {
			return Stated{}, fmt.Errorf("nothing called %q can fail%s; squall list metrics shows what can, and %s is a broker that died by itself",
				of, Suggest(of, known), crashed)
		}
		if m, _, ok := FindMetric(of); ok {
			of = m.Name // whichever of its statistics it was that failed
		}
		s.Of = append(s.Of, of)
	}
	return s, nil
}

// String prints the verdict as scenarios write it; empty: nothing is stated.
func (s Stated) String() string {
	if len(s.Of) == 0 {
		return string(s.Outcome)
	}
	return fmt.Sprintf("%s(%s)", s.Outcome, strings.Join(s.Of, ", "))
}

// is reports whether a verdict is the one that is stated.
func (s Stated) is(v Verdict) bool {
	failed := v.failed()
	return v.Outcome == s.Outcome && (len(s.Of) == 0 || s.holds(failed) && len(failed) == len(s.Of))
}

// isInPart reports whether a part of what is stated failed and nothing else, and something could not be known, which the rest may be.
func (s Stated) isInPart(v Verdict) bool {
	unknown := func(r Reason) bool { return r.Code == ExitInconclusive }
	return v.Outcome == Fail && s.holds(v.failed()) && slices.ContainsFunc(v.Reasons, unknown)
}

// holds reports whether nothing failed but what is stated.
func (s Stated) holds(failed []string) bool {
	return !slices.ContainsFunc(failed, func(of string) bool { return !slices.Contains(s.Of, of) })
}

// failed returns what failed, each once.
func (v Verdict) failed() (all []string) {
	for _, r := range v.Reasons {
		if r.Of != "" && !slices.Contains(all, r.Of) {
			all = append(all, r.Of)
		}
	}
	return all
}

// hold holds a verdict against what was stated: the run passes if it is that one, and misses it if it is another. What nobody can know, or was stopped,
// or went wrong in squall itself, stays what it is; where only a part of what is stated is known, nobody can know.
func (s Stated) hold(v Verdict) Verdict {
	told := strings.TrimPrefix(v.Sentence, string(v.Outcome)+": ")
	switch {
	case s.Outcome == "", v.ExitCode == ExitInternal, v.ExitCode >= ExitInterrupted:
	case s.is(v):
		v.Sentence = fmt.Sprintf("pass: it came to %s, as the scenario states; %s", s, told)
		v.Outcome, v.ExitCode = Pass, ExitPass
	case s.isInPart(v):
		v.Sentence = fmt.Sprintf("inconclusive: it came to a part of %s, which the scenario states, and nobody can know of the rest; %s", s, told)
		v.Outcome, v.ExitCode = Inconclusive, ExitInconclusive
	case v.Outcome != Inconclusive:
		v.Sentence = fmt.Sprintf("fail: it came to %s, and the scenario states %s; %s", v.Outcome, s, told)
		v.Outcome, v.ExitCode = Fail, Strongest(v.ExitCode, ExitMissed)
	}
	return v
}
