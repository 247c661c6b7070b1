package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/faults"
)

// serverVariable makes this program a server of NATS, with the configuration that its last argument names.
const serverVariable = "SQUALL_TEST_NATS"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		if err := embedded.ServeNATS(os.Args[len(os.Args)-1], os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Every fault through the API of NATS on real servers: injected once, with evidence, and the cluster whole after it.
func TestNATS(t *testing.T) {
	if testing.Short() {
		t.Skip("real servers elect leaders for seconds")
	}
	c, err := embedded.NATS(t.Context(), embedded.NATSOptions{Command: []string{os.Args[0]}, Env: []string{serverVariable + "=1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	d, err := nats.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	topic := broker.Topic{Name: "orders", Partitions: 3, Replicas: 3}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(d.CreateTopic(ctx, topic), d.Ready(ctx, topic)); err != nil {
		t.Fatal(err)
	}
	member, err := d.NewConsumer(ctx, topic, broker.ConsumerOptions{Name: "consumer-0", ConsumerSettings: broker.ConsumerSettings{Group: "billing"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(member.Abort)
	coordinated(t, d)
	for _, f := range []struct {
		name, kind string
		set        func(faults.Fault)
		evidence   string
	}{
		{"stream leader", "step-down", nil, "stepped down as leader, and b"},
		{"meta leader", "step-down", func(f faults.Fault) { f.(*faults.StepDown).Of = "controller" }, "stepped down as controller, and b"},
		{"consumer leader", "step-down", func(f faults.Fault) { f.(*faults.StepDown).Of = "coordinator" }, "stepped down as coordinator, and b"},
		{"one subject", "delete-records", func(f faults.Fault) { f.(*faults.DeleteRecords).Partition, f.(*faults.DeleteRecords).Oldest = 1, 1 }, "orders/1: offsets 1 to "},
		{"all subjects", "delete-records", func(f faults.Fault) { f.(*faults.DeleteRecords).Oldest = 1 }, "orders/2: offsets "},
	} {
		t.Run(f.name, func(t *testing.T) {
			kind, _ := faults.FindKind(f.kind)
			step := faults.Step{Name: "f", Kind: f.kind, For: time.Second, Fault: kind.New(), Target: faults.Target{Type: faults.Nowhere}}
			if f.set != nil {
				f.set(step.Fault)
			}
			tl := faults.Timeline{Steps: []faults.Step{step}, Clock: broker.NewClock(), Heal: time.Minute, Topic: topic.Name, Cluster: c, Driver: d, State: d.State}
			state, err := d.State(t.Context())
			if err == nil {
				err = tl.Preflight(state)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := tl.Run(t.Context())
			if err != nil || !got[0].Took() || got[0].Error != "" {
				t.Fatalf("%v, %+v", err, got[0])
			}
			all := strings.Join(got[0].Evidence, "\n")
			if !strings.Contains(all, f.evidence) {
				t.Errorf("no %q in\n%s", f.evidence, all)
			}
			t.Log(all)
			whole(t, c, d)
			coordinated(t, d)
		})
	}
}

// coordinated waits until somebody leads the group's consumer.
func coordinated(t *testing.T, d broker.Driver) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		s, err := d.State(ctx)
		if err == nil && s.Coordinators["billing"] != "" {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("nobody coordinates the group: %+v, %v", s, err)
		}
	}
}
