package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Bounds of a timeline.
const (
	// ActWithin bounds one injection and one way back. A way back has a deadline of its own, whatever became of the run.
	ActWithin = time.Minute
	// resolveWithin is how long a step waits for its target to exist: a leader may be being elected just then.
	resolveWithin = 5 * time.Second
	resolveEvery  = 100 * time.Millisecond
)

// A Transition is a moment in a fault's life.
type Transition string

// The transitions, in order. A fault whose injection failed is healed without having been effective.
const (
	Commanded Transition = "commanded" // the target is resolved, and the injection begins
	Effective Transition = "effective" // the fault is in force
	Healing   Transition = "healing"   // the way back begins
	Healed    Transition = "healed"    // the way back is done, or has failed: then the record's Healed is report.Never
	Missed    Transition = "missed"    // nothing was done: there is no such target now
)

// A Timeline carries out the steps of a scenario.
type Timeline struct {
	Steps   []Step
	Clock   broker.Clock
	Start   time.Duration // the end of the baseline on the clock: where every step's At counts from
	Heal    time.Duration // when the faults that have no end of their own are reverted, counted like At
	Topic   string        // whose partitions are told as affected
	Seed    uint64        // what all chance comes from: each step has a stream of its own, by its name
	Cluster broker.Cluster
	Driver  broker.Driver
	Clients []broker.Client // the load's
	// State returns the cluster's view of itself, as fresh as can be had. It may be asked by several steps at once.
	State func(context.Context) (broker.State, error)
	// Told is called at each transition, with the fault as it stands; never twice at a time, and in the order of what happened. The timeline
	// waits for it. Nil: nobody listens.
	Told func(Transition, report.Fault)

	mu    sync.Mutex // one Told at a time
	holds holds

	last   Victims // of the step that began last
	lasted sync.Mutex
}

// Run carries out all steps, overlapping ones side by side, and returns when the last fault is reverted. When ctx ends, what is in force is
// reverted at once, and what has not begun never begins.
//
// There is one record for each step, in their order. A fault that did not take effect says so in its record's Error; the error is for what could
// not be reverted.
func (t *Timeline) Run(ctx context.Context) ([]report.Fault, error) {
	records := make([]report.Fault, len(t.Steps))
	errs := make([]error, len(t.Steps))
	var steps sync.WaitGroup
	for i, s := range t.Steps {
		steps.Go(func() { records[i], errs[i] = t.carryOut(ctx, s) })
	}
	steps.Wait()
	return records, errors.Join(errs...)
}

// carryOut lives one fault's life.
func (t *Timeline) carryOut(ctx context.Context, s Step) (report.Fault, error) {
	f := s.Planned(t.Start)
	if !t.sleepUntil(ctx, f.Planned) {
		return f, nil
	}
	kind, ok := FindKind(s.Kind)
	if !ok {
		f.Error = fmt.Sprintf("there is no fault %q", s.Kind)
		t.tell(Missed, &f)
		return f, nil
	}
	v, state, err := t.resolve(ctx, s)
	if err != nil {
		f.Error = err.Error()
		t.tell(Missed, &f)
		return f, nil
	}
	v.Witness, v.Chance = &Witness{}, chance(t.Seed, s.Name)
	f.Victims, f.Chosen = v.Names(), v.Chosen
	own, err := t.holds.take(s.Name, kind, f.Victims)
	if err != nil {
		f.Error = err.Error()
		t.tell(Missed, &f)
		return f, nil
	}
	t.began(v)
	t.foretell(&f, kind, v, state)
	revert := t.inject(ctx, s, v, &f)
	if f.Error == "" {
		t.sleepUntil(ctx, t.end(s, f.Effective))
	}
	f.Survives = f.Survives && t.holds.survived(own)
	err = t.revert(ctx, revert, v.Witness, &f)
	if err == nil {
		t.holds.letGo(f.Victims, own)
	}
	return f, err
}

// foretell writes down whom the fault can be expected to hurt.
func (t *Timeline) foretell(f *report.Fault, kind Kind, v Victims, s broker.State) {
	var ours []broker.PartitionState
	for _, p := range s.Partitions {
		if p.Topic != t.Topic {
			continue
		}
		ours = append(ours, p)
		if kind.Affects(v, p) {
			f.Affected = append(f.Affected, p.Partition)
		}
	}
	slices.Sort(f.Affected)
	nodes := nodeNames(t.Cluster.Nodes())
	f.Survives = kind.Survives(t.holds.down(v.lost(), nodes), nodes, ours)
	if !f.Survives {
		t.holds.tooMany()
	}
}

// inject sets the fault in force, and returns the way back.
func (t *Timeline) inject(ctx context.Context, s Step, v Victims, f *report.Fault) Revert {
	ctx, cancel := context.WithTimeout(ctx, ActWithin)
	defer cancel()
	f.Commanded = t.Clock.Now()
	t.tell(Commanded, f)
	revert, err := s.Fault.Inject(ctx, v)
	done := t.Clock.Now()
	at, notes := v.Witness.told()
	f.Evidence = notes
	if err != nil {
		f.Error = err.Error()
		return revert
	}
	f.Effective = done
	if !at.IsZero() {
		f.Effective = min(max(t.Clock.At(at), f.Commanded), done)
	}
	t.tell(Effective, f)
	return revert
}

// end returns when a fault is to be over, on the clock.
func (t *Timeline) end(s Step, effective time.Duration) time.Duration {
	if s.For > 0 {
		return effective + s.For
	}
	return t.Start + t.Heal
}

// revert goes the way back, which has a deadline of its own: it is gone after a cancelled run, too.
func (t *Timeline) revert(ctx context.Context, revert Revert, w *Witness, f *report.Fault) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ActWithin)
	defer cancel()
	f.Healing = t.Clock.Now()
	t.tell(Healing, f)
	err := revert(ctx)
	if err == nil {
		f.Healed = t.Clock.Now()
	} else {
		w.Note("not healed: %v", err)
		err = fmt.Errorf("heal %s: %w", f.Name, err)
	}
	_, f.Evidence = w.told()
	t.tell(Healed, f)
	return err
}

// resolve finds the victims in the cluster's state of this moment; where there is no leader, it waits for one for a while.
func (t *Timeline) resolve(ctx context.Context, step Step) (Victims, broker.State, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	for {
		v, s, err := t.resolveNow(ctx, step)
		if err == nil || !t.sleepUntil(ctx, t.Clock.Now()+resolveEvery) {
			return v, s, err
		}
	}
}

func (t *Timeline) resolveNow(ctx context.Context, step Step) (Victims, broker.State, error) {
	s, err := t.State(ctx)
	if err != nil {
		return Victims{}, s, fmt.Errorf("look for %s: %w", step.Target, err)
	}
	v, err := t.victims(s, step, t.before())
	return v, s, err
}

// victims finds a step's victims in a state of the cluster, and says whom else they are hurt with. However often it is asked, chance decides the same.
func (t *Timeline) victims(s broker.State, step Step, before Victims) (Victims, error) {
	v, err := step.Target.Resolve(Scene{
		State: s, Cluster: t.Cluster, Clients: t.Clients, Topic: t.Topic, Chance: chance(t.Seed, "target of "+step.Name), Before: before,
	})
	v.Driver = t.Driver
	return v, err
}

// began remembers whom the step that began last has.
func (t *Timeline) began(v Victims) {
	t.lasted.Lock()
	defer t.lasted.Unlock()
	t.last = v
}

func (t *Timeline) before() Victims {
	t.lasted.Lock()
	defer t.lasted.Unlock()
	return t.last
}

// sleepUntil waits for a moment on the clock, and is false where ctx ended before it.
func (t *Timeline) sleepUntil(ctx context.Context, at time.Duration) bool {
	timer := time.NewTimer(at - t.Clock.Now())
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// tell hands out a copy: the record goes on changing.
func (t *Timeline) tell(what Transition, f *report.Fault) {
	if t.Told == nil {
		return
	}
	c := *f
	c.Victims, c.Affected, c.Evidence = slices.Clone(f.Victims), slices.Clone(f.Affected), slices.Clone(f.Evidence)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Told(what, c)
}

// Preflight tries before the load what the steps will need: every target resolves in the state, and testbed and driver can do what is asked of them. It
// returns all that is wrong, at once.
func (t *Timeline) Preflight(s broker.State) error {
	var errs []error
	var before Victims
	inOrder := slices.SortedStableFunc(slices.Values(t.Steps), func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	for _, step := range inOrder {
		v, err := t.try(s, step, before)
		if err != nil {
			errs = append(errs, fmt.Errorf("fault %s: %w", step.Name, err))
		}
		before = v
	}
	return errors.Join(errs...)
}

func (t *Timeline) try(s broker.State, step Step, before Victims) (Victims, error) {
	v, err := t.victims(s, step, before)
	if err != nil {
		return v, err
	}
	if k, ok := FindKind(step.Kind); ok && k.Needs != nil {
		err = k.Needs(v)
	}
	if d, ok := step.Fault.(Demanding); ok {
		err = errors.Join(err, d.Needs(v))
	}
	return v, err
}
