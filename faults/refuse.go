package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var refuseKind = Kind{
	Name:     "refuse",
	About:    "closes every connection of a link, and refuses new ones while it lasts: a firewall that says no",
	Target:   Links,
	New:      func() Fault { return &Refuse{} },
	Survives: unlessCut,
	Noticed:  AsLink,
	Affects:  onLink,
	Needs:    wholeConnections,
}

// wholeConnections is for what is done to connections, of which no half can be left out.
func wholeConnections(v Victims) error {
	if v.Half != BothHalves {
		return errors.New("it is done to connections, which have no halves; leave only out")
	}
	return nil
}

// Refuse closes the victims' links. A connection has no halves: it acts on both.
type Refuse struct{}

// Inject returns when every connection is closed, and no other is accepted.
func (*Refuse) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, broker.Impairment{Refuse: true}, judge{obeyed: func(s span) error {
		if s.made() > 0 || s.after.Open > 0 {
			return fmt.Errorf("%d connections were accepted and %d are open, while all were to be refused", s.made(), s.after.Open)
		}
		v.Witness.Note("%s: no connection was accepted for %s, and none is open", linkName(s.link), report.Human(s.lasted))
		return nil
	}})
}
