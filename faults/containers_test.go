package faults_test

import (
	"context"
	"errors"
	"strings"
	"sync"
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
	t.Run("links", func(t *testing.T) { linkFaults(t, c, d, place) })
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

// linkFaults has every fault of links injected and reverted once on three real links side by side: a client's, one of replication and one of the quorum.
// Afterwards all links carry what they carried before, and keep nothing back.
func linkFaults(t *testing.T, c broker.Cluster, d broker.Driver, place faults.Place) {
	state, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	voter := "b3"
	if state.Controller == voter {
		voter = "b2"
	}
	ends := func(k string) bool { return k != "slow-close" } // brokers keep their connections to each other
	var steps []faults.Step
	for i, f := range linkFaultKinds {
		for _, on := range []struct {
			link, plane string
			can         bool
		}{{"producers -> b1", "", true}, {"b2 -> b1", broker.PlaneData, ends(f.kind)}, {voter + " -> " + state.Controller, broker.PlaneControl, ends(f.kind)}} {
			kind, _ := faults.FindKind(f.kind)
			step := faults.Step{Name: f.kind + " " + on.link, Kind: f.kind, At: time.Duration(i) * 2500 * time.Millisecond, For: 1500 * time.Millisecond, Fault: kind.New()}
			if f.set != nil {
				f.set(step.Fault)
			}
			if step.Target, err = faults.ParseLink(on.link, on.plane, faults.BothHalves, place); err != nil {
				t.Fatal(err)
			}
			if on.can {
				steps = append(steps, step)
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var talking sync.WaitGroup
	talking.Go(func() { chat(ctx, c) })
	before := carried(t, c)
	tl := faults.Timeline{Steps: steps, Clock: broker.NewClock(), Heal: time.Minute, Topic: place.Topic.Name, Cluster: c, Driver: d, State: d.State}
	got, err := tl.Run(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, f := range got {
		t.Logf("%s: %s", f.Name, strings.Join(f.Evidence, "; "))
		if !f.Took() || f.Error != "" {
			t.Errorf("%s: %s", f.Name, f.Error)
		}
	}
	whole(t, c, d)
	after := carried(t, c)
	for name, was := range before {
		now := after[name]
		if was.Pieces > 0 && (now.Pieces == 0 || now.Sum/time.Duration(now.Pieces) > 10*time.Millisecond) {
			t.Errorf("%s is not what it was: %+v, and before %+v", name, now, was)
		}
	}
	stop()
	talking.Wait()
}

var linkFaultKinds = []struct {
	kind string
	set  func(faults.Fault)
}{
	{"latency", func(f faults.Fault) { f.(*faults.Latency).Add = 20 * time.Millisecond }},
	{"bandwidth", func(f faults.Fault) { f.(*faults.Bandwidth).Rate = 20 << 10 }},
	{"slice", func(f faults.Fault) { f.(*faults.Slice).Size = 5 }},
	{"blackhole", nil},
	{"refuse", nil},
	{"reset", nil},
	{"limit-data", func(f faults.Fault) { f.(*faults.LimitData).Limit = 20 }},
	{"slow-close", func(f faults.Fault) { f.(*faults.SlowClose).Delay = 300 * time.Millisecond }},
	{"flap", func(f faults.Fault) {
		f.(*faults.Flap).Down, f.(*faults.Flap).Up = 500*time.Millisecond, 300*time.Millisecond
	}},
}

// carried returns what passes the requests of each link in three seconds.
func carried(t *testing.T, c broker.Cluster) map[string]broker.Kept {
	t.Helper()
	all := map[string]broker.Kept{}
	for _, back := range []bool{true, false} {
		for _, l := range c.Links() {
			now, err := l.Traffic(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			name, k := l.From()+" -> "+l.To()+" "+l.Plane(), now.RequestsKept
			all[name] = broker.Kept{Pieces: k.Pieces - all[name].Pieces, Sum: k.Sum - all[name].Sum}
		}
		if back {
			time.Sleep(3 * time.Second)
		}
	}
	return all
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
	c := inPods(t, testcontainers.Options{Nodes: s.Nodes, Config: s.Config})
	d, err := kafka.New(c, s, broker.NewClock(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return c, d
}
