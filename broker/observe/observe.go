// Package observe holds what drivers do alike while they look at a cluster: to ask every node side by side, to wait until nothing is missing, and to read
// back what was written. It knows no protocol and no client library, and not what is asked.
package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// PollEvery is how often a driver looks again while it waits for the cluster.
	PollEvery = 50 * time.Millisecond
	// AnswerWithin is how long a node has for an answer: one that takes longer says nothing.
	AnswerWithin = time.Second
	othersWithin = 100 * time.Millisecond // how long the nodes that have answered wait for the others
)

// A Question is asked of one node, again and again, and never while it is still open.
type Question[A any] struct {
	Node string
	Ask  func(context.Context) (A, error)

	open atomic.Bool
}

// Round asks all the questions side by side. It waits for every answer, but not for long once one is enough, and for a second at most; a question of before
// that is still open is not asked anew: a frozen node must not make the observer slow. It returns what was answered, and what ended without an answer. What is
// still open goes on in the background, of which behind knows, until life ends.
func Round[A any](ctx, life context.Context, behind *sync.WaitGroup, questions []*Question[A], enough func(A) bool) ([]A, error) {
	if life.Err() != nil {
		return nil, net.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	told := make(chan reply[A], len(questions))
	open := 0
	for _, q := range questions {
		if q.open.Swap(true) {
			continue
		}
		open++
		behind.Go(func() {
			defer q.open.Store(false)
			ctx, cancel := context.WithTimeout(life, AnswerWithin)
			defer cancel()
			a, err := q.Ask(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", q.Node, err)
			}
			told <- reply[A]{a, err}
		})
	}
	return collect(ctx, told, open, enough)
}

type reply[A any] struct {
	answer A
	err    error
}

func collect[A any](ctx context.Context, told <-chan reply[A], open int, enough func(A) bool) (answers []A, _ error) {
	var (
		late <-chan time.Time
		errs []error
	)
	for ; open > 0; open-- {
		select {
		case r := <-told:
			if r.err != nil {
				errs = append(errs, r.err)
				continue
			}
			answers = append(answers, r.answer)
			if late == nil && enough(r.answer) {
				late = time.After(othersWithin)
			}
		case <-late:
			return answers, errors.Join(errs...)
		case <-ctx.Done():
			return answers, errors.Join(append(errs, ctx.Err())...)
		}
	}
	if len(answers) == 0 && len(errs) == 0 {
		return nil, errors.New("what was asked before is still open")
	}
	return answers, errors.Join(errs...)
}

// Await asks again and again until nothing is missing, or ctx or life ends, and then says what was missing last. An error ends it at once.
func Await(ctx, life context.Context, missing func(context.Context) (string, error)) error {
	tick := time.NewTicker(PollEvery)
	defer tick.Stop()
	for {
		what, err := missing(ctx)
		if err != nil || what == "" {
			return err
		}
		select {
		case <-tick.C:
		case <-life.Done():
			return fmt.Errorf("%s: %w", what, net.ErrClosed)
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
}

// ReadBack receives until something came of every partition that is wanted, or ctx ends. The consumer is aborted.
func ReadBack(ctx context.Context, from broker.Consumer, wanted map[int32]broker.Range) error {
	defer from.Abort()
	var into []broker.Delivery
	seen := map[int32]bool{}
	for len(seen) < len(wanted) {
		var err error
		if into, err = from.Receive(ctx, into); err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		for i := range into {
			if _, is := wanted[into[i].Partition]; is {
				seen[into[i].Partition] = true
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("read back: nothing came from %d of %d partitions: %w", len(wanted)-len(seen), len(wanted), ctx.Err())
		}
	}
	return nil
}
