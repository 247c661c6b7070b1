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
	watchEvery   = 100 * time.Millisecond
	watchPatient = 2 * time.Second // for one answer
	// blindAfter is how long the cluster's state may be unknown before that counts: a poll that fails once hides nothing that the next one does
	// not show.
	blindAfter = time.Second
)

// A watcher asks for the cluster's state on the observer's path, which no fault touches, and keeps every change.
type watcher struct {
	driver  broker.Driver
	clock   broker.Clock
	journal *journal

	mu         sync.Mutex
	last       broker.State
	seen       time.Duration // when last was the answer, on the clock
	controlled time.Duration // when an answer named a controller last
	changes    []report.StateChange
	blind      []report.Span
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		_, _ = w.look(ctx) // a failed look shows as a blind span
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look asks once.
func (w *watcher) look(ctx context.Context) (broker.State, error) {
	ask, cancel := context.WithTimeout(ctx, watchPatient)
	defer cancel()
	s, err := w.driver.State(ask)
	if err != nil {
		return s, err
	}
	w.keep(w.clock.Now(), s)
	return s, nil
}

// state returns the last answer.
func (w *watcher) state() broker.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *watcher) keep(at time.Duration, s broker.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.changes) > 0 && at-w.seen > blindAfter {
		w.blind = append(w.blind, report.Span{From: w.seen, To: at})
	}
	w.seen = at
	if s.Controller != "" {
		w.controlled = at
	} else if at-w.controlled < blindAfter {
		s.Controller = w.last.Controller // one answer that came too late is no election
	}
	w.last = s
	change := stateChange(at, s)
	text := "first look at the cluster"
	if n := len(w.changes); n > 0 {
		if text = change.Since(w.changes[n-1]); text == "" {
			return
		}
	}
	w.changes = append(w.changes, change)
	w.journal.tell(at, report.Event{Type: report.EventState, Text: text, State: &change})
}

// history returns every change and every time without sight.
func (w *watcher) history(now time.Duration) ([]report.StateChange, []report.Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	blind := slices.Clone(w.blind)
	if now-w.seen > blindAfter {
		blind = append(blind, report.Span{From: w.seen, To: now})
	}
	return slices.Clone(w.changes), blind
}

func stateChange(at time.Duration, s broker.State) report.StateChange {
	c := report.StateChange{At: at, Nodes: slices.Sorted(slices.Values(s.Nodes)), Controller: s.Controller, Groups: s.Coordinators, Parted: s.Parted, Paused: s.Paused}
	for _, p := range s.Partitions {
		c.Partitions = append(c.Partitions, report.PartitionState{Partition: p.Partition, Leader: p.Leader, Epoch: p.Epoch,
			Replicas: p.Replicas, InSync: slices.Sorted(slices.Values(p.InSync))})
	}
	return c
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "+")
}
