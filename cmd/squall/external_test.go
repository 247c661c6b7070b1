package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/testcontainers"
)

const externalScenario = `name: elsewhere
broker:
  kind: kafka
  run: external
  nodes: 3
  external:
    bootstrap: [ %q ]
    cluster-id: %q
    max-rate: 300/s
    commands:
%s
topic: { name: squall-orders, partitions: 3, replicas: 3, config: { min.insync.replicas: 2 } }
load:
  rate: 300/s
  size: 200B
  client: fast
  producers: { count: 1, acks: all, idempotent: true, linger: 20ms }
  consumers: { count: 1, group: squall-billing }
phases: { warm-up: 2s, baseline: 5s, recovery: 6s }
faults: [ { name: death, at: 0s, for: 8s, %s: leader } ]
expect: [ lost == 0, duplicates == 0, reordered == 0, recovery.service < 30s of death ]
`

// A real cluster that squall's process did not start: its leader is killed by commands, the outage is measured and explained by the timer that was found on the
// brokers, and nothing is left behind.
func TestExternal(t *testing.T) {
	program := needDocker(t)
	c, run := othersCluster(t, program)
	seed := c.Endpoint(broker.Observer).Addrs[1]
	found, err := kafka.Discover(t.Context(), broker.Endpoint{Addrs: []string{seed}})
	if err != nil {
		t.Fatal(err)
	}
	text := func(act, commands string) string {
		return fmt.Sprintf(externalScenario, seed, found.ClusterID, commands, act)
	}
	t.Run("kill", func(t *testing.T) { killed(t, c, text("kill", actsOn(t, run, "kill", "start"))) })
	t.Run("pause", func(t *testing.T) {
		p := squallRun(t, text("pause", actsOn(t, run, "pause", "unpause")), "--allow-exec", "--ui", "none")
		if code := p.wait(); code != report.ExitPass {
			t.Fatalf("exit code %d: %s", code, verdictOf(p))
		}
		if f := p.report().Faults[0]; f.Effective == report.Never || f.Healed == report.Never || !strings.Contains(strings.Join(f.Evidence, "\n"), "held") {
			t.Errorf("%+v", f)
		}
	})
	t.Run("another", func(t *testing.T) {
		p := squallRun(t, text("kill", actsOn(t, run, "kill", "start")), "--allow-exec", "--set", "broker.external.cluster-id=another")
		if code := p.wait(); code != report.ExitEnvironment || !strings.Contains(p.stderr.String(), found.ClusterID) {
			t.Errorf("exit code %d: %s", code, p.stderr.String())
		}
	})
	vacant(t, c)
}

func killed(t *testing.T, c broker.Cluster, text string) {
	p := squallRun(t, text, "--allow-exec", "--ui", "none")
	if code := p.wait(); code != report.ExitPass {
		t.Fatalf("exit code %d: %s", code, verdictOf(p))
	}
	r := p.report()
	f := r.Faults[0]
	if len(f.Victims) != 1 || f.Effective == report.Never || f.Healed == report.Never || !strings.Contains(strings.Join(f.Evidence, "\n"), "process gone") {
		t.Errorf("%+v", f)
	}
	if r.Safety.Acknowledged == 0 || r.Safety.Lost != 0 {
		t.Errorf("%d acknowledged, %d lost", r.Safety.Acknowledged, r.Safety.Lost)
	}
	told := false
	for _, timer := range r.Run.Timers {
		told = told || timer.Name == "broker.session.timeout.ms" && timer.Value.Milliseconds() == 4000
	}
	if !told {
		t.Errorf("the brokers' own timer is not told: %+v", r.Run.Timers)
	}
	if all := strings.Join(r.Findings, "\n"); !strings.Contains(all, "topic squall-orders") || !strings.Contains(all, "group squall-billing") || !strings.Contains(all, "not started by squall") {
		t.Errorf("findings %q", r.Findings)
	}
	vacant(t, c)
}

// othersCluster starts a cluster as somebody else would have.
func othersCluster(t *testing.T, program string) (broker.Cluster, string) {
	t.Helper()
	run := fmt.Sprintf("others-%d", os.Getpid())
	c, err := testcontainers.Start(t.Context(), testcontainers.Options{Kind: "kafka", RunID: run, Nodes: 3, Image: brokerImage(t), Pull: "never", Sidecar: program,
		Config: map[string]string{"broker.session.timeout.ms": "4000"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c, run
}

// actsOn are the commands of the nodes' containers.
func actsOn(t *testing.T, run, there, back string) string {
	t.Helper()
	acts := map[string]string{"kill": "kill", "start": "start", "pause": "pause", "unpause": "resume"}
	var b strings.Builder
	for _, node := range []string{"b1", "b2", "b3"} {
		out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=dev.squall.run="+run, "--filter", "label=dev.squall.role=broker", "--filter", "label=dev.squall.node="+node).Output()
		id := strings.TrimSpace(string(out))
		if err != nil || id == "" || strings.Contains(id, "\n") {
			t.Fatalf("the container of %s: %q, %v", node, id, err)
		}
		fmt.Fprintf(&b, "      %s: { %s: [docker, %s, %q], %s: [docker, %s, %q] }\n", node, acts[there], there, id, acts[back], back, id)
	}
	return b.String()
}

// vacant checks that nothing of squall's is left on the cluster.
func vacant(t *testing.T, c broker.Cluster) {
	t.Helper()
	d, err := kafka.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.(broker.Tenant).Vacant(t.Context(), "squall-orders", "squall-billing"); err != nil {
		t.Error(err)
	}
}

// verdictOf says why a run came to what it did.
func verdictOf(p *process) string {
	b, _ := os.ReadFile(filepath.Join(p.out, "report.md"))
	return p.stderr.String() + string(b)
}
