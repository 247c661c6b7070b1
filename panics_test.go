package squall_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// A bomb is a driver that panics when it is asked for the cluster's state, once it is armed.
type bomb struct {
	broker.Driver
	armed atomic.Bool
}

func (b *bomb) State(ctx context.Context) (broker.State, error) {
	if b.armed.Load() {
		panic("a bug in the driver")
	}
	return b.Driver.State(ctx)
}

// arming arms a bomb when a fault is in force.
type arming struct{ *bomb }

func (a arming) Observe(e report.Event) {
	if e.Fault != nil && e.Fault.Effective >= 0 {
		a.armed.Store(true)
	}
}

// A panic somewhere in the run ends it with what is broken mended, and goes on as a panic of Run.
func TestPanicHeals(t *testing.T) {
	t.Parallel()
	text := quietly + "faults: [ { name: death, at: 0s, for: 30s, kill: b2 } ]\n"
	s := read(t, text)
	cluster, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 3})
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
	b := &bomb{Driver: driver}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "a bug in the driver") || !strings.Contains(p, "panics_test.go") {
			t.Errorf("it panicked with %s", p)
		}
		if up, err := cluster.Nodes()[1].(broker.Process).Running(context.Background()); err != nil || !up {
			t.Errorf("b2 runs: %v, %v", up, err)
		}
	}()
	_, err = squall.Run(t.Context(), s, squall.Testbed{Kind: kafka.Kind, Cluster: cluster, Driver: b, Clock: clock, Run: run}, arming{b})
	t.Errorf("it returned %v", err)
}
