package formats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// mostExamples is how many of each are quoted in a case.
const mostExamples = 20

// casesOf returns what JUnit has of a run. What the scenario states of its own verdict is one case's to decide, and the others then tell what they came to.
func casesOf(r *report.Report) []junitCase {
	rest := &rest{reasons: slices.Clone(r.Verdict.Reasons)}
	var cases []junitCase
	for _, rule := range report.Rules(r) {
		if rule.Promised {
			cases = append(cases, safetyCase(r, rule, rest))
		}
	}
	for _, e := range r.Expectations {
		cases = append(cases, expectationCase(r, e, rest))
	}
	cases = append([]junitCase{validCase(r, rest), lastedCase(r, rest)}, cases...) // what the others have not answered for
	if r.Run.Stated == "" {
		return cases
	}
	for i := range cases {
		cases[i].onlyTell("not decisive, as the scenario states its verdict: ")
	}
	return append([]junitCase{statedCase(r)}, cases...)
}

// rest are the reasons of a verdict that no case has told yet.
type rest struct{ reasons []report.Reason }

// take takes the reasons out for which a case answers.
func (o *rest) take(is func(report.Reason) bool) (taken []report.Reason) {
	o.reasons = slices.DeleteFunc(o.reasons, func(reason report.Reason) bool {
		if is(reason) {
			taken = append(taken, reason)
			return true
		}
		return false
	})
	return taken
}

func safetyCase(r *report.Report, rule report.Rule, rest *rest) junitCase {
	c := junitCase{Class: "safety", Name: rule.Name}
	held := rest.take(func(reason report.Reason) bool {
		return reason.Code == report.ExitSafety && reason.Of == rule.Name && reason.Text == rule.String()
	})
	switch {
	case rule.Broken() && len(held) == 0: // by a squall that had no such rule
		c.Out = lined(rule.String() + ", which the verdict does not speak of")
	case rule.Broken():
		c.Failure = problem(rule.String(), rule.Name, append(examples(&r.Safety, rule.Name), again(r)...))
	case rule.Outcome == report.Inconclusive && r.Verdict.Outcome != report.Pass:
		c.Error = problem("nobody can know: "+rule.Why, string(report.Inconclusive), again(r))
	}
	return c
}

func expectationCase(r *report.Report, e report.Judged, rest *rest) junitCase {
	c := junitCase{Class: "expectations", Name: words(e.Text)}
	rest.take(func(reason report.Reason) bool { return strings.HasPrefix(reason.Text, e.Text+": ") })
	metric, _, _ := report.FindMetric(strings.SplitN(e.Text, " ", 2)[0])
	got := fmt.Sprintf("%s: got %s", e.Text, e.Got)
	if e.Why != "" {
		got += ": " + e.Why
	}
	switch {
	case e.Outcome == report.Pass:
		c.Out = lined("got " + e.Got)
	case e.Warn:
		c.Out = lined(fmt.Sprintf("%s, and only a warning: %s", map[report.Outcome]string{report.Fail: "missed", report.Inconclusive: "inconclusive"}[e.Outcome], got))
	case e.Outcome == report.Fail:
		c.Failure = problem(got, cmp.Or(metric.Name, "expectation"), append(append(examples(&r.Safety, metric.Name), evidence(r, metric)...), again(r)...))
	default:
		c.Error = problem(got, string(report.Inconclusive), again(r))
	}
	return c
}

// lastedCase tells what is no success whatever was expected: a broker that died by itself, a service that never came back.
func lastedCase(r *report.Report, rest *rest) junitCase {
	c := junitCase{Class: "run", Name: "service and brokers lasted"}
	failed := rest.take(func(reason report.Reason) bool { return fails(reason.Code) })
	if len(failed) > 0 {
		c.Failure = problem(texts(failed), cmp.Or(failed[0].Of, "lasted"), append(crashes(r), again(r)...))
	}
	return c
}

// fails reports whether a verdict with a reason of that code is a fail.
func fails(code report.ExitCode) bool {
	return code == report.ExitSafety || code == report.ExitMissed || code == report.ExitNotRecovered
}

// validCase tells what kept the run from a verdict, and what makes part of its data invalid.
func validCase(r *report.Report, rest *rest) junitCase {
	c := junitCase{Class: "run", Name: "valid"}
	found := append(findings(r.Validity), disturbances(r.Disturbances)...)
	left := rest.take(func(reason report.Reason) bool { return !fails(reason.Code) })
	if len(left) == 0 {
		c.Out = lined(strings.Join(found, "\n"))
		return c
	}
	c.Error = problem(texts(left), string(report.Inconclusive), append(found, again(r)...))
	return c
}

// statedCase holds the run against what the scenario states that it comes to.
func statedCase(r *report.Report) junitCase {
	c := junitCase{Class: "verdict", Name: words(r.Run.Stated)}
	switch r.Verdict.Outcome {
	case report.Pass:
		c.Out = lined(r.Verdict.Sentence)
	case report.Fail:
		c.Failure = problem(r.Verdict.Sentence, "verdict", append(reasons(r), again(r)...))
	default:
		c.Error = problem(r.Verdict.Sentence, string(report.Inconclusive), append(reasons(r), again(r)...))
	}
	return c
}

// onlyTell makes a case pass, and tell what it came to.
func (c *junitCase) onlyTell(why string) {
	for _, p := range []*junitProblem{c.Failure, c.Error} {
		if p != nil {
			c.Out = lined(why + p.Message + "\n" + p.Text)
		}
	}
	c.Failure, c.Error = nil, nil
}

func problem(message, kind string, body []string) *junitProblem {
	return &junitProblem{Message: words(message), Type: words(kind), Text: lines(strings.Join(body, "\n"))}
}

func texts(all []report.Reason) string {
	var out []string
	for _, reason := range all {
		out = append(out, reason.Text)
	}
	return strings.Join(out, "; ")
}

func reasons(r *report.Report) (all []string) {
	for _, reason := range r.Verdict.Reasons {
		all = append(all, reason.Text)
	}
	return all
}

// examples quotes those of the messages that a count is about, and how much is lost.
func examples(s *report.Safety, name string) (all []string) {
	if name == "lost" && s.Loss != nil {
		all = append(all, "lost: "+s.Loss.String())
	}
	for _, a := range s.Examples {
		if a.Kind == name {
			all = append(all, anomaly(a))
		}
	}
	of := map[string]string{"epoch-regression": "leader epoch", "commit-regression": "committed offset"}[name]
	for _, g := range s.Regressions {
		if g.Of == of {
			all = append(all, regression(g))
		}
	}
	return bounded(all, mostExamples)
}

// bounded returns the first of many lines, and says how many more there were.
func bounded(all []string, most int) []string {
	if more := len(all) - most; more > 0 {
		return append(slices.Clone(all[:most]), fmt.Sprintf("... and %d more", more))
	}
	return all
}

// evidence tells what a missed expectation of recovery or speed rests on.
func evidence(r *report.Report, m report.Metric) (all []string) {
	if m.Scope != report.ScopeFault {
		return nil
	}
	eachFault(r, func(s *series) {
		rows, of := seriesRows(r, s)
		all = append(append(all, s.title()), indented(rows)...)
		if of != nil {
			all = append(append(all, recoveredTitle(of)), indented(recovered(of))...)
		}
	}, func(f *report.Fault) {
		all = append(append(all, faultTitle(f)), indented(append(faultRows(r, f), recoveriesOf(r, f)...))...)
	})
	return bounded(all, 10*mostExamples)
}

func indented(rows []row) (all []string) {
	for _, cells := range rows {
		all = append(all, "  "+strings.Join(cells, "  "))
	}
	return all
}

// again says how to repeat the run.
func again(r *report.Report) []string {
	if len(r.Run.Command) == 0 {
		return nil
	}
	return []string{"again: " + shell(r.Run.Command)}
}
