package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

// offsetHeader is where a stream's messages come from, in what a consumer asks for and in what it is given.
const offsetHeader = "x-stream-offset"

// A follower reads streams by offset, and takes nothing out of them. Each stream has its own connection: a node gives only what it has a replica of, and a
// stream whose replica there is gone has to be followed elsewhere.
type follower struct {
	*intake
	courses  []*course
	attached atomic.Int32 // how many streams have been attached to at least once
	left     atomic.Int32 // of how many streams something is still to come
}

// A course is what is to be read of one stream.
type course struct {
	partition int32
	stream    string
	next      int64 // the lowest offset that was not passed on yet
	end       int64 // behind the last one; 0: there is none
	began     bool  // it has been attached to
}

// NewConsumer implements broker.Driver. It returns at once; the consumer attaches in the background, and again whenever it has to, where it left off.
func (d streaming) NewConsumer(_ context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	if o.Group != "" {
		return nil, fmt.Errorf("consumer %s: %s", o.Name, noStreamGroup)
	}
	d.know(t)
	all := map[int32]broker.Range{}
	for p := range int32(t.Partitions) {
		all[p] = broker.Range{}
	}
	return d.newFollower(broker.Consumers, t, o, all), nil
}

// newFollower follows streams from the start of a stretch to its end, or without end where that is 0.
func (d *driver) newFollower(endpoint string, t broker.Topic, o broker.ConsumerOptions, stretches map[int32]broker.Range) *follower {
	f := &follower{intake: d.newIntake(endpoint, t, o)}
	names := queues(t)
	for p, s := range stretches {
		f.courses = append(f.courses, &course{partition: p, stream: names[p], next: s.Start, end: s.End})
	}
	f.left.Store(int32(len(f.courses)))
	for _, x := range f.courses {
		first := (number(o.Name) + int(x.partition)) % max(len(f.endpoint.Addrs), 1)
		addrs := slices.Concat(f.endpoint.Addrs[first:], f.endpoint.Addrs[:first])
		f.work.Go(func() { f.roam(addrs, func(w *wire) (bool, error) { return f.stay(w, x) }) })
	}
	return f
}

// stay reads one stream for as long as the connection lasts, or the broker gives the stream's messages on it: where it stops that, another node may have them.
func (f *follower) stay(w *wire, x *course) (bool, error) {
	s, err := f.attach(w, x)
	attached := err == nil
	if attached {
		f.news.event(broker.Connected, w.node, x.stream)
		if !x.began {
			x.began = true
			if int(f.attached.Add(1)) == len(f.courses) {
				f.news.event(broker.Assigned, w.node, "every stream, alone")
			}
		}
		if err = f.pass(s, x); errors.Is(err, errOver) {
			f.left.Add(-1)
			_ = w.leave(leaveWithin)
		}
	}
	broke := w.ended()
	w.cut()
	<-w.gone
	if attached && broke && !errors.Is(err, errOver) {
		err = w.why
	}
	return attached, err
}

// attach asks for a stream's messages from the next offset on. A node without a replica that runs refuses.
func (f *follower) attach(w *wire, x *course) (subscription, error) {
	s, err := w.subscribe(x.stream, amqp.Table{offsetHeader: x.next})
	if err != nil {
		err = fmt.Errorf("%s: %w", x.stream, err)
	}
	return s, err
}

var errNoOffset = errors.New("a message of a stream came without its offset")

// pass passes on what comes until the channel ends, or the course.
func (f *follower) pass(s subscription, x *course) error {
	for d := range s.from {
		offset, told := d.Headers[offsetHeader].(int64)
		switch {
		case !told:
			return errNoOffset
		case x.end > 0 && offset >= x.end:
			return errOver
		case offset < x.next: // it was passed on before
			_ = d.Ack(false) // which to a stream says no more than that there is room for another
			continue
		}
		select {
		case f.arrivals <- arrival{source: s.source, tag: d.DeliveryTag, partition: x.partition, offset: offset, body: d.Body}:
		case <-f.life.Done():
			return f.life.Err()
		}
		if x.next = offset + 1; x.next == x.end {
			return errOver
		}
	}
	return fmt.Errorf("%s: %w", x.stream, s.why())
}

// A reader reads stretches of streams again.
type reader struct{ *follower }

// NewReader implements broker.Reader. A stretch that ends beyond the log never ends: take it from Ends.
func (d streaming) NewReader(_ context.Context, t broker.Topic, stretches map[int32]broker.Range) (broker.Consumer, error) {
	return d.newReader(t, stretches), nil
}

func (d *driver) newReader(t broker.Topic, stretches map[int32]broker.Range) reader {
	wanted := map[int32]broker.Range{}
	for p, s := range stretches {
		if s.Start < s.End {
			wanted[p] = s
		}
	}
	return reader{d.newFollower(broker.Observer, t, broker.ConsumerOptions{Name: "squall-reader"}, wanted)}
}

// Receive implements broker.Consumer.
func (r reader) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	if r.left.Load() == 0 && len(r.arrivals) == 0 {
		return into[:0], io.EOF
	}
	all, err := r.follower.Receive(ctx, into)
	if err != nil {
		return all, fmt.Errorf("read: %w", err)
	}
	return all, nil
}
