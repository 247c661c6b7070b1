package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var (
	_ broker.Client   = (*Producing)(nil)
	_ broker.Client   = (*Consuming)(nil)
	_ broker.Leaver   = (*Consuming)(nil)
	_ broker.Producer = (*Producing)(nil)
)

// A Producing is one producing client of the load over all its incarnations. To its Sender it is one Producer: while there is no incarnation it takes
// nothing, as a client with a full buffer.
type Producing struct {
	name    string
	connect func(context.Context) (broker.Producer, error)
	now     atomic.Pointer[broker.Producer] // nil: crashed

	mu   sync.Mutex      // one change at a time
	last broker.Producer // the incarnation that crashed; nil: none
}

// NewProducing connects the first incarnation. connect makes one; it is called again by Resume after a crash.
func NewProducing(ctx context.Context, name string, connect func(context.Context) (broker.Producer, error)) (*Producing, error) {
	p := &Producing{name: name, connect: connect}
	first, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	p.now.Store(&first)
	return p, nil
}

// Name implements broker.Client.
func (p *Producing) Name() string { return p.name }

// Send implements broker.Producer.
func (p *Producing) Send(ctx context.Context, ms []broker.Message) int {
	if now := p.now.Load(); now != nil {
		return (*now).Send(ctx, ms)
	}
	return 0
}

// Buffered implements broker.Producer.
func (p *Producing) Buffered() int {
	if now := p.now.Load(); now != nil {
		return (*now).Buffered()
	}
	return 0
}

// Abort implements broker.Producer.
func (p *Producing) Abort() {
	if now := p.now.Load(); now != nil {
		(*now).Abort()
	}
}

// Close implements broker.Producer.
func (p *Producing) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now.Load(); now != nil {
		return (*now).Close(ctx)
	}
	return p.last.Close(ctx)
}

// Crash implements broker.Client. What had no outcome is unknown when it returns.
func (p *Producing) Crash(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now.Swap(nil)
	if now == nil {
		return errors.New(p.name + " had crashed already")
	}
	p.last = *now
	p.last.Abort()
	return nil
}

// Pause implements broker.Client.
func (p *Producing) Pause(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now.Load(); now != nil {
		return hold(p.name, *now)
	}
	return errors.New(p.name + " has crashed: there is nothing to pause")
}

// Resume implements broker.Client. A new incarnation waits until the one that crashed is gone, which may have outcomes left to tell.
func (p *Producing) Resume(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now.Load(); now != nil {
		return release(p.name, *now)
	}
	if err := p.last.Close(ctx); err != nil {
		return fmt.Errorf("wait for the end of %s: %w", p.name, err)
	}
	next, err := p.connect(ctx)
	if err != nil {
		return fmt.Errorf("connect %s: %w", p.name, err)
	}
	p.now.Store(&next)
	return nil
}

func hold(name string, client any) error {
	h, ok := client.(broker.Holder)
	if !ok {
		return fmt.Errorf("%s cannot be paused: its driver cannot hold its connections", name)
	}
	h.Hold()
	return nil
}

func release(name string, client any) error {
	h, ok := client.(broker.Holder)
	if !ok {
		return fmt.Errorf("%s was not paused", name)
	}
	h.Release()
	return nil
}

// A Consuming is one consuming client of the load over all its incarnations.
type Consuming struct {
	name     string
	receiver *Receiver
	connect  func(context.Context) (broker.Consumer, error)

	mu      sync.Mutex
	now     broker.Consumer // nil: none yet, or crashed
	crashed bool
	changed chan struct{}      // ends with the next crash or resume
	cut     context.CancelFunc // ends the receiving of now
	idle    chan struct{}      // closed when nobody receives from now any more

	assigned atomic.Int64
}

// nobody receives from a client that has not begun.
var nobody = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// NewConsuming returns a client that connects when it is run. connect makes an incarnation.
func NewConsuming(name string, r *Receiver, connect func(context.Context) (broker.Consumer, error)) *Consuming {
	return &Consuming{name: name, receiver: r, connect: connect, changed: make(chan struct{}), cut: func() {}, idle: nobody}
}

// Name implements broker.Client.
func (c *Consuming) Name() string { return c.name }

// Connect makes the first incarnation, which Run would do otherwise.
func (c *Consuming) Connect(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, err := c.connect(ctx)
	c.now = first
	return err
}

// Run receives with one incarnation after the other until ctx ends, which is no error, or the client cannot go on. The last incarnation is left open.
func (c *Consuming) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		now, life, changed, idle, err := c.incarnation(ctx)
		if err != nil {
			return err
		}
		if now == nil { // crashed
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		c.receiver.rejoin()
		err = c.receiver.Run(life, now)
		close(idle)
		if !c.is(now) { // it crashed, and what came of that is no trouble of the load's
			continue
		}
		return err
	}
	return nil
}

// incarnation returns the client that is alive, a new one where there is none, and a context that ends with it.
func (c *Consuming) incarnation(ctx context.Context) (now broker.Consumer, life context.Context, changed, idle chan struct{}, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crashed {
		return nil, nil, c.changed, nil, nil
	}
	if c.now == nil {
		next, err := c.connect(ctx)
		if err != nil {
			return nil, nil, nil, nil, fmt.Errorf("connect %s: %w", c.name, err)
		}
		c.now = next
	}
	life, c.cut = context.WithCancel(ctx)
	c.idle = make(chan struct{})
	return c.now, life, c.changed, c.idle, nil
}

func (c *Consuming) is(now broker.Consumer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now == now
}

// Crash implements broker.Client. A client that was just resumed is waited for until it is there.
func (c *Consuming) Crash(ctx context.Context) error {
	fell, err := c.fall()
	for ; !fell && err == nil; fell, err = c.fall() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s is not there yet: %w", c.name, ctx.Err())
		}
	}
	return err
}

// fall crashes; false: a new incarnation is yet to come.
func (c *Consuming) fall() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.now == nil && (c.crashed || c.idle == nobody):
		return false, errors.New(c.name + " is not there")
	case c.now == nil:
		return false, nil
	}
	c.now.Abort()
	c.cut()
	c.now, c.crashed = nil, true
	return true, nil
}

// Leave implements broker.Leaver: what was processed is committed, and the group told. A client that was resumed is waited for until it is there.
func (c *Consuming) Leave(ctx context.Context) error {
	now, idle, err := c.depart()
	for ; now == nil && err == nil; now, idle, err = c.depart() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s is not there yet: %w", c.name, ctx.Err())
		}
	}
	if err != nil {
		return err
	}
	select {
	case <-idle:
		return now.Close(ctx)
	case <-ctx.Done():
		now.Abort()
		return fmt.Errorf("%s does not leave: %w", c.name, ctx.Err())
	}
}

// Saw takes note of what happened to an incarnation. It does not block.
func (c *Consuming) Saw(e broker.ClientEvent) {
	if e.Kind == broker.Assigned {
		c.assigned.Add(1)
	}
}

// Assigned implements broker.Leaver.
func (c *Consuming) Assigned() int { return int(c.assigned.Load()) }

// depart ends the receiving; idle is closed when nobody receives any more. It is nil where a new incarnation is yet to come.
func (c *Consuming) depart() (now broker.Consumer, idle chan struct{}, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crashed {
		return nil, nil, errors.New(c.name + " is not there")
	}
	if now = c.now; now != nil {
		c.now, c.crashed = nil, true
		c.cut()
	}
	return now, c.idle, nil
}

// Pause implements broker.Client.
func (c *Consuming) Pause(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		return errors.New(c.name + " is not there: there is nothing to pause")
	}
	return hold(c.name, c.now)
}

// Resume implements broker.Client. After a crash it returns before the new incarnation has joined its group.
func (c *Consuming) Resume(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.crashed && c.now != nil {
		return release(c.name, c.now)
	}
	c.crashed = false
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

// Abort cuts the connections of the incarnation that is alive, if there is one.
func (c *Consuming) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil {
		c.now.Abort()
	}
}

// Close closes the incarnation that is alive, if there is one. Run has ended.
func (c *Consuming) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut()
	if c.now == nil {
		return nil
	}
	return c.now.Close(ctx)
}
