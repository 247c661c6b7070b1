package squall_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// Clients that crash, stand still and come back lead to nothing but what they may: unknown messages, messages that come twice.
func TestClientsComeAndGo(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quietly, "group: billing", "group: billing, session-timeout: 1s", 1)
	text = strings.Replace(text, "broker.session.timeout.ms: 1000", "broker.session.timeout.ms: 1000, group.min.session.timeout.ms: 500", 1)
	r, _, _ := play(t, t.Context(), text+`
faults:
  - { name: zombie, at: 0s, for: 2500ms, pause-consumer: consumer-0 }
  - { name: crash, at: 500ms, for: 700ms, crash-producer: producer-1 }
  - { name: death, at: 4s, for: 1s, crash-consumer: any }
  - { name: deaths, at: 6s, for: 500ms, repeat: 3, every: 1s, phase: 0s, crash-producer: any }
  - { name: rebirths, at: 6s, for: 700ms, repeat: 2, every: 2s, phase: 0s, crash-consumer: all }
  - { name: deployment, at: 10s, for: 3s, rebalance-storm: { every: 600ms }, client: consumer-0 }
  - { name: crowd, at: 10s, for: 2s, connection-storm: { rate: 50, keep: 500ms }, node: any two }
expect: [ lost == 0, reordered == 0, duplicates == 0, phantom == 0, corrupt == 0 ]
`, nil)
	evidence := ""
	for _, f := range r.Faults {
		evidence += strings.Join(f.Evidence, "\n") + "\n"
		if !f.Took() || f.HealError != "" || len(f.Evidence) == 0 {
			t.Errorf("%s: %s %s %v", f.Name, f.Error, f.HealError, f.Evidence)
		}
	}
	for _, want := range []string{"consumer-0 left ", "connections were made, p50 ", "b1: the broker answered on "} {
		if !strings.Contains(evidence, want) {
			t.Errorf("no %q in the evidence:\n%s", want, evidence)
		}
	}
	s := r.Safety
	if r.Verdict.Outcome == report.Fail || s.Lost+s.Reordered+s.Duplicates+s.GroupSkip+s.Phantom+s.AbortedRead+s.Corrupt != 0 {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
	if s.Sent != s.Acknowledged+s.Rejected+s.Unknown || s.Pending != 0 || s.GroupLag != 0 || !s.Drained {
		t.Errorf("of %d sent, %d were acknowledged, %d rejected and %d ended unknown; %d pending, %d left to the group", s.Sent, s.Acknowledged, s.Rejected,
			s.Unknown, s.Pending, s.GroupLag)
	}
	if s.Redelivered == 0 {
		t.Error("members of the group died, and nothing was delivered again")
	}
}

// Consumers that begin late find a backlog, and the report tells how long they took to drain it.
func TestLateConsumers(t *testing.T) {
	t.Parallel()
	late := strings.Replace(quietly, "group: billing", "group: billing, start: 4s, processing: { median: 10us, sigma: 1, max: 1ms }, commit-interval: 200ms", 1)
	late = strings.Replace(late, "baseline: 3s", "baseline: 8s", 1)
	r, _, _ := play(t, t.Context(), late+"expect: [ lost == 0 ]\n", nil)
	if r.Verdict.Outcome != report.Pass || r.Safety.Lost != 0 || r.Safety.GroupSkip != 0 {
		t.Errorf("%s", r.Verdict.Sentence)
	}
	if b := r.Backlog; b == nil || b.Peak < 4*600-700 || b.Peak > 6*600 || !b.Drained.Known {
		t.Errorf("%+v", b)
	}
}

// A group that commits before it processes may skip what a member held when it died: that is counted, and no violation.
func TestCommitBefore(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quietly, "group: billing", "group: billing, session-timeout: 1s, processing: 1ms, commit: before-processing, commit-interval: 100ms", 1)
	text = strings.Replace(text, "broker.session.timeout.ms: 1000", "broker.session.timeout.ms: 1000, group.min.session.timeout.ms: 500", 1)
	r, _, _ := play(t, t.Context(), text+"faults: [ { name: death, at: 0s, for: 300ms, crash-consumer: all } ]\nexpect: [ lost == 0 ]\n", nil)
	if r.Verdict.Outcome == report.Fail || !r.Run.Contract.Skips {
		t.Errorf("%s: %+v", r.Verdict.Sentence, r.Safety)
	}
}
