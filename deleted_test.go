package squall_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// What a fault deletes before the consumers begin has expired, to the message, and the run can be judged all the same: nothing is called lost, skipped or
// unread. What they were given and is deleted later is verified.
func TestDeletedRecords(t *testing.T) {
	t.Parallel()
	late := strings.Replace(quietly, "group: billing", "group: billing, start: 7s", 1)
	r, _, _ := play(t, t.Context(), late+`
faults:
  - { name: before, at: 0s, for: 100ms, delete-records: { oldest: 50% } }
  - { name: again, at: 1s, for: 100ms, delete-records: { oldest: 30%, partition: 1 } }
  - { name: after, at: 6s, for: 100ms, delete-records: { oldest: 100% } }
expect: [ lost == 0, expired > 500, group-skip == 0 ]
`, nil)
	s := r.Safety
	if r.Verdict.Outcome != report.Pass {
		t.Errorf("%s", r.Verdict.Sentence)
	}
	if s.Expired != s.Deleted || s.Verified+s.Expired != s.Acknowledged || s.Lost+s.UnreadTail+s.GroupSkip+s.Duplicates+s.Reordered != 0 {
		t.Errorf("%+v", s)
	}
	for _, f := range r.Faults {
		t.Logf("%s: %s %s", f.Name, f.Error, strings.Join(f.Evidence, "; "))
	}
	t.Logf("%d acknowledged, %d expired", s.Acknowledged, s.Expired)
}
