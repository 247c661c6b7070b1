package squall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Bounds of what comes after the load. Those that say idle count from the last progress.
const (
	healWithin     = time.Minute      // for every replica to be in sync again
	togetherWithin = 10 * time.Second // for metadata that went apart to come together, where they do by themselves
	endsWithin     = 30 * time.Second // for every partition to tell where its log ends
	absentLooks    = 20               // in a row that find no topic in a serving cluster, before it is taken for gone
	drainIdle      = 90 * time.Second // a group waits for members who died while they joined, with Kafka's clients a minute
	readIdle       = 30 * time.Second
	outcomeGrace   = 5 * time.Second  // beyond the delivery time-out
	abortGrace     = 15 * time.Second // beyond the transaction time-out: brokers look every 10 s for those that have passed
)

// settle lets the cluster heal, waits for every outcome, drains the consumers and reads the whole log again, in this order: a verifier that looks
// earlier takes what is only late for lost.
func (r *run) settle(ctx context.Context, stopped Stopped) {
	if ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx) // the plan was stopped; what follows has bounds of its own
	}
	if stopped.Quick {
		for _, p := range r.producers {
			p.Abort()
		}
		r.final.Reason = "the run was stopped by " + stopped.By + ", in a hurry"
		r.leave(ctx)
		return
	}
	r.heal(ctx)
	r.outcomes(ctx)
	if r.placed == broker.NoOffsets {
		r.empty(ctx)
		r.leave(ctx)
		return
	}
	stretches, err := r.ends(ctx)
	if errors.Is(err, broker.ErrNoTopic) {
		r.nothing()
		r.leave(ctx)
		return
	}
	if err != nil {
		r.final.Reason = err.Error()
		r.leave(ctx)
		return
	}
	r.drain(ctx, stretches)
	r.leave(ctx)
	r.read(ctx, stretches)
}

// heal waits until the cluster is whole again.
func (r *run) heal(ctx context.Context) {
	nodes := len(r.bed.Cluster.Nodes())
	whole := until(ctx, watchEvery, healWithin, func() (bool, int64) {
		r.collect()
		return settled(r.watcher.state(), nodes), 0
	})
	if !whole {
		r.finding("%s after the load ended not every replica was in sync", report.Human(r.clock.Now()-r.loadEnd))
	}
	together := until(ctx, watchEvery, togetherWithin, func() (bool, int64) { return len(r.watcher.state().Parted) == 0, 0 })
	if !together {
		r.finding("the metadata of %s stayed parted after the network was whole again: what is declared on one side is unknown to the other, until somebody starts one of them anew",
			list(r.watcher.state().Parted))
	}
}

// outcomes waits until every message has its outcome.
func (r *run) outcomes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.scenario.Load.Producers.DeliveryTimeout+outcomeGrace)
	defer cancel()
	defer r.tick()() // what comes late is collected meanwhile
	for i, p := range r.producers {
		if err := p.Close(ctx); err != nil {
			r.finding("producer %d: %v", i, err)
		}
	}
}

// ends asks where the log of each partition ends, now that nothing is sent any more.
func (r *run) ends(ctx context.Context) (stretches map[int32]broker.Range, err error) {
	driver, ok := r.bed.Driver.(broker.Ends)
	if !ok {
		return nil, errors.New("this driver cannot tell where the log ends")
	}
	absent := 0
	got := until(ctx, watchEvery, endsWithin, func() (bool, int64) {
		ask, cancel := context.WithTimeout(ctx, watchPatient)
		defer cancel()
		if stretches, err = driver.Ends(ask, r.scenario.Topic.Name); errors.Is(err, broker.ErrNoTopic) {
			absent++
		} else {
			absent = 0
		}
		return err == nil || absent == absentLooks, 0
	})
	if !got || err != nil {
		return nil, fmt.Errorf("where the log ends is not known: %w", errors.Join(err, ctx.Err()))
	}
	return stretches, nil
}

// nothing takes it down that there is no log any more to be read: it ends before the first message.
func (r *run) nothing() {
	r.finding("when the log was to be read, every node served and none of them had the topic %s any more", r.scenario.Topic.Name)
	_, r.final.Readable = r.bed.Driver.(broker.Reader)
	for p := range int32(r.scenario.Topic.Partitions) {
		r.final.Ends = append(r.final.Ends, report.Partition{Partition: p})
	}
}

// openFor is how long a transaction may stay open that nobody ends: until then nobody who reads committed gets past it.
func (r *run) openFor() time.Duration {
	if p := &r.scenario.Load.Producers; p.Transactions.Used() {
		return p.TransactionTimeout + abortGrace
	}
	return 0
}

// heldUp says what may hold up who reads committed.
func (r *run) heldUp() string {
	if r.openFor() > 0 {
		return ": a transaction may still be open, though its time-out has passed"
	}
	return ""
}

// drain lets the consumers read to the end.
func (r *run) drain(ctx context.Context, stretches map[int32]broker.Range) {
	r.begin(report.Phase{Name: string(report.Drain), Kind: report.Drain})
	r.final.Grouped = len(r.receivers) > 0
	if !r.final.Grouped {
		return
	}
	r.final.Drained = r.reached(ctx, stretches, watchEvery, drainIdle+r.openFor())
	if r.final.Drained {
		r.outstanding(ctx)
		return
	}
	r.finding("the consumers did not reach the end of the log; %s offsets were left", report.Thousands(r.collector.Backlog()))
}

// outstanding waits until the group has acknowledged everything, where reaching the end does not say that it has: what a member held when it died comes
// again when the broker has waited long enough for it.
func (r *run) outstanding(ctx context.Context) {
	driver, ok := r.bed.Driver.(broker.Outstanding)
	group := r.scenario.Load.Consumers.Group
	if !ok || group == "" {
		return
	}
	left, err := r.acknowledged(ctx, driver, watchEvery, drainIdle)
	r.final.Drained = err == nil && left == 0
	if !r.final.Drained {
		why := ""
		if err != nil {
			why = fmt.Sprintf(" (%v)", err)
		}
		r.finding("the group did not acknowledge everything: %s messages were left%s", report.Thousands(left), why)
	}
}

// acknowledged waits until the group has acknowledged everything, for as long as it gets on. It returns what is left.
func (r *run) acknowledged(ctx context.Context, driver broker.Outstanding, every, bound time.Duration) (left uint64, err error) {
	until(ctx, every, bound, func() (bool, int64) {
		ask, cancel := context.WithTimeout(ctx, watchPatient)
		defer cancel()
		r.collect()
		left, err = driver.Outstanding(ask, r.scenario.Load.Consumers.Group, r.scenario.Topic.Name)
		return err == nil && left == 0, -int64(left)
	})
	return left, err
}

// empty lets the consumers take everything, where nothing can be read again: what they were given until nothing is left is what there was.
func (r *run) empty(ctx context.Context) {
	r.begin(report.Phase{Name: string(report.Drain), Kind: report.Drain})
	r.final.Grouped = len(r.receivers) > 0
	if !r.final.Grouped {
		r.final.Reason = "nobody consumed, and what is in a queue cannot be read without taking it"
		return
	}
	if _, ok := r.bed.Driver.(broker.Outstanding); !ok {
		r.final.Reason = "this driver cannot tell whether anything is left"
		return
	}
	if r.outstanding(ctx); !r.final.Drained {
		r.final.Reason = "messages were left that the group had not acknowledged when the drain's time was over"
		return
	}
	if r.info.Contract.SetsAside {
		r.setAside(ctx)
	}
}

// setAside reads what the broker gave up on and put elsewhere, when nothing is left in the queues that it could still give up.
func (r *run) setAside(ctx context.Context) {
	r.begin(report.Phase{Name: string(report.Reading), Kind: report.Reading})
	driver, ok := r.bed.Driver.(broker.AsideReader)
	if !ok {
		r.final.Reason = "this driver cannot read what the broker set aside"
		return
	}
	open := func(ctx context.Context) (broker.Consumer, error) {
		return driver.NewAsideReader(ctx, r.scenario.Topic)
	}
	if err := r.patiently(ctx, open, r.ledger.Aside().Delivered); err != nil {
		r.final.Reason = "what the broker set aside: " + err.Error()
	}
}

// leave ends the consumers.
func (r *run) leave(ctx context.Context) {
	r.receiving()
	r.readers.Wait()
	ctx, cancel := context.WithTimeout(ctx, outcomeGrace)
	defer cancel()
	for _, c := range r.consumers {
		_ = c.Close(ctx) // nothing is owed to a group that nobody is in any more
	}
}

// read reads the whole log again, apart from every consumer, to the ends that were told after the last outcome.
func (r *run) read(ctx context.Context, stretches map[int32]broker.Range) {
	r.begin(report.Phase{Name: string(report.Reading), Kind: report.Reading})
	driver, ok := r.bed.Driver.(broker.Reader)
	if r.final.Readable = ok; !ok {
		r.final.Reason = "this driver cannot read the log again"
		return
	}
	reached := map[int32]int64{}
	err := r.readPatiently(ctx, driver, stretches, func(batch []broker.Delivery) {
		for i := range batch {
			reached[batch[i].Partition] = batch[i].Offset + 1
		}
		r.ledger.Reader().Delivered(batch)
	})
	if err != nil {
		r.final.Reason = err.Error()
	}
	after, endsErr := r.ends(ctx) // retention may have moved the log's start while it was read
	for p := range int32(r.scenario.Topic.Partitions) {
		s, known := stretches[p]
		if !known {
			continue
		}
		if now, ok := after[p]; ok && endsErr == nil {
			s.Start = max(s.Start, now.Start)
		}
		at := max(s.Start, reached[p])
		if err == nil {
			at = s.End
		}
		r.final.Ends = append(r.final.Ends, report.Partition{Partition: p, Start: s.Start, End: s.End, Reached: at})
	}
	r.confirm(ctx, driver)
}

// readPatiently reads all that is in the stretches, for as long as something comes.
func (r *run) readPatiently(ctx context.Context, driver broker.Reader, stretches map[int32]broker.Range, told func([]broker.Delivery)) error {
	return r.patiently(ctx, log(driver, r.scenario.Topic, stretches), told)
}

// log returns what opens a reader of stretches of a topic's log.
func log(driver broker.Reader, t broker.Topic, stretches map[int32]broker.Range) func(context.Context) (broker.Consumer, error) {
	return func(ctx context.Context) (broker.Consumer, error) { return driver.NewReader(ctx, t, stretches) }
}

// patiently reads all that a reader has, for as long as something comes.
func (r *run) patiently(ctx context.Context, open func(context.Context) (broker.Consumer, error), told func([]broker.Delivery)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	patience := readIdle + r.openFor()
	idle := time.AfterFunc(patience, cancel)
	defer idle.Stop()
	err := r.readAll(ctx, open, func(batch []broker.Delivery) {
		told(batch)
		idle.Reset(patience)
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("nothing more came for %s while the log was read again%s", report.Human(patience), r.heldUp())
	}
	return err
}

// removing reads what a fault is about to delete, so that the balance knows each message that was there until then.
func (r *run) removing(ctx context.Context, stretches map[int32]broker.Range) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	driver, ok := r.bed.Driver.(broker.Reader)
	if !ok {
		return errors.New("this driver cannot read it before")
	}
	read := 0
	err := r.readAll(ctx, log(driver, r.scenario.Topic, stretches), func(batch []broker.Delivery) {
		read += len(batch)
		r.ledger.Reader().Removed(batch)
	})
	if err != nil {
		if read > 0 { // the ledger knows them as found
			r.finding("%s messages were read for a deletion that did not come about: that they were there is known, and if they are lost later, that is not", report.Thousands(uint64(read)))
		}
		return fmt.Errorf("%s messages were read: %w", report.Thousands(uint64(read)), err)
	}
	for p, s := range stretches {
		r.final.Starts[p] = max(r.final.Starts[p], s.End)
	}
	return nil
}

// renewed is told when a fault has made the topic anew.
func (r *run) renewed() {
	r.reading.Lock()
	defer r.reading.Unlock()
	r.final.Renewed = true
	r.phases.Renew(r.clock.Now())
}

// readAll tells all that a reader has.
func (r *run) readAll(ctx context.Context, open func(context.Context) (broker.Consumer, error), told func([]broker.Delivery)) error {
	reader, err := open(ctx)
	if err != nil {
		return fmt.Errorf("read the log again: %w", err)
	}
	defer reader.Abort()
	batch := make([]broker.Delivery, 0, 4096)
	for {
		batch, err = reader.Receive(ctx, batch[:0])
		for i := range batch {
			broker.Decode(&batch[i], r.bed.Run)
		}
		if len(batch) > 0 {
			told(batch)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("read the log again: %w", ctx.Err())
		case err != nil:
			return fmt.Errorf("read the log again: %w", err)
		}
	}
}

// balance strikes the ledger's balance; nobody writes its pages any more.
func (r *run) balance(h report.History, end time.Duration) report.Safety {
	s := r.ledger.Balance(r.final)
	s.FinalRead.Consumed = r.placed == broker.NoOffsets
	r.regressions(&s, h, end)
	if s.Lost > 0 {
		losses := r.ledger.Losses(r.final)
		s.Loss = r.loss(losses)
		testify(s.Examples, losses, h.States, r.faults)
	}
	for _, sender := range r.senders {
		s.Unsent += sender.Unsent()
	}
	return s
}
