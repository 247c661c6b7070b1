package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var connectionStormKind = Kind{
	Name:      "connection-storm",
	About:     "opens connections to nodes on the producers' way, says on each what clients say first, keeps it for a while, and closes it: clients that all come back at once",
	Target:    Nodes,
	New:       func() Fault { return &ConnectionStorm{Rate: 100, Keep: 2 * time.Second} },
	Survives:  anyTime,
	Affects:   holdsReplica,
	LeavesUp:  true,
	Elsewhere: WideReach,
}

// ConnectionStorm opens and closes connections.
type ConnectionStorm struct {
	Rate int           // connections per second and node
	Keep time.Duration // how long each is open
}

// mostOpen bounds the connections that one storm has open at once, to all its nodes together: squall's own files are not to run out.
const mostOpen = 2000

// Params are rate and keep.
func (c *ConnectionStorm) Params() []Param {
	return []Param{
		{Name: "rate", About: "connections made in a second to each node", Value: &c.Rate},
		{Name: "keep", About: "how long each is kept", Value: &c.Keep},
	}
}

// Check wants connections.
func (c *ConnectionStorm) Check() error {
	if c.Rate <= 0 || c.Rate > mostOpen || c.Keep <= 0 {
		return fmt.Errorf("write how many connections a second, from 1 to %d, and how long each is kept, as in rate: 100, keep: 2s", mostOpen)
	}
	return c.CheckVictims(1)
}

// CheckVictims bounds what is open at once.
func (c *ConnectionStorm) CheckVictims(most int) error {
	if open := float64(most) * float64(c.Rate) * c.Keep.Seconds(); open > mostOpen {
		return fmt.Errorf("%s connections would be open at once (nodes × rate × keep), and %s may be; lower rate or keep, or aim it at fewer nodes",
			report.Thousands(uint64(open)), report.Thousands(mostOpen))
	}
	return nil
}

// Inject returns when the first connection to each node is made.
func (c *ConnectionStorm) Inject(ctx context.Context, v Victims) (Revert, error) {
	aside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var blowing sync.WaitGroup
	var errs []error
	storms := v.storms()
	firsts := make([]*guest, len(storms))
	for i, s := range storms {
		var err error
		firsts[i], err = s.connect(ctx)
		errs = append(errs, err)
	}
	back := func(context.Context) error {
		stop()
		blowing.Wait()
		for _, s := range storms {
			s.tell(v.Witness)
		}
		storms = nil
		return nil
	}
	if err := errors.Join(errs...); err != nil {
		for _, g := range firsts {
			if g != nil {
				g.Close()
			}
		}
		return back, err
	}
	v.Witness.Effective(time.Now())
	for i, s := range storms {
		blowing.Go(func() { v.goOn(func() { s.blow(aside, firsts[i], c.Rate, c.Keep) }) })
	}
	return back, nil
}

// storms are what goes to each victim.
func (v Victims) storms() (all []*storm) {
	e := v.Cluster.Endpoint(broker.Producers)
	dial := e.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	greeter, _ := v.Driver.(broker.Greeter)
	room := make(chan struct{}, mostOpen)
	for i, n := range v.Cluster.Nodes() {
		if slices.Contains(nodeNames(v.Nodes), n.Name()) {
			all = append(all, &storm{node: n.Name(), addr: e.Addrs[i], dial: dial, greeter: greeter, room: room, goOn: v.goOn, made: newTimes(), answered: newTimes()})
		}
	}
	return all
}
