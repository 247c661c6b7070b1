package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A leader that its clients reach and its peers do not, then faults that the seed draws, one node at a time: nothing acknowledged is lost, and
// nothing stays broken.
func TestContainersZombieAndRandomFaults(t *testing.T) {
	p := squallRun(t, `
name: short-zombie
seed: 5
broker: { kind: kafka, run: containers, nodes: 3, config: { broker.session.timeout.ms: 6000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 300/s
  size: 512B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 20ms, delivery-timeout: 90s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 5s, baseline: 5s, recovery: 10s }
faults:
  - { name: zombie, at: 0s, for: 14s, isolate: leader }
  - name: soak
    after: zombie recovered
    for: 50s
    random:
      every: 12s
      stable: 3s
      of:
        - { weight: 1, for: 4s, kill: any }
        - { weight: 2, for: 6s, isolate: { from: all, by: refuse }, node: any }
        - { weight: 2, for: 5s, latency: { add: 100ms }, link: any <-> peers }
        - { weight: 1, for: 5s, data-only: follower }
expect: [ lost == 0, reordered == 0, duplicates == 0 ]
`)
	code := p.wait()
	r := p.report()
	if code != report.ExitPass {
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	checkZombie(t, r)
	if len(r.Faults) < 4 {
		t.Errorf("%d faults", len(r.Faults))
	}
	for _, f := range r.Faults {
		if f.LeftOut == "" && (!f.Took() || f.Healed < 0 || len(f.Evidence) == 0) {
			t.Errorf("%+v", f)
		}
	}
	if states := r.History.States; !states[len(states)-1].FullyInSync() || len(states[len(states)-1].Nodes) != 3 {
		t.Errorf("at the end: %+v", states[len(states)-1])
	}
	if rest := left(t, r.Run.ID); rest != "" {
		t.Errorf("left behind: %s", rest)
	}
}

// checkZombie sees that the leader was fenced while its process ran, that another one led, and that it came back.
func checkZombie(t *testing.T, r *report.Report) {
	f := r.Faults[0]
	fenced, followed := false, false
	for _, s := range r.History.States {
		if s.At < f.Effective || s.At > f.Healed {
			continue
		}
		fenced = fenced || !strings.Contains(strings.Join(s.Nodes, " "), f.Victims[0])
		followed = followed || s.Partitions[0].Leader != "" && s.Partitions[0].Leader != f.Victims[0]
	}
	if !fenced || !followed {
		t.Errorf("%s was cut off from %v to %v; fenced: %v, another one led: %v", f.Victims[0], f.Effective, f.Healed, fenced, followed)
	}
	if rec := r.Recovery[0]; !rec.Service.Known || rec.Service.Value < 2*time.Second {
		t.Errorf("service was back %v after the leader was cut off", rec.Service)
	}
	if len(r.Crashes) > 0 {
		t.Errorf("crashes: %+v", r.Crashes)
	}
}

// Five brokers: a follower that only its replication is cut off stays a member and falls out of sync; then every shape of partition, one after
// the other, each healed before the next, and nothing acknowledged lost.
func TestContainersShapesOfPartitions(t *testing.T) {
	p := squallRun(t, `
name: shapes
seed: 3
broker: { kind: kafka, run: containers, nodes: 5, config: { broker.session.timeout.ms: 6000, replica.lag.time.max.ms: 4000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 150/s
  size: 512B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 20ms, delivery-timeout: 90s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 8s, baseline: 7s, recovery: 5s }
faults:
  - { name: behind, at: 0s, for: 12s, data-only: follower }
  - { name: ring, after: behind recovered, for: 5s, ring: all }
  - { name: bridge, after: ring recovered, for: 5s, bridge: { by: refuse }, node: any }
  - { name: swizzle, after: bridge recovered, for: 2s, swizzle: minority }
  - { name: split, after: swizzle recovered, for: 5s, split: "any two | rest" }
expect: [ lost == 0, reordered == 0, duplicates == 0 ]
`)
	code := p.wait()
	r := p.report()
	if code != report.ExitPass {
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	for _, f := range r.Faults {
		if !f.Took() || f.Healed < 0 || len(f.Evidence) == 0 {
			t.Errorf("%+v", f)
		}
	}
	checkBehind(t, r)
	if states := r.History.States; !states[len(states)-1].FullyInSync() || len(states[len(states)-1].Nodes) != 5 {
		t.Errorf("at the end: %+v", states[len(states)-1])
	}
}

// checkBehind sees that the follower fell out of sync, and that nobody took it for dead.
func checkBehind(t *testing.T, r *report.Report) {
	f := r.Faults[0]
	out := report.Never
	for _, s := range r.History.States {
		if s.At < f.Effective || s.At > f.Healed {
			continue
		}
		if !slices.Contains(s.Nodes, f.Victims[0]) {
			t.Errorf("%s, of which only replication is cut, was fenced: %v", f.Victims[0], s.Nodes)
		}
		if out == report.Never && !slices.Contains(s.Partitions[0].InSync, f.Victims[0]) {
			out = s.At - f.Effective
		}
	}
	if out < 2*time.Second { // the lag counts from when it had caught up last
		t.Errorf("%s was out of sync %v after it was cut off (never: %v), and replica.lag.time.max.ms is 4s", f.Victims[0], out, report.Never)
	}
}
