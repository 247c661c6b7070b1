package squall_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// A real broker stands still for 5 s of 30. Of all messages one in a hundred waits longer than 5 s less 1 % of 30 s, whatever the rate: latency that
// counts from due must say so within 2 %. Service time, which counts from the hand-over, is printed beside it.
func TestSoakStall(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" || os.Getenv("SQUALL_EXECUTABLE") == "" {
		t.Skip("long, and with a real broker: make soak")
	}
	const stall, whole = 5 * time.Second, 30 * time.Second
	s, err := scenarios.Parse("stall.yaml", []byte(`
name: stall
broker: { kind: kafka, run: containers, nodes: 1 }
topic: { name: orders, partitions: 1, replicas: 1 }
load:
  rate: 500/s
  size: 100B
  client: fast
  producers: { count: 1, acks: all, linger: 5ms }
  consumers: { count: 1, group: billing }
phases: { warm-up: 15s, baseline: 30s, recovery: 1s }
`), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := testcontainers.Start(t.Context(), testcontainers.Options{Nodes: 1, Sidecar: os.Getenv("SQUALL_EXECUTABLE")})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close(context.Background())
	clock := broker.NewClock()
	driver, err := kafka.New(cluster, s.Settings(), clock, run)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	r, err := squall.Run(t.Context(), s, squall.Testbed{Kind: kafka.Kind, Cluster: cluster, Driver: driver, Clock: clock, RunID: "stall", Run: run},
		&stiller{t: t, node: cluster.Nodes()[0], wait: 10 * time.Second, stall: stall})
	if err != nil {
		t.Fatal(err)
	}
	ack := r.LatencyDuring("baseline", func(l *report.Latency) *report.Histogram { return &l.Ack })
	service := r.LatencyDuring("baseline", func(l *report.Latency) *report.Histogram { return &l.Service })
	want := stall - whole/100
	got := ack.Quantile(0.99).Value
	t.Logf("p99 from due %v, closed form %v (%+.2f %%); service time p99 %v", got, want, 100*(float64(got)/float64(want)-1), service.Quantile(0.99))
	if got < want*98/100 || got > want*102/100 {
		t.Errorf("p99 from due is %v, want %v within 2 %%", got, want)
	}
}

// A stiller makes a node stand still some time after the baseline began.
type stiller struct {
	t           *testing.T
	node        broker.Node
	wait, stall time.Duration
}

func (s *stiller) Observe(e report.Event) {
	if e.Phase == nil || e.Phase.Kind != report.Baseline {
		return
	}
	time.AfterFunc(s.wait, func() {
		began := time.Now()
		if err := s.node.Pause(context.Background()); err != nil {
			s.t.Error(err)
		}
		time.Sleep(s.stall - time.Since(began)/2)
		if err := s.node.Resume(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
}
