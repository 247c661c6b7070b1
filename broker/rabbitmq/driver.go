// Package rabbitmq speaks to RabbitMQ, with amqp091-go. It knows queues, channels, confirms and what a node tells of its queues; it doesn't know where the nodes
// run, what is done to them, or what the load is for.
//
// A topic's partitions are queues: orders.0, orders.1. There are no offsets, and nothing can be read again: a message leaves when it is acknowledged. Every
// consumer of a topic shares its queues with all others, whatever group it is in. Where a topic's queue type is stream, they are logs: every consumer reads all of
// them by offset.
package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
	"github.com/seed-228c25e4/squall/broker/observe"
)

const (
	vhost = "/"
	// createWithin bounds one attempt to make a queue.
	createWithin = 10 * time.Second
)

// driver is what both have in common.
type driver struct {
	cluster   broker.Cluster
	clock     broker.Clock
	run       uint64
	heartbeat time.Duration     // that clients ask for
	names     map[string]string // the endpoints' addresses -> names of nodes
	eyes      *conns.Dialer     // on the observer's endpoint
	witnesses []*witness        // every node
	questions []*observe.Question[story]

	asking  sync.Mutex // while the nodes are asked
	mu      sync.Mutex
	topics  []broker.Topic // that State tells about, by name
	made    []string       // which of them CreateTopic made: State tells of them always
	last    look           // what was seen last
	counts  atomic.Uint32  // which node is asked first what the queues hold
	behind  sync.WaitGroup
	life    context.Context // ends with Close
	closing context.CancelFunc
}

var (
	_ broker.Driver      = queueing{}
	_ broker.Outstanding = queueing{}
	_ broker.AsideReader = queueing{}
	_ broker.Versions    = queueing{}
	_ broker.Driver      = streaming{}
	_ broker.Ends        = streaming{}
	_ broker.Reader      = streaming{}
	_ broker.Versions    = streaming{}

	_ broker.TopicDeleter = (*driver)(nil)
)

// A driver is of queues, which nobody can read without taking what is in them, or of streams.
type (
	queueing  struct{ *driver }
	streaming struct{ *driver }
)

// New returns a driver of the cluster, whose nodes have to be Execers. run is the id in every envelope of this run. Nothing is asked of the cluster yet.
func New(cluster broker.Cluster, s broker.Settings, clock broker.Clock, run uint64) (broker.Driver, error) {
	d := &driver{cluster: cluster, clock: clock, run: run, heartbeat: heartbeat(s), names: map[string]string{},
		eyes: newDialer(cluster.Endpoint(broker.Observer))}
	d.life, d.closing = context.WithCancel(context.Background())
	for _, client := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		for i, addr := range cluster.Endpoint(client).Addrs {
			if i < len(cluster.Nodes()) {
				d.names[addr] = cluster.Nodes()[i].Name()
			}
		}
	}
	for _, n := range cluster.Nodes() {
		runs, ok := n.(broker.Execer)
		if !ok {
			return nil, errors.Join(fmt.Errorf("no command can be run in %s, and a node of RabbitMQ tells only from inside which queues it leads", n.Name()), d.Close())
		}
		w := &witness{driver: d, node: n.Name(), id: n.ID(), runs: runs}
		d.witnesses = append(d.witnesses, w)
		d.questions = append(d.questions, &observe.Question[story]{Node: n.Name(), Ask: w.look})
	}
	if queueType(s.Topic) == stream {
		return streaming{d}, nil
	}
	return queueing{d}, nil
}

// Close waits until everything that was aborted is gone. Producers and consumers are closed by those who made them.
func (d *driver) Close() error {
	d.closing()
	d.eyes.Cut()
	d.behind.Wait()
	return nil
}

func newDialer(e broker.Endpoint) *conns.Dialer {
	d := conns.NewDialer(e, handshakeWithin)
	d.TLS = e.TLS
	return d
}

// queues are the queues that a topic is, by partition.
func queues(t broker.Topic) []string {
	all := make([]string, t.Partitions)
	for i := range all {
		all[i] = t.Name + "." + strconv.Itoa(i)
	}
	return all
}

// know makes State tell about the topic.
func (d *driver) know(t broker.Topic) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, found := slices.BinarySearchFunc(d.topics, t.Name, func(t broker.Topic, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		d.topics = slices.Insert(slices.Clone(d.topics), i, t)
		d.last = look{}
	}
}

// forget makes State tell no more about a topic that is gone.
func (d *driver) forget(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.topics = slices.DeleteFunc(slices.Clone(d.topics), func(t broker.Topic) bool { return t.Name == topic })
	d.made = slices.DeleteFunc(d.made, func(name string) bool { return name == topic })
	d.last = look{}
}

// known are the topics that State tells about.
func (d *driver) known() []broker.Topic {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.topics
}

// find returns a topic that is known.
func (d *driver) find(name string) (broker.Topic, error) {
	for _, t := range d.known() {
		if t.Name == name {
			return t, nil
		}
	}
	return broker.Topic{}, fmt.Errorf("nobody here knows the topic %s", name)
}

func (d *driver) hasMade(topic string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.made, topic)
}

// stale has the nodes asked anew the next time, for something was just changed.
func (d *driver) stale() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last.at = time.Time{}
}

// await asks again and again until nothing is missing, or ctx or the driver ends.
func (d *driver) await(ctx context.Context, missing func(context.Context) (string, error)) error {
	return observe.Await(ctx, d.life, missing)
}

// visit does something on a connection of the observer's to the first node that can be reached, within a time.
func (d *driver) visit(ctx context.Context, within time.Duration, do func(*wire) error) error {
	e := d.cluster.Endpoint(broker.Observer)
	var errs []error
	for _, addr := range e.Addrs {
		w, err := d.open(ctx, d.eyes, e, addr, "squall", d.heartbeat)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.names[addr], err))
			continue
		}
		stop := context.AfterFunc(ctx, w.cut)
		err = w.bounded(within, func() error { return do(w) })
		stop()
		if err == nil {
			err = w.leave(leaveWithin)
		}
		w.cut()
		<-w.gone
		return err
	}
	return errors.Join(errs...)
}

// CreateTopic implements broker.Driver. It waits until every node serves, for one that is just starting cannot have a replica yet.
func (d *driver) CreateTopic(ctx context.Context, t broker.Topic) error {
	if err := d.await(ctx, d.missingNodes); err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	if err := d.makeDead(ctx, t); err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	for _, queue := range queues(t) {
		if err := d.declare(ctx, t, queue, false); err != nil {
			return fmt.Errorf("create topic %s: %w", t.Name, err)
		}
	}
	d.know(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made = append(d.made, t.Name)
	return nil
}

// declare makes a queue. Unless it may be there, one of that name is an error.
func (d *driver) declare(ctx context.Context, t broker.Topic, queue string, mayBe bool) error {
	err := d.await(ctx, func(ctx context.Context) (string, error) {
		err := d.visit(ctx, createWithin, func(w *wire) error {
			if !mayBe {
				if err := absent(w, queue); err != nil {
					return err
				}
			}
			ch, err := w.Channel()
			if err != nil {
				return err
			}
			_, err = ch.QueueDeclare(queue, true, false, false, false, arguments(t))
			return err
		})
		if told := final(err); told != nil {
			return "", told
		}
		mayBe = mayBe || err != nil // an attempt whose answer was lost may have made it
		return text(err), nil
	})
	if err != nil {
		return fmt.Errorf("queue %s: %w", queue, err)
	}
	return nil
}

// DeleteTopic implements broker.TopicDeleter. A queue that is not there is deleted all the same, as the broker sees it. The queue of the topic's dead letters goes
// last, when nothing more dies; the exchange before it, which holds nothing, stays for the next topic.
func (d *driver) DeleteTopic(ctx context.Context, t broker.Topic) error {
	all := queues(t)
	if dead := deadQueue(t); dead != "" {
		all = append(all, dead)
	}
	for _, queue := range all {
		err := d.visit(ctx, createWithin, func(w *wire) error {
			ch, err := w.Channel()
			if err != nil {
				return err
			}
			_, err = ch.QueueDelete(queue, false, false, false)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete topic %s: queue %s: %w", t.Name, queue, err)
		}
	}
	d.forget(t.Name)
	return nil
}

var errThere = errors.New("there is one of that name")

// absent returns an error where there is a queue of that name.
func absent(w *wire, queue string) error {
	ch, err := w.Channel()
	if err != nil {
		return err
	}
	_, err = ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	switch code(err) {
	case amqp.NotFound:
		return nil
	case 0:
		if err == nil {
			err = errThere
		}
	}
	return err
}

// code is the broker's own reply to what it refused; 0: it is none.
func code(err error) int {
	if told, ok := errors.AsType[*amqp.Error](err); ok && told.Server {
		return told.Code
	}
	return 0
}

// final returns an error that asking again does not change.
func final(err error) error {
	switch code(err) {
	case amqp.PreconditionFailed, amqp.AccessRefused, amqp.NotAllowed, amqp.NotImplemented:
		return err
	}
	if errors.Is(err, errThere) {
		return err
	}
	return nil
}

func text(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, net.ErrClosed) || err.Error() == "":
		return "the connection was closed"
	}
	return err.Error()
}
