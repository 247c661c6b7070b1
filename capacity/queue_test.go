package capacity_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A served cluster serves what is produced to it one message after the other, each for the same time: what it carries is known.
type served struct {
	each time.Duration
	mu   sync.Mutex
	free time.Time // when it is done with what it has
}

// serve is a control function for produce requests.
func (s *served) serve(c *embedded.Cluster) func(kmsg.Request) (kmsg.Response, error, bool) {
	fake := c.Fake()
	return func(r kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		n := 0
		for _, t := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range t.Partitions {
				if len(p.Records) >= 61 {
					n += int(binary.BigEndian.Uint32(p.Records[57:61])) // the number of records of a batch of version 2
				}
			}
		}
		s.mu.Lock()
		if now := time.Now(); s.free.Before(now) {
			s.free = now
		}
		s.free = s.free.Add(time.Duration(n) * s.each)
		done := s.free
		s.mu.Unlock()
		fake.SleepControl(func() { time.Sleep(time.Until(done)) })
		return nil, nil, false
	}
}

const real = `
name: served
broker: { kind: kafka, run: embedded, nodes: 1 }
topic: { name: orders, partitions: 2, replicas: 1 }
load:
  rate: 1500/s
  size: 100B
  client: fast
  producers: { count: 1, acks: all, linger: 5ms, delivery-timeout: 10s }
  consumers: { count: 1, group: billing }
expect: [ lost == 0, ack.p99 < 200ms ]
`

// A real run against a broker that serves 2,000 messages a second finds that it does, within 5 %.
func TestFindsTheKneeOfAServedCluster(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") == "" {
		t.Skip("NOT TESTED: it takes four minutes, and SQUALL_SOAK is not set")
	}
	const truth = 2000
	cluster, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close(context.Background()) })
	cluster.Fake().ControlKey(int16(kmsg.Produce), (&served{each: time.Second / truth}).serve(cluster))
	read := func(set ...string) (*scenarios.Scenario, error) {
		return scenarios.Parse("served.yaml", []byte(real), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}, Set: set})
	}
	number := uint64(0x5ca1ab1e)
	run := func(ctx context.Context, s *scenarios.Scenario, _ string) (*report.Report, error) {
		number++
		clock := broker.NewClock()
		driver, err := kafka.New(cluster, s.Settings(), clock, number)
		if err != nil {
			return nil, err
		}
		defer driver.Close()
		return squall.Run(ctx, s, squall.Testbed{Kind: kafka.Kind, Cluster: cluster, Driver: driver, Clock: clock, RunID: s.Topic.Name, Run: number})
	}
	r, err := capacity.Run(t.Context(), capacity.Options{
		Settings: capacity.Settings{From: 500, Resolution: 0.03, Confirm: 1, Settling: 5 * time.Second, Measuring: 15 * time.Second, Most: capacity.DefaultMost},
		Faults:   capacity.FaultsAuto, Scenario: read, Run: run, Code: func(error) report.ExitCode { return report.ExitInternal }, Progress: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	f := r.Curves[0].Found
	t.Logf("%s in %d points, %s", f.Sentence, len(r.Curves[0].Points), r.Took.Round(time.Second))
	if f.Answer != capacity.Bracketed || math.Abs(f.Low-truth) > 0.05*truth {
		t.Errorf("found %g to %g, and it carries %d", f.Low, f.High, truth)
	}
}
