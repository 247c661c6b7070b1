package brokertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// transactional makes a producer with transactions, every second of which is aborted, under the id that it is called by.
func (s *suite) transactional(t *testing.T, topic broker.Topic, number uint32, id string, tx broker.Transactions) *sender {
	t.Helper()
	x := &sender{t: t, suite: s, topic: topic, number: number, next: make([]uint64, topic.Partitions), outcomes: map[broker.ID]broker.Outcome{}}
	o := broker.ProducerOptions{ProducerSettings: settings(s), Name: "brokertest", TransactionalID: id}
	aborted := true
	o.Aborts = func() bool { aborted = !aborted; return aborted }
	o.Transactions, o.TransactionTimeout = tx, time.Minute
	var err error
	if x.producer, err = s.driver.NewProducer(t.Context(), topic, o, x.outcome); err != nil {
		t.Fatalf("make a producer: %v", err)
	}
	t.Cleanup(x.producer.Abort)
	return x
}

// transactions are acknowledged when they are committed, and whole; what is aborted is rejected, and only who reads uncommitted is given it.
func (s *suite) transactions(t *testing.T) {
	if !s.o.Transactions {
		t.Skip("this kind of broker has no transactions")
	}
	const each, n = 50, 1000
	topic := s.topic(t, "transactions", 3)
	x := s.transactional(t, topic, 1, "brokertest-transactions", broker.Transactions{Messages: each})
	x.send(n)
	outcomes := x.settle(n, 30*time.Second)
	acknowledged := map[broker.ID]broker.Outcome{}
	ended, size := map[uint64]error{}, map[uint64]int{}
	for id, o := range outcomes {
		if o.Err == nil {
			acknowledged[id] = o
		} else if !errors.Is(o.Err, broker.ErrRejected) || !errors.Is(o.Err, broker.ErrAborted) {
			t.Fatalf("%v: %v", id, o.Err)
		}
		if other, known := ended[o.Transaction]; known && (other == nil) != (o.Err == nil) || o.Transaction == 0 {
			t.Fatalf("of transaction %d, some messages ended with %v, others with %v", o.Transaction, o.Err, other)
		}
		ended[o.Transaction] = o.Err
		size[o.Transaction]++
	}
	if len(ended) != n/each || len(acknowledged) != n/2 || size[outcomes[broker.ID{Producer: 1}].Transaction] != each {
		t.Errorf("%d messages were sent in transactions of %v messages, and %d were acknowledged", n, size, len(acknowledged))
	}
	read := s.harvest(t)
	read.drain(30*time.Second, s.reader(t, topic, s.ends(t, topic)))
	s.compare(t, acknowledged, read)
	given := s.harvest(t)
	given.until(len(acknowledged), 30*time.Second, s.isolated(t, topic, broker.ReadCommitted))
	s.compare(t, acknowledged, given)
	s.harvest(t).until(n, 30*time.Second, s.isolated(t, topic, broker.ReadUncommitted))
}

func (s *suite) isolated(t *testing.T, topic broker.Topic, isolation broker.Isolation) broker.Consumer {
	t.Helper()
	o := broker.ConsumerOptions{ConsumerSettings: broker.ConsumerSettings{Isolation: isolation}, Name: "brokertest"}
	c, err := s.driver.NewConsumer(t.Context(), topic, o)
	if err != nil {
		t.Fatalf("make a consumer: %v", err)
	}
	t.Cleanup(c.Abort)
	return c
}

// newIncarnation: a producer that crashes leaves a transaction open, and another one of the same id ends it: who reads committed need not wait for its time-out.
func (s *suite) newIncarnation(t *testing.T) {
	if !s.o.Transactions {
		t.Skip("this kind of broker has no transactions")
	}
	topic := s.topic(t, "incarnations", 2)
	x := s.transactional(t, topic, 1, "brokertest-incarnations", broker.Transactions{Messages: 100})
	x.send(150)
	x.settle(100, 30*time.Second)
	time.Sleep(300 * time.Millisecond) // the others are at the broker, in an open transaction
	x.producer.Abort()
	outcomes := x.settle(150, time.Second)
	unknown := 0
	for _, o := range outcomes {
		if o.Err != nil && !errors.Is(o.Err, broker.ErrRejected) {
			unknown++
		}
	}
	if unknown != 50 {
		t.Errorf("%d messages are unknown whose transaction was open when the producer crashed, instead of 50", unknown)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := x.producer.Close(ctx); err != nil {
		t.Errorf("close after Abort: %v", err)
	}
	y := s.transactional(t, topic, 2, "brokertest-incarnations", broker.Transactions{Every: 50 * time.Millisecond})
	y.send(100)
	later := y.settle(100, 30*time.Second)
	if err := y.producer.Close(ctx); err != nil {
		t.Error(err)
	}
	for id, o := range outcomes {
		later[id] = o
	}
	read := s.harvest(t)
	read.drain(20*time.Second, s.reader(t, topic, s.ends(t, topic)))
	for id, o := range later {
		if is := len(read.got[id]) > 0; is != (o.Err == nil) {
			t.Errorf("%v ended with %v, and was read: %v", id, o.Err, is)
		}
	}
}
