package faults

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A performer is one step of a cast, and what became of it.
type performer struct {
	step  Step
	fault report.Fault
	err   error
}

// A cast is all steps of a timeline, with those that join while it runs. The zero value has none, and does not run.
type cast struct {
	in  crowd // those that are not over
	ctx context.Context

	mu         sync.Mutex
	cancel     context.CancelCauseFunc
	performers []*performer
	watched    time.Duration // until when recoveries are to be watched
	runs       bool
	broken     any // the first panic that nobody else is told of
}

func (c *cast) open(ctx context.Context, cancel context.CancelCauseFunc, steps []Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx, c.cancel, c.runs = ctx, cancel, true
	for _, s := range steps {
		c.performers = append(c.performers, &performer{step: s})
		c.in.enter()
	}
}

// join takes a step on; nil: it is too late.
func (c *cast) join(s Step) *performer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.runs || c.ctx.Err() != nil {
		return nil
	}
	m := &performer{step: s}
	c.performers = append(c.performers, m)
	c.in.enter()
	return m
}

func (c *cast) all() []*performer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.performers[:len(c.performers):len(c.performers)]
}

func (c *cast) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs && c.ctx.Err() == nil
}

// left says that a step is over.
func (c *cast) left() { c.in.leave() }

// empty returns what is closed when every step is over.
func (c *cast) empty() <-chan struct{} { return c.in.empty() }

// watch says until when a recovery is to be watched, on the clock.
func (c *cast) watch(until time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = max(c.watched, until)
}

func (c *cast) until() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watched
}

// close lets nobody join any more. It is false, and does not, where a step goes on, or recoveries are to be watched for longer than to that time.
func (c *cast) close(watched time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.in.empty():
	default:
		return false
	}
	if c.watched > watched && c.ctx.Err() == nil {
		return false
	}
	c.runs = false
	return true
}

// breaks ends all because of a panic.
func (c *cast) breaks(p any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil {
		c.broken = p
	}
	c.cancel(errors.New("panic"))
}

// A crowd counts who is in, and tells when nobody is. The zero value is empty.
type crowd struct {
	mu   sync.Mutex
	in   int
	none chan struct{} // closed while nobody is in; nil: nobody ever was
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in++; c.in == 1 {
		c.none = make(chan struct{})
	}
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in--; c.in == 0 {
		close(c.none)
	}
}

// empty returns what is closed when nobody is in any more.
func (c *crowd) empty() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.none == nil {
		c.none = make(chan struct{})
		close(c.none)
	}
	return c.none
}
