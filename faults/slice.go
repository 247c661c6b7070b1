package faults

import (
	"context"
	"errors"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var sliceKind = Kind{
	Name:     "slice",
	About:    "passes bytes on in small pieces, with a pause after each",
	Target:   Links,
	New:      func() Fault { return &Slice{Pause: time.Millisecond} },
	Survives: anyTime,
	Affects:  onLink,
}

// Slice cuts what passes each half of the victims' links into pieces.
type Slice struct {
	Size  Bytes         // of a piece, at most
	Pause time.Duration // between two pieces of a connection
}

// Params are size and pause.
func (s *Slice) Params() []Param {
	return []Param{
		{Name: "size", About: "how much is passed on at once", Value: &s.Size},
		{Name: "pause", About: "between two pieces of a connection", Value: &s.Pause},
	}
}

// Check wants pieces.
func (s *Slice) Check() error {
	if s.Size <= 0 || s.Pause < 0 {
		return errors.New("slice wants a size above 0 and a pause of 0s or more; write them as in size: 1KiB, pause: 1ms")
	}
	return nil
}

// Inject returns when the last of the links passes on pieces only.
func (s *Slice) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.impair(ctx, broker.Half{Slice: int64(s.Size), Pause: s.Pause})
}
