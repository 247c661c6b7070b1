package report

import (
	"strings"
	"testing"
)

// A control passes when the run comes to what it states, and only then; what nobody can know is no proof of anything.
func TestStated(t *testing.T) {
	t.Parallel()
	lost := Reason{ExitSafety, "3 acknowledged messages are lost", "lost"}
	twice := Reason{ExitSafety, "lost == 0: got 3", "lost"}
	slow := Reason{ExitMissed, "ack.p99 < 1s: got 2s", "ack"}
	blind := Reason{Code: ExitInconclusive, Text: "nobody looked"}
	stopped := Reason{Code: ExitInterrupted, Text: "stopped"}
	broken := Reason{Code: ExitInternal, Text: "squall failed to heal b1"}
	for _, c := range []struct {
		stated  string
		reasons []Reason
		outcome Outcome
		code    ExitCode
		told    string
	}{
		{"", []Reason{lost}, Fail, ExitSafety, "fail: 3 acknowledged"},
		{"fail(lost)", []Reason{lost, twice}, Pass, ExitPass, "pass: it came to fail(lost), as the scenario states; 3 acknowledged messages are lost"},
		{"fail", []Reason{slow}, Pass, ExitPass, "as the scenario states"},
		{"fail(lost)", []Reason{lost, blind}, Pass, ExitPass, "as the scenario states"},
		{"fail(lost)", []Reason{lost, slow}, Fail, ExitSafety, "it came to fail, and the scenario states fail(lost)"},
		{"fail(lost, ack.p99)", []Reason{lost, slow}, Pass, ExitPass, "as the scenario states"},
		{"fail(lost, ack.p99)", []Reason{lost}, Fail, ExitSafety, "and the scenario states"},
		{"fail(lost, ack.p99)", []Reason{lost, blind}, Inconclusive, ExitInconclusive, "inconclusive: it came to a part of fail(lost, ack), which"},
		{"fail(duplicates, ack.p99)", []Reason{lost, blind}, Fail, ExitSafety, "it came to fail, and the scenario states"},
		{"fail(lost)", nil, Fail, ExitMissed, "fail: it came to pass, and the scenario states fail(lost)"},
		{"fail(lost)", []Reason{blind}, Inconclusive, ExitInconclusive, "inconclusive: nobody looked"},
		{"fail(lost)", []Reason{lost, stopped}, Fail, ExitInterrupted, "fail: "},
		{"fail(lost)", []Reason{broken}, Inconclusive, ExitInternal, "failed to heal"},
		{"inconclusive", []Reason{blind}, Pass, ExitPass, "as the scenario states"},
		{"inconclusive", []Reason{stopped}, Inconclusive, ExitInterrupted, "stopped"},
		{"inconclusive", nil, Fail, ExitMissed, "it came to pass"},
		{"pass", nil, Pass, ExitPass, "as the scenario states"},
	} {
		r := &Report{Run: Run{Stated: c.stated}}
		v := conclude(r, c.reasons)
		if v.Outcome != c.outcome || v.ExitCode != c.code || !strings.Contains(v.Sentence, c.told) {
			t.Errorf("%q, %+v: %s, exit %d, %q", c.stated, c.reasons, v.Outcome, v.ExitCode, v.Sentence)
		}
	}
}

func TestParseStated(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"pass", "inconclusive", "fail", "fail(lost)", "fail(lost, duplicates)", "fail(crash)"} {
		s, err := ParseStated(text)
		if err != nil || s.String() != text {
			t.Errorf("%q reads as %q, %v", text, s, err)
		}
	}
	for text, want := range map[string]string{
		"": "is no verdict", "failed": "is no verdict", "fail(lots)": `did you mean "lost"`, "pass(lost)": "write pass alone", "fail()": "is no verdict",
	} {
		if _, err := ParseStated(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
