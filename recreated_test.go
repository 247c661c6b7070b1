package squall_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A topic that is deleted and made again loses what it held, which is told to the message, and nothing else is said of it: producers and consumers go on
// with the new one, and consumers are given all of it.
func TestRecreatedTopic(t *testing.T) {
	t.Parallel()
	r, _, _ := play(t, t.Context(), quietly+`
faults: [ { name: anew, at: 0s, for: 100ms, recreate-topic: {} } ]
expect: [ lost == 0 ]
verdict: fail(lost)
`, nil)
	s := r.Safety
	if r.Verdict.Outcome != report.Pass || s.Lost == 0 || s.Lost+s.Verified != s.Acknowledged {
		t.Errorf("%s\n%d lost and %d verified of %d", r.Verdict.Sentence, s.Lost, s.Verified, s.Acknowledged)
	}
	if !s.Drained || s.GroupSkip+s.GroupLag+s.Duplicates+s.Reordered+s.Phantom+s.AbortedRead+s.OffsetConflict+s.EpochRegression+s.CommitRegression != 0 {
		t.Errorf("%+v", s)
	}
	if l := s.Loss; l == nil || l.Bytes != 100*s.Lost || l.Fault != "anew" || l.Oldest < 3*time.Second || l.Oldest > 6*time.Second {
		t.Errorf("the loss is %+v", l) // of what was sent in four seconds
	}
	for _, f := range r.Findings {
		if strings.Contains(f, "stopped") {
			t.Error(f)
		}
	}
	t.Logf("%d acknowledged, %d lost, %d unknown, %d rejected; %v", s.Acknowledged, s.Lost, s.Unknown, s.Rejected, r.Faults[0].Evidence)
}
