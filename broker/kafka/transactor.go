package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
)

// defaultTransactionTimeout is franz-go's own.
const defaultTransactionTimeout = 40 * time.Second

// beginAgain is how long a transactor waits before it makes a new client again.
const beginAgain = 250 * time.Millisecond

var errNotBegun = errors.New("its transaction had not begun")

// A transactor gives a producer's messages to the client in one transaction after the other, and tells their outcomes when these have ended: before, nobody
// can know. Messages that come while a transaction is being ended wait for the next one, with their due times.
//
// Slots come and go in the order of the producer's ring, so a transaction is a stretch of places in it: [first, given).
type transactor struct {
	p       *producer
	news    *listener
	connect func() (*kgo.Client, error)
	aborts  func() bool
	every   time.Duration
	limit   uint64 // messages in a transaction

	filled  atomic.Uint64 // places below this one hold messages that Send took
	wake    chan struct{} // there is something to do
	closing atomic.Bool   // nothing more will come

	first, given uint64 // the run loop's own
	number       uint64 // of the open transaction, or the one before

	// Guarded by producer.telling.
	lent    int   // records of the open transaction that franz-go has
	failure error // of the open transaction's first message that failed; nil: none
	trouble error // why no transaction could begin; nil: none
	anew    bool  // the topic was made again under the same name
	over    bool  // nobody gives or concludes any more
}

func newTransactor(p *producer, o broker.ProducerOptions, l *listener) *transactor {
	t := &transactor{p: p, news: l, aborts: o.Aborts, every: o.Transactions.Every, limit: math.MaxUint64, wake: make(chan struct{}, 1)}
	if t.aborts == nil {
		t.aborts = func() bool { return false }
	}
	if n := o.Transactions.Messages; n > 0 {
		t.limit = uint64(n)
	}
	return t
}

// options are the client's, whose life ends with ctx.
func (t *transactor) options(ctx context.Context, o broker.ProducerOptions) []kgo.Opt {
	t.limit = min(t.limit, uint64(len(t.p.slots)))
	return []kgo.Opt{
		kgo.WithContext(ctx),
		kgo.TransactionalID(cmp.Or(o.TransactionalID, o.Name)),
		kgo.TransactionTimeout(cmp.Or(o.TransactionTimeout, defaultTransactionTimeout)),
	}
}

// queue takes messages into the places from first on. It is part of Send.
func (t *transactor) queue(messages []broker.Message, first uint64, stamp time.Time, until int64) {
	for i := range messages {
		s := &t.p.slots[t.p.free.at(first+uint64(i))]
		s.fill(&messages[i], stamp)
		s.until.Store(until)
	}
	t.filled.Store(first + uint64(len(messages)))
	t.poke()
	if t.p.closed.Load() {
		t.p.telling.Lock()
		defer t.p.telling.Unlock()
		if t.over { // else run will leave, and see them
			t.abandon()
		}
	}
}

func (t *transactor) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// hurry ends the open transaction at once, and those that follow as soon as there is nothing more for them.
func (t *transactor) hurry() {
	t.closing.Store(true)
	t.poke()
}

// run begins and ends transactions until ctx ends. The first one begins at once, which makes the broker abort what another producer of the same id left open.
func (t *transactor) run(ctx context.Context) {
	for t.begin(ctx) && t.collect(ctx) && t.flush(ctx) {
		t.conclude(t.end(ctx))
	}
	t.p.telling.Lock()
	defer t.p.telling.Unlock()
	t.over = true
	t.abandon()
}

// begin begins a transaction, with a new client where the one before cannot: one that was fenced stays so. False: ctx has ended.
func (t *transactor) begin(ctx context.Context) bool {
	t.purge()
	for ctx.Err() == nil {
		err := t.p.client.BeginTransaction()
		t.p.telling.Lock()
		t.trouble = err
		t.p.telling.Unlock()
		if err == nil {
			return ctx.Err() == nil
		}
		if ctx.Err() == nil {
			t.news.event(broker.Renewed, "", err.Error())
			t.renew()
		}
		select {
		case <-ctx.Done():
		case <-time.After(beginAgain):
		}
	}
	return false
}

// renew replaces the client, which has nothing left to send.
func (t *transactor) renew() {
	if next, err := t.connect(); err == nil {
		t.p.client.Close()
		t.p.client = next
	}
}

// purge lets the client meet a topic anew that was made again. It must not do so within a transaction: it forgets that there is something to commit.
func (t *transactor) purge() {
	t.p.telling.Lock()
	anew := t.anew
	t.anew = false
	t.p.telling.Unlock()
	if anew {
		t.p.client.PurgeTopicsFromProducing(t.p.slots[0].record.Topic)
	}
}

// collect gives messages to the client until it is time to end their transaction. False: ctx has ended.
func (t *transactor) collect(ctx context.Context) bool {
	var due <-chan time.Time
	for {
		filled := t.filled.Load()
		if more := min(filled, t.first+t.limit); more > t.given {
			if t.given == t.first {
				t.number = max(t.number+1, uint64(t.p.driver.clock.Now()))
				if t.every > 0 {
					timer := time.NewTimer(t.every)
					defer timer.Stop()
					due = timer.C
				}
			}
			t.give(more)
		}
		n := t.given - t.first
		if n == t.limit || n > 0 && (t.failed() != nil || t.closing.Load() && t.given == t.filled.Load()) {
			return ctx.Err() == nil
		}
		select {
		case <-t.wake:
		case <-due:
			return ctx.Err() == nil
		case <-ctx.Done():
			return false
		}
	}
}

// give hands the client what is in the places below end. A message whose outcome was told while it waited is passed over.
func (t *transactor) give(end uint64) {
	from := t.given
	t.p.telling.Lock()
	for ; t.given < end; t.given++ {
		if s := t.slot(t.given); s.until.Load() != told && !t.p.closed.Load() {
			s.transaction = t.number
			t.lent++
		}
	}
	t.p.telling.Unlock()
	for ; from < end; from++ {
		if s := t.slot(from); s.transaction == t.number {
			t.p.client.TryProduce(context.Background(), &s.record, t.p.promise)
		}
	}
}

func (t *transactor) slot(place uint64) *slot { return &t.p.slots[t.p.free.at(place)] }

// keep is told by who holds telling that franz-go gave a record back. False: there is nobody left to conclude its transaction.
func (t *transactor) keep(s *slot, r *kgo.Record, err error) bool {
	if t.over {
		return false
	}
	t.lent--
	s.kept, s.offset = true, r.Offset
	if err != nil && t.failure == nil {
		t.failure = t.p.explain(s, err)
		t.poke()
	}
	t.anew = t.anew || errors.Is(err, kerr.UnknownTopicID)
	return true
}

func (t *transactor) failed() error {
	t.p.telling.Lock()
	defer t.p.telling.Unlock()
	return t.failure
}

// flush waits until franz-go has given back every record of the open transaction: those that it fails at once are not among those that it waits for itself.
// False: ctx has ended.
func (t *transactor) flush(ctx context.Context) bool {
	for t.p.client.Flush(ctx) == nil {
		if t.left() == 0 {
			return ctx.Err() == nil
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func (t *transactor) left() int {
	t.p.telling.Lock()
	defer t.p.telling.Unlock()
	return t.lent
}

// end ends the open transaction, of which franz-go has nothing any more, and returns what became of it: nil, it was committed; a rejection, nobody who reads committed will ever see it; anything
// else, nobody can know.
//
// A commit that franz-go did not try, or that the broker refused so that the transaction has to be aborted, was none. After every other error of it franz-go
// has the broker abort what may still be open, before anything else is sent, which says nothing of whether it was committed before.
func (t *transactor) end(ctx context.Context) error {
	aborts := t.aborts()
	why := t.failed()
	if why == nil && aborts {
		why = broker.ErrAborted
	}
	if why == nil {
		err := t.p.client.EndTransaction(ctx, kgo.TryCommit)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, kerr.OperationNotAttempted) && !errors.Is(err, kerr.TransactionAbortable):
			_ = t.p.client.EndTransaction(ctx, kgo.TryAbort) // if it cannot, no other will begin
			return fmt.Errorf("commit: %w", err)
		}
		why = err
	}
	if err := t.p.client.EndTransaction(ctx, kgo.TryAbort); err != nil {
		return fmt.Errorf("abort, because of: %w: %w", why, err)
	}
	return rejection{fmt.Errorf("its transaction was aborted: %w", why)}
}

// conclude tells what became of the messages of the transaction that was ended, and gives their slots back.
func (t *transactor) conclude(err error) {
	p := t.p
	p.telling.Lock()
	defer p.telling.Unlock()
	p.now = p.driver.clock.Now()
	for ; t.first < t.given; t.first++ {
		s := t.slot(t.first)
		if err == nil && s.transaction != 0 && s.until.Load() == told {
			p.missed.Add(1)
		}
		t.tell(s, err)
	}
	t.failure = nil
	p.flushOutbox()
}

// abandon gives the slots back that nobody will conclude any more. What franz-go still has comes back by itself. It is called by who holds telling.
func (t *transactor) abandon() {
	t.p.now = t.p.driver.clock.Now()
	for end := t.filled.Load(); t.first < end; t.first++ {
		if s := t.slot(t.first); s.transaction == 0 || s.kept {
			t.tell(s, errClosed)
		}
	}
	t.p.flushOutbox()
}

// tell notes what became of a message, unless its outcome was told already, and gives its slot back.
func (t *transactor) tell(s *slot, err error) {
	p, offset := t.p, s.offset
	if s.transaction == 0 {
		err = t.waiting(errClosed) // while it waited the producer was closed, or it was told that it waited too long
	}
	if err != nil {
		offset = -1
	}
	if s.until.Load() == told {
		p.late.Add(-1)
	} else {
		if len(p.outcomes) == cap(p.outcomes) {
			p.flushOutbox()
		}
		p.outcomes = append(p.outcomes, broker.Outcome{ID: s.id, Due: s.due, Sent: s.sent, At: p.now, Offset: offset, Transaction: s.transaction, Err: err})
	}
	s.until.Store(idle)
	p.free.put(s.index)
}

// waiting says what is known of a message that was in no transaction yet when err came: it is surely nowhere.
func (t *transactor) waiting(err error) error {
	if t.trouble != nil {
		err = fmt.Errorf("%w: %w", err, t.trouble)
	}
	return rejection{fmt.Errorf("%w: %w", errNotBegun, err)}
}
