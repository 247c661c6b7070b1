package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-228c25e4/squall/broker"
)

var fillDiskKind = Kind{
	Name:     "fill-disk",
	About:    "fills the node's disk while it runs; afterwards the room is free again, and a process that did not survive it is started",
	Target:   Nodes,
	New:      func() Fault { return &FillDisk{} },
	Survives: survivesLoss,
	Affects:  holdsReplica,
	Needs:    needsFiller,
	Only:     OnlyContainers,
	Why:      noDisk,
}

// FillDisk fills the victims' disks.
type FillDisk struct{ Leave Bytes }

// Params is how much stays free.
func (f *FillDisk) Params() []Param {
	return []Param{{Name: "leave", About: "how much stays free; 0B when it is left out", Value: &f.Leave}}
}

// Check has nothing to find.
func (f *FillDisk) Check() error { return nil }

func needsFiller(v Victims) error {
	if err := needsPower[broker.Filler](v, noDisk); err != nil {
		return err
	}
	for _, n := range v.Nodes {
		if n.(broker.Filler).DiskSize() == 0 {
			return errors.New("the nodes have no disk of a size; write one as in broker: { disk: 512MiB }")
		}
	}
	return nil
}

// fillSlack is how much may be free beyond what is asked for: a running broker deletes files, too.
const fillSlack = 1 << 20

// Inject returns when the disks are full.
func (f *FillDisk) Inject(ctx context.Context, v Victims) (Revert, error) {
	var mu sync.Mutex
	undo := map[broker.Node]Revert{}
	err := each(v.Nodes, func(n broker.Node) error {
		before, after, back, err := n.(broker.Filler).Fill(ctx, int64(f.Leave))
		mu.Lock()
		undo[n] = back
		mu.Unlock()
		switch {
		case err != nil:
			return err
		case after > int64(f.Leave)+fillSlack:
			return fmt.Errorf("%s: %s are free, and %s were to be", n.Name(), bytes(uint64(after)), f.Leave)
		}
		v.Witness.Note("%s: %s of %s were free, and %s are", n.Name(), bytes(uint64(before)), Bytes(n.(broker.Filler).DiskSize()), bytes(uint64(after)))
		return nil
	})
	return func(ctx context.Context) error {
		return each(v.Nodes, func(n broker.Node) error {
			back := undo[n]
			if back == nil {
				return nil
			}
			if now, err := vitals(ctx, n); err == nil && !now.Running {
				v.Witness.Note("%s: ended with its disk full, exit code %d", n.Name(), now.ExitCode)
			}
			return errors.Join(back(ctx), startAgain(ctx, n))
		})
	}, err
}
