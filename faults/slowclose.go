package faults

import (
	"context"
	"errors"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var slowCloseKind = Kind{
	Name:     "slow-close",
	About:    "tells the other side late that a connection has ended: it is taken for open meanwhile",
	Target:   Links,
	New:      func() Fault { return &SlowClose{} },
	Survives: anyTime,
	Affects:  onLink,
}

// SlowClose passes on the end of connections late, on the victims' halves: on requests, that of those who dialed.
type SlowClose struct {
	Delay time.Duration
}

// Params is delay.
func (s *SlowClose) Params() []Param {
	return []Param{{Name: "delay", About: "how much later the other side learns of it", Value: &s.Delay}}
}

// Check wants a delay.
func (s *SlowClose) Check() error {
	if s.Delay <= 0 {
		return errors.New("slow-close without a delay; write how much later, as in delay: 5s")
	}
	return nil
}

// Inject returns when the last of the links keeps the end of connections back.
func (s *SlowClose) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Close: s.Delay}), judge{
		obeyed: func(sp span) error {
			v.Witness.Note("%s: %d connections ended %s later", linkName(sp.link), sp.late(), report.Human(s.Delay))
			return nil
		},
		felt:   func(sp span) bool { return sp.late() > 0 },
		unfelt: "no connection ended while it lasted, or none so early that its end could be late",
	})
}
