package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var bandwidthKind = Kind{
	Name:     "bandwidth",
	About:    "limits how much passes each connection of a link in a second, on each half",
	Target:   Links,
	New:      func() Fault { return &Bandwidth{} },
	Survives: anyTime,
	Affects:  onLink,
}

// Bandwidth limits the rate of each connection, on each half of the victims' links.
type Bandwidth struct {
	Rate BytesPerSecond // of each connection and half
}

// Params is rate.
func (b *Bandwidth) Params() []Param {
	return []Param{{Name: "rate", About: "what passes each connection at most, on each half of the link", Value: &b.Rate}}
}

// Check wants a limit.
func (b *Bandwidth) Check() error {
	if b.Rate <= 0 {
		return errors.New("bandwidth without a limit; write how much may pass, as in rate: 1MiB/s")
	}
	return nil
}

// What a connection may pass beyond its rate: one piece that was under way, and what a late timer makes up for.
const (
	burstBytes = 64 << 10
	burstTime  = 200 * time.Millisecond
)

// Inject returns when the last of the links has its limit.
func (b *Bandwidth) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Rate: int64(b.Rate)}), judge{obeyed: func(s span) error {
		connections := s.before.Open + s.made()
		most := connections * (burstBytes + uint64(float64(b.Rate)*(s.lasted+burstTime).Seconds()))
		for _, passed := range s.of(v.Half) {
			if passed > most {
				return fmt.Errorf("%s passed %d connections in %s, and %s let only %s pass", bytes(passed), connections, report.Human(s.lasted), b.Rate, bytes(most))
			}
		}
		v.Witness.Note("%s: %d connections in %s, together within %s each", linkName(s.link), connections, report.Human(s.lasted), b.Rate)
		for _, k := range s.kept(v.Half) {
			if k.Pieces > 0 {
				v.Witness.Note("%s: %d pieces waited %s each on average", linkName(s.link), k.Pieces, report.Human(mean(k)))
			}
		}
		return nil
	}})
}
