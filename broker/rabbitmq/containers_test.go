package rabbitmq_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/brokertest"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/testcontainers"
)

const run = 0x5ca1ab1e

// TestContainers is skipped aloud where no container engine answers, unless that is required.
func TestContainers(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) (broker.Cluster, broker.Driver) {
		c := pods(t, testcontainers.Options{Kind: "rabbitmq", Nodes: 3})
		d, err := rabbitmq.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), run)
		if err != nil {
			t.Fatal(err)
		}
		return c, d
	}, brokertest.Options{Run: run, Session: 3 * time.Second, Failover: 30 * time.Second, Consumed: true})
}

// TestStreamsInContainers is the same on streams.
func TestStreamsInContainers(t *testing.T) {
	topic := map[string]string{"queue-type": "stream"}
	brokertest.Run(t, func(t *testing.T) (broker.Cluster, broker.Driver) {
		c := pods(t, testcontainers.Options{Kind: "rabbitmq", Nodes: 3})
		d, err := rabbitmq.New(c, broker.Settings{Nodes: 3, Topic: broker.Topic{Config: topic}}, broker.NewClock(), run)
		if err != nil {
			t.Fatal(err)
		}
		return c, d
	}, brokertest.Options{Run: run, Topic: topic, Session: 3 * time.Second, Failover: 30 * time.Second, Groupless: true})
}

// pods starts a cluster in containers.
func pods(t *testing.T, o testcontainers.Options) broker.Cluster {
	t.Helper()
	if os.Getenv("SQUALL_NO_DOCKER") == "1" {
		t.Skip("NOT TESTED: SQUALL_NO_DOCKER=1")
	}
	if o.Sidecar = os.Getenv("SQUALL_EXECUTABLE"); o.Sidecar == "" {
		o.Sidecar = filepath.Join(t.TempDir(), "sidecar")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", o.Sidecar, "../../testcontainers/testdata/sidecar")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the sidecar: %v\n%s", err, out)
		}
	}
	o.Progress = func(s string) { t.Log(s) }
	began := time.Now()
	c, err := testcontainers.Start(t.Context(), o)
	if lacking := new(testcontainers.EnvironmentError); errors.As(err, &lacking) && os.Getenv("SQUALL_REQUIRE_DOCKER") != "1" {
		t.Skipf("NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the brokers listen after %v", time.Since(began))
	return c
}
