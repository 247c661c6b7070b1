package rabbitmq

import (
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A channel is what a source needs of the library's.
type channel interface {
	Ack(tag uint64, multiple bool) error
	Close() error
	IsClosed() bool
}

var _ channel = (*amqp.Channel)(nil)

// A source is the channel on which deliveries come, and are acknowledged while another goroutine may close it. The library would send an acknowledgement behind
// the channel's close, and the node end the whole connection for it: "expected 'channel.open'".
type source struct {
	channel channel
	sending sync.Mutex  // an acknowledgement
	closing atomic.Bool // or closed by us
}

// ack acknowledges a delivery and all before it. What comes too late for that is given again.
func (s *source) ack(tag uint64) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if !s.closing.Load() {
		_ = s.channel.Ack(tag, true)
	}
}

// close closes the channel, and lets go back to the queue what was not acknowledged.
func (s *source) close() error {
	s.sending.Lock()
	s.closing.Store(true)
	s.sending.Unlock()
	return s.channel.Close()
}

// gone reports whether nothing can be acknowledged any more.
func (s *source) gone() bool { return s.closing.Load() || s.channel.IsClosed() }
