package squall_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// An acknowledgement that gets lost is what makes a client send again. Without idempotence the broker stores the messages twice, and squall finds exactly
// as many duplicates as acknowledgements were lost; with it, none.
func TestLostAcknowledgements(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		twice      bool
	}{{"plain", quiet, true}, {"idempotent", quietly, false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := play(t, t.Context(), test.text+"faults: [ { name: deaf, at: 0s, for: 3s, lose-ack: { share: 20% }, node: all } ]\n"+
				"expect: [ lost == 0, reordered == 0, corrupt == 0, phantom == 0 ]\n", nil)
			f := r.Faults[0]
			if !f.Took() || f.Error != "" || len(f.Evidence) != 1 {
				t.Fatalf("%s: %q", f.Error, f.Evidence)
			}
			var acks, messages uint64
			if _, err := fmt.Sscanf(f.Evidence[0], "%d acknowledgements were lost, for %d messages that are stored", &acks, &messages); err != nil || messages == 0 {
				t.Fatalf("%q: %v", f.Evidence[0], err)
			}
			want := uint64(0)
			if test.twice {
				want = messages
			}
			s := r.Safety
			if s.Duplicates != want || s.Lost+s.Phantom+s.Corrupt+s.Reordered != 0 || s.Acknowledged != s.Sent || r.Verdict.Outcome == report.Fail {
				t.Errorf("%s: %d duplicates, want %d: %s\n%+v", f.Evidence[0], s.Duplicates, want, r.Verdict.Sentence, s)
			}
		})
	}
}

// Every error that an embedded broker can be made to answer, and answers that come late, lead to nothing but what they may.
func TestBrokersThatMisanswer(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quietly, "group: billing", "group: billing, commit-interval: 200ms", 1)
	r, _, _ := play(t, t.Context(), text+`
faults:
  - { name: moved, at: 0s, for: 1s, error: { code: NOT_LEADER_OR_FOLLOWER, share: 50% }, node: leader }
  - { name: full, at: 0s, for: 1s, error: { code: NOT_ENOUGH_REPLICAS_AFTER_APPEND, share: 20% }, node: not leader }
  - { name: blind, at: 2s, for: 1s, error: { code: NOT_LEADER_OR_FOLLOWER, api: fetch }, node: all }
  - { name: stale, at: 6s, for: 1s, error: { code: COORDINATOR_LOAD_IN_PROGRESS, api: offset-commit }, node: all }
  - { name: slow, at: 4s, for: 1s, delay-response: { add: 300ms, share: 50% }, node: all }
  - { name: slower, at: 4s, for: 1s, delay-response: { add: 200ms, api: fetch }, node: b1 }
expect: [ lost == 0, duplicates == 0, reordered == 0, phantom == 0, corrupt == 0 ]
`, nil)
	for _, f := range r.Faults {
		if !f.Took() || f.Error != "" || f.HealError != "" || len(f.Evidence) == 0 {
			t.Errorf("%s: %s %s %v", f.Name, f.Error, f.HealError, f.Evidence)
		}
	}
	s := r.Safety
	if r.Verdict.Outcome != report.Pass || s.Acknowledged != s.Sent || s.GroupLag != 0 || !s.Drained {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
}

// A fault that changed no answer makes the run inconclusive: nobody knows what would have come of it.
func TestNothingToMisanswer(t *testing.T) {
	t.Parallel()
	r, _, _ := play(t, t.Context(), quietly+
		"faults: [ { name: idle, at: 0s, for: 500ms, error: { code: UNKNOWN_SERVER_ERROR, api: leave-group }, node: all } ]\nexpect: [ lost == 0 ]\n", nil)
	if f := r.Faults[0]; r.Verdict.Outcome != report.Inconclusive || !strings.Contains(f.Error, "nobody asked b1, b2 and b3 for leave-group") {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, f)
	}
}
