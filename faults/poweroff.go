package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
)

var powerOffKind = Kind{
	Name:      "power-off",
	About:     "takes the power from the machine: its links fall silent in the same moment, and nothing that was on its way arrives; then the process is gone",
	Target:    Nodes,
	New:       func() Fault { return &PowerOff{Unflushed: unflushedKept} },
	Survives:  survivesLoss,
	Noticed:   AsNode,
	Affects:   holdsReplica,
	Exclusive: true,
	Needs:     needsNetwork,
}

// What becomes of what a broker had written and not yet flushed to its disk.
const (
	unflushedKept = "keep"
	unflushedLost = "lost"
)

// PowerOff silences the victims' links, kills their processes and, if it is to, loses what they had not flushed.
type PowerOff struct {
	Unflushed string
}

// Params is what becomes of unflushed data.
func (p *PowerOff) Params() []Param {
	return []Param{{Name: "unflushed", About: "what the node had written and not yet flushed: keep, or lost, which is the worst that can happen", Value: &p.Unflushed,
		OneOf: []string{unflushedKept, unflushedLost}}}
}

// Check has nothing to find: every word is one of a few.
func (p *PowerOff) Check() error { return nil }

// Needs asks for disks, and for somebody who knows what is flushed, where that is to be lost.
func (p *PowerOff) Needs(v Victims) error {
	if p.Unflushed == unflushedKept {
		return nil
	}
	if _, ok := v.Driver.(broker.PowerLoss); !ok {
		return errors.New("squall does not know what this broker has flushed; write unflushed: keep")
	}
	return needsPower[broker.Disk](v, noDisk)
}

// Inject returns when every process is gone, and what is to be lost is lost. The way back resets what the dead machines' connections still hold, and
// only then starts the nodes: what a dead machine had said never arrives.
func (p *PowerOff) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	var cut func(context.Context, broker.Disk) ([]string, error)
	if p.Unflushed == unflushedLost {
		loser, ok := v.Driver.(broker.PowerLoss)
		if !ok {
			return nothing, errors.New("squall does not know what this broker has flushed")
		}
		var err error
		if cut, err = loser.PowerLoss(ctx); err != nil {
			return nothing, fmt.Errorf("ask what is flushed: %w", err)
		}
	}
	silent := v
	silent.Links = v.around()
	reset, err := silent.act(ctx, broker.Both(broker.Half{Drop: true}))
	revert := func(ctx context.Context) error {
		if err := reset(ctx); err != nil {
			return err
		}
		reset = nothing
		return down.start(ctx)
	}
	if err != nil {
		return revert, err
	}
	if err := down.endAll(ctx, v, ending{By: byKill}); err != nil || cut == nil {
		return revert, err
	}
	return revert, each(v.Nodes, func(n broker.Node) error {
		disk, ok := n.(broker.Disk)
		if !ok {
			return errors.New(noDisk)
		}
		lines, err := cut(ctx, disk)
		for _, l := range lines {
			v.Witness.Note("%s: %s", n.Name(), l)
		}
		if err != nil {
			return fmt.Errorf("lose what %s had not flushed: %w", n.Name(), err)
		}
		return nil
	})
}

// around returns every link that one of the victims is an end of.
func (v Victims) around() []broker.Link {
	own := nodeNames(v.Nodes)
	return slices.DeleteFunc(slices.Clone(v.Cluster.Links()), func(l broker.Link) bool {
		return !slices.Contains(own, l.From()) && !slices.Contains(own, l.To())
	})
}
