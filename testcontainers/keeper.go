package testcontainers

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	mostRestarts = 3           // of one start that was asked for
	gaveUpLines  = 200         // of its log tell why a broker gave up
	lastWords    = time.Second // until the engine has written down what a process said that has ended
)

// A keeper starts a broker again that gave up its start because of something that passes, as whatever supervises one in production does. It keeps what it
// did, so that nobody takes the broker for one that came up at once.
type keeper struct {
	mu       sync.Mutex
	asked    int // how often somebody asked for a start or an end: what was asked for before no longer counts
	kept     int // which start is watched; 0: none
	restarts []broker.Restart
}

// ask notes that somebody asks for a start or an end, and returns its number.
func (k *keeper) ask() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	return k.asked
}

// keeps reports whether it is still open whether a broker that ended is started again.
func (k *keeper) keeps() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept != 0 && k.kept == k.asked
}

func (k *keeper) done(asked int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == asked {
		k.kept = 0
	}
}

// keep watches over a start that was asked for, in the background, for as long as a start may take.
func (c *cluster) keep(p *pod, asked int) {
	if p.gaveUp == nil {
		return
	}
	p.keeper.mu.Lock()
	p.keeper.kept = asked
	p.keeper.mu.Unlock()
	c.aside(func(life context.Context) {
		defer p.keeper.done(asked)
		ctx, cancel := context.WithTimeout(life, starting)
		defer cancel()
		for range mostRestarts {
			if _, err := c.engine.ended(ctx, p.broker); err != nil || !p.startAgain(ctx, asked) {
				return
			}
		}
	})
}

// startAgain starts a broker that gave up, unless somebody has asked for something else meanwhile.
func (p *pod) startAgain(ctx context.Context, asked int) bool {
	why := p.whyGaveUp(ctx, asked)
	p.keeper.mu.Lock()
	defer p.keeper.mu.Unlock()
	if why == "" || p.keeper.asked != asked {
		return false
	}
	if _, err := p.cluster.engine.ContainerStart(ctx, p.broker, client.ContainerStartOptions{}); err != nil {
		return false
	}
	p.keeper.restarts = append(p.keeper.restarts, broker.Restart{At: time.Now(), Why: why})
	node{p}.began(ctx)
	return true
}

// whyGaveUp reads in the log why a broker ended; empty: not because of something that passes.
func (p *pod) whyGaveUp(ctx context.Context, asked int) string {
	for end := time.Now().Add(lastWords); ; time.Sleep(polling) {
		p.keeper.mu.Lock()
		meant := p.keeper.asked != asked
		p.keeper.mu.Unlock()
		if meant {
			return ""
		}
		log, err := p.cluster.engine.log(ctx, p.broker, gaveUpLines)
		if err != nil {
			return ""
		}
		if why := p.gaveUp(log); why != "" || time.Now().After(end) {
			return why
		}
	}
}

// Restarts implements broker.Restarter.
func (n node) Restarts() []broker.Restart {
	n.keeper.mu.Lock()
	defer n.keeper.mu.Unlock()
	return slices.Clone(n.keeper.restarts)
}
