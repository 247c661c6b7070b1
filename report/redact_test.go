package report

import (
	"slices"
	"testing"
)

func TestRedacted(t *testing.T) {
	for text, want := range map[string]string{
		"dial tcp 10.1.2.3:9092: connection refused":                    "dial tcp (address): connection refused",
		"dial tcp [fe80::1]:9092: i/o timeout":                          "dial tcp (address): i/o timeout",
		"read /home/alice/runs/out.json: no such file":                  "read (path): no such file",
		`--out="/srv/ci/results" ~/mine.yaml C:\Users\alice\x.yaml`:     `--out="(path)" (path) (path)`,
		"pressure on cpu: open /proc/pressure/cpu: permission denied":   "pressure on cpu: open (path): permission denied",
		"image registry.corp.example:5000/mirror/apache/kafka":          "image (host)/mirror/apache/kafka",
		"the broker at kafka-1.prod.internal answered, node-1:9092 not": "the broker at (host) answered, (host) not",
		"built-by-ci-runner-7 said so":                                  "built-by-(host) said so",
		// What is none of that.
		"1,000/s of 1 KiB, leader of orders/3, 20 /s":                    "1,000/s of 1 KiB, leader of orders/3, 20 /s",
		"started 2026-01-02T03:04:05Z, 03:04:25 UTC":                     "started 2026-01-02T03:04:05Z, 03:04:25 UTC",
		"apache/kafka:4.3.1 sha256:0123456789abcdef":                     "apache/kafka:4.3.1 sha256:0123456789abcdef",
		"8.9s of 9.6s: broker.session.timeout.ms = 9s":                   "8.9s of 9.6s: broker.session.timeout.ms = 9s",
		"lost: producer 1, partition 3, message 1,200 to 1,205":          "lost: producer 1, partition 3, message 1,200 to 1,205",
		"recovery.service < 15s of leader-kill, ack.p99 during baseline": "recovery.service < 15s of leader-kill, ack.p99 during baseline",
		"org.apache.kafka.common.errors.TimeoutException":                "org.apache.kafka.common.errors.TimeoutException",
	} {
		r := &Report{Findings: []string{text}}
		if got := Redacted(r, "ci-runner-7", "abc").Findings[0]; got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	word := &Report{Run: Run{Broker: Broker{Kind: "kafka"}}, Findings: []string{"kafka said so"}}
	if got := Redacted(word, "kafka"); got.Run.Broker.Kind != "kafka" || got.Findings[0] != "kafka said so" {
		t.Errorf("%+v", got)
	}
	r := &Report{Files: []string{"/home/alice/out/report.json", "out/events.ndjson"}, Verdict: Verdict{Outcome: Fail}}
	out := Redacted(r)
	if !slices.Equal(out.Files, []string{"report.json", "events.ndjson"}) || out.Verdict.Outcome != Fail || r.Files[0] != "/home/alice/out/report.json" {
		t.Errorf("%+v of %+v", out, r)
	}
}
