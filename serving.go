package squall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// serving makes the topic and waits until the cluster, which was just started, serves it. A node that ends meanwhile will not come back by itself, and ends the
// waiting. Of a cluster that does not come to serve in time, the error holds what each node wrote last.
func (r *run) serving(ctx context.Context) error {
	topic := r.scenario.Topic
	trying, give := context.WithCancelCause(ctx)
	defer give(nil)
	watching, enough := context.WithCancel(trying)
	r.behind.Go(r.panics.guard(func() {
		if _, shared := r.bed.Cluster.(broker.Shared); shared {
			return // whoever started it looks after it
		}
		if end := firstEnd(watching, r.bed.Cluster.Nodes()); end != nil {
			give(end)
		}
	}))
	err := r.bed.Driver.CreateTopic(trying, topic)
	if err == nil {
		err = r.bed.Driver.Ready(trying, topic)
	}
	enough()
	r.behind.Wait()
	var end *endedError
	switch {
	case err == nil || ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return err
	case errors.As(context.Cause(trying), &end):
		return r.quoted(end, end.node)
	case ctx.Err() != nil:
		return r.quoted(fmt.Errorf("the cluster runs, and does not come to serve: %w", err), r.bed.Cluster.Nodes()...)
	}
	return err
}

// An endedError tells of a node that ended while the cluster was to begin.
type endedError struct{ node broker.Node }

func (e *endedError) Error() string { return e.node.Name() + " ended before the cluster served" }

// firstEnd looks until a node's process has ended, or ctx ends. One that is started again by what supervises it has not.
func firstEnd(ctx context.Context, nodes []broker.Node) error {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, n := range nodes {
			p, ok := n.(broker.Process)
			if !ok {
				continue
			}
			if running, err := p.Running(ctx); err == nil && !running {
				return &endedError{n}
			}
		}
	}
}

// quoted adds the last lines that nodes wrote.
func (r *run) quoted(err error, nodes ...broker.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), guardPatient) // the run's own time may be over
	defer cancel()
	for _, n := range nodes {
		l, ok := n.(broker.Logger)
		if !ok {
			continue
		}
		lines, unread := l.Log(ctx, quotedLines)
		if unread != nil {
			continue // what is told is better than nothing
		}
		lines = r.journal.secrets.Load().HideAll(lines)
		err = fmt.Errorf("%w\n%s wrote last: %s", err, n.Name(), strings.Join(trimmed(lines), "\n  "))
	}
	return err
}

// quotedLines is how many of its last lines a node is quoted with that did not come to serve.
const quotedLines = 3

func trimmed(lines []string) []string {
	if len(lines) == 0 {
		return []string{"nothing"}
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}
