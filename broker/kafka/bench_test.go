package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
)

const benchSize = 100

// null is a broker that stores nothing.
func null(b *testing.B) *kfake.Cluster {
	b.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "bench"), kfake.BlackholeProduce())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

// BenchmarkProduce sends through the driver; BenchmarkBareProduce is the same loop on franz-go alone, with records made ahead. What the second allocates
// is franz-go's and kfake's; the difference is ours.
func BenchmarkProduce(b *testing.B) { benchmarkProduce(b, null(b), broker.Transactions{}) }

// BenchmarkTransactions is the same in transactions, on a broker that keeps what it is sent.
func BenchmarkTransactions(b *testing.B) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "bench"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(fake.Close)
	benchmarkProduce(b, fake, broker.Transactions{Every: 10 * time.Millisecond, Messages: 5000})
}

func benchmarkProduce(b *testing.B, fake *kfake.Cluster, transactions broker.Transactions) {
	d, err := kafka.New(&plain{fake: fake}, broker.Settings{}, broker.NewClock(), run)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	var acked, told atomic.Int64
	ready := make(chan struct{}, 1)
	p, err := d.NewProducer(b.Context(), broker.Topic{Name: "bench", Partitions: 3}, broker.ProducerOptions{Name: "bench", ProducerSettings: broker.ProducerSettings{
		Acks: "all", Idempotent: true, Buffer: 10_000, DeliveryTimeout: time.Minute,
		Transactions: transactions,
	}}, func(list []broker.Outcome) {
		for _, o := range list {
			if o.Err == nil {
				acked.Add(1)
			}
		}
		if n := int64(len(list)); told.Add(n)%500 < n {
			select {
			case ready <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	const batch = 100
	messages := make([]broker.Message, batch)
	for i := range messages {
		messages[i].Value = make([]byte, benchSize)
		broker.Encode(messages[i].Value, run, broker.ID{Partition: int32(i % 3)}, 0)
		messages[i].ID.Partition = int32(i % 3)
	}
	send := func(n int) {
		for n > 0 {
			if took := p.Send(b.Context(), messages[:min(n, batch)]); took == 0 {
				<-ready
			} else {
				n -= took
			}
		}
		for p.Buffered() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	send(20_000) // every slot has its memory
	acked.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	send(b.N)
	b.StopTimer()
	if acked.Load() != int64(b.N) {
		b.Errorf("%d of %d messages were acknowledged", acked.Load(), b.N)
	}
	if err := p.Close(context.Background()); err != nil {
		b.Error(err)
	}
}

func BenchmarkBareProduce(b *testing.B) {
	fake := null(b)
	const buffer = 10_000
	cl, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(buffer+16), kgo.DisableClientMetrics())
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	free := make(chan *kgo.Record, buffer)
	for range buffer {
		free <- &kgo.Record{Topic: "bench", Value: make([]byte, benchSize), Context: context.Background()}
	}
	promise := func(r *kgo.Record, _ error) { free <- r }
	send := func(n int) {
		now := time.Now()
		for i := range n {
			r := <-free
			if i%100 == 0 {
				now = time.Now()
			}
			r.Partition, r.Timestamp = int32(i%3), now
			cl.TryProduce(context.Background(), r, promise)
		}
		if err := cl.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	send(20_000)
	b.ReportAllocs()
	b.ResetTimer()
	send(b.N)
}

// plain is a cluster of one kfake broker and nothing else.
type plain struct {
	broker.Cluster
	fake *kfake.Cluster
}

func (p *plain) Nodes() []broker.Node            { return []broker.Node{one{}} }
func (p *plain) Endpoint(string) broker.Endpoint { return broker.Endpoint{Addrs: p.fake.ListenAddrs()} }

type one struct{ broker.Node }

func (one) Name() string { return "b1" }
func (one) ID() string   { return "0" }

// BenchmarkReceive reads from a broker that serves the same batch for ever; BenchmarkBareReceive is franz-go alone.
func BenchmarkReceive(b *testing.B) {
	d, err := kafka.New(&plain{fake: endless(b)}, broker.Settings{}, broker.NewClock(), run)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	c, err := d.NewConsumer(b.Context(), broker.Topic{Name: "bench", Partitions: 3}, broker.ConsumerOptions{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Abort()
	into := make([]broker.Delivery, 0, 4096)
	receive := func(n int) {
		for n > 0 {
			if into, err = c.Receive(b.Context(), into); err != nil {
				b.Fatal(err)
			}
			n -= len(into)
		}
	}
	receive(100_000)
	b.ReportAllocs()
	b.ResetTimer()
	receive(b.N)
}

func BenchmarkBareReceive(b *testing.B) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(endless(b).ListenAddrs()...), kgo.ConsumeTopics("bench"), kgo.DisableClientMetrics())
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	receive := func(n int) {
		for n > 0 {
			n -= cl.PollRecords(b.Context(), 4096).NumRecords()
		}
	}
	receive(100_000)
	b.ReportAllocs()
	b.ResetTimer()
	receive(b.N)
}

// endless is a broker whose log never ends.
func endless(b *testing.B) *kfake.Cluster {
	b.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "bench"), kfake.SyntheticFetch(kfake.SyntheticBatch{RecordBytes: benchSize}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}
