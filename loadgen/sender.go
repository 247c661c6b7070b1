package loadgen

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// longestSleep is how long a sender with nothing to do takes at most to notice that the schedule was ended.
const longestSleep = 100 * time.Millisecond

// batchSize is how many messages are handed over at once at most.
const batchSize = 256

// Options are what all senders and receivers of a load have in common.
type Options struct {
	Run        uint64 // the id in every envelope
	Clock      broker.Clock
	Start      time.Duration // when the load begins, on the clock: the schedule's zero
	Pacer      Pacer
	Partitions int
	Size       int    // bytes of a message where Sizes is nil, broker.HeaderSize at least
	Sizes      Sizes  // how large messages are; nil: all of Size
	Keys       Keys   // nil: none
	Body       *Body  // what bodies are taken from; nil: a few hundred random ones of each sender's own, again and again
	Spread     Spread // over the partitions
	Seed       uint64
	Phases     *Phases
	Pacing     Pacing     // how senders wait
	Processing Processing // what consuming clients do with a message
	Shared     bool       // offsets count through all partitions together
	// Backlog tells how much is acknowledged and not yet delivered, where there are no offsets to tell it; nil: they do.
	Backlog func() uint64
}

// A Sender paces and sends one producing client's share of the schedule: of P senders, number i sends messages i, i+P, i+2P, ..., unless the pacer
// gives each of them a schedule of its own.
type Sender struct {
	o       Options
	pacer   Pacer // of this sender alone
	closed  bool  // there is no schedule: see Max
	shard   int
	page    SendPage
	sending *recorder // written by Run
	ended   *recorder // written by Outcomes
	end     atomic.Int64

	next  uint64           // of the sender's schedule
	mint  mint             // makes the messages
	batch []broker.Message // made and not yet taken by the client
	ready int              // how many of batch the client has taken already
	tick  time.Duration    // how long Run sleeps at least
	held  time.Duration    // when the client's buffer was last found full: what was due by then had to wait for it

	unsent atomic.Uint64
}

// NewSender returns sender number shard of shards.
func NewSender(o Options, shard, shards int, page SendPage) *Sender {
	_, closed := o.Pacer.(Max)
	s := &Sender{
		o: o, pacer: share(o.Pacer, shard, shards), closed: closed, shard: shard, page: page,
		sending: newRecorder(o.Partitions, o.Phases, o.Start),
		ended:   newRecorder(o.Partitions, o.Phases, o.Start),
		mint:    newMint(o, shard, shards),
		batch:   make([]broker.Message, 0, batchSize),
		held:    -1,
	}
	s.end.Store(math.MaxInt64)
	return s
}

// Start sets when the schedule begins, before Run.
func (s *Sender) Start(at time.Duration) { s.o.Start = at }

// End sets when the schedule is over, on the clock: what is due at or after it is not sent.
func (s *Sender) End(at time.Duration) { s.end.Store(int64(at)) }

// Unsent returns how many messages were due and were never taken by the client; it is known when Run has returned.
func (s *Sender) Unsent() uint64 { return s.unsent.Load() }

// Run sends until the schedule is over, and then for patience at most what a full client could not take. It returns early when ctx ends.
func (s *Sender) Run(ctx context.Context, p broker.Producer, patience time.Duration) {
	w := s.o.Pacing.waiter()
	defer w.close()
	s.tick = w.tick()
	for ctx.Err() == nil {
		now := s.o.Clock.Now()
		next, more := s.release(ctx, p, now)
		if !more || now > s.ending()+patience {
			break
		}
		pause := next - s.o.Clock.Now()
		if !s.closed {
			pause = max(pause, s.tick)
		}
		w.wait(ctx, min(pause, longestSleep))
	}
	s.giveUp(s.o.Clock.Now())
}

func (s *Sender) ending() time.Duration {
	return time.Duration(min(s.end.Load(), math.MaxInt64/2)) // so that patience can be added
}

// release sends everything that is due, as far as the client takes it. It returns when to come again, and false when nothing is left.
func (s *Sender) release(ctx context.Context, p broker.Producer, now time.Duration) (next time.Duration, more bool) {
	enough := now + longestSleep
	for {
		if s.closed {
			now = s.o.Clock.Now()
			if now >= enough || ctx.Err() != nil {
				return now, true
			}
			s.restamp(now)
		}
		if s.ready == len(s.batch) {
			next, more = s.fill(now)
			if len(s.batch) == 0 {
				return next, more
			}
		}
		if !s.offer(ctx, p) {
			return now + s.tick, true
		}
	}
}

// restamp makes what the client has not taken due now: without a schedule nothing waits.
func (s *Sender) restamp(now time.Duration) {
	for i := s.ready; i < len(s.batch); i++ {
		m := &s.batch[i]
		m.Due = now
		broker.Encode(m.Value, s.o.Run, m.ID, now)
	}
}

// fill makes the messages that are due, as many as a batch holds. It returns when the next one is due, and false when there is none.
func (s *Sender) fill(now time.Duration) (next time.Duration, more bool) {
	s.batch, s.ready = s.batch[:0], 0
	s.mint.begin()
	end := time.Duration(s.end.Load())
	for {
		since, ok := s.pacer.Due(s.next)
		due := s.o.Start + since
		if s.closed {
			due = max(due, now)
		}
		if !ok || due >= end {
			return due, false
		}
		if due > now || s.mint.full() {
			return due, true
		}
		s.batch = append(s.batch, s.mint.message(due))
		s.next++
	}
}

// offer hands the client what it has not taken yet, and reports whether it took all.
func (s *Sender) offer(ctx context.Context, p broker.Producer) bool {
	offered := s.batch[s.ready:]
	now := s.o.Clock.Now()
	for i := range offered {
		offered[i].Sent = now
	}
	taken := offered[:p.Send(ctx, offered)]
	s.page.Sent(taken)
	s.sending.sent(taken, s.held)
	s.ready += len(taken)
	if len(taken) < len(offered) {
		s.held = now
		return false
	}
	return true
}

// giveUp counts what was due and was never taken. Without a schedule nothing was due.
func (s *Sender) giveUp(now time.Duration) {
	if s.closed {
		return
	}
	unsent := uint64(len(s.batch) - s.ready)
	for _, m := range s.batch[s.ready:] {
		s.sending.unsent(m.Due)
	}
	s.batch, s.ready = s.batch[:0], 0
	end := min(now, time.Duration(s.end.Load()))
	for {
		since, ok := s.pacer.Due(s.next)
		if !ok || s.o.Start+since >= end {
			break
		}
		s.next++
		s.sending.unsent(s.o.Start + since)
		unsent++
	}
	s.unsent.Store(unsent)
}

// Outcomes is what the producer tells outcomes to.
func (s *Sender) Outcomes(batch []broker.Outcome) {
	s.page.Outcomes(batch)
	s.ended.outcomes(batch)
}

// class names an error's innermost cause in few words, so that errors can be counted by it.
func class(err error) string {
	const longest = 80
	for {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				err = inner
				continue
			}
		case interface{ Unwrap() []error }:
			if inner := e.Unwrap(); len(inner) > 0 {
				err = inner[len(inner)-1]
				continue
			}
		}
		text := err.Error()
		return text[:min(len(text), longest)]
	}
}
