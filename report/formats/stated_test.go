package formats

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// What a control came to is told as it was, and why it passes.
func TestHTMLOfAControl(t *testing.T) {
	lost := report.Reason{Code: report.ExitSafety, Text: "7 acknowledged messages are lost", Of: "lost"}
	for name, c := range map[string]struct {
		stated     string
		code       report.ExitCode
		outcome    report.Outcome
		reasons    []report.Reason
		want, not  string
		ifUnstated bool
	}{
		"as stated":         {"fail(lost)", report.ExitPass, report.Pass, []report.Reason{lost}, "it came to that: it is a control", "Nothing that the broker promises", true},
		"a pass as stated":  {"pass", report.ExitPass, report.Pass, nil, "Nothing that the broker promises was broken", "control", false},
		"other than stated": {"fail(lost)", report.ExitMissed, report.Fail, nil, "it came to something else", "about speed", false},
		"missed besides": {"fail(lost)", report.ExitMissed, report.Fail, []report.Reason{{Code: report.ExitMissed, Text: "x", Of: "ack.p99"}},
			"An expectation about speed", "something else", false},
		"not stated": {"", report.ExitSafety, report.Fail, []report.Reason{lost}, "The broker broke a promise", "control", false},
	} {
		r := failing()
		r.Run.Stated, r.Verdict.ExitCode, r.Verdict.Outcome, r.Verdict.Reasons = c.stated, c.code, c.outcome, c.reasons
		page := pageOf(t, r)
		_, head, _ := strings.Cut(page, `<p class="means">`)
		head, _, _ = strings.Cut(head, "</header>")
		if !strings.Contains(head, c.want) || strings.Contains(head, c.not) || strings.Contains(head, "(exit code 11, if it were not stated)") != c.ifUnstated {
			t.Errorf("%s: %s", name, head)
		}
	}
}

// What a contract does not promise is not told as a promise.
func TestHTMLOfTheContract(t *testing.T) {
	r := passing()
	r.Run.Contract = report.Contract{Survives: "Acknowledged messages may be lost when the leader dies.", Notes: []string{"A group may be given a message again."}}
	page := pageOf(t, r)
	if strings.Contains(page, "Promised:") || !strings.Contains(page, "What the broker promises under its settings, and what it does not</h3>\n"+
		`<ul class="promises"><li>Acknowledged messages may be lost when the leader dies.</li><li>A group may be given a message again.</li></ul>`) {
		t.Error("what the contract says is not told, or as a promise")
	}
}
