package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

const slowLink = `
name: link
broker: { kind: kafka, run: embedded, nodes: 3 }
topic: { partitions: 6, replicas: 3 }
load: { rate: 500/s, size: 100B, client: fast, producers: { count: 1 }, consumers: { count: 1 } }
phases: { warm-up: 1s, baseline: 2s, recovery: 1s }
faults:
  - { name: slow-link, at: 0s, for: 1500ms, latency: { add: 5ms }, link: producers -> leader }
expect: [ lost == 0 ]
`

// Held against runs of the same build ten times, with fresh runs at hand, nothing is ever called worse; with 50 ms more on the link it is every time.
func TestSoakCompared(t *testing.T) {
	trials := soak(0, 10)
	if trials == 0 {
		t.Skip("NOT TESTED: it takes 20 minutes, and SQUALL_SOAK is not set")
	}
	squall, dir := executable(t), t.TempDir()
	scenario := filepath.Join(dir, "link.yaml")
	if err := os.WriteFile(scenario, []byte(slowLink), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := func(side string, n int, args ...string) string {
		for i := range n {
			run := exec.Command(squall, append([]string{"run", scenario, "--ui", "none", "--out", filepath.Join(dir, side, fmt.Sprint(i))}, args...)...)
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		return filepath.Join(dir, side)
	}
	base := runs("base", 20)
	for trial := range trials {
		side := func(name string, args ...string) string { return runs(fmt.Sprint(name, trial), 4, args...) }
		if c := compared(t, squall, base, side("same"), side("same-again")); c.Outcome == report.Worse || c.Outcome == report.Unconfirmed {
			t.Errorf("the same build: %s", c.Sentence)
		}
		const more = "faults[0].latency.add=55ms"
		if c := compared(t, squall, base, side("slow", "--set", more), side("slow-again", "--set", more)); c.Outcome != report.Worse || !strings.Contains(c.Sentence, "ack.p99 during slow-link") {
			t.Errorf("with 50 ms more: %s", c.Sentence)
		}
	}
}

func compared(t *testing.T, squall, base, news, fresh string) (c report.Comparison) {
	t.Helper()
	out, err := exec.Command(squall, "report", "compare", "-o", "json", "--across", "scenario", base, "--", news, "--", fresh).Output()
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
