package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var pauseConsumerKind = Kind{
	Name:      "pause-consumer",
	About:     "holds all connections of members of the group, heartbeats too; one that is held for longer than its session is expelled, and does not know it",
	Target:    Clients,
	New:       func() Fault { return &PauseClient{} },
	Survives:  anyTime,
	Affects:   everyPartition,
	Exclusive: true,
	Noticed:   AsMember,
	LeavesUp:  true,
	Elsewhere: OwnReach,
	Clients:   broker.Consumers,
}

// PauseClient holds clients; the way back lets them go on.
type PauseClient struct{}

// Inject returns when every client's connections are held.
func (*PauseClient) Inject(ctx context.Context, v Victims) (Revert, error) {
	return hurtClients(v, func(c broker.Client) error {
		if err := c.Pause(ctx); err != nil {
			return fmt.Errorf("pause %s: %w", c.Name(), err)
		}
		v.Witness.Effective(time.Now())
		v.Witness.Note("%s: its connections are held", c.Name())
		return nil
	})
}
