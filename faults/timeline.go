package faults

import (
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
	lookEvery     = 100 * time.Millisecond
)

// A Transition is a moment in a fault's life.
type Transition string

// The transitions, in order. A fault whose injection failed is healed without having been effective.
const (
	Commanded Transition = "commanded" // the target is resolved, and the injection begins
	Effective Transition = "effective" // the fault is in force
	Healing   Transition = "healing"   // the way back begins
	Healed    Transition = "healed"    // the way back is done, or has failed: then the record's Healed is report.Never
	Missed    Transition = "missed"    // nothing was done: there is no such target now, or what was waited for did not come
	LeftOut   Transition = "left out"  // nothing was done, as the scenario wants it
)

// A Timeline carries out the steps of a scenario.
type Timeline struct {
	Steps   []Step
	Clock   broker.Clock
	Start   time.Duration // the end of the baseline on the clock: where every step's At counts from
	Heal    time.Duration // when the faults that have no end of their own are reverted at the earliest, counted like At
	Watch   time.Duration // how long the recovery of all others is watched: before that, and before Run returns
	Topic   string        // whose partitions are told as affected
	Seed    uint64        // what all chance comes from: each step has a stream of its own, by its name
	Cluster broker.Cluster
	Driver  broker.Driver
	Clients []broker.Client // the load's
	// State returns the cluster's view of itself, as fresh as can be had. It may be asked by several steps at once.
	State func(context.Context) (broker.State, error)
	// Removing reads what a fault is about to delete from the topic's log. Nil: nobody wants to know.
	Removing func(context.Context, map[int32]broker.Range) error
	// Renewed is told when a fault has made the topic anew. Nil: nobody wants to know.
	Renewed func()
	// Lag returns how many messages were acknowledged and not yet delivered. Nil: nobody knows.
	Lag func() int64
	// Hurry reports whether there are only seconds left once ctx has ended: then a way back is tried once. Nil: there is time.
	Hurry func(context.Context) bool
	// Told is called at each transition, with the fault as it stands; never twice at a time, and in the order of what happened. The timeline
	// waits for it. Nil: nobody listens.
	Told func(Transition, report.Fault)

	// Panicked is told of a panic, with where it was, and is to end the context of Run; the step's fault is reverted then, and its record says so. It may
	// be called by several at once. Nil: Run panics, too, when all is reverted, and a fault that goes on aside ends the process.
	Panicked func(text string)

	mu    sync.Mutex // one Told at a time
	holds holds
	cast  cast
	stage stage
}

// Run carries out all steps, overlapping ones side by side, with those that join by hand, and returns when the last fault is reverted and the recovery of
// all that have an end of their own has been watched; not before Start. When ctx ends, what is in force is reverted at once, the last that began first,
// and what has not begun never begins. So it is when a step panics.
//
// There is one record for each step, in their order, and then one for each that joined. A fault that did not take effect says so in its record's Error; the
// error is for what could not be reverted, and the record's HealError says why.
func (t *Timeline) Run(ctx context.Context) ([]report.Fault, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.stage.open(t.Steps)
	t.cast.open(ctx, cancel, t.Steps)
	for _, m := range t.cast.all() {
		t.play(m)
	}
	for !t.over(ctx) {
	}
	if t.cast.broken != nil {
		panic(t.cast.broken)
	}
	records, err := []report.Fault{}, []error{}
	for _, m := range t.cast.all() {
		records, err = append(records, m.fault), append(err, m.err)
	}
	return records, errors.Join(err...)
}

// play carries out one step aside; Run waits for it.
func (t *Timeline) play(m *performer) {
	go func() {
		defer t.cast.left()
		defer func() {
			p := recover()
			switch {
			case p == nil:
			case t.Panicked != nil:
				m.fault = m.step.Planned(t.Start)
				m.fault.Error = panicError(p)
				t.Panicked(stackOf(p))
			default:
				t.cast.breaks(stackOf(p))
			}
		}()
		defer t.stage.over(m.step)
		m.fault, m.err = t.carryOut(t.cast.ctx, m.step)
	}()
}

// over waits until every step is over, and watched, and reports whether none has joined meanwhile: then none can any more.
func (t *Timeline) over(ctx context.Context) bool {
	<-t.cast.empty()
	until := t.cast.until()
	t.sleepUntil(ctx, max(t.Start, until))
	return t.cast.close(until)
}

// carryOut lives one fault's life.
func (t *Timeline) carryOut(ctx context.Context, s Step) (f report.Fault, err error) {
	f = s.Planned(t.Start)
	kind, ok := FindKind(s.Kind)
	if !ok {
		return t.missed(f, fmt.Errorf("there is no fault %q", s.Kind))
	}
	begun, why := t.begin(ctx, s)
	switch {
	case why != nil:
		return t.missed(f, why)
	case !begun:
		return f, nil
	}
	act, own, err := t.enter(ctx, s, kind)
	var leftOut leftOutError
	switch {
	case errors.As(err, &leftOut):
		f.LeftOut = leftOut.Error()
		t.tell(LeftOut, &f)
		return f, nil
	case err != nil && ctx.Err() != nil && act == nil:
		return f, nil
	case err != nil:
		if act != nil {
			f.Victims, f.Chosen = act.Names(), act.Chosen
		}
		return t.missed(f, err)
	}
	return t.live(ctx, s, kind, act, own, f)
}

// missed ends a fault that did nothing.
func (t *Timeline) missed(f report.Fault, why error) (report.Fault, error) {
	f.Error = why.Error()
	t.tell(Missed, &f)
	return f, nil
}

// live is a fault's life from its injection to its end. Whatever panics between, it is reverted.
func (t *Timeline) live(run context.Context, s Step, kind Kind, a *act, own *hold, f report.Fault) (lived report.Fault, err error) {
	defer t.stage.leave(a)
	ctx, cancel := t.stage.begin(run, a)
	defer cancel()
	f.Victims, f.Chosen = a.Names(), a.Chosen
	t.foretell(&f, kind, a)
	end := func() error {
		f.Survives = f.Survives && t.holds.survived(own)
		if t.stage.heals(a) {
			a.Witness.Note("reverted by hand")
		}
		if err = t.revert(run, ctx, a, &f); err == nil {
			t.holds.letGo(f.Victims, own)
		}
		return err
	}
	defer func() {
		p := recover()
		switch {
		case p == nil:
		case t.Panicked == nil:
			_ = end() // the panic is told instead
			panic(p)
		default:
			t.Panicked(stackOf(p))
			f.Error = panicError(p)
			err = end()
			lived = f
		}
	}()
	t.inject(ctx, s, a, &f)
	if f.Error == "" {
		t.last(ctx, s, &f)
	}
	if err = end(); err == nil && f.Took() && (s.For > 0 || s.ByHand || a.cut) {
		t.cast.watch(f.Healed + t.Watch)
	}
	return f, err
}

// foretell writes down whom the fault can be expected to hurt.
func (t *Timeline) foretell(f *report.Fault, kind Kind, a *act) {
	var ours []broker.PartitionState
	for _, p := range a.state.Partitions {
		if p.Topic != t.Topic {
			continue
		}
		ours = append(ours, p)
		if kind.Affects(a.Victims, p) {
			f.Affected = append(f.Affected, p.Partition)
		}
	}
	slices.Sort(f.Affected)
	nodes, lost := nodeNames(t.Cluster.Nodes()), a.lost()
	if len(lost) > 0 || a.step.Target.Type != Links { // who is cut off from the brokers is not helped by which of them are up
		lost = t.holds.down(lost, nodes)
	}
	f.Survives = a.step.Survives(lost, nodes, ours)
	if !f.Survives {
		t.holds.tooMany()
	}
}

// inject sets the fault in force.
func (t *Timeline) inject(ctx context.Context, s Step, a *act, f *report.Fault) {
	ctx, cancel := context.WithTimeout(ctx, ActWithin)
	defer cancel()
	f.Commanded = t.Clock.Now()
	t.tell(Commanded, f)
	var err error
	a.revert, err = s.Fault.Inject(ctx, a.Victims)
	done := t.Clock.Now()
	at, notes := a.Witness.told()
	f.Evidence = notes
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errByHand):
		f.Error = "it was reverted by hand before it was in force"
		return
	case err != nil:
		f.Error = err.Error()
		return
	}
	f.Effective = done
	if !at.IsZero() {
		f.Effective = min(max(t.Clock.At(at), f.Commanded), done)
	}
	t.tell(Effective, f)
}

// last waits as long as the fault is to last.
func (t *Timeline) last(ctx context.Context, s Step, f *report.Fault) {
	switch {
	case s.Until.Set():
		if err := t.await(ctx, s.Until, s.For); err != nil && ctx.Err() == nil {
			f.Error = "until " + err.Error()
		}
	case s.For > 0:
		t.sleepUntil(ctx, f.Effective+s.For)
	default:
		for !t.healTime(ctx) {
		}
	}
}

// healTime waits until the others are over and watched, and reports whether none has joined meanwhile, or ctx ended.
func (t *Timeline) healTime(ctx context.Context) bool {
	t.stage.awaitOthers(ctx)
	late := t.stage.othersEnded()
	t.sleepUntil(ctx, max(t.Start+t.Heal, t.Clock.At(late)+t.Watch))
	return ctx.Err() != nil || t.stage.othersEnded().Equal(late) && t.stage.alone()
}

// sleepUntil waits for a moment on the clock, and is false where ctx ended before it.
func (t *Timeline) sleepUntil(ctx context.Context, at time.Duration) bool {
	return sleep(ctx, at-t.Clock.Now()) && ctx.Err() == nil
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
