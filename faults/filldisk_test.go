package faults

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// sized is a node with a disk of its own.
type sized struct {
	*fakeNode
	size, free int64
	stubborn   bool // nothing fills it
	err        error
	undone     int
}

func (s *sized) DiskSize() int64 { return s.size }
func (s *sized) Fill(_ context.Context, leave int64) (before, after int64, _ func(context.Context) error, _ error) {
	before = s.free
	if !s.stubborn {
		s.free = min(s.free, leave)
	}
	return before, s.free, func(context.Context) error {
		s.undone++
		return nil
	}, s.err
}

func TestFillDisk(t *testing.T) {
	t.Parallel()
	n := &sized{fakeNode: &fakeNode{name: "b1", up: true}, size: 1 << 30, free: 1 << 29}
	v := Victims{Nodes: []broker.Node{n}, Witness: &Witness{}}
	back, err := (&FillDisk{Leave: 1 << 10}).Inject(t.Context(), v)
	if err != nil || n.free != 1<<10 {
		t.Fatalf("%d bytes are free: %v", n.free, err)
	}
	n.set(false) // it does not survive that
	if err := back(t.Context()); err != nil || n.undone != 1 || n.starts != 1 {
		t.Errorf("freed %d times, started %d times: %v", n.undone, n.starts, err)
	}
	if _, notes := v.Witness.told(); len(notes) != 2 || notes[0] != "b1: 536.9 MB of 1GiB were free, and 1 kB are" || !strings.Contains(notes[1], "ended with its disk full") {
		t.Errorf("evidence %q", notes)
	}
	for want, n := range map[string]*sized{"were to be": {size: 1 << 30, free: 1 << 29, stubborn: true}, "no such device": {err: errors.New("no such device")}} {
		n.fakeNode = &fakeNode{name: "b1", up: true}
		back, err := (&FillDisk{}).Inject(t.Context(), Victims{Nodes: []broker.Node{n}})
		if err == nil || !strings.Contains(err.Error(), want) || back(t.Context()) != nil || n.undone != 1 {
			t.Errorf("%v, want %q; undone %d times", err, want, n.undone)
		}
	}
	if err := needsFiller(Victims{Nodes: []broker.Node{&sized{fakeNode: &fakeNode{name: "b1"}}}}); err == nil || !strings.Contains(err.Error(), "disk: 512MiB") {
		t.Errorf("nodes without a disk of a size: %v", err)
	}
}
