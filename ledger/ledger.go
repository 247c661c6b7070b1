// Package ledger keeps the books of a run: what producers were promised and what was delivered, each message by its id, and strikes the balance.
// It knows no broker, what the broker's kind promises, or which anomaly is a violation; it counts all of them.
//
// Every goroutine that sends or receives writes a page of its own, without a lock. A page is made of sets of numbers that cost as much as they have
// gaps: of what was acknowledged, delivered and found again, hardly anything is kept. Offsets are kept in the same way and may have holes; where
// fewer than one offset in some thousand is used, they are given up, and only ids are told apart. Which message was said to be at which offset is kept
// for a sliding window of bounded size.
package ledger

import (
	"sync"
	"sync/atomic"
)

// A Ledger is the books of one run.
type Ledger struct {
	partitions int
	senders    []*SendPage
	left       [sides]atomic.Int64 // runs of claims that each side may keep besides

	mu        sync.Mutex // guards the lists below, not what is in the pages
	receivers []*ReceivePage
	reader    *ReadPage
	aside     *AsidePage // nil: nobody looked
}

// New returns the ledger of a run with producers 0 to producers-1, which send to partitions 0 to partitions-1.
func New(producers, partitions int) *Ledger {
	l := &Ledger{partitions: partitions, senders: make([]*SendPage, producers)}
	for i := range l.left {
		l.left[i].Store(runsOfSide)
	}
	for i := range l.senders {
		l.senders[i] = newSendPage(uint32(i), partitions, producers*partitions, &l.left[acked])
	}
	return l
}

// Sender returns the page of a producer, which has to be below what New was told; the same page each time.
func (l *Ledger) Sender(producer uint32) *SendPage { return l.senders[producer] }

// Receiver returns a new page. Every consumer has its own, and another one each time it joins anew.
func (l *Ledger) Receiver() *ReceivePage {
	p := &ReceivePage{intake: newIntake(l, given)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receivers = append(l.receivers, p)
	return p
}

// Reader returns the page of the final read; the same page each time. Before everything is sent, only its Removed is called.
func (l *Ledger) Reader() *ReadPage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reader == nil {
		l.reader = &ReadPage{intake: newIntake(l, found)}
	}
	return l.reader
}

// Counts are a run's messages so far.
type Counts struct {
	Sent         uint64
	Acknowledged uint64
	Rejected     uint64 // or aborted on purpose
	Unknown      uint64
	Delivered    uint64 // intact and of this run, every repetition counted
}

// Counts returns the messages so far, each batch as a whole. It may be called while pages are written.
func (l *Ledger) Counts() Counts {
	var c Counts
	for _, p := range l.senders {
		c.Sent += p.total.Load()
		c.Acknowledged += p.acknowledged.Load()
		c.Rejected += p.rejected.Load()
		c.Unknown += p.unknown.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.receivers {
		c.Delivered += p.intact.Load()
	}
	return c
}

// slack is how far above what is known to be sent a number may lie and still be taken for a message that is only told late. What lies above it
// never was one, and gets no place in a set.
const slack = 1 << 22

// plausible reports whether a number may be of a message that was sent, and refreshes what is known of its stream.
func plausible(seq uint64, known *uint64, sent *atomic.Uint64) bool {
	if seq < *known+slack {
		return true
	}
	*known = sent.Load()
	return seq < *known+slack
}
