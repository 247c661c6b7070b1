package brokertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func (s *suite) fullBuffer(t *testing.T) {
	on := s.links(t, broker.Producers)
	topic := s.topic(t, "full", 2)
	o := settings(s)
	o.Buffer = 16
	x := s.sender(t, topic, 1, o)
	x.send(4)
	x.settle(4, 30*time.Second)
	heal := s.impair(t, broker.Both(broker.Half{Hold: true}), on)
	messages := x.messages(100)
	start := time.Now()
	taken := x.producer.Send(t.Context(), messages)
	if took := time.Since(start); took > time.Second {
		t.Errorf("Send took %v", took)
	}
	if taken != 16 || x.producer.Buffered() != 16 {
		t.Errorf("a buffer of 16 took %d messages, and holds %d", taken, x.producer.Buffered())
	}
	if more := x.producer.Send(t.Context(), messages[taken:]); more != 0 {
		t.Errorf("a full buffer took %d more", more)
	}
	heal()
	x.acknowledged(x.settle(20, 30*time.Second))
	if err := x.producer.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (s *suite) lateAnswer(t *testing.T) {
	on := s.links(t, broker.Producers)
	topic := s.topic(t, "late", 2)
	o := settings(s)
	o.DeliveryTimeout = time.Second
	x := s.sender(t, topic, 1, o)
	x.send(10)
	x.settle(10, 30*time.Second)
	// The requests arrive, and nobody hears the answer.
	heal := s.impair(t, broker.Impairment{Replies: broker.Half{Hold: true}}, on)
	start := time.Now()
	x.send(10)
	outcomes := x.settle(20, 5*time.Second)
	if took := time.Since(start); took < 900*time.Millisecond || took > 2100*time.Millisecond {
		t.Errorf("with a delivery time-out of 1s the outcomes came after %v", took)
	}
	unknown := 0
	for id, o := range outcomes {
		switch {
		case o.Err == nil:
		case errors.Is(o.Err, broker.ErrRejected):
			t.Errorf("%v was sent and not answered, and is called rejected: %v", id, o.Err)
		case !errors.Is(o.Err, broker.ErrDeliveryTimeout):
			t.Errorf("%v: %v, which is no delivery time-out", id, o.Err)
		default:
			unknown++
		}
	}
	if unknown != 10 || x.producer.Buffered() != 0 {
		t.Errorf("%d messages are unknown instead of 10, and %d buffered", unknown, x.producer.Buffered())
	}
	heal()
	x.send(10)
	outcomes = x.settle(30, 30*time.Second) // and no second outcome for the ten
	h := s.everything(t, topic, 30*time.Second)
	s.compare(t, outcomes, h)
}

func (s *suite) nobodyThere(t *testing.T) {
	on := s.links(t, broker.Producers)
	topic := s.topic(t, "nobody", 2)
	o := settings(s)
	o.DeliveryTimeout = time.Second
	x := s.sender(t, topic, 1, o)
	heal := s.impair(t, broker.Impairment{Refuse: true}, on)
	x.send(50)
	outcomes := x.settle(50, 5*time.Second)
	heal()
	x.send(50)
	x.settle(100, 30*time.Second)
	h := s.everything(t, topic, 30*time.Second)
	for id, o := range outcomes {
		if o.Err == nil {
			t.Errorf("%v was acknowledged by nobody", id)
		}
	}
	s.noneRejectedIsThere(t, x.told(), h)
	s.compare(t, x.told(), h)
}

func (s *suite) abortLeavesUnknown(t *testing.T) {
	on := s.links(t, broker.Producers)
	topic := s.topic(t, "abort", 2)
	x := s.sender(t, topic, 1, settings(s))
	x.send(10)
	x.settle(10, 30*time.Second)
	heal := s.impair(t, broker.Both(broker.Half{Hold: true}), on)
	x.send(100)
	time.Sleep(50 * time.Millisecond)
	x.producer.Abort()
	outcomes := x.told()
	if len(outcomes) != 110 {
		t.Errorf("after Abort %d of 110 messages have their outcome", len(outcomes))
	}
	unknown := 0
	for _, o := range outcomes {
		if o.Err != nil && !errors.Is(o.Err, broker.ErrRejected) {
			unknown++
		}
	}
	if unknown != 100 || x.producer.Buffered() != 0 {
		t.Errorf("%d messages are unknown instead of 100, and %d buffered", unknown, x.producer.Buffered())
	}
	heal()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := x.producer.Close(ctx); err != nil {
		t.Errorf("close after Abort: %v", err)
	}
	x.settle(110, time.Second)
}

func (s *suite) observerSees(t *testing.T) {
	on := append(s.links(t, broker.Producers), s.links(t, broker.Consumers)...)
	topic := s.topic(t, "observer", 2)
	x := s.sender(t, topic, 1, settings(s))
	x.send(100)
	outcomes := x.settle(100, 30*time.Second)
	s.impair(t, broker.Both(broker.Half{Hold: true}), on)
	start := time.Now()
	st, err := s.driver.State(t.Context())
	if err != nil || !st.FullyInSync() || len(st.Nodes) != len(s.cluster.Nodes()) {
		t.Errorf("state: %+v, %v", st, err)
	}
	if !s.o.Consumed { // else reading is not the observer's
		s.compare(t, outcomes, s.everything(t, topic, 10*time.Second))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the observer took %v", took)
	}
}
