package rabbitmq

import (
	"errors"
	"io"
	"slices"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// given are deliveries at these offsets, after which the channel ends.
func given(offsets ...int64) <-chan amqp.Delivery {
	from := make(chan amqp.Delivery, len(offsets))
	for _, at := range offsets {
		from <- amqp.Delivery{Headers: amqp.Table{offsetHeader: at}}
	}
	close(from)
	return from
}

// idle is a follower of nothing, which has no connection.
func idle() *follower {
	d := &driver{clock: broker.NewClock()}
	return &follower{intake: d.newIntakeOf(broker.Endpoint{}, broker.Topic{Partitions: 1}, broker.ConsumerOptions{}, &conns.Dialer{})}
}

func (f *follower) passed() (offsets []int64) {
	for len(f.arrivals) > 0 {
		offsets = append(offsets, (<-f.arrivals).offset)
	}
	return offsets
}

// What was passed on before is not again, there may be holes, and after the connection was lost it goes on where it left off, to the end and no further.
func TestCourse(t *testing.T) {
	f := idle()
	x := &course{next: 5, end: 12}
	if err := f.pass(subscription{from: given(3, 4, 5, 6, 6, 8)}, x); !errors.Is(err, errDetached) || x.next != 9 || !slices.Equal(f.passed(), []int64{5, 6, 8}) {
		t.Errorf("%v, and next is %d", err, x.next)
	}
	if err := f.pass(subscription{from: given(8, 9, 10, 11, 12)}, x); !errors.Is(err, errOver) || !slices.Equal(f.passed(), []int64{9, 10, 11}) {
		t.Errorf("%v, and next is %d", err, x.next)
	}
	x = &course{next: 5, end: 12} // the last offset is none of a message
	if err := f.pass(subscription{from: given(10, 12)}, x); !errors.Is(err, errOver) || !slices.Equal(f.passed(), []int64{10}) {
		t.Errorf("%v, and next is %d", err, x.next)
	}
	endless := &course{}
	if err := f.pass(subscription{from: given(0, 1)}, endless); !errors.Is(err, errDetached) || !slices.Equal(f.passed(), []int64{0, 1}) {
		t.Errorf("%v, and next is %d", err, endless.next)
	}
	from := make(chan amqp.Delivery, 1)
	from <- amqp.Delivery{}
	if err := f.pass(subscription{from: from}, endless); !errors.Is(err, errNoOffset) {
		t.Errorf("a message without an offset: %v", err)
	}
}

// A reader is at its end when every stretch is over and everything was received.
func TestReaderEnds(t *testing.T) {
	r := reader{idle()}
	r.left.Store(1)
	r.arrivals <- arrival{offset: 7, body: []byte("x")}
	r.left.Add(-1)
	if got, err := r.Receive(t.Context(), nil); len(got) != 1 || got[0].Offset != 7 || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := r.Receive(t.Context(), nil); len(got) > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A queue refuses what it does not store; a stream that goes away refuses what it may have stored, too.
func TestRefusals(t *testing.T) {
	for log, rejected := range map[bool]bool{false: true, true: false} {
		p, told := paper(1, 10)
		p.log = log
		p.Send(t.Context(), []broker.Message{message(0, 0)})
		l, _ := p.pick()
		p.published(l, nil)
		p.mu.Lock()
		p.confirmed(l, []amqp.Confirmation{{DeliveryTag: 1}})
		p.mu.Unlock()
		if len(*told) != 1 || (*told)[0].Err == nil || errors.Is((*told)[0].Err, broker.ErrRejected) != rejected {
			t.Errorf("published to a log %v, and refused: %+v", log, *told)
		}
	}
}
