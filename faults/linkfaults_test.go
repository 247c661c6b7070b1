package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// chat keeps asking the first node on the producers' path, on one connection after the other, until ctx ends. It returns how often a dial failed, how
// many connections ended before their first byte, and how many answers came.
func chat(ctx context.Context, c broker.Cluster) (failed, ended, answers int) {
	e := c.Endpoint(broker.Producers)
	dial := e.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		conn, err := dial(ctx, "tcp", e.Addrs[0])
		if err != nil {
			failed++
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
		leave := context.AfterFunc(ctx, func() { _ = conn.Close() })
		_, err = conn.Write(apiVersions)
		if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 4))
		}
		switch {
		case err == nil:
			answers++
		case errors.Is(err, io.EOF):
			ended++
		}
		leave()
		_ = conn.Close()
	}
	return failed, ended, answers
}

// whileInForce has something done side by side from when a fault is in force until it is about to be healed, which waits for it.
func whileInForce(ctx context.Context, times int, do func(context.Context)) func(faults.Transition, report.Fault) {
	ctx, over := context.WithCancel(ctx)
	var all sync.WaitGroup
	return func(what faults.Transition, _ report.Fault) {
		switch what {
		case faults.Effective:
			for range times {
				all.Go(func() { do(ctx) })
			}
		case faults.Healing:
			over()
			all.Wait()
		}
	}
}

// Every fault of links on real sockets: injected on producers -> leader under traffic and reverted, with evidence, and the link whole after it.
func TestLinkFaultsOnRealSockets(t *testing.T) {
	for _, f := range []struct {
		kind     string
		set      func(faults.Fault)
		share    faults.Share
		answers  bool // while it lasts
		evidence string
	}{
		{"latency", func(f faults.Fault) { f.(*faults.Latency).Add = 20 * time.Millisecond }, 0, true, "longer on average"},
		{"latency", func(f faults.Fault) { f.(*faults.Latency).Add = 200 * time.Millisecond }, 0.5, true, "connections that were drawn"},
		{"bandwidth", func(f faults.Fault) { f.(*faults.Bandwidth).Rate = 20 << 10 }, 0, true, "together within 20KiB/s each"},
		{"blackhole", nil, 0, false, "nothing passed for"},
		{"blackhole", nil, 0.5, true, "nothing passed for"},
		{"refuse", nil, 0, false, "no connection was accepted for"},
		{"refuse", nil, 0.5, true, "no connection was accepted for"},
		{"reset", nil, 0, false, "connections were reset"},
		{"reset", func(f faults.Fault) { f.(*faults.Reset).After = time.Millisecond }, 0, true, "connections were reset"},
		{"limit-data", func(f faults.Fault) { f.(*faults.LimitData).Limit = 40 }, 0, true, "connections were closed at 40B"},
		{"slow-close", func(f faults.Fault) { f.(*faults.SlowClose).Delay = 300 * time.Millisecond }, 0, true, "connections ended 300ms later"},
		{"slice", func(f faults.Fault) { f.(*faults.Slice).Size = 5 }, 0, true, "pieces of 5 B on average"},
		{"flap", func(f faults.Fault) {
			f.(*faults.Flap).Down, f.(*faults.Flap).Up = 500*time.Millisecond, 400*time.Millisecond
		}, 0, true, "cut 2 times by blackhole"},
	} {
		t.Run(fmt.Sprint(f.kind, " ", f.share), func(t *testing.T) {
			t.Parallel()
			c, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(context.WithoutCancel(t.Context()))
			kind, _ := faults.FindKind(f.kind)
			step := faults.Step{Name: "f", At: 300 * time.Millisecond, For: 1500 * time.Millisecond, Kind: f.kind, Fault: kind.New()}
			if f.set != nil {
				f.set(step.Fault)
			}
			topic := broker.Topic{Name: "orders", Partitions: 1, Replicas: 1}
			if step.Target, err = faults.ParseLink("producers -> leader", "", faults.BothHalves, faults.Place{Nodes: []string{"b1"}, Topic: topic}); err != nil {
				t.Fatal(err)
			}
			step.Target.Share = f.share
			state := func(context.Context) (broker.State, error) {
				return broker.State{Nodes: []string{"b1"}, Partitions: []broker.PartitionState{
					{Topic: "orders", Leader: "b1", Replicas: []string{"b1"}, InSync: []string{"b1"}}}}, nil
			}
			tl := faults.Timeline{Steps: []faults.Step{step}, Clock: broker.NewClock(), Heal: time.Minute, Topic: topic.Name, Cluster: c, State: state}
			ctx, stop := context.WithCancel(t.Context())
			var talking sync.WaitGroup
			for range 3 {
				talking.Go(func() { chat(ctx, c) })
			}
			var answered atomic.Int64
			tl.Told = whileInForce(t.Context(), 4, func(ctx context.Context) { // of a share of connections, one talker may draw nothing else
				failed, ended, answers := chat(ctx, c)
				t.Logf("while it lasted: %d dials failed, %d connections ended before their first byte, %d answers", failed, ended, answers)
				answered.Add(int64(answers))
			})
			got, err := tl.Run(t.Context())
			stop()
			talking.Wait()
			if err != nil || !got[0].Took() {
				t.Fatalf("%v, %+v", err, got[0])
			}
			all := strings.Join(got[0].Evidence, "\n")
			if n := answered.Load(); (n > 0) != f.answers || !strings.Contains(all, f.evidence) {
				t.Errorf("%d answers came, and the evidence wants %q:\n%s", n, f.evidence, all)
			}
			if _, err := roundTrip(t, c, 10*time.Second); err != nil {
				t.Errorf("no answer after it was reverted: %v", err)
			}
			t.Log(all)
		})
	}
}
