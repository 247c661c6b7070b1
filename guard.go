package squall

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

const (
	guardEvery   = time.Second
	guardPatient = 5 * time.Second
	// crashLog is how many of its last lines a broker that died is quoted with.
	crashLog = 20
)

// A guard notices brokers that die although no fault holds them, and those that gave up a start and were started again.
type guard struct {
	nodes   []broker.Node
	clock   broker.Clock
	journal *journal
	finding func(format string, args ...any)
	again   map[string]int // how many restarts of a node have been told

	mu      sync.Mutex
	held    map[string]int // nodes that faults hold, by how many
	crashed []report.Crash
}

// hold says that a fault has its way with some nodes from now on; release, that it is healed.
func (g *guard) hold(victims []string)    { g.count(victims, 1) }
func (g *guard) release(victims []string) { g.count(victims, -1) }

func (g *guard) count(victims []string, by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = map[string]int{}
	}
	for _, v := range victims {
		g.held[v] += by
	}
}

// run looks until ctx ends.
func (g *guard) run(ctx context.Context) {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, n := range g.nodes {
			g.look(ctx, n)
		}
		g.restarts()
	}
}

// restarts tells of nodes that gave up a start: without being told, nobody would know why one was back so late.
func (g *guard) restarts() {
	for _, n := range g.nodes {
		r, ok := n.(broker.Restarter)
		if !ok {
			continue
		}
		for _, x := range r.Restarts()[g.again[n.Name()]:] {
			g.again[n.Name()]++
			g.finding("%s gave up its start and was started again, as what supervises it would do: %s", n.Name(), x.Why)
		}
	}
}

// look asks whether a node's process runs. A fault that takes hold of it meanwhile, or had until just now, is what ended it.
func (g *guard) look(ctx context.Context, n broker.Node) {
	p, ok := n.(broker.Process)
	if !ok || !g.free(n.Name()) {
		return
	}
	ask, cancel := context.WithTimeout(ctx, guardPatient)
	defer cancel()
	if running, err := p.Running(ask); err != nil || running || !g.free(n.Name()) {
		return
	}
	crash := report.Crash{Node: n.Name(), At: g.clock.Now(), Log: []string{}}
	l, logs := n.(broker.Logger)
	if logs {
		if lines, err := l.Log(ask, crashLog); err == nil {
			crash.Log = g.journal.secrets.Load().HideAll(lines)
		}
	}
	how := "died, outside any fault: "
	if v, ok := n.(broker.Vital); ok {
		if now, err := v.Vitals(ask); err == nil && now.OutOfMemory {
			crash.OutOfMemory, how = true, "was ended by the kernel for want of memory, outside any fault: "
		}
	}
	wrote := last(crash.Log)
	if !logs {
		wrote = "nobody keeps what it writes"
	}
	g.mu.Lock()
	g.crashed = append(g.crashed, crash)
	g.mu.Unlock()
	g.journal.tell(crash.At, report.Event{Type: report.EventNode, Text: n.Name() + " " + how + wrote, Node: &crash})
}

// free reports whether no fault holds a node and it has not died already.
func (g *guard) free(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held[name] <= 0 && !slices.ContainsFunc(g.crashed, func(c report.Crash) bool { return c.Node == name })
}

// crashes returns what was noticed.
func (g *guard) crashes() []report.Crash {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]report.Crash{}, g.crashed...)
}

func last(lines []string) string {
	if len(lines) == 0 {
		return "it wrote nothing"
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
