package faults_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// Every fault of nodes, disks and resources on real brokers: injected and reverted once, with evidence, and the cluster whole after it.
func TestContainersNodes(t *testing.T) {
	settings := broker.Settings{Nodes: 3, Config: map[string]string{
		"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500", // a node that was killed is let in again only when its session is over
	}}
	topic := broker.Topic{Name: "orders", Partitions: 3, Replicas: 3, Config: map[string]string{"min.insync.replicas": "2"}}
	c, d := pods(t, settings)
	if err := errors.Join(d.CreateTopic(t.Context(), topic), d.Ready(t.Context(), topic)); err != nil {
		t.Fatal(err)
	}
	place := faults.Place{Nodes: []string{"b1", "b2", "b3"}, Topic: topic}
	for _, f := range []struct {
		kind, node string
		lasts      time.Duration
		set        func(faults.Fault)
		evidence   string
	}{
		{"kill", "b1", 4 * time.Second, nil, "b1: process gone"},
		{"stop", "b2", time.Second, nil, "exit code 143"},
		{"pause", "b3", 2 * time.Second, nil, "had 0s of a processor while it was held"},
		{"restart", "b1", time.Second, nil, "runs again"},
		{"crash-loop", "b2", 4 * time.Second, func(f faults.Fault) { f.(*faults.CrashLoop).Every = 3 * time.Second }, "crashed 2 times"},
		{"power-off", "b3", 4 * time.Second, func(f faults.Fault) { f.(*faults.PowerOff).Unflushed = "lost" }, "orders-"},
		{"wipe", "b1", time.Second, nil, "the disk is empty"},
		{"damage-disk", "b2", 4 * time.Second, func(f faults.Fault) { f.(*faults.DamageDisk).Files, f.(*faults.DamageDisk).Remove = "*.index", true }, "removed"},
		{"throttle-cpu", "b3", 3 * time.Second, func(f faults.Fault) { f.(*faults.ThrottleCPU).To = 0.02 }, "kept waiting for one"},
		{"limit-memory", "b1", 2 * time.Second, func(f faults.Fault) { f.(*faults.LimitMemory).To = 700 << 20 }, "limited to 700MiB"},
		{"rolling", "all", 12 * time.Second, func(f faults.Fault) { f.(*faults.Rolling).Every = time.Second }, "b3: process gone"},
	} {
		t.Run(f.kind, func(t *testing.T) {
			kind, _ := faults.FindKind(f.kind)
			step := faults.Step{Name: "f", Kind: f.kind, For: f.lasts, Fault: kind.New()}
			if f.set != nil {
				f.set(step.Fault)
			}
			var err error
			if step.Target, err = faults.ParseNode(f.node, place); err != nil {
				t.Fatal(err)
			}
			clock := broker.NewClock()
			tl := faults.Timeline{Steps: []faults.Step{step}, Clock: clock, Heal: time.Minute, Topic: topic.Name, Cluster: c, Driver: d, State: d.State}
			began := time.Now()
			got, err := tl.Run(t.Context())
			if err != nil || !got[0].Took() {
				t.Fatalf("%v, %+v", err, got[0])
			}
			reverted := time.Since(began)
			if all := strings.Join(got[0].Evidence, "\n"); !strings.Contains(all, f.evidence) {
				t.Errorf("no %q in\n%s", f.evidence, all)
			}
			whole(t, c, d)
			time.Sleep(3 * time.Second)
			for _, n := range c.Nodes() { // the state may be older than a death
				if running, err := n.(broker.Process).Running(t.Context()); err != nil || !running {
					log, _ := n.(broker.Logger).Log(t.Context(), 40)
					t.Fatalf("%s died: %v\n%s", n.Name(), err, strings.Join(log, "\n"))
				}
			}
			t.Logf("reverted after %v, whole after %v; %s", reverted.Round(time.Millisecond), time.Since(began).Round(time.Millisecond),
				strings.Join(got[0].Evidence[:min(3, len(got[0].Evidence))], "; "))
		})
	}
}

// whole waits until every node is there and every replica in sync.
func whole(t *testing.T, c broker.Cluster, d broker.Driver) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		s, err := d.State(ctx)
		if err == nil && len(s.Nodes) == len(c.Nodes()) && s.FullyInSync() {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("not whole after a minute: %+v, %v", s, err)
		}
	}
}

// pods starts a cluster in containers, and its driver. It skips aloud where no container engine answers, unless that is required.
func pods(t *testing.T, s broker.Settings) (broker.Cluster, broker.Driver) {
	t.Helper()
	if os.Getenv("SQUALL_NO_DOCKER") == "1" {
		t.Skip("NOT TESTED: SQUALL_NO_DOCKER=1")
	}
	o := testcontainers.Options{Nodes: s.Nodes, Config: s.Config, Sidecar: os.Getenv("SQUALL_EXECUTABLE")}
	if o.Sidecar == "" {
		o.Sidecar = filepath.Join(t.TempDir(), "sidecar")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", o.Sidecar, "../testcontainers/testdata/sidecar")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the sidecar: %v\n%s", err, out)
		}
	}
	c, err := testcontainers.Kafka(t.Context(), o)
	if lacking := new(testcontainers.EnvironmentError); errors.As(err, &lacking) && os.Getenv("SQUALL_REQUIRE_DOCKER") != "1" {
		t.Skipf("NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	d, err := kafka.New(c, s, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return c, d
}
