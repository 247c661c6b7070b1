package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
)

// awaySuite is what the recipes run on engines that are not simply here: a leader dies, the way to it gets slow, and a follower is cut off.
const awaySuite = `name: nightly
rerun-inconclusive: 1
scenarios: [ away.yaml ]
`

const awayScenario = `name: away
broker: { kind: kafka, run: containers, nodes: 3, image: %s, pull: never, config: { broker.session.timeout.ms: 4000 } }
topic: { name: orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 150/s
  size: 200B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 20ms }
  consumers: { count: 1, group: billing }
phases: { warm-up: 3s, baseline: 3s, recovery: 4s }
faults:
  - { name: death, at: 0s, for: 5s, kill: leader }
  - { name: slow, at: 13s, for: 3s, latency: { add: 300ms }, link: producers -> leader }
  - { name: cut, at: 18s, for: 3s, data-only: follower }
expect: [ lost == 0, duplicates == 0, reordered == 0 ]
`

// brokerImage is an image of the broker that the engine has.
func brokerImage(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"squall/kafka:4.3.1", "apache/kafka:4.3.1"} {
		if exec.Command("docker", "image", "inspect", name).Run() == nil {
			return name
		}
	}
	t.Fatal("the engine has no image of a broker: make images")
	return ""
}

// awayJob is a job with a static squall in its PATH, whose brokers are real.
func awayJob(t *testing.T) *job {
	t.Helper()
	program, err := os.ReadFile(needDocker(t))
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, awaySuite)
	j.env = slices.DeleteFunc(j.env, func(v string) bool {
		return strings.HasPrefix(v, "DOCKER_HOST=") || strings.HasPrefix(v, "TESTCONTAINERS_HOST_OVERRIDE=")
	})
	for name, data := range map[string][]byte{"bin/squall": program, "squall/away.yaml": fmt.Appendf(nil, awayScenario, brokerImage(t))} {
		if err := os.WriteFile(filepath.Join(j.dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// passed checks that the suite's only run passed with every fault in effect, and told what it could not see from where it was.
func (j *job) passed(t *testing.T, results string) {
	t.Helper()
	j.has(t, results+"/junit.xml", `<testsuites name="nightly"`)
	var r report.Report
	data, err := os.ReadFile(filepath.Join(j.dir, results, "1-away", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Outcome != report.Pass {
		t.Errorf("%s", r.Verdict.Sentence)
	}
	if len(r.Faults) != 3 {
		t.Fatalf("%d faults", len(r.Faults))
	}
	for _, f := range r.Faults {
		if len(f.Victims) == 0 || len(f.Evidence) == 0 || f.Effective == report.Never || f.Healed == report.Never {
			t.Errorf("%s of %v, effective %v, healed %v, with the evidence %q", f.Name, f.Victims, f.Effective, f.Healed, f.Evidence)
		}
	}
	if unseen := strings.Join(r.Run.Host.Unseen, "\n"); !strings.Contains(unseen, "what the brokers use and are denied") || !strings.Contains(unseen, "not seen from here") {
		t.Errorf("nothing says that what the brokers use is not seen from here: %q", unseen)
	}
}

// ports is what doctor tells of published ports.
func ports(t *testing.T, out []byte) host.Check {
	t.Helper()
	var d struct{ Checks []host.Check }
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	i := slices.IndexFunc(d.Checks, func(c host.Check) bool { return c.Name == "published ports" })
	if i < 0 {
		t.Fatalf("doctor says nothing of published ports:\n%s", out)
	}
	return d.Checks[i]
}

// The recipe for GitLab, whose engine is on another host: its ports are published there, and it has none of the job's files.
func TestRecipeForGitLabOnAnotherHost(t *testing.T) {
	j := awayJob(t)
	is := recipeForGitLab(t)
	another := startEngine(t, j.dir)
	image := brokerImage(t)
	another.load(t, image)
	if out, err := another.docker("run", "--rm", "--volume", j.dir+":/job", "--entrypoint", "/bin/sh", image, "-c", "ls -A /job").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the other host has the job's files: %s, %v", out, err)
	}
	hosts := filepath.Join(j.dir, "hosts")
	if err := os.WriteFile(hosts, fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", another.addr, is.Services[0].Alias), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, value := range is.Variables {
		j.env = append(j.env, name+"="+value)
	}
	// A job knows the service by its alias, and has no engine of its own.
	inJob := func(script string) []string {
		return []string{"-c", `exec unshare --mount sh -c 'mount --bind "$1" /etc/hosts; mount -t tmpfs tmpfs /run; exec bash -e -c "$2"' job "$1" "$2"`, "job", hosts, script}
	}
	if code := j.run(t, inJob("squall doctor -o json > doctor.json")...); code != 0 {
		t.Errorf("doctor: exit code %d", code)
	}
	out, err := os.ReadFile(filepath.Join(j.dir, "doctor.json"))
	if err != nil {
		t.Fatal(err)
	}
	if c := ports(t, out); c.State != host.OK || !strings.Contains(c.Found, "at docker: the engine's host in tcp://docker:2375; TESTCONTAINERS_HOST_OVERRIDE") {
		t.Errorf("%+v", c)
	}
	if code := j.run(t, inJob(strings.Join(is.Script, "\n"))...); code != 0 {
		t.Errorf("exit code %d", code)
	}
	j.passed(t, "squall-results")
	if rest, err := another.docker("ps", "-aq").Output(); err != nil || len(rest) > 0 {
		t.Errorf("left behind: %s, %v", rest, err)
	}
}

// The recipe that runs squall in a container of its own; and where squall looks for ports in containers on other networks, on the engine's own, and on none.
func TestRecipeForAContainer(t *testing.T) {
	j := awayJob(t)
	script, err := filepath.Abs(filepath.Join("..", "..", "docs", "ci", "container.sh"))
	if err != nil {
		t.Fatal(err)
	}
	lastNight, err := exec.Command("sh", "-c", "tar -c -T /dev/null | docker import - squall/squall:latest").Output()
	if err != nil {
		t.Fatal(err)
	}
	if code := j.run(t, script, "squall/nightly.yaml", "results"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	j.passed(t, "results")
	if exec.Command("docker", "image", "inspect", strings.TrimSpace(string(lastNight))).Run() == nil {
		t.Error("the image of the night before is still there, without a name")
	}

	network := fmt.Sprintf("squall-test-%d", os.Getpid())
	if out, err := exec.Command("docker", "network", "create", "--subnet", "10.222.222.0/28", "--gateway", "10.222.222.1", network).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", network).Run() })
	for _, c := range []struct {
		network string
		state   host.State
		found   string
	}{
		{network, host.OK, "at 10.222.222.1: the gateway of the network " + network},
		{"host", host.OK, "at 127.0.0.1: squall's own container shares the engine's network"},
		{"none", host.Fail, "squall's own container has no network"},
	} {
		// Its exit code tells of all that a machine can lack.
		out, _ := exec.Command("docker", "run", "--rm", "--network", c.network, "--volume", "/var/run/docker.sock:/var/run/docker.sock", "squall/squall:latest", "doctor", "-o", "json").Output()
		if is := ports(t, out); is.State != c.state || !strings.Contains(is.Found, c.found) {
			t.Errorf("on the network %s: %+v", c.network, is)
		}
	}
}

// An otherEngine is a Docker engine on what is another host in all that matters to its clients: it has its own network, processes, name and runtime folder,
// and sees neither this machine's temporary files nor its engine.
type otherEngine struct{ addr string }

// otherHost makes the host of an engine: $1 is the process in whose network its clients are, $2 the near end of the cable to there, $3 and $4 the addresses
// of the near end and of the host, $5 the engine's data. What it makes ends with its processes.
const otherHost = `set -e
ip link set lo up
ip link add "$2" type veth peer name eth0
ip link set "$2" netns "$1"
nsenter --target "$1" --net sh -c 'ip addr add "$1/30" dev "$0" && ip link set "$0" up' "$2" "$3"
ip addr add "$4/30" dev eth0
ip link set eth0 up
ip route add default via "$3"
echo docker > /proc/sys/kernel/hostname
mkdir -p /var/lib/docker
mount --bind "$5" /var/lib/docker
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs "$TMPDIR"
exec unshare --pid --fork --kill-child --mount-proc dockerd --tls=false --host "tcp://$4:2375"
`

// startEngine starts another engine, which ends with the test.
func startEngine(t *testing.T, dir string) otherEngine {
	t.Helper()
	for _, name := range []string{"dockerd", "ip", "unshare", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			lacks(t, "it takes "+name)
		}
	}
	if os.Getuid() != 0 {
		lacks(t, "it takes root, who alone makes networks and starts engines")
	}
	data := filepath.Join(dir, "engine")
	if err := os.Mkdir(data, 0o711); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer // no file: all that writes to it has ended when it is waited for
	e := otherEngine{addr: "10.222.221.2"}
	cmd := exec.Command("unshare", "--net", "--mount", "--uts", "sh", "-c", otherHost, "host", fmt.Sprint(os.Getpid()), fmt.Sprintf("sq%d", os.Getpid()), "10.222.221.1", e.addr, data)
	cmd.Env = append(os.Environ(), "TMPDIR="+os.TempDir())
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // and with it all of its host
		<-ended
		if t.Failed() {
			t.Logf("the engine said:\n%s", log.Bytes()[max(0, log.Len()-8000):])
		}
	})
	for end := time.Now().Add(time.Minute); e.docker("version").Run() != nil; time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the other engine ended: %v", err)
		default:
		}
		if time.Now().After(end) {
			t.Fatal("the other engine does not answer")
		}
	}
	return e
}

// lacks skips aloud, and fails where a Docker engine is required: where one can be started, so can another.
func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
		t.Fatalf("an engine on another host cannot be tried, and SQUALL_REQUIRE_DOCKER=1: %s", what)
	}
	t.Skipf("NOT TESTED: an engine on another host: %s", what)
}

// docker is the client of the engine.
func (e otherEngine) docker(args ...string) *exec.Cmd {
	c := exec.Command("docker", args...)
	c.Env = append(os.Environ(), "DOCKER_HOST=tcp://"+e.addr+":2375")
	return c
}

// load gives the engine an image that this machine's engine has.
func (e otherEngine) load(t *testing.T, image string) {
	t.Helper()
	began := time.Now()
	save, load := exec.Command("docker", "save", image), e.docker("load")
	r, w := io.Pipe()
	save.Stdout, load.Stdin = w, r
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	err := save.Run()
	_ = w.CloseWithError(err)
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s loaded in %.1f s", image, time.Since(began).Seconds())
}
