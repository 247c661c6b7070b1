package external

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// goneWithin is how long a node may answer on when the command that was to end it, or hold it, has ended well.
	goneWithin = 10 * time.Second
	lookEvery  = 100 * time.Millisecond
)

// A node is a broker of which nothing is known but its address.
type node struct {
	cluster  *Cluster
	name, id string
	addr     string
	commands map[broker.Act][]string

	mu    sync.Mutex
	state state
}

// A state is what is known of a node's process beside what its address tells.
type state int

const (
	up    state = iota // it answered, or is taken to
	ended              // a command ended it
	begun              // a command started it, and it has not answered yet
)

var (
	_ broker.Node    = (*node)(nil)
	_ broker.Process = (*node)(nil)
	_ broker.Vital   = (*node)(nil)
)

// Name implements broker.Node.
func (n *node) Name() string { return n.name }

// ID implements broker.Node.
func (n *node) ID() string { return n.id }

// Kill implements broker.Node, by the command. One that ended well, and after which the broker answers on as before, has done nothing.
func (n *node) Kill(ctx context.Context) error {
	if err := n.do(ctx, broker.ActKill); err != nil {
		return err
	}
	err := n.gone(ctx, broker.ActKill, goneWithin)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", err, broker.ErrNotDone)
	}
	return err
}

// Stop implements broker.Node, by the command, and by that to kill it where it answers on when grace has passed.
func (n *node) Stop(ctx context.Context, grace time.Duration) error {
	if err := n.do(ctx, broker.ActStop); err != nil {
		return err
	}
	err := n.gone(ctx, broker.ActStop, grace)
	if _, ok := n.commands[broker.ActKill]; err != nil && ok && ctx.Err() == nil {
		return n.Kill(ctx)
	}
	return err
}

// gone waits until nobody answers.
func (n *node) gone(ctx context.Context, act broker.Act, within time.Duration) error {
	err := n.await(ctx, act, within, func(p broker.Presence) bool { return p != broker.Present })
	if err == nil {
		n.become(ended)
	}
	return err
}

// Start implements broker.Node, by the command.
func (n *node) Start(ctx context.Context) error {
	if err := n.do(ctx, broker.ActStart); err != nil {
		return err
	}
	n.become(begun)
	return nil
}

// Pause implements broker.Node, by the command.
func (n *node) Pause(ctx context.Context) error {
	if err := n.do(ctx, broker.ActPause); err != nil {
		return err
	}
	return n.await(ctx, broker.ActPause, goneWithin, func(p broker.Presence) bool { return p == broker.Silent })
}

// Resume implements broker.Node, by the command.
func (n *node) Resume(ctx context.Context) error {
	if err := n.do(ctx, broker.ActResume); err != nil {
		return err
	}
	return n.await(ctx, broker.ActResume, goneWithin, func(p broker.Presence) bool { return p != broker.Silent })
}

// do runs the command for an act. One that was refused while the broker answers on is broker.ErrNotDone.
func (n *node) do(ctx context.Context, act broker.Act) error {
	argv, ok := n.commands[act]
	if !ok {
		return fmt.Errorf("there is no command for it: write broker.external.commands.%s.%s: %w", n.name, act, broker.ErrNotDone)
	}
	err := run(ctx, argv)
	if errors.Is(err, errRefused) && n.look(ctx) == broker.Present {
		return fmt.Errorf("%w; %s answers on, so that %w", err, n.name, broker.ErrNotDone)
	}
	return err
}

// await looks until what is at the address is as it has to be.
func (n *node) await(ctx context.Context, act broker.Act, within time.Duration, is func(broker.Presence) bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		p := n.look(ctx)
		if ctx.Err() == nil && is(p) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the command to %s it ended well, and at %s %s", act, n.addr, seen[p])
		case <-time.After(lookEvery):
		}
	}
}

// seen is what there is at an address, in words.
var seen = map[broker.Presence]string{
	broker.Silent: "nothing comes back", broker.Absent: "nobody answers", broker.Present: "a broker answers as before",
}

func (n *node) look(ctx context.Context) broker.Presence {
	return n.cluster.options.Look(ctx, n.cluster.options.Endpoint, n.addr)
}

func (n *node) become(s state) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = s
}

// now looks at the node twice where nobody answers, for a busy machine refuses a connection now and then, and keeps what that says of its process.
func (n *node) now(ctx context.Context) (broker.Presence, state) {
	p := n.look(ctx)
	if p == broker.Absent {
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
		p = n.look(ctx)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p == broker.Present {
		n.state = up
	}
	return p, n.state
}

// Running implements broker.Process. A process that a command started is taken to run until it has answered: it does not listen at once.
func (n *node) Running(ctx context.Context) (bool, error) {
	switch p, s := n.now(ctx); {
	case ctx.Err() != nil:
		return false, fmt.Errorf("look at %s: %w", n.addr, ctx.Err())
	case p == broker.Present:
		return true, nil
	case p == broker.Absent:
		return s == begun, nil
	default:
		return s != ended, nil
	}
}

// Vitals implements broker.Vital. A process that takes connections, or did before, and says nothing is taken to stand still.
func (n *node) Vitals(ctx context.Context) (broker.Vitals, error) {
	p, s := n.now(ctx)
	if ctx.Err() != nil {
		return broker.Vitals{}, fmt.Errorf("look at %s: %w", n.addr, ctx.Err())
	}
	return broker.Vitals{
		Running: p == broker.Present || p == broker.Absent && s == begun || p == broker.Silent && s != ended,
		Paused:  p == broker.Silent && s != ended, ExitCode: -1, Used: -1,
	}, nil
}
