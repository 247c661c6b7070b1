package faults_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// Every fault through the API of RabbitMQ on real nodes: injected and reverted once, with evidence, and the cluster whole after it.
func TestContainersRabbitMQ(t *testing.T) {
	topic := broker.Topic{Name: "orders", Partitions: 3, Replicas: 3}
	c, d := rabbits(t, broker.Settings{Nodes: 3, Topic: topic})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := errors.Join(d.CreateTopic(ctx, topic), d.Ready(ctx, topic)); err != nil {
		t.Fatal(err)
	}
	place := faults.Place{Nodes: []string{"b1", "b2", "b3"}, Topic: topic}
	for _, f := range []struct {
		kind, node string
		set        func(faults.Fault)
		evidence   []string
	}{
		{"step-down", "", nil, []string{"stepped down as leader, and b"}},
		{"memory-alarm", "b2", nil, []string{"b2: memory alarm on, by vm_memory_high_watermark 0, which was ", "b2: memory alarm still on after "}},
		{"disk-alarm", "all", nil, []string{"b1: disk alarm on, by disk_free_limit ", "b3: disk alarm still on after "}},
		{"alter-config", "", func(f faults.Fault) { f.(*faults.AlterConfig).Setting, f.(*faults.AlterConfig).To = "max-length", "7" },
			[]string{"max-length is 7 in force on 3 nodes; set before: not set", "max-length is as it was: not set"}},
		{"delete-queue", "", func(f faults.Fault) { f.(*faults.DeleteQueue).Partition = 1 }, []string{"the queue of orders/1 is deleted; messages in it that nobody had been given: 1"}},
		{"recreate-topic", "", nil, []string{"orders was 3 queues with 2 messages, and is 3 empty ones now"}},
	} {
		t.Run(f.kind, func(t *testing.T) {
			kind, _ := faults.FindKind(f.kind)
			step := faults.Step{Name: "f", Kind: f.kind, For: time.Second, Fault: kind.New(), Target: faults.Target{Type: faults.Nowhere}}
			if f.set != nil {
				f.set(step.Fault)
			}
			if f.node != "" {
				var err error
				if step.Target, err = faults.ParseNode(f.node, place); err != nil {
					t.Fatal(err)
				}
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
			if i := slices.IndexFunc(f.evidence, func(line string) bool { return !strings.Contains(all, line) }); i >= 0 {
				t.Errorf("no %q in\n%s", f.evidence[i], all)
			}
			t.Log(all)
			whole(t, c, d)
			for _, n := range c.Nodes() {
				if on, err := d.(broker.Alarmer).Alarms(t.Context(), n.Name()); err != nil || len(on) > 0 {
					t.Errorf("%s is left with the alarms %v, %v", n.Name(), on, err)
				}
			}
		})
	}
	t.Run("cancel-consumer", func(t *testing.T) { cancelConsumers(t, c, d, topic) })
	t.Run("what is not done is told", func(t *testing.T) { notDone(t, c, d, topic) })
}

// Consumers of one queue, at two nodes, are cancelled twice and come again each time; those of the others are left alone.
func cancelConsumers(t *testing.T, c broker.Cluster, d broker.Driver, topic broker.Topic) {
	var mu sync.Mutex
	revoked, again := map[string]int{}, 0
	listen := func(e broker.ClientEvent) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case e.Kind == broker.Revoked:
			revoked[e.Detail]++
		case e.Kind == broker.Assigned && strings.HasSuffix(e.Detail, " again"):
			again++
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	have := func(partition int32, want int) bool {
		n, err := d.(broker.ConsumerCanceller).Consumers(ctx, topic.Name, partition)
		return err == nil && n == want
	}
	var members []broker.Consumer
	for _, name := range []string{"consumer-0", "consumer-1"} {
		o := broker.ConsumerOptions{Name: name, Events: listen, ConsumerSettings: broker.ConsumerSettings{Group: "billing"}}
		consumer, err := d.NewConsumer(ctx, topic, o)
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Abort()
		members = append(members, consumer)
	}
	within(t, ctx, "the queues have their consumers", func() bool { return have(0, 2) && have(1, 2) && have(2, 2) })
	for round := 1; round <= 2; round++ {
		step := faults.Step{Name: "f", Kind: "cancel-consumer", For: 3 * time.Second, Fault: &faults.CancelConsumer{Partition: 1}, Target: faults.Target{Type: faults.Nowhere}}
		tl := faults.Timeline{Steps: []faults.Step{step}, Clock: broker.NewClock(), Heal: time.Minute, Topic: topic.Name, Cluster: c, Driver: d, State: d.State}
		got, err := tl.Run(ctx)
		if err != nil || !got[0].Took() || got[0].Error != "" || got[0].Evidence[0] != "cancelled 2 consumers of orders/1" {
			t.Fatalf("%v, %+v", err, got[0])
		}
		t.Log(strings.Join(got[0].Evidence, "\n"))
		within(t, ctx, "the consumers are back", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return again == 2*round && have(1, 2)
		})
	}
	for _, m := range members {
		m.Abort()
	}
	within(t, ctx, "the queues have no consumers", func() bool { return have(0, 0) && have(1, 0) && have(2, 0) })
	mu.Lock()
	defer mu.Unlock()
	if len(revoked) != 1 || revoked["orders.1: the broker ended the subscription (basic.cancel)"] != 4 {
		t.Errorf("told: %v", revoked)
	}
}

// within waits for what has to come before ctx ends.
func within(t *testing.T, ctx context.Context, what string, done func() bool) {
	t.Helper()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// An alarm that is on already, a limit that another cause keeps the alarm on for, and a queue that is not there: a fault that did not take effect says so.
func notDone(t *testing.T, c broker.Cluster, d broker.Driver, topic broker.Topic) {
	v := faults.Victims{Nodes: c.Nodes()[:1], Driver: d, Cluster: c, Topic: topic.Name}
	alarm, _ := faults.FindKind("memory-alarm")
	first, err := alarm.New().Inject(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	second, err := alarm.New().Inject(t.Context(), v)
	if err == nil || !strings.Contains(err.Error(), "b1 has a memory alarm already") {
		t.Errorf("a second alarm: %v", err)
	}
	if err := errors.Join(second(t.Context()), first(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := (&faults.CancelConsumer{Partition: 1}).Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "nobody consumes from orders/1") {
		t.Errorf("consumers that there are not are cancelled: %v", err)
	}
	gone := &faults.DeleteQueue{Partition: 2}
	back, err := gone.Inject(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	again, err := gone.Inject(t.Context(), v)
	if err == nil || !strings.Contains(err.Error(), "delete the queue of orders/2") {
		t.Errorf("a queue that is not there is deleted: %v", err)
	}
	if err := errors.Join(again(t.Context()), back(t.Context())); err != nil {
		t.Error(err)
	}
	whole(t, c, d)
}

// rabbits starts nodes in containers, and their driver. It skips aloud where no container engine answers, unless that is required.
func rabbits(t *testing.T, s broker.Settings) (broker.Cluster, broker.Driver) {
	t.Helper()
	c := inPods(t, testcontainers.Options{Kind: "rabbitmq", Nodes: s.Nodes, Config: s.Config})
	d, err := rabbitmq.New(c, s, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return c, d
}

// inPods starts a cluster in containers.
func inPods(t *testing.T, o testcontainers.Options) broker.Cluster {
	t.Helper()
	if os.Getenv("SQUALL_NO_DOCKER") == "1" {
		t.Skip("NOT TESTED: SQUALL_NO_DOCKER=1")
	}
	if o.Sidecar = os.Getenv("SQUALL_EXECUTABLE"); o.Sidecar == "" {
		o.Sidecar = filepath.Join(t.TempDir(), "sidecar")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", o.Sidecar, "../testcontainers/testdata/sidecar")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the sidecar: %v\n%s", err, out)
		}
	}
	c, err := testcontainers.Start(t.Context(), o)
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
	return c
}
