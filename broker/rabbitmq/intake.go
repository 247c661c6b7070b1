package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	moment       = 150 * time.Millisecond // Receive returns after it without deliveries
	defaultBatch = 4096                   // deliveries that one Receive returns, where the caller's slice has no room to say so
	prefetch     = 256                    // messages of a queue that a client is given before it has processed those it has
	// attachWithin bounds an attempt to be given a queue's messages.
	attachWithin = 10 * time.Second
)

// An intake is what consumers of queues and of streams have in common: connections that are made again, and what came on them until it is received. Receive and
// Close are for one goroutine at a time; Abort is for any.
type intake struct {
	driver   *driver
	endpoint broker.Endpoint
	dialer   *conns.Dialer
	news     listener
	name     string
	commit   broker.CommitPolicy
	beat     time.Duration // the heartbeat that it asks for

	arrivals chan arrival
	last     []arrival   // what was returned last of each queue, to be acknowledged; its source is nil where there is nothing
	leaving  atomic.Bool // nothing is passed on any more

	mu    sync.Mutex
	wires []*wire // the connections that there are

	life  context.Context
	quit  context.CancelFunc
	work  sync.WaitGroup
	end   sync.Once
	ended chan struct{}
}

// An arrival is one delivery, with the channel on which it is to be acknowledged.
type arrival struct {
	source      *source
	tag         uint64
	partition   int32
	offset      int64 // -1: a queue has none
	redelivered bool
	body        []byte
}

func (d *driver) newIntake(endpoint string, t broker.Topic, o broker.ConsumerOptions) *intake {
	e := d.cluster.Endpoint(endpoint)
	return d.newIntakeOf(e, t, o, newDialer(e))
}

func (d *driver) newIntakeOf(e broker.Endpoint, t broker.Topic, o broker.ConsumerOptions, dialer *conns.Dialer) *intake {
	c := &intake{
		driver: d, endpoint: e, dialer: dialer, name: o.Name, commit: cmp.Or(o.Commit, broker.CommitAfter), beat: cmp.Or(o.SessionTimeout, d.heartbeat),
		arrivals: make(chan arrival, prefetch), last: make([]arrival, t.Partitions), ended: make(chan struct{}),
	}
	c.news = listener{d, c.dialer, o.Name, o.Events}
	c.life, c.quit = context.WithCancel(context.Background())
	return c
}

// going reports whether there is still something to be taken.
func (c *intake) going() bool { return c.life.Err() == nil && !c.leaving.Load() }

// errOver is returned by what has taken everything that it was to take.
var errOver = errors.New("everything was taken")

// roam connects to one node after the other, and stays for as long as the connection lasts, until the client ends or stay returns errOver. stay reports whether
// the node was of any use, and leaves the connection closed.
func (c *intake) roam(addrs []string, stay func(*wire) (useful bool, _ error)) {
	failed := 0 // in a row
	for n := 0; c.going(); n = (n + 1) % len(addrs) {
		began, useful := time.Now(), false
		w, err := c.driver.open(c.life, c.dialer, c.endpoint, addrs[n], c.name, c.beat)
		if err == nil {
			c.keep(w)
			useful, err = stay(w)
			c.drop(w)
		}
		if errors.Is(err, errOver) {
			return
		}
		if failed++; useful {
			failed = 0
		}
		if failed <= len(addrs) { // the same from the same nodes again and again is no news
			c.news.event(broker.Lost, c.driver.names[addrs[n]], err.Error())
		}
		if failed > 0 && failed%len(addrs) == 0 || failed == 0 && time.Since(began) < shortLived {
			pause(c.life, reconnectWait)
		}
	}
}

func (c *intake) keep(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wires = append(c.wires, w)
}

func (c *intake) drop(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wires = slices.DeleteFunc(c.wires, func(other *wire) bool { return other == w })
}

// Receive implements broker.Consumer.
func (c *intake) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	c.processed()
	limit := cmp.Or(cap(into), defaultBatch)
	patience := time.NewTimer(moment)
	defer patience.Stop()
	select {
	case a := <-c.arrivals:
		into = c.take(into, a)
	case <-patience.C:
		return into, nil
	case <-ctx.Done():
		return into, fmt.Errorf("receive: %w", ctx.Err())
	case <-c.life.Done():
		return into, fmt.Errorf("receive: %w", net.ErrClosed)
	}
	for more := true; more && len(into) < limit; {
		select {
		case a := <-c.arrivals:
			into = c.take(into, a)
		default:
			more = false
		}
	}
	if c.commit == broker.CommitBefore {
		c.processed()
	}
	return into, nil
}

// take adds a delivery. What came from a queue on a channel that is gone comes again, and can be acknowledged only then.
func (c *intake) take(into []broker.Delivery, a arrival) []broker.Delivery {
	if a.offset < 0 && a.source.gone() {
		return into
	}
	c.last[a.partition] = a
	return append(into, broker.Delivery{Partition: a.partition, Offset: a.offset, Epoch: -1, At: c.driver.clock.Now(), Redelivered: a.redelivered, Value: a.body})
}

// processed acknowledges what was returned last. An acknowledgement that gets lost lets the message come again.
func (c *intake) processed() {
	for i := range c.last {
		if a := &c.last[i]; a.source != nil {
			a.source.ack(a.tag)
			*a = arrival{}
		}
	}
}

// Hold and Release implement broker.Holder.
func (c *intake) Hold()    { c.dialer.Gate.Hold() }
func (c *intake) Release() { c.dialer.Gate.Release() }

// Abort implements broker.Consumer.
func (c *intake) Abort() {
	c.end.Do(func() {
		c.dialer.Cut() // first, so that no farewell gets out
		c.driver.behind.Go(c.dispose)
	})
}

// Close implements broker.Consumer: what was returned last is acknowledged, and what the client still holds goes back to its queue. When ctx ends first, the
// connection is cut.
func (c *intake) Close(ctx context.Context) error {
	var err error
	c.end.Do(func() {
		defer context.AfterFunc(ctx, c.dialer.Cut)()
		c.leaving.Store(true)
		c.processed()
		c.dialer.Hush()
		if err = c.farewell(); err != nil {
			err = fmt.Errorf("close the consumer: acknowledge what was processed: %w", err)
		}
		c.driver.behind.Go(c.dispose)
	})
	select {
	case <-c.ended:
	case <-ctx.Done():
		c.dialer.Cut()
		<-c.ended
	}
	return err
}

// farewell ends all connections in good order.
func (c *intake) farewell() error {
	c.mu.Lock()
	wires := slices.Clone(c.wires)
	c.mu.Unlock()
	errs := make([]error, len(wires))
	var all sync.WaitGroup
	for i, w := range wires {
		all.Go(func() {
			if err := w.leave(leaveWithin); !errors.Is(err, amqp.ErrClosed) {
				errs[i] = err
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (c *intake) dispose() {
	defer close(c.ended)
	c.quit()
	c.dialer.Cut()
	c.work.Wait()
}
