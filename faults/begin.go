package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A leftOutError says why a fault is not to be injected, as the scenario wants it.
type leftOutError string

func (e leftOutError) Error() string { return string(e) }

// A crowdedError says what a random fault waits for. If that does not come, it is left out: whoever draws faults does not insist on any.
type crowdedError string

func (e crowdedError) Error() string { return string(e) }

// A tooMuchError says that a fault by itself hurts more nodes than may be hurt.
type tooMuchError string

func (e tooMuchError) Error() string { return string(e) }

// begin waits until the step may begin: for its time, for those before it, and for its condition. It is false where ctx ended before; the error says
// what did not come.
func (t *Timeline) begin(ctx context.Context, s Step) (bool, error) {
	if !s.Floats && !t.sleepUntil(ctx, t.Start+s.At) {
		return false, nil
	}
	at := t.Clock.Now()
	for _, a := range s.After {
		select {
		case <-t.stage.done[a.Step]:
		case <-ctx.Done():
			return false, nil
		}
		over := t.Clock.At(t.stage.ended(a.Step))
		if a.Recovered {
			if err := t.awaitWhole(ctx, cmp.Or(s.Within, DefaultWithin)); err != nil {
				return false, unlessEnded(ctx, fmt.Errorf("after %s recovered: %w", a.Step, err))
			}
			over = t.Clock.Now()
		}
		at = max(at, over+a.Delay)
	}
	if !t.sleepUntil(ctx, at) {
		return false, nil
	}
	if s.When.Set() {
		if err := t.await(ctx, s.When, cmp.Or(s.Within, DefaultWithin)); err != nil {
			return false, unlessEnded(ctx, fmt.Errorf("when %w", err))
		}
	}
	return ctx.Err() == nil, nil
}

// unlessEnded returns err, but for a run that has ended: then nothing is to be told.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// await waits for a condition. The error says what there was when the time was over, or ctx ended.
func (t *Timeline) await(ctx context.Context, c Condition, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var then sight
	seen, shown := false, "nobody could look"
	for {
		if s, err := t.State(ctx); err == nil {
			now := sight{s, -1}
			if t.Lag != nil {
				now.lag = t.Lag()
			}
			if !seen {
				then, seen = now, true
			}
			var holds bool
			if holds, shown = c.holds(now, then); holds {
				return nil
			}
		}
		if !sleep(ctx, lookEvery) {
			return fmt.Errorf("%s: it did not come within %s; %s", c, report.Human(within), shown)
		}
	}
}

// awaitWhole waits until every node is there, and every replica in sync.
func (t *Timeline) awaitWhole(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		if s, err := t.State(ctx); err == nil && t.whole(s) {
			return nil
		}
		if !sleep(ctx, lookEvery) {
			return fmt.Errorf("for %s not every replica was in sync", report.Human(within))
		}
	}
}

// whole reports whether a state has every node, and every replica in sync.
func (t *Timeline) whole(s broker.State) bool {
	return len(s.Nodes) >= len(t.Cluster.Nodes()) && s.FullyInSync()
}

// enter finds the victims, and takes hold of them. What is refused because of what else is in force is tried again for a while, where the step has
// limits to keep to; so is a target that there is not yet: a leader may be being elected.
func (t *Timeline) enter(ctx context.Context, s Step, kind Kind) (*act, *hold, error) {
	for {
		a, own, err := t.enterSoon(ctx, s, kind)
		if !errors.Is(err, errReverting) || !t.stage.awaitCalm(ctx) {
			return a, own, err
		}
	}
}

// enterSoon is enter, but for the time in which all that was in force is being reverted by hand: then its error is errReverting.
func (t *Timeline) enterSoon(ctx context.Context, s Step, kind Kind) (*act, *hold, error) {
	within := resolveWithin
	if s.Limits != nil {
		within = cmp.Or(s.Within, DefaultWithin)
	}
	run := ctx
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		var crowded crowdedError
		a, own, err := t.tryEnter(ctx, s, kind)
		if err == nil || final(err, s.Limits) {
			return a, own, err
		}
		if sleep(ctx, lookEvery) {
			continue
		}
		if errors.As(err, &crowded) && run.Err() == nil {
			err = leftOutError(fmt.Sprintf("%s, for %s", crowded, report.Human(within)))
		}
		return a, own, err
	}
}

// final reports whether an error stays however long one waits.
func final(err error, l *Limits) bool {
	var leftOut leftOutError
	var tooMuch tooMuchError
	var held heldError
	return errors.As(err, &leftOut) || errors.As(err, &tooMuch) || errors.As(err, &held) && l == nil || errors.Is(err, errReverting)
}

// tryEnter finds the victims in the cluster's state of this moment.
func (t *Timeline) tryEnter(ctx context.Context, s Step, kind Kind) (*act, *hold, error) {
	if l := s.Limits; l != nil && l.Until > 0 && t.Clock.Now() > t.Start+l.Until {
		return nil, nil, leftOutError("its turn came when the time for random faults was over")
	}
	state, err := t.State(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("look for %s: %w", s.Target, err)
	}
	on, before := t.stage.on()
	if s.Limits != nil && len(on) == 0 && !t.whole(state) {
		return nil, nil, errors.New("the cluster was not whole again, and random faults begin with a whole one")
	}
	v, err := t.victims(state, s, before)
	if err != nil {
		return nil, nil, err
	}
	v.Witness, v.Chance = &Witness{}, chance(t.Seed, s.Name)
	a := &act{Victims: v, step: s, state: state}
	var own *hold
	err = t.stage.enter(a, func(on []*act) error {
		if err := t.within(a, on); err != nil {
			return err
		}
		var err error
		own, err = t.holds.take(s.Name, kind, v.Names())
		return err
	})
	if errors.Is(err, errReverting) {
		return nil, nil, err
	}
	return a, own, err
}

// within holds an act against its limits, and against those of the random faults that are in force.
func (t *Timeline) within(a *act, on []*act) error {
	l := a.step.Limits
	if l == nil {
		return nil
	}
	hurt := nodeNames(a.hurt())
	if spared := only(hurt, t.spared(a.state, l)); len(spared) > 0 {
		return leftOutError(fmt.Sprintf("it would have hurt %s, which is never to be hurt", list(spared)))
	}
	own := slices.DeleteFunc(slices.Clone(on), func(o *act) bool { return o.step.Limits != l })
	all, most := hurtBy(append(slices.Clone(on), a)), l.Blast.Hurts(len(t.Cluster.Nodes()))
	switch {
	case len(own) >= l.AtMost:
		return crowdedError(fmt.Sprintf("%d random faults were in force, and there are to be %d at most", len(own), l.AtMost))
	case len(hurt) > most:
		return tooMuchError(fmt.Sprintf("%s would be hurt at once, and %d of %d nodes may be", list(hurt), most, len(t.Cluster.Nodes())))
	case len(all) > most:
		return crowdedError(fmt.Sprintf("%s would have been hurt at once, and %d of %d nodes may be", list(all), most, len(t.Cluster.Nodes())))
	}
	return nil
}

// spared returns the nodes that limits say are never to be hurt.
func (t *Timeline) spared(s broker.State, l *Limits) []string {
	if l == nil {
		return nil
	}
	var names []string
	for _, p := range l.Never {
		in := Scene{State: s, Cluster: t.Cluster, Topic: t.Topic}
		if set, err := in.choose(p, nodeNames(t.Cluster.Nodes()), nil, &Victims{}); err == nil {
			names = append(names, set...)
		}
	}
	return names
}

// victims finds a step's victims in a state of the cluster, and says whom else they are hurt with. However often it is asked, and whatever else is in
// force, chance decides the same.
func (t *Timeline) victims(s broker.State, step Step, before Victims) (Victims, error) {
	v, err := step.Target.Resolve(Scene{
		State: s, Cluster: t.Cluster, Clients: t.Clients, Topic: t.Topic, Chance: chance(t.Seed, "target of "+step.Name), Before: before,
		Spared: t.spared(s, step.Limits),
	})
	v.Driver, v.Removing, v.Renewed, v.panicked = t.Driver, t.Removing, t.Renewed, t.Panicked
	return v, err
}
