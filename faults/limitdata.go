package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

var limitDataKind = Kind{
	Name:     "limit-data",
	About:    "closes each connection of a link when so much has passed one of its halves, new ones too while it lasts",
	Target:   Links,
	New:      func() Fault { return &LimitData{} },
	Survives: unlessCut,
	Affects:  onLink,
}

// LimitData ends the connections of the victims' links when they have carried so much.
type LimitData struct {
	Limit Bytes // of each connection and half
}

// Params is limit.
func (l *LimitData) Params() []Param {
	return []Param{{Name: "limit", About: "what passes each half of each connection before it is closed", Value: &l.Limit}}
}

// Check wants a limit.
func (l *LimitData) Check() error {
	if l.Limit <= 0 {
		return errors.New("limit-data without a limit; write how much passes a connection, as in limit: 1MiB")
	}
	return nil
}

// carriesAll is more than any one request or answer has by default, a consumer's after a long silence too. An answer that does not fit is asked for again on
// the next connection, and ended again, as long as the fault lasts.
const carriesAll Bytes = 64 << 20

// Survives is true of connections that carry any request and its answer before they end, for whoever had one dials the next at once. A lower limit may let
// pass what the load sends, or keep back for good what a consumer or a follower has to catch up with: it counts as a cut.
func (l *LimitData) Survives(share Share, victims, nodes []string, partitions []broker.PartitionState) bool {
	return l.Limit >= carriesAll || isRedialed(share) || unlessCut(victims, nodes, partitions)
}

// Inject returns when the last of the links counts what its connections carry.
func (l *LimitData) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Limit: int64(l.Limit)}), judge{
		obeyed: func(s span) error {
			connections := s.before.Open + s.made()
			for _, passed := range s.of(v.Half) {
				if most := connections * uint64(l.Limit); passed > most {
					return fmt.Errorf("%d connections passed %s, and no more than %s each were to pass", connections, bytes(passed), l.Limit)
				}
			}
			v.Witness.Note("%s: %d connections were closed at %s", linkName(s.link), s.cut(), l.Limit)
			return nil
		},
		felt:   func(s span) bool { return s.cut() > 0 },
		unfelt: fmt.Sprintf("no connection carried %s", l.Limit),
	})
}
