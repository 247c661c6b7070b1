package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var latencyKind = Kind{
	Name:     "latency",
	About:    "delays every byte on its way: a round trip grows by twice the delay, or by once where only one half is delayed",
	Target:   Links,
	New:      func() Fault { return &Latency{} },
	Survives: anyTime,
	Affects:  onLink,
}

// Latency delays each half of the victims' links.
type Latency struct {
	Add    time.Duration // what a byte's way takes longer, on each half
	Jitter time.Duration // the delay varies by up to this much, both ways
}

// Params are add and jitter.
func (l *Latency) Params() []Param {
	return []Param{
		{Name: "add", About: "what a byte's way takes longer, on each half of the link", Value: &l.Add},
		{Name: "jitter", About: "the delay varies by up to this much, both ways; at most add", Value: &l.Jitter},
	}
}

// Check wants a delay that never is negative.
func (l *Latency) Check() error {
	switch {
	case l.Add <= 0:
		return errors.New("latency without a delay; write how much to add, as in add: 200ms")
	case l.Jitter < 0 || l.Jitter > l.Add:
		return fmt.Errorf("a jitter of %s must lie between 0s and the %s that are added", report.Human(l.Jitter), report.Human(l.Add))
	}
	return nil
}

// Inject returns when the last of the links delays what passes it. Its evidence is how long the links kept what passed them.
func (l *Latency) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Delay: l.Add, Jitter: l.Jitter}), judge{
		obeyed: func(s span) error {
			for _, k := range s.kept(v.Half) {
				if k.Pieces == 0 {
					continue
				}
				if mean(k) < l.Add-l.Jitter {
					return fmt.Errorf("was to add %s, and kept what passed for %s on average", report.Human(l.Add), report.Human(mean(k)))
				}
				v.Witness.Note("%s: %d pieces took %s longer on average", linkName(s.link), k.Pieces, report.Human(mean(k)))
			}
			return nil
		},
		felt: v.passedSome, unfelt: nothingPassed,
	})
}

// onLink reports whether the partition's traffic passes one of the links: clients speak to its leader, and a follower fetches from its leader. Of links that
// carry one way alone, those to a follower are as much its traffic as those from one.
func onLink(v Victims, p broker.PartitionState) bool {
	return slices.ContainsFunc(v.Links, func(l broker.Link) bool {
		if broker.OneWay(l) && l.From() == p.Leader {
			return slices.Contains(p.Replicas, l.To())
		}
		return l.To() == p.Leader && (l.Plane() == broker.PlaneClient || slices.Contains(p.Replicas, l.From()))
	})
}
