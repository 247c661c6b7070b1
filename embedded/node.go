package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// How long the emulated cluster takes for what real brokers take seconds for.
const (
	unfencing  = 100 * time.Millisecond // from a node's start to its registration
	catchingUp = 200 * time.Millisecond // from there to its place among the replicas in sync
	portWithin = 5 * time.Second        // a node that starts waits so long for its port
)

// A node is one of kfake's brokers, behind a door of its own.
type node struct {
	cluster *Cluster
	id      int32
	name    string
	door    *door

	// Guarded by cluster.mu.
	fenced  bool
	inSync  bool
	pending context.CancelFunc // takes back what the cluster is about to find out about this node
}

var (
	_ broker.Node    = (*node)(nil)
	_ broker.Process = (*node)(nil)
	_ broker.Vital   = (*node)(nil)
)

func (n *node) addr() string { return n.door.Addr().String() }

func (n *node) port() int { return n.door.addr.(*net.TCPAddr).Port }

// Name implements broker.Node.
func (n *node) Name() string { return n.name }

// ID implements broker.Node.
func (n *node) ID() string { return strconv.Itoa(int(n.id)) }

// Running implements broker.Process.
func (n *node) Running(context.Context) (bool, error) { return n.door.isOpen(), nil }

// Vitals implements broker.Vital. What a process has used and how it ended is not known: it is emulated.
func (n *node) Vitals(context.Context) (broker.Vitals, error) {
	return broker.Vitals{Running: n.door.isOpen(), Paused: n.door.frozen.Load() != nil, ExitCode: -1, Used: -1}, nil
}

// Kill implements broker.Node. The cluster finds out when the session time-out has passed.
func (n *node) Kill(context.Context) error {
	return n.change("kill", func() {
		n.door.shut()
		n.door.thaw()
		n.later(n.cluster.sessionTimeout, n.fence)
	})
}

// Stop implements broker.Node: the leaders move before the node goes.
func (n *node) Stop(context.Context, time.Duration) error {
	return n.change("stop", func() {
		n.later(0, nil)
		n.fence()
		n.door.shut()
		n.door.thaw()
	})
}

// Start implements broker.Node.
func (n *node) Start(ctx context.Context) error {
	for deadline := time.Now().Add(portWithin); ; {
		err := n.door.open()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("start %s: %w", n.name, err)
		}
		select { // somebody may have the port for a moment
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w", n.name, ctx.Err())
		}
	}
	return n.change("start", func() { n.later(unfencing, n.unfence) })
}

// Pause implements broker.Node. The cluster takes the node for dead when the session time-out has passed.
func (n *node) Pause(context.Context) error {
	return n.change("pause", func() {
		if n.door.isOpen() {
			n.door.freeze()
			n.later(n.cluster.sessionTimeout, n.fence)
		}
	})
}

// Resume implements broker.Node.
func (n *node) Resume(context.Context) error {
	return n.change("resume", func() {
		n.door.thaw()
		if n.door.isOpen() {
			n.later(unfencing, n.unfence)
		}
	})
}

func (n *node) change(what string, do func()) error {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	if n.cluster.closed {
		return fmt.Errorf("%s %s: %w", what, n.name, errors.New("the cluster is closed"))
	}
	do()
	return nil
}

// later lets the cluster find something out about the node after a while, in the place of what it was about to find out. It and all it calls are for who
// holds cluster.mu.
func (n *node) later(wait time.Duration, then func()) {
	if n.pending != nil {
		n.pending()
		n.pending = nil
	}
	if then == nil {
		return
	}
	ctx, cancel := context.WithCancel(n.cluster.life)
	n.pending = cancel
	n.cluster.work.Go(func() {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		n.cluster.mu.Lock()
		defer n.cluster.mu.Unlock()
		if ctx.Err() == nil {
			then()
		}
	})
}

// fence takes the node out of the cluster.
func (n *node) fence() {
	n.fenced, n.inSync = true, false
	n.cluster.elect()
}

// unfence takes it in again. Its replicas are in sync a moment later.
func (n *node) unfence() {
	n.fenced = false
	if n.inSync { // the cluster had not noticed
		return
	}
	n.later(catchingUp, func() {
		n.inSync = true
		n.cluster.elect()
	})
	n.cluster.elect()
}
