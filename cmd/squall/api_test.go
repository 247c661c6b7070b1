package main_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// One cluster, and what is done through its API: replicas move and come back, leaders that moved with them are moved back, and settings are changed and come back.
func TestContainersAPI(t *testing.T) {
	p := squallRun(t, `
name: api
broker: { kind: kafka, run: containers, nodes: 3 }
topic: { name: orders, partitions: 3, replicas: 2, config: { min.insync.replicas: 1 } }
load:
  rate: 200/s
  size: 512B
  client: fast
  producers: { count: 1, acks: all, idempotent: true }
  consumers: { count: 2, group: billing }
phases: { warm-up: 4s, baseline: 4s, recovery: 6s }
faults:
  - { name: moved, at: 0s, for: 6s, reassign: {} }
  - { name: elected, after: moved healed, for: 1s, elect-leader: {} }
  - { name: cleaners, after: elected healed, for: 2s, alter-config: { of: brokers, setting: log.cleaner.threads, to: "2" } }
  - { name: small, after: cleaners healed, for: 3s, lower-max-message-bytes: { to: 300B } }
  - { name: slow, after: small healed, for: 3s, quota: { limit: 10KiB/s } }
  - name: end
    after: slow recovered
    sequence:
      - parallel:
          - { name: asleep, for: 3s, pause-consumer: all }
          - { name: trimmed, at: 2s, for: 1s, delete-records: { oldest: 100% } }
      - parallel:
          - { name: unrest, at: 1s, for: 5s, rebalance-storm: { every: 1s }, client: any }
          - { name: crowd, for: 4s, connection-storm: { rate: 100, keep: 1s }, node: all }
expect: [ lost == 0, reordered == 0, duplicates == 0, rejected > 100 ]
`)
	code := p.wait()
	r := p.report()
	if r.Verdict.Outcome == report.Fail { // a busy machine may make it inconclusive
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	s := r.Safety
	if s.Rejected == 0 || s.Expired == 0 || s.Expired != s.Deleted || s.Verified+s.Expired != s.Acknowledged {
		t.Errorf("of %d acknowledged %d are verified, %d expired (%d deleted) and %d lost; %d were rejected", s.Acknowledged, s.Verified, s.Expired, s.Deleted, s.Lost, s.Rejected)
	}
	want := map[string][]string{
		"moved":    {"orders/2: replicas on ", "complete ", "every replica is back after "},
		"elected":  {"leads (epoch"},
		"cleaners": {"log.cleaner.threads is 2 in force on ", "log.cleaner.threads is as it was: not set"},
		"small":    {"max.message.bytes is 300 in force on ", "max.message.bytes is as it was: not set"},
		"unrest":   {" times, every 1s; in between the group gave partitions "},
		"crowd":    {"connections were made, p50 ", "b3: the broker answered on "},
		"trimmed":  {"orders/0: offsets 0 to "},
		"slow":     {"quota of producers is 10KiB/s", "quota of producers is not set"},
	}
	for _, f := range r.Faults {
		told := strings.Join(f.Evidence, "\n")
		t.Logf("%s:\n%s", f.Name, told)
		if !f.Took() || f.Error != "" || f.HealError != "" {
			t.Errorf("%s: %s %s", f.Name, f.Error, f.HealError)
		}
		for _, line := range want[f.Name] {
			if !strings.Contains(told, line) {
				t.Errorf("%s: no evidence %q", f.Name, line)
			}
		}
	}
}
