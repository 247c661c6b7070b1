package rabbitmq

import (
	"slices"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// fakeChannel writes down what is sent on it.
type fakeChannel struct {
	sent    []string
	closes  func() // as the close is under way
	dropped bool
}

func (c *fakeChannel) Ack(uint64, bool) error { c.sent = append(c.sent, "ack"); return nil }
func (c *fakeChannel) IsClosed() bool         { return c.dropped }
func (c *fakeChannel) Close() error {
	c.sent = append(c.sent, "close")
	if c.closes != nil {
		c.closes()
	}
	return nil
}

// Nothing is acknowledged behind a channel's close: what had been received by then comes again, and is not passed on from the old channel.
func TestNothingIsAcknowledgedBehindTheClose(t *testing.T) {
	d := &driver{clock: broker.NewClock()}
	c := d.newIntakeOf(broker.Endpoint{}, broker.Topic{Partitions: 1}, broker.ConsumerOptions{}, &conns.Dialer{})
	var ch fakeChannel
	s := &source{channel: &ch}
	receive := func(tag uint64) int {
		t.Helper()
		c.arrivals <- arrival{source: s, tag: tag, offset: -1}
		got, err := c.Receive(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	if receive(1)+receive(2) != 2 || !slices.Equal(ch.sent, []string{"ack"}) {
		t.Errorf("of an open channel: %v", ch.sent)
	}
	ch.closes = func() {
		if n := receive(3); n != 0 {
			t.Errorf("%d deliveries were passed on that come again", n)
		}
	}
	if err := s.close(); err != nil || !s.gone() || !slices.Equal(ch.sent, []string{"ack", "close"}) {
		t.Errorf("%v, and sent %v", err, ch.sent)
	}
	ch = fakeChannel{dropped: true}
	if s = (&source{channel: &ch}); !s.gone() || receive(4) != 0 {
		t.Error("a channel that the broker closed is not gone")
	}
}
