package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

var wipeKind = Kind{
	Name:      "wipe",
	About:     "ends the process and empties its disk; it starts with nothing when the fault is over",
	Target:    Nodes,
	New:       func() Fault { return &Wipe{ending{By: byKill, Grace: defaultGrace}} },
	Survives:  survivesLoss,
	Affects:   holdsReplica,
	Exclusive: true,
	Needs:     func(v Victims) error { return needsPower[broker.Disk](v, noDisk) },
	Only:      OnlyContainers,
	Why:       noDisk,
}

// Wipe ends the victims' processes and removes their data.
type Wipe struct{ ending }

// Noticed is as a node that is gone.
func (w *Wipe) Noticed() Noticed { return w.noticed() }

// Inject returns when every disk is empty.
func (w *Wipe) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	if err := down.endAll(ctx, v, w.ending); err != nil {
		return down.start, err
	}
	return down.start, each(v.Nodes, func(n broker.Node) error {
		disk, ok := n.(broker.Disk)
		if !ok {
			return errors.New(noDisk)
		}
		before, err := disk.Files(ctx)
		if err == nil {
			err = disk.Change(ctx, broker.Edit{Path: ".", Remove: true})
		}
		if err != nil {
			return fmt.Errorf("wipe %s: %w", n.Name(), err)
		}
		after, err := disk.Files(ctx)
		if err == nil && len(after) > 0 {
			err = fmt.Errorf("%d files are still there", len(after))
		}
		if err != nil {
			return fmt.Errorf("wipe %s: %w", n.Name(), err)
		}
		v.Witness.Note("%s: the disk is empty, it had %d files with %s", n.Name(), len(before), bytes(sizeOf(before)))
		return nil
	})
}

func sizeOf(files []broker.File) (sum uint64) {
	for _, f := range files {
		sum += uint64(f.Size)
	}
	return sum
}
