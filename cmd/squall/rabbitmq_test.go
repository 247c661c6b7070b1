package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// While a node has an alarm, all producers are blocked, for longer than their buffers last: that is told as what it is, and the generator is not blamed for it.
func TestContainersRabbitMQAlarm(t *testing.T) {
	p := squallRun(t, `
name: alarm
broker: { kind: rabbitmq, run: containers, nodes: 3 }
topic: { name: orders, partitions: 3, replicas: 3 }
load:
  rate: 150/s
  size: 200B
  producers: { count: 2, buffer: 200, delivery-timeout: 60s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 4s, baseline: 8s, recovery: 10s }
faults: [ { name: short, at: 0s, for: 8s, disk-alarm: b3 } ]
expect: [ lost == 0, duplicates == 0, reordered == 0, rejected == 0, unknown == 0, ack.max > 5s during short ]
`)
	code := p.wait()
	r := p.report()
	if r.Verdict.Outcome == report.Fail { // a busy machine may make it inconclusive
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	calm := r.LatencyDuring("baseline", func(l *report.Latency) *report.Histogram { return &l.Lag }).Quantile(0.99).Value < 50*time.Millisecond
	for _, f := range r.Validity {
		if calm && strings.Contains(f.Text, "generator") {
			t.Errorf("the generator is blamed: %s", f.Text)
		}
	}
	told := map[string]int{}
	for _, e := range r.Clients.Events {
		told[e.Client+" "+e.Kind]++
		if e.Kind == "unblocked" || e.Kind == "blocked" {
			t.Log(e.String())
		}
	}
	for _, what := range []string{"producer-0 blocked", "producer-1 blocked", "producer-0 unblocked", "producer-1 unblocked"} {
		if told[what] != 1 {
			t.Errorf("%s %d times", what, told[what])
		}
	}
	full := 0
	for i := range r.Windows {
		full = max(full, r.Windows[i].Buffered)
	}
	latest := r.LatencyDuring("during short", func(l *report.Latency) *report.Histogram { return &l.Ack }).Max
	if full < 390 {
		t.Errorf("the buffers had %d messages at most, of 400", full)
	}
	t.Logf("%s; buffers %d, latest %v; %s", r.Verdict.Sentence, full, latest, strings.Join(r.Faults[0].Evidence, "; "))
}
