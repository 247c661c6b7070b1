package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// What is purged of a stream before the consumers begin has expired, to the message, and the run can be judged all the same: nothing is called lost, skipped or
// unread. What they were given and is purged later is verified.
func TestPurgedOnNATS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "purged.yaml")
	if err := os.WriteFile(file, []byte(`
name: purged
broker: { kind: nats, run: embedded, nodes: 3 }
topic: { name: orders, partitions: 3, replicas: 3 }
load:
  rate: 300/s
  size: 200B
  producers: { count: 2, delivery-timeout: 20s }
  consumers: { count: 2, group: billing, start: 8s, session-timeout: 5s }
phases: { warm-up: 1s, baseline: 4s, recovery: 3s }
faults:
  - { name: before, at: 0s, for: 100ms, delete-records: { oldest: 50% } }
  - { name: again, at: 1s, for: 100ms, delete-records: { oldest: 30%, partition: 1 } }
  - { name: after, at: 6s, for: 100ms, delete-records: { oldest: 100% } }
expect: [ lost == 0, expired > 200, group-skip == 0, duplicates == 0, reordered == 0 ]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, executable(t), file)
	p.wait()
	r := p.report()
	s := r.Safety
	if r.Verdict.Outcome == report.Fail { // a busy machine may make it inconclusive
		t.Error(r.Verdict.Sentence)
	}
	if s.Expired == 0 || s.Expired != s.Deleted || s.Verified+s.Expired != s.Acknowledged || s.Lost+s.UnreadTail+s.GroupSkip+s.Duplicates+s.Reordered != 0 {
		t.Errorf("%+v", s)
	}
	for _, f := range r.Faults {
		if !f.Took() || f.Error != "" || f.HealError != "" {
			t.Errorf("%s: %s %s", f.Name, f.Error, f.HealError)
		}
		t.Logf("%s: %s", f.Name, strings.Join(f.Evidence, "; "))
	}
	t.Logf("%s %d acknowledged, %d expired", r.Verdict.Sentence, s.Acknowledged, s.Expired)
}
