package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

// ErrNotRunning is the error of what is asked of a timeline by hand while it does not run.
var ErrNotRunning = errors.New("faults begin and end by hand only while the load is on")

var (
	errByHand    = errors.New("reverted by hand")
	errReverting = errors.New("all that was in force is being reverted")
)

// Join carries out one more step while the timeline runs, whose At may lie before the end of the baseline. Run waits for it, and watches its recovery. The
// error says what is wrong with it, as Preflight does, and then nothing is done; what comes of it afterwards is told and recorded as of any other step. Its
// name must be its own.
func (t *Timeline) Join(ctx context.Context, s Step) error {
	if !t.cast.running() {
		return ErrNotRunning
	}
	state, err := t.State(ctx)
	for err != nil && sleep(ctx, lookEvery) { // just when another fault begins, an answer may be missing
		state, err = t.State(ctx)
	}
	if err != nil {
		return fmt.Errorf("look for %s: %w", s.Target, err)
	}
	if err := t.Try(state, s); err != nil {
		return err
	}
	s.ByHand = true
	m := t.cast.join(s)
	if m == nil {
		return ErrNotRunning
	}
	t.stage.expect(s)
	t.play(m)
	return nil
}

// Try returns why a step could not begin now, in this state of the cluster; nil: nothing is known to be in its way. It touches nothing.
func (t *Timeline) Try(state broker.State, s Step) error {
	_, before := t.stage.on()
	v, err := t.try(state, s, before)
	if err != nil {
		return err
	}
	return t.holds.check(v.Names())
}

// RevertAll ends every fault that is in force, the last that began first, and returns their names; it does not wait for it. Until they are reverted, no
// other begins.
func (t *Timeline) RevertAll() ([]string, error) {
	if !t.cast.running() {
		return nil, ErrNotRunning
	}
	return t.stage.cutAll(), nil
}

// begin returns the context of an act, which ends with the run, or when it is reverted by hand.
func (s *stage) begin(run context.Context, a *act) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(run)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.end = cancel; a.cut {
		cancel(errByHand)
	}
	return ctx, func() { cancel(nil) }
}

// heals says that an act goes its way back, and reports whether that is by hand.
func (s *stage) heals(a *act) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.healing = true
	return a.cut
}

// cutAll ends all acts that are in force, and returns their names.
func (s *stage) cutAll() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.acts {
		if a.healing || a.cut {
			continue
		}
		if s.cut++; s.cut == 1 {
			s.calm = make(chan struct{})
		}
		if a.cut = true; a.end != nil {
			a.end(errByHand)
		}
		names = append(names, a.step.Name)
	}
	return names
}

// awaitCalm waits until what is ended by hand is reverted, and is false where ctx ended before.
func (s *stage) awaitCalm(ctx context.Context) bool {
	s.mu.Lock()
	calm := s.calm
	s.mu.Unlock()
	select {
	case <-calm:
		return true
	case <-ctx.Done():
		return false
	}
}
