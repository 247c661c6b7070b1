package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// needDocker skips aloud where no Docker engine answers, and fails where one is required. It returns the executable that was built, which is
// static: the sidecars are made of it.
func needDocker(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	switch err := exec.CommandContext(ctx, "docker", "info").Run(); {
	case os.Getenv("SQUALL_NO_DOCKER") != "":
		t.Skip("NOT TESTED: SQUALL_NO_DOCKER is set")
	case err != nil && os.Getenv("SQUALL_REQUIRE_DOCKER") == "1":
		t.Fatalf("no Docker engine answers, and SQUALL_REQUIRE_DOCKER=1: %v", err)
	case err != nil:
		t.Skipf("NOT TESTED: no Docker engine answers: %v", err)
	}
	return executable(t)
}

// executable returns squall, built where the Makefile has not done it.
func executable(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("SQUALL_EXECUTABLE"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "squall")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build squall: %v\n%s", err, out)
	}
	return path
}

// A process is squall while it runs a scenario.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    string // the folder of its results
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// squallRun starts a run of a scenario's text.
func squallRun(t *testing.T, text string, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "test.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, needDocker(t), file, args...)
}

// start starts a run of a scenario.
func start(t *testing.T, executable, scenario string, args ...string) *process {
	t.Helper()
	p := &process{t: t, out: filepath.Join(t.TempDir(), "out")}
	p.cmd = exec.Command(executable, append([]string{"run", scenario, "--out", p.out, "-o", "json"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("squall said:\n%s", p.stderr.String())
		}
	})
	return p
}

// wait returns the exit code.
func (p *process) wait() report.ExitCode {
	p.t.Helper()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return report.ExitCode(p.cmd.ProcessState.ExitCode())
}

// report reads what the run wrote, and checks that it told the same on standard output.
func (p *process) report() *report.Report {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.out, "report.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	var r, told report.Report
	if err := errors.Join(json.Unmarshal(data, &r), json.Unmarshal(p.stdout.Bytes(), &told)); err != nil {
		p.t.Fatal(err)
	}
	if told.Verdict.Sentence != r.Verdict.Sentence {
		p.t.Errorf("told %q, wrote %q", told.Verdict.Sentence, r.Verdict.Sentence)
	}
	return &r
}

// events reads the events so far; a last line that is being written is left out.
func (p *process) events() (all []report.Event) {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.out, "events.ndjson"))
	if err != nil {
		return nil // not there yet
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var e report.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			p.t.Fatalf("an event cannot be read: %v: %s", err, lines.Text())
		}
		all = append(all, e)
	}
	return all
}

// until waits for an event.
func (p *process) until(what string, is func(report.Event) bool) {
	p.t.Helper()
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if slices.ContainsFunc(p.events(), is) {
			return
		}
	}
	p.t.Fatalf("%s did not come", what)
}

// left is what the engine still has of a run.
func left(t *testing.T, runID string) string {
	t.Helper()
	var all []string
	for _, list := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}, {"volume", "ls", "-q"}} {
		out, err := exec.Command("docker", append(list, "--filter", "label=dev.squall.run="+runID)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Fields(string(out))...)
	}
	return strings.Join(all, " ")
}

func runID(t *testing.T, p *process) string {
	for _, e := range p.events() {
		if e.Run != nil {
			return e.Run.ID
		}
	}
	t.Fatal("no event says which run it is")
	return ""
}

// One cluster, the main job: a leader is killed and comes back, then the way to the leader gets slow. What the leader acknowledged survives.
func TestContainersLeaderKillAndSlowLink(t *testing.T) {
	p := squallRun(t, `
name: short-kill
broker: { kind: kafka, run: containers, nodes: 3, config: { broker.session.timeout.ms: 6000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 300/s
  size: 512B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 20ms }
  consumers: { count: 1, group: billing }
phases: { warm-up: 6s, baseline: 6s, recovery: 12s }
faults:
  - { name: death, at: 0s, for: 12s, kill: leader }
  - { name: slow, at: 26s, for: 6s, latency: { add: 300ms }, link: producers -> leader }
expect: [ lost == 0, reordered == 0, duplicates == 0, recovery.service < 60s of death (warn) ] # speed is not judged on a machine that is too busy
`)
	code := p.wait()
	r := p.report()
	if code != report.ExitPass || r.Verdict.Outcome != report.Pass {
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	checkDeath(t, p, r)
	checkSlow(t, r)
	if rest := left(t, r.Run.ID); rest != "" {
		t.Errorf("left behind: %s", rest)
	}
}

func checkDeath(t *testing.T, p *process, r *report.Report) {
	f, rec := r.Faults[0], r.Recovery[0]
	leader := ""
	for _, e := range p.events() {
		if e.State != nil && e.At <= f.Commanded {
			leader = e.State.Partitions[0].Leader
		}
	}
	if len(f.Victims) != 1 || f.Victims[0] != leader {
		t.Errorf("killed %v, the leader of partition 0 was %s", f.Victims, leader)
	}
	if !rec.Service.Known || rec.Service.Value < 2*time.Second || rec.Service.Value >= time.Minute {
		t.Errorf("service was back %v after a leader's death that nobody notices for 6 s", rec.Service)
	}
	if !rec.Detect.Known || rec.Detect.Value < 3*time.Second {
		t.Errorf("detected %v after the death", rec.Detect)
	}
	if states := r.History.States; !states[len(states)-1].FullyInSync() {
		t.Errorf("at the end not every replica is in sync: %+v", states[len(states)-1])
	}
}

// The delay shows in the acknowledgements of the fault's phase, and in the link's traffic, and nowhere before.
func checkSlow(t *testing.T, r *report.Report) {
	f := r.Faults[1]
	if len(f.Victims) != 1 || !strings.HasPrefix(f.Victims[0], "producers -> b") || !strings.Contains(strings.Join(f.Evidence, " "), "requested") {
		t.Errorf("the slow link is %v, with the evidence %q", f.Victims, f.Evidence)
	}
	ack := func(l *report.Latency) *report.Histogram { return &l.Ack }
	during, baseline := r.LatencyDuring("slow", ack), r.LatencyDuring("baseline", ack)
	slowed := 0.0
	for _, b := range during.Buckets {
		if b.Value >= 600*time.Millisecond {
			slowed += float64(b.Count)
		}
	}
	if share := slowed / float64(during.Count()); share < 0.2 {
		t.Errorf("%.0f %% of the acknowledgements took 600 ms and more, while a third of the partitions was slowed by 300 ms each way", 100*share)
	}
	if q := baseline.Quantile(0.5); q.Value >= 600*time.Millisecond {
		t.Errorf("half of the baseline took %v and more", q)
	}
}

// A producer crashes in the middle of a transaction, and its next incarnation goes on under the same transactional id. What was aborted is given to nobody who
// reads committed, and what was committed is there as a whole. Between two transactions there is a moment in which a crash breaks none: three crashes at a rate at
// which that moment is short do not all fall into it.
func TestContainersTransactions(t *testing.T) {
	p := squallRun(t, `
name: transactions
broker: { kind: kafka, run: containers, nodes: 1 }
topic: { name: orders, partitions: 3, replicas: 1 }
load:
  rate: 1500/s
  size: 200B
  client: fast
  producers: { count: 2, linger: 5ms, transactions: { every: 100ms, abort: 20% }, transaction-timeout: 30s }
  consumers: { count: 1, group: billing }
phases: { warm-up: 3s, baseline: 5s, recovery: 5s }
faults:
  - { name: crash, at: 0s, for: 500ms, crash-producer: producer-0 }
  - { name: crash-2, at: 1733ms, for: 500ms, crash-producer: producer-0 }
  - { name: crash-3, at: 3471ms, for: 500ms, crash-producer: producer-0 }
expect: [ lost == 0, aborted-read == 0, torn == 0, duplicates == 0, reordered == 0, dirty-read == 0, success.ratio > 50% (warn) ]
`)
	code := p.wait()
	r := p.report()
	if code != report.ExitPass || r.Verdict.Outcome != report.Pass {
		t.Errorf("exit code %d: %s", code, r.Verdict.Sentence)
	}
	if s := r.Safety; s.Aborted == 0 || s.Unknown == 0 || s.Transactions.Committed == 0 || s.Transactions.Aborted == 0 || !s.Drained || s.GroupSkip+s.GroupLag != 0 {
		t.Errorf("%+v", s)
	}
}

const oneNode = `
broker: { kind: kafka, run: containers, nodes: 1 }
topic: { partitions: 2, replicas: 1 }
load: { rate: 200/s, size: 100B, producers: { count: 1 }, consumers: { count: 1 } }
phases: { warm-up: 1s, baseline: 60s, recovery: 1s }
`

func inBaseline(e report.Event) bool {
	return e.Type == report.EventWindow && e.Window.Phase == string(report.Baseline)
}

// Without a terminal an interruption leaves seconds: what was measured is written, and nothing is left.
func TestContainersInterrupted(t *testing.T) {
	p := squallRun(t, "name: interrupted\n"+oneNode)
	p.until("the baseline", inBaseline)
	asked := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code := p.wait()
	if took := time.Since(asked); took > 15*time.Second {
		t.Errorf("gone after %v", took)
	}
	r := p.report()
	if code != report.ExitTerminated || r.Verdict.Outcome != report.Inconclusive || r.Safety.Acknowledged == 0 {
		t.Errorf("exit code %d, %d acknowledged: %s", code, r.Safety.Acknowledged, r.Verdict.Sentence)
	}
	if rest := left(t, r.Run.ID); rest != "" {
		t.Errorf("left behind: %s", rest)
	}
}

// Whoever is killed cannot tidy up; squall clean does, and the events are whole up to then.
func TestContainersKilled(t *testing.T) {
	p := squallRun(t, "name: killed\n"+oneNode)
	p.until("the baseline", inBaseline)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	id := runID(t, p)
	if left(t, id) == "" {
		t.Error("nothing is left to clean: this test tests nothing")
	}
	out, err := exec.Command(needDocker(t), "clean").CombinedOutput()
	if err != nil {
		t.Errorf("squall clean: %v\n%s", err, out)
	}
	if rest := left(t, id); rest != "" {
		t.Errorf("left behind after squall clean: %s\n%s", rest, out)
	}
	data, err := os.ReadFile(filepath.Join(p.out, "events.ndjson"))
	if err != nil || !bytes.HasSuffix(data, []byte("\n")) {
		t.Errorf("the events are not whole: %v", err)
	}
}

func TestContainersThatCannotStart(t *testing.T) {
	tests := []struct {
		name, text string
		code       report.ExitCode
		says       []string
	}{
		{"image", "name: image\n" + strings.Replace(oneNode, "nodes: 1", "nodes: 1, image: nobody/kafka:0, pull: never", 1),
			report.ExitEnvironment, []string{"nobody/kafka:0"}},
		{"broker", "name: broker\n" + strings.Replace(oneNode, "nodes: 1", "nodes: 1, config: { num.network.threads: 0 }", 1),
			report.ExitInternal, []string{"num.network.threads", "b1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := squallRun(t, tt.text)
			if code := p.wait(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, s := range tt.says {
				if !strings.Contains(p.stderr.String(), s) {
					t.Errorf("%q is not in what squall said:\n%s", s, p.stderr.String())
				}
			}
			if _, err := os.Stat(p.out); err == nil {
				t.Error("a folder for results of a run that did not begin")
			}
		})
	}
}

// With acks=1 nobody promises that what a leader acknowledged outlives it; that is told, and a run with it is run.
func TestSoakAcksOne(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("long: make soak")
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(needDocker(t), "run", "kafka-leader-kill", "--out", out, "--set", "load.producers.acks=1", "--set", "load.producers.idempotent=false")
	text, err := cmd.CombinedOutput()
	if code := report.ExitCode(cmd.ProcessState.ExitCode()); code != report.ExitPass && code != report.ExitSafety && code != report.ExitMissed {
		t.Errorf("exit code %d, %v\n%s", code, err, text)
	}
	fmt.Println(string(text))
}
