package faults

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var blackholeKind = Kind{
	Name:     "blackhole",
	About:    "lets nothing pass a link while it lasts, and everything afterwards: a cut cable, as TCP sees it",
	Target:   Links,
	New:      func() Fault { return &Blackhole{} },
	Survives: unlessCut,
	Noticed:  AsLink,
	Affects:  onLink,
}

// Blackhole holds what is to pass the victims' links.
type Blackhole struct{}

// Inject returns when nothing passes any of the links.
func (*Blackhole) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Hold: true}), judge{obeyed: func(s span) error {
		if passed := slices.Max(s.of(v.Half)); passed > 0 {
			return fmt.Errorf("%s passed while nothing was to pass", bytes(passed))
		}
		v.Witness.Note("%s: nothing passed for %s", linkName(s.link), report.Human(s.lasted))
		return nil
	}})
}
