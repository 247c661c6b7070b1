package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var crashProducerKind = Kind{
	Name:      "crash-producer",
	About:     "ends producing clients without a farewell and with nothing flushed; new ones of the same name come when the fault is over",
	Target:    Clients,
	New:       func() Fault { return &CrashClient{} },
	Survives:  anyTime,
	Affects:   everyPartition,
	Exclusive: true,
	LeavesUp:  true,
	Elsewhere: OwnReach,
	Clients:   broker.Producers,
}

var crashConsumerKind = Kind{
	Name:      "crash-consumer",
	About:     "ends members of the group without a farewell; new ones of the same name join when the fault is over",
	Target:    Clients,
	New:       func() Fault { return &CrashClient{} },
	Survives:  anyTime,
	Affects:   everyPartition,
	Exclusive: true,
	Noticed:   AsMember,
	LeavesUp:  true,
	Elsewhere: OwnReach,
	Clients:   broker.Consumers,
}

// CrashClient ends clients; the way back makes new incarnations.
type CrashClient struct{}

// Inject returns when every client's connections are cut.
func (*CrashClient) Inject(ctx context.Context, v Victims) (Revert, error) {
	return hurtClients(v, func(c broker.Client) error {
		begun := time.Now()
		if err := c.Crash(ctx); err != nil {
			return fmt.Errorf("crash %s: %w", c.Name(), err)
		}
		v.Witness.Effective(time.Now())
		v.Witness.Note("%s: connections cut, nothing flushed, %s after the command", c.Name(), report.Human(time.Since(begun)))
		return nil
	})
}

// hurtClients does the same to every client at once; the way back resumes those to which it was done, and after an error those that are left.
func hurtClients(v Victims, do func(broker.Client) error) (Revert, error) {
	var mu sync.Mutex
	var hurt []broker.Client
	err := eachClient(v.Clients, func(c broker.Client) error {
		if err := do(c); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		hurt = append(hurt, c)
		return nil
	})
	return func(ctx context.Context) error {
		var left []broker.Client
		err := eachClient(hurt, func(c broker.Client) error {
			err := c.Resume(ctx)
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				left = append(left, c)
			}
			return err
		})
		hurt = left
		return err
	}, err
}

// eachClient does the same with every client at once and returns all errors.
func eachClient(clients []broker.Client, do func(broker.Client) error) error {
	var all sync.WaitGroup
	var r rescue
	errs := make([]error, len(clients))
	for i, c := range clients {
		all.Go(r.guard(func() { errs[i] = do(c) }))
	}
	all.Wait()
	r.again()
	return errors.Join(errs...)
}

// anyTime: the cluster serves while the fault lasts.
func anyTime(_, _ []string, _ []broker.PartitionState) bool { return true }

// everyPartition: a client sends to every partition, and which of them a member of a group reads is not known here.
func everyPartition(Victims, broker.PartitionState) bool { return true }
