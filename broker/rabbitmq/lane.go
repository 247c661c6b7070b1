package rabbitmq

import (
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

// A letter is one message from Send until its outcome.
type letter struct {
	id        broker.ID
	due, sent time.Duration
	until     time.Duration // when its outcome is overdue, on the run's clock
	value     []byte        // kept for the next letter in the same place
	tag       uint64        // by which the broker confirms it; 0: not published
	done      bool          // it has its outcome
	busy      bool          // it is just being published, and its value in use
}

// A lane is what one producer sends to one queue, in that order: first what was published, then what waits. It is a ring that only grows, so that nothing is
// allocated for a message once it is large enough. All of it is guarded by producer.mu.
type lane struct {
	queue string
	ring  []letter
	head  int // where the first letter is
	n     int // how many there are
	sent  int // how many of them have had their turn

	channel              *amqp.Channel // of the connection that there is; each queue has its own, for the library tells confirms in the order of their numbers
	published, confirmed uint64        // the last numbers on it
}

// at returns a letter, counted from the first.
func (l *lane) at(i int) *letter { return &l.ring[(l.head+i)%len(l.ring)] }

// add appends a letter, which is zero but for its old value.
func (l *lane) add() *letter {
	if l.n == len(l.ring) {
		l.grow()
	}
	l.n++
	x := l.at(l.n - 1)
	*x = letter{value: x.value[:0]}
	return x
}

func (l *lane) grow() {
	larger := make([]letter, max(64, 2*len(l.ring)))
	for i := range l.n {
		larger[i] = *l.at(i)
	}
	l.ring, l.head = larger, 0
}

// trim lets the first letters go that nobody needs any more.
func (l *lane) trim() {
	for l.n > 0 && l.at(0).done && !l.at(0).busy {
		l.head = (l.head + 1) % len(l.ring)
		l.n--
		l.sent = max(0, l.sent-1)
	}
}

// turn returns the next letter that waits; nil: there is none.
func (l *lane) turn() *letter {
	for l.sent < l.n {
		x := l.at(l.sent)
		l.sent++
		if !x.done {
			return x
		}
	}
	return nil
}

// numbered returns the letter with a number; nil: it has had its outcome already. Confirms come in the order of numbers, so that it is one of the first.
func (l *lane) numbered(tag uint64) *letter {
	for i := range l.sent {
		switch x := l.at(i); {
		case x.tag == tag:
			return x
		case x.tag > tag:
			return nil
		}
	}
	return nil
}

// named returns the published letter of a message; nil: it has had its outcome already.
func (l *lane) named(id broker.ID) *letter {
	for i := range l.sent {
		if x := l.at(i); x.id == id && x.tag != 0 {
			return x
		}
	}
	return nil
}

// pending is how many published messages the broker has not confirmed, whether they have an outcome or not.
func (l *lane) pending() uint64 { return l.published - l.confirmed }
