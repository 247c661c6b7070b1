package main_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// blackout is a run in which nodes lose power, and everything that they had not surely flushed.
func blackout(topic, node string) string {
	return fmt.Sprintf(`
name: blackout
broker: { kind: kafka, run: containers, nodes: 3, config: { broker.session.timeout.ms: 6000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2%s } }
load:
  rate: 100/s
  size: 100B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 5ms, delivery-timeout: 60s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 2s, baseline: 3s, recovery: 15s }
faults: [ { name: off, at: 0s, for: 3s, power-off: { unflushed: lost }, node: %s } ]
expect: [ lost == 0 ]
`, topic, node)
}

// What Kafka promises when machines lose power: nothing that all replicas had only in their page cache survives all of them; what one of them lost, the
// others have; and what is flushed before it is acknowledged is there. The first is the control: squall has to name what is gone. That an idempotent producer's
// messages are stored once when all machines lost power is promised, too, and not kept now and then, flushed or not: squall tells it, and that is right.
func TestPowerOff(t *testing.T) {
	for _, c := range []struct {
		name, topic, node string
		loses             bool
	}{
		{"all", "", "all", true},
		{"all, each append flushed", ", flush.messages: 1", "all", false},
		{"one", "", "leader", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := squallRun(t, blackout(c.topic, c.node))
			p.wait()
			r := p.report()
			lost := r.Safety.Lost
			t.Logf("%s; %s", r.Verdict.Sentence, strings.Join(r.Faults[0].Evidence[:min(8, len(r.Faults[0].Evidence))], "; "))
			twice := c.node == "all" && r.Safety.Duplicates > 0
			if !r.Faults[0].Took() || (lost > 0) != c.loses || (r.Verdict.Outcome == report.Fail) != (c.loses || twice) {
				t.Errorf("%d messages are lost; fault: %q", lost, r.Faults[0].Error)
			}
			if c.loses && len(r.Safety.Examples) == 0 {
				t.Error("none of them is named")
			}
		})
	}
}

// Every disk is lost in turn, each when the cluster is whole again: what was acknowledged is copied back every time.
func TestWipedOneByOne(t *testing.T) {
	p := squallRun(t, `
name: wiped
broker: { kind: kafka, run: containers, nodes: 3, config: { broker.session.timeout.ms: 6000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 100/s
  size: 100B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 5ms, delivery-timeout: 60s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 2s, baseline: 3s, recovery: 15s }
faults:
  - { name: first, at: 0s, for: 8s, wipe: b1 }
  - { name: second, after: first recovered, for: 8s, wipe: b2 }
  - { name: third, after: second recovered, for: 8s, wipe: b3 }
expect: [ lost == 0 ]
`)
	p.wait()
	r := p.report()
	t.Log(r.Verdict.Sentence)
	for _, f := range r.Faults {
		if !f.Took() || !strings.Contains(strings.Join(f.Evidence, "\n"), "the disk is empty") {
			t.Errorf("%s: %q, %q", f.Name, f.Error, f.Evidence)
		}
	}
	if len(r.Faults) != 3 || r.Safety.Lost > 0 || r.Safety.Verified == 0 {
		t.Errorf("%d faults, %d lost, %d verified", len(r.Faults), r.Safety.Lost, r.Safety.Verified)
	}
}
