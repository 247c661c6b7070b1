package kafka

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Hold and Release implement broker.Holder.
func (p *producer) Hold()    { p.dialer.Gate.Hold() }
func (p *producer) Release() { p.dialer.Gate.Release() }

// Abort implements broker.Producer. When it returns, everything has its outcome; the rest of the client goes in the background, and Driver.Close waits
// for it.
func (p *producer) Abort() {
	p.end.Do(func() {
		p.closed.Store(true)
		p.dialer.Cut()
		p.giveUp(math.MaxInt64, errAborted)
		p.driver.behind.Go(p.dispose)
	})
}

// Close implements broker.Producer. After Abort it only waits until the client is gone, at most until ctx ends.
func (p *producer) Close(ctx context.Context) error {
	var left int
	p.end.Do(func() {
		p.flush(ctx)
		p.closed.Store(true)
		if left = p.Buffered(); left > 0 {
			p.dialer.Cut()
			p.giveUp(math.MaxInt64, errClosed)
		}
		p.dialer.Hush()
		p.driver.behind.Go(p.dispose)
	})
	select {
	case <-p.ended:
	case <-ctx.Done():
		select {
		case <-p.ended:
		case <-time.After(time.Second): // what is left does not wait for the network
			return fmt.Errorf("close the producer: %w", ctx.Err())
		}
	}
	if left > 0 {
		return fmt.Errorf("close the producer: %d messages had no outcome: %w", left, ctx.Err())
	}
	return nil
}

// dispose ends the client and all goroutines.
func (p *producer) dispose() {
	defer close(p.ended)
	p.janitor()
	p.work.Wait()
	p.client.Close()
	// The client's own farewell to its records comes from a goroutine of its own.
	for deadline := time.Now().Add(5 * time.Second); p.free.available() < len(p.slots) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	p.giveUp(math.MaxInt64, errClosed)
}

// flush waits until everything has its outcome or ctx ends. It does not wait for records whose outcome was told and that franz-go still has.
func (p *producer) flush(ctx context.Context) {
	if p.Buffered() == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if p.txn != nil {
		p.txn.hurry()
	} else {
		p.work.Go(func() { p.client.Flush(ctx) }) // ends lingering
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for p.Buffered() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
