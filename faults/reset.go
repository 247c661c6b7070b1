package faults

import (
	"context"
	"errors"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var resetKind = Kind{
	Name:     "reset",
	About:    "resets the connections of a link, each after a time, and so new ones while it lasts: a middlebox that forgets",
	Target:   Links,
	New:      func() Fault { return &Reset{} },
	Survives: unlessCut,
	Affects:  onLink,
	Needs:    wholeConnections,
}

// Reset resets the connections of the victims' links.
type Reset struct {
	After time.Duration // how long a connection lives, since it was made and since the fault is in force
}

// Params is after.
func (r *Reset) Params() []Param {
	return []Param{{Name: "after", About: "how long each connection lives first, counted from the fault or from when it was made; 0s: none lives", Value: &r.After}}
}

// Check wants a time.
func (r *Reset) Check() error {
	if r.After < 0 {
		return errors.New("a connection cannot be reset before there is one; write after: 0s or more")
	}
	return nil
}

// livesToServe is how old a connection has to become to be of use for sure: it is made, introduces itself, and carries requests for most of its life.
const livesToServe = time.Second

// Survives is true of connections that live long enough to be used, for whoever had one dials the next at once. Of those that do not, it is a cut.
func (r *Reset) Survives(share Share, victims, nodes []string, partitions []broker.PartitionState) bool {
	return r.After >= livesToServe || isRedialed(share) || unlessCut(victims, nodes, partitions)
}

// Inject returns when every connection has been reset, or will be when its time is over.
func (r *Reset) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, broker.Impairment{Reset: true, After: r.After}, judge{
		obeyed: func(s span) error {
			v.Witness.Note("%s: %d connections were reset", linkName(s.link), s.cut())
			return nil
		},
		felt:   func(s span) bool { return s.cut() > 0 },
		unfelt: "no connection lived long enough to be reset",
	})
}
