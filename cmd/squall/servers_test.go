package main_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// An ending is a way in which squall is ended before its run is over.
type ending struct {
	name   string
	signal syscall.Signal
	squall string          // the executable
	code   report.ExitCode // by which it is known that it ended so; 0: it may be any, for squall has the time to end its run
}

// endings are all of them. To a panic the executable of the scripts is brought, in a goroutine of its own: squall as it is built has nothing that panics when it
// is told to, and what Main recovers ends in good order.
func endings(t *testing.T) []ending {
	t.Helper()
	panics, err := exec.LookPath("squall-that-panics")
	if err != nil {
		t.Fatal(err)
	}
	squall := executable(t)
	return []ending{
		{"SIGKILL", syscall.SIGKILL, squall, -1},
		{"SIGINT", syscall.SIGINT, squall, 0},
		{"SIGTERM", syscall.SIGTERM, squall, 0},
		{"a panic", syscall.SIGUSR1, panics, 2},
	}
}

// moments are the phases of the run below, in its order, with the stage that each belongs to. A moment is some time, up to a bound, after the phase has begun: the
// run may be further by then, and is counted where it is. Until the load no phase is told, and the first moment is after the first server was started.
var moments = []struct {
	phase report.PhaseKind
	stage string
	bound time.Duration
}{
	{report.Prepare, "start", 800 * time.Millisecond},
	{report.WarmUp, "load", time.Second},
	{report.Baseline, "load", 4 * time.Second},
	{report.During, "fault", 6 * time.Second},
	{report.Recovering, "fault", 2 * time.Second},
	{report.Heal, "end", time.Second},
	{report.Drain, "end", 500 * time.Millisecond},
	{report.Reading, "end", 500 * time.Millisecond},
}

// Whenever and however squall ends, no server that it started outlives it.
func TestServersEndWithSquall(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("NOT TESTED: this machine does not tell what runs on it")
	}
	t.Setenv("TMPDIR", t.TempDir()) // where the servers' configuration is, by which they are known
	luck := rand.New(rand.NewPCG(3, 4))
	ends, stages, counted := endings(t), []string{"start", "load", "fault", "end"}, map[string]int{}
	for i := range soak(len(ends), 50) {
		end, stage := ends[i%len(ends)], stages[(i+i/len(ends))%len(stages)] // each way in each stage, in turn
		t.Run(end.name+" at the "+stage, func(t *testing.T) {
			for range 5 {
				if struck := end.strike(t, stage, luck); struck != "" {
					counted[end.name+" at the "+struck]++
					return
				}
			}
			t.Error("five times the run was over before")
		})
	}
	t.Logf("how squall ended, and how often: %v", counted)
}

// strike ends a run at a moment in a stage, finds out what is left of its servers, and returns the stage in which the run really was: none where it was over.
func (e ending) strike(t *testing.T, stage string, luck *rand.Rand) (struck string) {
	t.Helper()
	at := luck.IntN(len(moments))
	for moments[at].stage != stage {
		at = luck.IntN(len(moments))
	}
	p := start(t, e.squall, "nats-leader-kill", "--set", "faults[0].for=6s", "--set", "phases.recovery=2s")
	if !becomes(2*time.Minute, func() bool { return p.moment() >= at && (at > 0 || len(servers(t)) > 0) }) {
		t.Fatalf("the phase %s did not come", moments[at].phase)
	}
	time.Sleep(time.Duration(luck.Int64N(int64(moments[at].bound)))) // the moment itself is what is tried here
	now, running := moments[p.moment()].stage, len(servers(t))
	_ = p.cmd.Process.Signal(e.signal) // it may just have ended
	code := p.wait()
	if !becomes(10*time.Second, func() bool { return len(servers(t)) == 0 }) {
		t.Errorf("at the %s, of %d servers these are left: %v", now, running, servers(t))
		endAll(servers(t))
	}
	if running == 0 || e.code != 0 && code != e.code {
		t.Logf("a run was over before: exit code %d", code)
		return ""
	}
	if e.signal == syscall.SIGUSR1 && !strings.Contains(p.stderr.String(), "panic: planted") {
		t.Errorf("squall did not end by the panic: %s", p.stderr.String())
	}
	return now
}

// moment is the last of the moments that a run has reached, as it has told.
func (p *process) moment() (at int) {
	p.t.Helper()
	for _, e := range p.events() {
		if e.Type == report.EventPhase {
			for i, m := range moments {
				if m.phase == e.Phase.Kind {
					at = i
				}
			}
		}
	}
	return at
}

// becomes reports whether something is so within a time.
func becomes(within time.Duration, so func() bool) bool {
	for end := time.Now().Add(within); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// endAll ends what this test was to find gone, so that it is not found again the next time.
func endAll(processes []string) {
	for _, p := range processes {
		if id, err := strconv.Atoi(p); err == nil {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	}
}

// servers are the servers of NATS that runs of this test have started and that live.
func servers(t *testing.T) (all []string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range processes {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), "nats-server") && strings.Contains(string(line), os.Getenv("TMPDIR")) {
			all = append(all, filepath.Base(filepath.Dir(file)))
		}
	}
	return all
}
