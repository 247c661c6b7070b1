package squall

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

const (
	calibrateAfter = time.Second     // connections and buffers settle
	calibrateFor   = 3 * time.Second // and then it is counted
)

// Calibrate finds how much the scenario's generator can send on this machine: its producers send its messages as fast as a broker takes them that
// forgets what it is told, which bed has to be. Nothing of it is a run's.
func Calibrate(ctx context.Context, s *scenarios.Scenario, bed Testbed) (*report.Calibration, error) {
	topic := s.Topic
	topic.Replicas = 1
	if err := bed.Driver.CreateTopic(ctx, topic); err != nil {
		return nil, fmt.Errorf("calibrate: create topic %s: %w", topic.Name, err)
	}
	o := loadOptions(s, bed)
	o.Pacer, o.Start = loadgen.Max{}, bed.Clock.Now()
	o.Phases = loadgen.NewPhases(report.Phase{Name: string(report.Prepare), Kind: report.Prepare, From: o.Start})
	books := ledger.New(s.Load.Producers.Count, topic.Partitions)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var load sync.WaitGroup
	defer load.Wait()
	for i := range s.Load.Producers.Count {
		sender := loadgen.NewSender(o, i, s.Load.Producers.Count, books.Sender(uint32(i)))
		p, err := bed.Driver.NewProducer(ctx, topic, broker.ProducerOptions{ProducerSettings: s.Load.Producers.ProducerSettings,
			Name: fmt.Sprintf("calibrating-%d", i)}, sender.Outcomes)
		if err != nil {
			stop()
			return nil, fmt.Errorf("calibrate: connect producer %d: %w", i, err)
		}
		load.Go(func() {
			sender.Run(sending, p, 0)
			p.Abort()
		})
	}
	wait(ctx, bed.Clock, o.Start+calibrateAfter)
	before, begun := books.Counts().Acknowledged, bed.Clock.Now()
	wait(ctx, bed.Clock, begun+calibrateFor)
	n, took := books.Counts().Acknowledged-before, bed.Clock.Now()-begun
	stop()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if n == 0 {
		return nil, fmt.Errorf("calibrate: nothing was acknowledged within %s", report.Human(took))
	}
	return &report.Calibration{Ceiling: float64(n) / took.Seconds(), Target: s.PeakRate(), Took: took}, nil
}
