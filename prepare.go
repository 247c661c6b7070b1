package squall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

const (
	// readyWithin bounds how long a cluster that has started may take to serve.
	readyWithin = 2 * time.Minute
	// joinWithin bounds how long the consumers may take to have their partitions.
	joinWithin = 30 * time.Second
	// headStart is the least time between the last preparation and the first message, so that no message is late at once.
	headStart = 50 * time.Millisecond
)

// A run is one run of a scenario, from newRun to close. Its fields are written by the goroutine that called Run, and read by those it starts.
type run struct {
	scenario *scenarios.Scenario
	bed      Testbed
	clock    broker.Clock
	begun    time.Duration // on the clock
	journal  *journal
	watcher  *watcher
	guard    *guard
	commits  *commitWatch // nil: nobody commits
	sampler  *sampler
	phases   *loadgen.Phases
	ledger   *ledger.Ledger
	options  loadgen.Options
	timeline *faults.Timeline
	hands    *hands
	panics   panics
	tenant   broker.Tenant // of a cluster of others; nil: squall has the cluster to itself

	senders   []*loadgen.Sender
	producers []*loadgen.Producing
	receivers []*loadgen.Receiver
	consumers []*loadgen.Consuming
	collector *loadgen.Collector

	reception context.Context    // of the receivers
	receiving context.CancelFunc // ends the receivers
	watching  context.CancelFunc // ends the watcher
	readers   sync.WaitGroup     // the receivers
	behind    sync.WaitGroup     // the watcher, the guard and the sampler

	info     report.Run
	findings []string // guarded by noting
	noting   sync.Mutex
	final    ledger.Final
	reading  sync.Mutex // one reader of the log at a time, while faults delete some of it
	faults   []report.Fault
	loadEnd  time.Duration
	placed   broker.Offsets
	depth    atomic.Uint64                          // what the queues held when they were asked last, where no offsets tell
	known    atomic.Pointer[map[int32]broker.Range] // where the partitions ended when they were asked last, where acknowledgements do not tell
	lag      atomic.Int64                           // messages acknowledged and not delivered, when the collector looked last; -1: nothing is consumed
}

// newRun returns a run; a panic calls end.
func newRun(s *scenarios.Scenario, bed Testbed, observers []Observer, end context.CancelCauseFunc) *run {
	r := &run{scenario: s, bed: bed, clock: bed.Clock, begun: bed.Clock.Now(), panics: panics{stop: end}}
	r.journal = newJournal(bed.Clock, bed.Events, observers, &r.panics, s.Secrets())
	r.watcher = &watcher{driver: bed.Driver, clock: bed.Clock, journal: r.journal}
	r.guard = &guard{nodes: bed.Cluster.Nodes(), clock: bed.Clock, journal: r.journal, finding: r.finding, again: map[string]int{}}
	r.sampler = &sampler{machine: bed.Host, nodes: bed.Cluster.Nodes(), clock: bed.Clock}
	r.phases = loadgen.NewPhases(report.Phase{Name: string(report.Prepare), Kind: report.Prepare, From: r.begun})
	r.ledger = ledger.New(s.Load.Producers.Count, s.Topic.Partitions)
	r.options = loadOptions(s, bed)
	r.options.Start, r.options.Phases = r.begun, r.phases
	switch r.placed = bed.Kind.OffsetsOf(s.Settings()); r.placed {
	case broker.NoOffsets:
		r.options.Backlog = r.depth.Load
	case broker.OffsetsDelivered:
		r.options.Backlog = r.behindEnds
	}
	r.timeline = &faults.Timeline{
		Steps: s.Faults, Clock: bed.Clock, Topic: s.Topic.Name, Seed: s.Seed,
		Heal:  s.LoadEnd() - s.BaselineEnd(), // when the last recovery has been watched
		Watch: s.Phases.Recovery, Lag: func() int64 { return r.lag.Load() },
		Hurry: func(ctx context.Context) bool { return stop(ctx).Quick && r.panics.err() == nil }, Panicked: r.panics.told,
		Cluster: bed.Cluster, Driver: bed.Driver, State: r.watcher.look, Removing: r.removing,
		Renewed: r.renewed,
	}
	r.hands = &hands{run: r, cut: map[string]bool{}, seen: map[string]report.Fault{}}
	r.steer()
	r.final.Dirty = s.Load.Producers.Transactions.Used() && s.Load.Consumers.Isolation != broker.ReadCommitted
	r.watchCommits()
	r.receiving, r.watching = func() {}, func() {}
	return r
}

// steer makes a load whose rate can be changed, where somebody may change it: no other run pays for that on each message's path.
func (r *run) steer() {
	if len(r.journal.watchers) == 0 {
		r.hands.fixed = errors.New("nobody watches this run")
		return
	}
	if r.hands.curve, r.hands.fixed = loadgen.NewSteered(r.scenario.Curve(), r.clock); r.hands.fixed == nil {
		r.options.Pacer = r.hands.curve
	}
}

// loadOptions are the scenario's load; when it starts and what its phases are is still to be said.
func loadOptions(s *scenarios.Scenario, bed Testbed) loadgen.Options {
	return loadgen.Options{
		Run: bed.Run, Clock: bed.Clock, Pacer: s.Curve(), Partitions: s.Topic.Partitions, Seed: s.Seed,
		Size: s.Load.Size, Sizes: s.Load.Sizes, Keys: s.Load.Keys, Body: s.Bodies(), Spread: s.Load.Spread, Pacing: s.Waiting(), Processing: s.Load.Consumers.Processing,
		Shared: bed.Kind.Shared,
	}
}

// finding notes what a reader of the report should know.
func (r *run) finding(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.noting.Lock()
	r.findings = append(r.findings, text)
	r.noting.Unlock()
	r.journal.note("%s", text)
}

// prepare makes the topic and everything that the load needs, and tries whether the faults will have what they need.
func (r *run) prepare(ctx context.Context) error {
	ready, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := r.enterAlone(ready); err != nil {
		return err
	}
	if err := r.serving(ready); err != nil {
		return err
	}
	r.describe(ready)
	r.journal.tell(r.clock.Now(), report.Event{Type: report.EventRun, Text: "ready: " + r.info.Load, Run: &r.info})
	for _, note := range r.bed.Cluster.Describe().Notes {
		r.finding("%s", note)
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	if err := r.preflight(ready); err != nil {
		return err
	}
	r.watch(ctx)
	return r.join(ctx)
}

// preflight tries every target once, and asks whether testbed and driver can do what the faults need.
func (r *run) preflight(ctx context.Context) error {
	state, err := r.watcher.look(ctx)
	if err != nil {
		return fmt.Errorf("ask for the cluster's state: %w", err)
	}
	if err := r.timeline.Preflight(state); err != nil {
		return fmt.Errorf("the faults cannot be injected: %w", err)
	}
	return nil
}

// connect makes the load's clients. What was made is closed by close.
func (r *run) connect(ctx context.Context) error {
	load, topic := &r.scenario.Load, r.scenario.Topic
	for i := range load.Consumers.Count {
		options := broker.ConsumerOptions{ConsumerSettings: load.Consumers.ConsumerSettings, Name: fmt.Sprintf("consumer-%d", i)}
		if r.commits != nil {
			options.Commits = r.commits.committed
		}
		receiver := loadgen.NewReceiver(r.options, i, func() loadgen.ReceivePage { return r.ledger.Receiver() })
		c := loadgen.NewConsuming(options.Name, receiver, func(ctx context.Context) (broker.Consumer, error) {
			return r.bed.Driver.NewConsumer(ctx, topic, options)
		})
		options.Events = func(e broker.ClientEvent) {
			c.Saw(e)
			r.journal.client(e)
		}
		r.receivers, r.consumers = append(r.receivers, receiver), append(r.consumers, c)
		if load.Consumers.Start == 0 {
			if err := c.Connect(ctx); err != nil {
				return fmt.Errorf("connect %s: %w", options.Name, err)
			}
		}
		r.timeline.Clients = append(r.timeline.Clients, c)
	}
	for i := range load.Producers.Count {
		options := broker.ProducerOptions{ProducerSettings: load.Producers.ProducerSettings, Name: fmt.Sprintf("producer-%d", i), Events: r.journal.client}
		options.TransactionalID = fmt.Sprintf("squall-%016x-%s", r.bed.Run, options.Name)
		options.Aborts = loadgen.Aborts(r.scenario.Seed, i, load.Producers.Transactions.Abort)
		s := loadgen.NewSender(r.options, i, load.Producers.Count, r.ledger.Sender(uint32(i)))
		p, err := loadgen.NewProducing(ctx, options.Name, func(ctx context.Context) (broker.Producer, error) {
			return r.bed.Driver.NewProducer(ctx, topic, options, s.Outcomes)
		})
		if err != nil {
			return fmt.Errorf("connect %s: %w", options.Name, err)
		}
		r.senders, r.producers = append(r.senders, s), append(r.producers, p)
		r.timeline.Clients = append(r.timeline.Clients, p)
	}
	r.collector = loadgen.NewCollector(r.options, r.receivers)
	return nil
}

// watch starts the watcher, the guard, the sampler and, unless they come later, the consumers, all of which go on until they are told to end.
func (r *run) watch(ctx context.Context) {
	var look context.Context
	r.reception, r.receiving = context.WithCancel(context.WithoutCancel(ctx))
	look, r.watching = context.WithCancel(context.WithoutCancel(ctx))
	r.behind.Go(r.panics.guard(func() { r.watcher.run(look) }))
	r.behind.Go(r.panics.guard(func() { r.guard.run(look) }))
	if r.commits != nil {
		r.behind.Go(r.panics.guard(func() { r.commits.run(look) }))
	}
	r.behind.Go(r.panics.guard(func() { r.sampler.run(look) }))
	switch r.placed {
	case broker.NoOffsets:
		r.sounding(look, r.soundQueues)
	case broker.OffsetsDelivered:
		r.sounding(look, r.soundEnds)
	}
	if r.scenario.Load.Consumers.Start == 0 {
		r.receive(r.clock.Now())
	}
}

// soundEvery is how often it is asked what is stored, where acknowledgements do not tell.
const soundEvery = time.Second

// sounding asks in the background what is stored. While nobody can tell, it stays what it was.
func (r *run) sounding(ctx context.Context, ask func(context.Context)) {
	r.behind.Go(r.panics.guard(func() {
		tick := time.NewTicker(soundEvery)
		defer tick.Stop()
		for {
			asking, cancel := context.WithTimeout(ctx, watchPatient)
			ask(asking)
			cancel()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}))
}

// soundQueues keeps what the queues hold.
func (r *run) soundQueues(ctx context.Context) {
	driver, ok := r.bed.Driver.(broker.Outstanding)
	if !ok {
		return
	}
	if left, err := driver.Outstanding(ctx, r.scenario.Load.Consumers.Group, r.scenario.Topic.Name); err == nil {
		r.depth.Store(left)
	}
}

// soundEnds keeps where the partitions end.
func (r *run) soundEnds(ctx context.Context) {
	driver, ok := r.bed.Driver.(broker.Ends)
	if !ok {
		return
	}
	if ends, err := driver.Ends(ctx, r.scenario.Topic.Name); err == nil {
		r.known.Store(&ends)
	}
}

// behindEnds is how far the consumers are from where the partitions ended when they were asked last. It is for the goroutine that has the collector.
func (r *run) behindEnds() (n uint64) {
	ends := r.known.Load()
	if ends == nil {
		return 0
	}
	for p, at := range r.collector.Delivered() {
		if e, known := (*ends)[int32(p)]; known {
			n += uint64(max(0, e.End-max(at, e.Start)))
		}
	}
	return n
}

// receive lets the consumers begin at a time on the clock.
func (r *run) receive(at time.Duration) {
	for i, c := range r.consumers {
		r.readers.Go(r.panics.guard(func() {
			wait(r.reception, r.clock, at)
			if err := c.Run(r.reception); err != nil {
				r.finding("consumer %d stopped: %v", i, err)
			}
		}))
	}
}

// join waits until the consumers have read from every partition what made the topic ready.
func (r *run) join(ctx context.Context) error {
	if r.placed == broker.NoOffsets {
		return r.taken(ctx)
	}
	ends, ok := r.bed.Driver.(broker.Ends)
	if !ok {
		return nil
	}
	stretches, err := ends.Ends(ctx, r.scenario.Topic.Name)
	if err != nil {
		return fmt.Errorf("ask where the log ends: %w", err)
	}
	r.final.Starts = map[int32]int64{}
	for p, s := range stretches {
		r.final.Starts[p] = s.Start
	}
	if len(r.receivers) > 0 && r.scenario.Load.Consumers.Start == 0 && !r.reached(ctx, stretches, 20*time.Millisecond, joinWithin) {
		return errors.Join(ctx.Err(), fmt.Errorf("after %s the consumers have not read from every partition of %s", report.Human(joinWithin), r.scenario.Topic.Name))
	}
	return nil
}

// taken waits until the consumers have taken what made the topic ready.
func (r *run) taken(ctx context.Context) error {
	driver, ok := r.bed.Driver.(broker.Outstanding)
	if !ok || len(r.receivers) == 0 || r.scenario.Load.Consumers.Start > 0 {
		return nil
	}
	if left, err := r.acknowledged(ctx, driver, watchEvery, joinWithin); err != nil || left > 0 {
		return errors.Join(ctx.Err(), err, fmt.Errorf("after %s the consumers have not taken everything from %s: %d messages are left", report.Human(joinWithin), r.scenario.Topic.Name, left))
	}
	return nil
}

// reached waits until the consumers have got to the end of all stretches, for as long as they get on.
func (r *run) reached(ctx context.Context, stretches map[int32]broker.Range, every, bound time.Duration) bool {
	return until(ctx, every, bound, func() (bool, int64) {
		r.collect()
		done, sum := true, int64(0)
		for p, at := range r.collector.Delivered() {
			sum += at
			if s := stretches[int32(p)]; s.End > s.Start {
				done = done && at >= s.End
			}
		}
		return done, sum
	})
}

// collect rolls the collector and tells the windows that are over.
func (r *run) collect() {
	buffered := 0
	for _, p := range r.producers {
		buffered += p.Buffered()
	}
	now := r.clock.Now()
	defer r.lagged()
	windows := r.collector.Roll(now, buffered)
	r.sampler.attach(windows)
	r.sampler.attach(r.collector.Fresh())
	for _, w := range windows {
		r.journal.tell(now, report.Event{Type: report.EventWindow, Text: w.Phase, Window: &w})
	}
}

// lagged keeps how far the consumers are behind for those who ask from elsewhere.
func (r *run) lagged() {
	r.lag.Store(int64(r.collector.Backlog()))
	if len(r.receivers) == 0 {
		r.lag.Store(-1)
	}
}

// close closes what the run made, and ends its journal.
func (r *run) close() error {
	r.watching()
	r.retire()
	r.behind.Wait()
	return r.journal.close()
}

// retire ends the clients that are still there.
func (r *run) retire() {
	r.receiving()
	r.readers.Wait()
	for _, c := range r.consumers {
		c.Abort()
	}
	for _, p := range r.producers {
		p.Abort()
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
