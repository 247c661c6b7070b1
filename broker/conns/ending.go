package conns

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// An Ending ends a producing client, once: as a crash, or in good order.
type Ending struct {
	dialer  *Dialer
	behind  *sync.WaitGroup
	pending func() int
	shut    func(error) (left int)
	dispose func()

	once sync.Once
	gone chan struct{} // closed when the client is
}

// NewEnding returns how the client of a dialer ends. behind knows of what goes on in the background. pending is how many messages have no outcome; shut takes no
// more of them, and tells of those without one, whose number it returns, that nobody can know; dispose ends the client and its goroutines.
func NewEnding(d *Dialer, behind *sync.WaitGroup, pending func() int, shut func(error) (left int), dispose func()) *Ending {
	return &Ending{dialer: d, behind: behind, pending: pending, shut: shut, dispose: dispose, gone: make(chan struct{})}
}

// Abort cuts the connections, with no farewell. When it returns, everything has its outcome; the rest of the client goes in the background.
func (e *Ending) Abort(why error) {
	e.once.Do(func() {
		e.dialer.Cut() // first, so that no farewell gets out
		e.shut(why)
		e.behind.Go(e.end)
	})
}

// Close waits until everything has its outcome or ctx ends. After Abort it only waits until the client is gone, at most until ctx ends.
func (e *Ending) Close(ctx context.Context, why error) error {
	left := 0
	e.once.Do(func() {
		e.drain(ctx)
		e.dialer.Hush()
		if left = e.shut(why); left > 0 {
			e.dialer.Cut()
		}
		e.behind.Go(e.end)
	})
	select {
	case <-e.gone:
	case <-ctx.Done():
		e.dialer.Cut() // what is left does not wait for the network
		<-e.gone
	}
	if left > 0 {
		return fmt.Errorf("close the producer: %d messages had no outcome: %w", left, ctx.Err())
	}
	return nil
}

func (e *Ending) drain(ctx context.Context) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for e.pending() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *Ending) end() {
	defer close(e.gone)
	e.dispose()
}
