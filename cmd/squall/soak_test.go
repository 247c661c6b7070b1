package main_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// soak is how often something is done: a few times, or as often as make soak wants it.
func soak(few, many int) int {
	if os.Getenv("SQUALL_SOAK") != "" {
		return many
	}
	return few
}

// Whenever a run is interrupted, what was broken is mended, the files are whole, and nothing is said to be broken still.
func TestInterruptedAtRandom(t *testing.T) {
	t.Parallel()
	luck := rand.New(rand.NewPCG(1, 2))
	for range soak(2, 50) {
		p := squallRun(t, `
name: interrupted
broker: { kind: kafka, run: embedded, nodes: 3 }
topic: { partitions: 3 }
load: { rate: 300/s, size: 100B }
phases: { warm-up: 1s, baseline: 1s, recovery: 1s }
faults:
  - { at: 0s, for: 1s, kill: any, repeat: 20, every: 2s, phase: 500ms }
  - { at: 0s, for: 40s, latency: { add: 50ms }, link: producers -> any }
`)
		p.until("the load", func(e report.Event) bool { return e.Type == report.EventWindow })
		time.Sleep(time.Duration(luck.Int64N(int64(6 * time.Second))))
		if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if code := p.wait(); code != report.ExitInterrupted {
			t.Errorf("exit code %d", code)
		}
		for _, f := range p.report().Faults {
			if f.Commanded >= 0 && f.Healed < 0 {
				t.Errorf("not healed: %+v", f)
			}
		}
		if _, err := os.Stat(filepath.Join(p.out, "still-broken.json")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("still-broken.json: %v", err)
		}
		if all := p.events(); len(all) == 0 || all[len(all)-1].Type != report.EventVerdict {
			t.Error("the events do not end with the verdict")
		}
	}
}

// Whoever is killed in the middle of a fault leaves a note of what is still broken.
func TestKilledInTheMiddleOfAFault(t *testing.T) {
	t.Parallel()
	p := squallRun(t, `
name: killed
broker: { kind: kafka, run: embedded, nodes: 3 }
topic: { partitions: 3 }
load: { rate: 300/s, size: 100B }
phases: { warm-up: 1s, baseline: 1s, recovery: 1s }
faults: [ { name: death, at: 0s, for: 60s, kill: b2 } ]
`)
	p.until("the fault", func(e report.Event) bool { return e.Fault != nil && e.Fault.Effective >= 0 })
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	data, err := os.ReadFile(filepath.Join(p.out, "still-broken.json"))
	if err != nil || !strings.Contains(string(data), `"death"`) || !strings.Contains(string(data), `"b2"`) {
		t.Errorf("%s, %v", data, err)
	}
}

// An honest broker is accused of nothing, whatever is done to it.
func TestHonestUnderRandomFaults(t *testing.T) {
	for seed := range soak(1, 30) {
		p := start(t, executable(t), "random-embedded", "--seed", fmt.Sprint(seed+1))
		accusedOfNothing(t, p)
	}
}

// The same of real NATS servers.
func TestSoakHonestNATS(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("long: make soak")
	}
	for seed := range 30 {
		accusedOfNothing(t, start(t, executable(t), "nats-random", "--seed", fmt.Sprint(seed+1)))
	}
}

// Of real Kafka, an honest cluster is accused of nothing either.
func TestSoakHonest(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("long: make soak; a short sample is TestContainersZombieAndRandomFaults")
	}
	for seed := range 5 {
		accusedOfNothing(t, start(t, needDocker(t), "random-soak", "--seed", fmt.Sprint(seed+1), "--set", "faults[0].for=90s"))
	}
}

// accusedOfNothing waits for a run that must have found nothing wrong with the broker.
func accusedOfNothing(t *testing.T, p *process) {
	t.Helper()
	p.wait()
	r := p.report()
	t.Log(r.Verdict.Sentence)
	took := 0
	for _, f := range r.Faults {
		if f.Took() {
			took++
		}
	}
	s := r.Safety
	if s.Lost+s.Duplicates+s.Reordered+s.Phantom+s.AbortedRead+s.Corrupt+s.GroupSkip > 0 || s.Verified == 0 || took == 0 || r.Verdict.ExitCode == report.ExitSafety {
		t.Errorf("%d faults, %+v", took, s)
	}
}

// Random faults in a row against real Kafka: nothing stays broken, and nothing acknowledged is lost.
func TestSoakRandomFaults(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("long: make soak; a short sample is TestContainersZombieAndRandomFaults")
	}
	p := start(t, needDocker(t), "random-soak", "--set", "faults[0].for=2h")
	code, r := p.wait(), p.report()
	took := 0
	for _, f := range r.Faults {
		if f.Took() {
			took++
		}
	}
	if code != report.ExitPass || took < 200 || slices.ContainsFunc(r.Faults, func(f report.Fault) bool { return f.Took() && f.Healed < 0 }) {
		t.Errorf("exit code %d, %d faults: %s", code, took, r.Verdict.Sentence)
	}
}

// Every control of the library comes to what it states, and its counterpart to a pass; a short sample is TestPowerOff.
func TestSoakControls(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("long: make soak")
	}
	for _, name := range []string{
		"acks1-leader-cut-then-killed", "acks-all-leader-cut-then-killed", "acks1-planned-moves", "acks-all-planned-moves", "all-disks-lost", "disks-lost-one-by-one",
		"all-powered-off", "all-powered-off-flushed", "unclean-election", "topic-recreated",
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, needDocker(t), name)
			code := p.wait()
			t.Log(p.report().Verdict.Sentence)
			if code != report.ExitPass {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
