package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// stopsWithin bounds how long the kernel may take to stop every thread of a process.
const stopsWithin = 5 * time.Second

// A natsNode is one NATS server in a process of its own.
type natsNode struct {
	cluster *NATSCluster
	name    string
	dir     string // its configuration and its data
	client  string // where clients reach it
	routes  string // where its peers' links end

	mu      sync.Mutex // one change at a time
	looking sync.Mutex // guards process and paused
	process *child     // the last one; nil: none yet
	paused  bool
}

// A process is what the kernel tells of one.
type process struct {
	stopped bool          // every thread is
	used    time.Duration // processor time since it began
	memory  int64         // bytes that are in memory
}

var (
	_ broker.Node    = (*natsNode)(nil)
	_ broker.Process = (*natsNode)(nil)
	_ broker.Vital   = (*natsNode)(nil)
	_ broker.Metered = (*natsNode)(nil)
	_ broker.Logger  = (*natsNode)(nil)
)

// Name implements broker.Node.
func (n *natsNode) Name() string { return n.name }

// ID implements broker.Node: the server's name, which is the node's.
func (n *natsNode) ID() string { return n.name }

func (n *natsNode) config() string { return filepath.Join(n.dir, "nats.conf") }

// now returns the node's process, and whether it is paused; nil: none runs.
func (n *natsNode) now() (*child, bool) {
	n.looking.Lock()
	defer n.looking.Unlock()
	if n.process == nil || !n.process.running() {
		return nil, false
	}
	return n.process, n.paused
}

func (n *natsNode) set(c *child, paused bool) {
	n.looking.Lock()
	defer n.looking.Unlock()
	n.process, n.paused = c, paused
}

// change does something to the process that runs, one thing at a time; with none running it does nothing.
func (n *natsNode) change(what string, do func(*child) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, _ := n.now()
	if c == nil {
		return nil
	}
	if err := do(c); err != nil {
		return fmt.Errorf("%s %s: %w", what, n.name, err)
	}
	return nil
}

// Kill implements broker.Node.
func (n *natsNode) Kill(ctx context.Context) error {
	return n.change("kill", func(c *child) error { return errors.Join(c.signal(syscall.SIGKILL), c.wait(ctx)) })
}

// Stop implements broker.Node. A paused process goes on first, or it could not hear.
func (n *natsNode) Stop(ctx context.Context, grace time.Duration) error {
	return n.change("stop", func(c *child) error {
		if err := errors.Join(c.signal(syscall.SIGCONT), c.signal(syscall.SIGTERM)); err != nil {
			return err
		}
		patience, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		if c.wait(patience) == nil {
			return nil
		}
		return errors.Join(c.signal(syscall.SIGKILL), c.wait(ctx))
	})
}

// Start implements broker.Node.
func (n *natsNode) Start(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cluster.isClosed() {
		return fmt.Errorf("start %s: the cluster is closed", n.name)
	}
	if c, _ := n.now(); c != nil {
		return nil
	}
	c, err := n.cluster.parent.start(append(n.cluster.command, n.config()), n.cluster.env)
	if err != nil {
		return fmt.Errorf("start %s: %w", n.name, err)
	}
	n.set(c, false)
	return nil
}

// Pause implements broker.Node. It returns when every thread stands still, where the kernel can be asked.
func (n *natsNode) Pause(ctx context.Context) error {
	return n.change("pause", func(c *child) error {
		if err := c.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		n.set(c, true)
		ctx, cancel := context.WithTimeout(ctx, stopsWithin)
		defer cancel()
		for {
			p, err := inspect(c.cmd.Process.Pid)
			if err != nil || p.stopped {
				return nil // where it cannot be asked, the signal was sent
			}
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("its threads still run: %w", ctx.Err())
			}
		}
	})
}

// Resume implements broker.Node.
func (n *natsNode) Resume(context.Context) error {
	return n.change("resume", func(c *child) error {
		n.set(c, false)
		return c.signal(syscall.SIGCONT)
	})
}

// Running implements broker.Process.
func (n *natsNode) Running(context.Context) (bool, error) {
	c, _ := n.now()
	return c != nil, nil
}

// Vitals implements broker.Vital.
func (n *natsNode) Vitals(context.Context) (broker.Vitals, error) {
	n.looking.Lock()
	last := n.process
	n.looking.Unlock()
	c, paused := n.now()
	if c == nil {
		v := broker.Vitals{ExitCode: -1, Used: -1}
		if last != nil {
			v.ExitCode = last.exitCode()
		}
		return v, nil
	}
	v := broker.Vitals{Running: true, Paused: paused, Used: -1}
	if p, err := inspect(c.cmd.Process.Pid); err == nil {
		v.Paused, v.Used, v.Memory = p.stopped, p.used, p.memory
	}
	return v, nil
}

// Meter implements broker.Metered.
func (n *natsNode) Meter(context.Context) (broker.Metering, error) {
	c, _ := n.now()
	if c == nil {
		return broker.Metering{}, nil
	}
	p, err := inspect(c.cmd.Process.Pid)
	if errors.Is(err, os.ErrNotExist) { // it has just ended
		return broker.Metering{}, nil
	}
	return broker.Metering{Used: p.used, Memory: uint64(p.memory)}, err
}

// Log implements broker.Logger.
func (n *natsNode) Log(_ context.Context, lines int) ([]string, error) {
	n.looking.Lock()
	defer n.looking.Unlock()
	if n.process == nil {
		return nil, nil
	}
	return n.process.log.last(lines), nil
}
