package report

import (
	"regexp"
	"testing"
)

// Whatever is written as an expectation or a verdict is read or refused with a reason; what is read matches the pattern that the schema has.
func FuzzExpectation(f *testing.F) {
	for _, text := range []string{
		"lost == 0", "ack.p99 < 250ms during baseline (warn)", "recovery.service.p50 <= 10s of kill", "ack.rate >= 95% of baseline during recovery kill",
		"success.ratio > 99.9%", "lost.bytes < 1MiB", "e2e.max < 1m during faults", "fail(lost, duplicates)", "inconclusive", "lost == \u00a00", " lost\t== 0 ",
	} {
		f.Add(text, "kill")
	}
	expectation, verdict := regexp.MustCompile(ExpectationPattern()), regexp.MustCompile(StatedPattern())
	f.Fuzz(func(t *testing.T, text, fault string) {
		e, err := ParseExpectation(text, []string{fault})
		switch {
		case err != nil && err.Error() == "":
			t.Error("refused without a reason")
		case err == nil && !expectation.MatchString(text):
			t.Errorf("%q is read, and does not match the pattern", text)
		case err == nil:
			if again, err := ParseExpectation(e.Text, []string{fault}); err != nil || again != e {
				t.Errorf("%q is read as %+v, and then as %+v, %v", text, e, again, err)
			}
		}
		s, err := ParseStated(text)
		switch {
		case err != nil:
		case !verdict.MatchString(text):
			t.Errorf("%q is read as a verdict, and does not match the pattern", text)
		default:
			if again, err := ParseStated(s.String()); err != nil || again.String() != s.String() {
				t.Errorf("%q is read as %q, and then as %q, %v", text, s, again, err)
			}
		}
	})
}
