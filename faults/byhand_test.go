package faults

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// at does something at a moment of the timeline, aside.
func (b *bed) at(when time.Duration, do func()) {
	go func() {
		time.Sleep(when - b.Clock.Now())
		do()
	}()
}

// join joins a fault now.
func (b *bed) join(t *testing.T, s Step) {
	t.Helper()
	s.At = b.Clock.Now() - b.Start
	if err := b.Join(t.Context(), s); err != nil {
		t.Errorf("%s at %v: %v", s.Name, b.Clock.Now(), err)
	}
}

// A fault by hand lives the life of any other, also before the baseline is over and after the last planned one, and its recovery is watched.
func TestJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("planned", "b2", 5*sec, 5*sec))
		b.Watch = 10 * sec
		var looks atomic.Int32
		b.State = func(ctx context.Context) (broker.State, error) {
			if looks.Add(1) == 1 {
				return broker.State{}, errors.New("nobody answers just now")
			}
			return b.state(ctx)
		}
		b.at(1900*time.Millisecond, func() { b.join(t, kill("early", "leader", 0, 4*sec)) })
		b.at(28*sec, func() { b.join(t, slow("late", "producers -> leader", 0, 2*sec)) })
		faults, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"2s early commanded", "2s early effective", "6s early healing", "6s early healed",
			"15s planned commanded", "15s planned effective", "20s planned healing", "20s planned healed",
			"28s late commanded", "28.1s late effective", "30.003s late healing", "30.003s late healed",
		}
		if !reflect.DeepEqual(b.diary, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(b.diary, "\n"), strings.Join(want, "\n"))
		}
		if now := b.Clock.Now(); now != 40003*time.Millisecond {
			t.Errorf("it was watched until %v", now)
		}
		var names []string
		for _, f := range faults {
			names = append(names, fmt.Sprintf("%s %v %v", f.Name, f.ByHand, f.Took()))
		}
		if got := strings.Join(names, ", "); got != "planned false true, early true true, late true true" {
			t.Errorf("records: %s", got)
		}
		if early := faults[1]; early.Planned != 1900*time.Millisecond || early.Victims[0] != "b1" || len(early.Affected) == 0 || len(early.Evidence) == 0 || !early.Survives {
			t.Errorf("%+v", early)
		}
		b.healed(t)
	})
}

// A planned fault without an end waits for one by hand, and one by hand without an end lasts until heal, and is watched then.
func TestJoinUntilHeal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("planned", "b2", 0, 0))
		b.Watch = 10 * sec
		b.at(65*sec, func() { b.join(t, slow("late", "b1 <-> b3", 0, 10*sec)) })
		b.at(66*sec, func() { b.join(t, slow("open", "consumers -> b1", 0, 0)) })
		faults, err := b.Run(t.Context())
		if err != nil || !faults[0].Took() || faults[0].Healed != faults[1].Healed+10*sec || faults[2].Healed != faults[0].Healed {
			t.Errorf("%+v, %v", faults, err)
		}
		if now := b.Clock.Now(); now != faults[2].Healed+10*sec {
			t.Errorf("it ended at %v", now)
		}
		b.healed(t)
	})
}

// What cannot be done is refused at once, and nothing of it is recorded; so is what comes too early or too late.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("planned", "b1", 0, 5*sec))
		if err := b.Join(t.Context(), kill("x", "b2", 0, sec)); !errors.Is(err, ErrNotRunning) {
			t.Errorf("before: %v", err)
		}
		b.State = func(ctx context.Context) (broker.State, error) {
			s, err := b.state(ctx)
			if b.Clock.Now() >= 12*sec {
				s.Controller = ""
			}
			return s, err
		}
		b.at(12*sec, func() {
			for want, s := range map[string]Step{
				"b1 is down already, by fault planned": kill("x", "b1", 0, sec),
				"nobody is known to be the controller": kill("x", "controller", 0, sec),
			} {
				if err := b.Join(t.Context(), s); err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
		faults, err := b.Run(t.Context())
		if err != nil || len(faults) != 1 {
			t.Errorf("%+v, %v", faults, err)
		}
		if err := b.Join(t.Context(), kill("x", "b2", 0, sec)); !errors.Is(err, ErrNotRunning) {
			t.Errorf("afterwards: %v", err)
		}
		if _, err := b.RevertAll(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// All that is in force ends at once, planned or not, the last first; what is to come begins when that is done, and not before.
func TestRevertAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("on", "b1", 0, 30*sec), slow("open", "b2 <-> b3", sec, 0), kill("next", "b2", 5500*time.Millisecond, 2*sec))
		b.Watch = 3 * sec
		b.nodes[0].startErr = errors.New("no disk yet")
		b.at(12*sec, func() { b.join(t, slow("hand", "producers -> b3", 0, 0)) })
		b.at(15*sec, func() {
			names, err := b.RevertAll()
			if got := strings.Join(names, " "); got != "on open hand" || err != nil {
				t.Errorf("reverted %s, %v", got, err)
			}
		})
		b.at(17*sec, func() {
			b.nodes[0].mu.Lock()
			defer b.nodes[0].mu.Unlock()
			b.nodes[0].startErr = nil
		})
		faults, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		on, open, next, hand := faults[0], faults[1], faults[2], faults[3]
		if hand.Healed != 15*sec || open.Healed != 15*sec || on.Healing != 15*sec || on.Healed < 17*sec || !on.Took() || !open.Took() || !hand.Took() {
			t.Errorf("%+v", faults)
		}
		if next.Commanded != on.Healed || !next.Took() || next.Healed != next.Effective+2*sec {
			t.Errorf("it began while others were reverted: %+v", next)
		}
		if evidence := strings.Join(on.Evidence, "\n"); !strings.Contains(evidence, "reverted by hand") || strings.Contains(strings.Join(next.Evidence, "\n"), "reverted") {
			t.Errorf("%q, %q", on.Evidence, next.Evidence)
		}
		if now := b.Clock.Now(); now != next.Healed+3*sec {
			t.Errorf("it ended at %v", now)
		}
		b.healed(t)
	})
}

// What is being injected when all is reverted never was in force.
func TestRevertDuringInjection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("on", "b1", 0, sec))
		b.nodes[0].killTakes, b.nodes[0].silent = time.Hour, true
		b.at(11*sec, func() { _, _ = b.RevertAll() })
		faults, err := b.Run(t.Context())
		if err != nil || faults[0].Took() || faults[0].Healed != 11*sec || faults[0].Error != "it was reverted by hand before it was in force" {
			t.Errorf("%+v, %v", faults, err)
		}
		b.healed(t)
	})
}

// A run that ends takes what was done by hand with it, and a panic in it is reverted.
func TestJoinEndsWithTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		ctx, cancel := context.WithTimeout(t.Context(), 8*sec)
		defer cancel()
		b.at(2*sec, func() { b.join(t, kill("hand", "b1", 0, 0)) })
		faults, err := b.Run(ctx)
		if err != nil || len(faults) != 1 || faults[0].Healed != 8*sec || b.Clock.Now() != 8*sec {
			t.Errorf("%+v, %v", faults, err)
		}
		b.healed(t)
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.bug = 1
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b.Panicked = func(string) { cancel() }
		b.at(2*sec, func() { b.join(t, slow("hand", "producers -> b1", 0, sec)) })
		faults, _ := b.Run(ctx)
		if len(faults) != 1 || !strings.Contains(faults[0].Error, "squall panicked") {
			t.Errorf("%+v", faults)
		}
	})
}
