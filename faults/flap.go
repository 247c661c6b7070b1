package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

var flapKind = Kind{
	Name:     "flap",
	About:    "cuts links and mends them, again and again until the fault is over: a loose plug",
	Target:   Links,
	New:      func() Fault { return &Flap{Down: 2 * time.Second, Up: 2 * time.Second, By: byBlackhole} },
	Survives: unlessNeeded, // the shortest cut is as long as the shortest gap
	Affects:  onLink,
}

// Flap cuts the victims' links for a while, mends them for a while, and so on.
type Flap struct {
	Down, Up time.Duration // how long the links are cut, and whole, each time
	By       string
}

// Params are down, up and by.
func (f *Flap) Params() []Param {
	return []Param{
		{Name: "down", About: "how long the links are cut each time; 500ms or more", Value: &f.Down},
		{Name: "up", About: "how long they are whole in between", Value: &f.Up},
		{Name: "by", About: "blackhole: nothing passes; refuse: connections are closed, and new ones refused", Value: &f.By, OneOf: []string{byBlackhole, byRefuse}},
	}
}

// Check wants a cut to be long enough to be looked at.
func (f *Flap) Check() error {
	switch {
	case f.Down < 5*settling:
		return fmt.Errorf("whether a cut of %s took effect cannot be seen; write down: 500ms or more", report.Human(f.Down))
	case f.Up <= 0:
		return errors.New("links that are never whole do not flap; write up: 1s, or blackhole in the place of flap")
	}
	return nil
}

// cut returns what is done each time.
func (f *Flap) cut() Fault {
	if f.By == byRefuse {
		return &Refuse{}
	}
	return &Blackhole{}
}

// Inject returns when all links are cut for the first time.
func (f *Flap) Inject(ctx context.Context, v Victims) (Revert, error) {
	own := v
	own.Witness = &Witness{} // of every cut: how often it was, and what went wrong, is what is told of them
	undo, err := f.cut().Inject(ctx, own)
	if err != nil {
		return undo, err
	}
	effective, _ := own.Witness.told()
	v.Witness.Effective(effective)
	aside, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended, cuts := make(chan struct{}), 1
	go func() {
		defer close(ended)
		v.goOn(func() {
			for {
				next, err := f.cycle(aside, own, undo)
				if undo = next; err != nil {
					v.Witness.Wrong("after cut %d: %v", cuts, err)
				}
				if err != nil || aside.Err() != nil {
					return
				}
				cuts++
			}
		})
	}()
	return func(ctx context.Context) error {
		stop()
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := undo(ctx); err != nil {
			return err
		}
		if wrong := own.Witness.complaint(); wrong != "" {
			v.Witness.Wrong("%s", wrong)
		}
		v.Witness.Note("cut %d times by %s, %s each", cuts, f.By, report.Human(f.Down))
		return nil
	}, nil
}

// cycle mends the links when their time is over, and cuts them again. It returns the way back from what is in force when it ends.
func (f *Flap) cycle(ctx context.Context, v Victims, undo Revert) (Revert, error) {
	if !sleep(ctx, f.Down-settling) {
		return undo, nil
	}
	act, cancel := uncut(ctx)
	defer cancel()
	if err := undo(act); err != nil {
		return undo, err
	}
	if !sleep(ctx, f.Up) {
		return nothing, nil
	}
	again, stop := uncut(ctx)
	defer stop()
	return f.cut().Inject(again, v)
}
