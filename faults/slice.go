package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
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

// Inject returns when the last of the links passes on pieces only. Its evidence is how large they were.
func (s *Slice) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.watch(ctx, v.halves(broker.Half{Slice: int64(s.Size), Pause: s.Pause}), judge{
		obeyed: func(sp span) error {
			for i, k := range sp.kept(v.Half) {
				if k.Pieces == 0 {
					continue
				}
				size := (sp.of(v.Half)[i] + k.Pieces - 1) / k.Pieces
				if size > uint64(s.Size) {
					return fmt.Errorf("passed pieces of %s on average, and was to pass %s at most", bytes(size), s.Size)
				}
				v.Witness.Note("%s: %d pieces of %s on average, each in the link for %s", linkName(sp.link), k.Pieces, bytes(size), report.Human(mean(k)))
			}
			return nil
		},
		felt: v.passedSome, unfelt: nothingPassed,
	})
}
