package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// How long after a way back that failed it is tried again: twice as long each time.
const (
	firstRetry   = 500 * time.Millisecond
	longestRetry = 8 * time.Second
)

// revert goes the way back, which has a deadline of its own: it is gone after a cancelled run, too. Where several faults end at once, the last that
// began is reverted first. ctx is the fault's own; it ends with the run, or by hand.
func (t *Timeline) revert(run, ctx context.Context, a *act, f *report.Fault) error {
	ended := ctx.Err() != nil // then a fault may be half done, and that is nobody's mistake
	hurry := run.Err() != nil && t.Hurry != nil && t.Hurry(run)
	if !hurry && (ended || a.step.For == 0) {
		t.awaitTurn(a)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ActWithin)
	defer cancel()
	f.Healing = t.Clock.Now()
	t.tell(Healing, f)
	err := goBack(ctx, a.revert, hurry)
	if err == nil {
		f.Healed = t.Clock.Now()
	} else {
		f.HealError = err.Error()
		a.Witness.Note("not healed: %v", err)
		err = fmt.Errorf("heal %s: %w", f.Name, err)
	}
	_, f.Evidence = a.Witness.told()
	if f.Error == "" && !ended {
		f.Error = a.Witness.complaint()
	}
	t.tell(Healed, f)
	return err
}

// goBack tries the way back until it is gone, or ctx ends; in a hurry, once.
func goBack(ctx context.Context, revert Revert, hurry bool) error {
	if revert == nil {
		return errors.New("the injection panicked, and nobody knows what there is to undo")
	}
	wait := firstRetry
	var why error // the last that is not only that time was over
	for tries := 1; ; tries++ {
		err := revert(ctx)
		if why == nil || ctx.Err() == nil {
			why = err
		}
		switch {
		case err == nil:
			return nil
		case hurry || !sleep(ctx, wait):
			if tries > 1 {
				return fmt.Errorf("%w (tried %d times)", why, tries)
			}
			return why
		}
		wait = min(2*wait, longestRetry)
	}
}

// awaitTurn waits for those that began later to be reverted, as long as that may take one of them.
func (t *Timeline) awaitTurn(a *act) {
	timer := time.NewTimer(ActWithin)
	defer timer.Stop()
	for _, later := range t.stage.since(a) {
		select {
		case <-later.gone:
		case <-timer.C:
			return
		}
	}
}
