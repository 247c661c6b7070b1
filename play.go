package squall

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// play sends the load while the scenario's plan goes by: warm-up, baseline, faults, recovery. It returns when the load is over and every fault is
// reverted, with why the plan ended early, if it did.
func (r *run) play(ctx context.Context) Stopped {
	r.control()
	start := (r.clock.Now() + headStart).Truncate(time.Second) + time.Second // windows, phases and clock then agree on seconds
	r.options.Start = start
	r.collector.Begin(start, r.senders)
	var load sync.WaitGroup
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	for i, s := range r.senders {
		s.Start(start)
		load.Go(r.panics.guard(func() { s.Run(sending, r.producers[i], r.scenario.Load.Producers.DeliveryTimeout) }))
	}
	if late := r.scenario.Load.Consumers.Start; late > 0 {
		r.receive(start + late)
	}
	ticks := r.tick()
	r.panics.survives(func() { r.plan(ctx, start) })
	stopped := stop(ctx)
	r.hands.end()
	r.loadEnd = r.clock.Now()
	for _, s := range r.senders {
		s.End(r.loadEnd)
	}
	if stopped.Quick {
		cancel()
	}
	r.begin(report.Phase{Name: string(report.Heal), Kind: report.Heal})
	load.Wait()
	ticks()
	return stopped
}

// collectAfter is how long after each second it is collected: then the sampler has looked at it.
const collectAfter = 200 * time.Millisecond

// tick collects once a second until it is told to end, which it does before the call that tells it returns.
func (r *run) tick() (end func()) {
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(r.panics.guard(func() {
		for {
			now := r.clock.Now()
			next := (now - collectAfter).Truncate(time.Second) + time.Second + collectAfter
			timer := time.NewTimer(next - now)
			select {
			case <-done:
				timer.Stop()
				return
			case <-timer.C:
				r.collect()
			}
		}
	}))
	return func() { close(done); ticking.Wait() }
}

// plan goes through the scenario's phases while the load is on, and returns when all faults are reverted and their recovery has been watched.
func (r *run) plan(ctx context.Context, start time.Duration) {
	course := &course{run: r, left: len(r.scenario.Faults), ward: ward{todo: r.bed.Todo}, baseline: start + r.scenario.Phases.WarmUp,
		baselineEnd: start + r.scenario.BaselineEnd()}
	defer course.end()
	r.enter(report.Phase{Name: string(report.WarmUp), Kind: report.WarmUp, From: start})
	course.warm()
	r.timeline.Start, r.timeline.Told = course.baselineEnd, course.told
	r.hands.begin(course, start)
	records, err := r.timeline.Run(ctx)
	r.faults = records
	if err != nil {
		r.finding("%v", err)
	}
}

// begin begins a phase now.
func (r *run) begin(p report.Phase) {
	p.From = r.clock.Now()
	r.enter(p)
}

// enter begins a phase where it says.
func (r *run) enter(p report.Phase) {
	r.phases.Begin(p)
	r.journal.tell(r.clock.Now(), report.Event{Type: report.EventPhase, Text: p.Name, Phase: &p})
}

// A course follows the faults with the run's phases: during the fault that began last and is not over, then its recovery for its time.
type course struct {
	run                   *run
	baseline, baselineEnd time.Duration // from when to when there is to be no fault, on the clock

	mu     sync.Mutex
	ward   ward
	active []string // faults that are on, the last that began last
	left   int      // faults that are not over yet
	warmed *time.Timer
	over   *time.Timer
	ended  bool
}

// warm begins the baseline when the warm-up is over, unless a fault by hand is in its way.
func (c *course) warm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warmed = time.AfterFunc(c.baseline-c.run.clock.Now(), c.run.panics.guard(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.ended && c.run.phases.Current().Kind == report.WarmUp {
			c.run.enter(report.Phase{Name: string(report.Baseline), Kind: report.Baseline, From: c.baseline})
		}
	}))
}

// expect says that so many more faults are to come.
func (c *course) expect(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left += more
}

// told is what the timeline tells transitions to.
func (c *course) told(what faults.Transition, f report.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.run
	r.hands.follow(f)
	switch what {
	case faults.Commanded:
		if mayEnd(f) {
			r.guard.hold(f.Victims)
		}
		c.active = append(c.active, f.Name)
		c.during(f.Name, f.Commanded)
	case faults.Healed:
		if mayEnd(f) && f.Healed != report.Never { // else it may be down for good, by the fault's doing
			r.guard.release(f.Victims)
		}
		c.left--
		c.leave(f)
	case faults.Missed, faults.LeftOut:
		c.left--
	}
	if err := c.ward.follow(what, f); err != nil {
		r.finding("what is still to be reverted cannot be kept: %v", err)
	}
	r.journal.tell(r.clock.Now(), report.Event{Type: report.EventFault, Text: tell(what, f), Fault: &f})
}

// mayEnd reports whether a fault may end its victims' processes; where it may not, one that ends is a crash.
func mayEnd(f report.Fault) bool {
	k, ok := faults.FindKind(f.Kind)
	return ok && !k.LeavesUp
}

func (c *course) during(name string, from time.Duration) {
	if c.over != nil {
		c.over.Stop()
	}
	c.run.enter(report.Phase{Name: "during " + name, Kind: report.During, Fault: name, From: from})
}

// leave ends a fault's phase: another fault's goes on, or recovery begins.
func (c *course) leave(f report.Fault) {
	for i, name := range c.active {
		if name == f.Name {
			c.active = append(c.active[:i], c.active[i+1:]...)
			break
		}
	}
	now := c.run.clock.Now()
	if n := len(c.active); n > 0 {
		c.during(c.active[n-1], now)
		return
	}
	c.run.enter(report.Phase{Name: "recovery " + f.Name, Kind: report.Recovering, Fault: f.Name, From: now})
	if watch := c.run.scenario.Phases.Recovery; c.left > 0 || now+watch < c.baselineEnd { // else the load ends with this recovery
		c.over = time.AfterFunc(watch, c.run.panics.guard(c.between))
	}
}

// between begins the phase in which no fault is on and none is being recovered from. Before the baseline was to be over, that is what is left of it.
func (c *course) between() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || len(c.active) > 0 || c.run.phases.Current().Kind != report.Recovering {
		return
	}
	kind, now := report.Between, c.run.clock.Now()
	switch {
	case now < c.baseline:
		kind = report.WarmUp
	case now < c.baselineEnd:
		kind = report.Baseline
	}
	c.run.begin(report.Phase{Name: string(kind), Kind: kind})
}

func (c *course) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.warmed.Stop()
	if c.over != nil {
		c.over.Stop()
	}
}

// tell says in one line what happened to a fault.
func tell(what faults.Transition, f report.Fault) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", f.Name, what, f.Kind, f.Target))
	if f.Params != "" {
		text += " (" + f.Params + ")"
	}
	if what == faults.Commanded && len(f.Victims) > 0 {
		text += " = " + list(f.Victims)
	}
	for _, why := range []string{f.Error, f.LeftOut} {
		if why != "" {
			text += ": " + why
		}
	}
	if what == faults.Healed && f.HealError != "" {
		text = fmt.Sprintf("%s NOT healed: %s: %s", f.Name, strings.Join(f.Victims, ", "), f.HealError)
	}
	return text
}

// settled reports whether the watcher sees every node, and every replica in sync.
func settled(s broker.State, nodes int) bool {
	return len(s.Nodes) >= nodes && len(s.Partitions) > 0 && s.FullyInSync()
}
