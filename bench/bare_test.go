package bench_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// batch is how many records share one look at the clock, as in squall.
const batch = 256

// A bareLoop is franz-go alone, with the settings that squall gives it: records made ahead and used again, a count of what came back, and nothing else.
type bareLoop struct {
	t        testing.TB
	producer *kgo.Client
	consumer *kgo.Client
	rate     float64 // a second; 0: as fast as the client takes them

	records []kgo.Record
	free    []uint32 // a ring: promises come one at a time, and one goroutine sends
	taken   uint64
	given   atomic.Uint64
	wake    chan struct{}
	got     atomic.Uint64
	failed  atomic.Uint64
	stopped atomic.Bool
	load    sync.WaitGroup
	readers sync.WaitGroup
	stop    context.CancelFunc

	keep func(*kgo.Record, error) // promise, made once: a method value costs an allocation
}

type lead struct {
	context.Context
	index uint32
}

func newBareLoop(t testing.TB, at *place, size int, rate float64, consume bool) *bareLoop {
	t.Helper()
	l := &bareLoop{t: t, rate: rate, records: make([]kgo.Record, buffer), free: make([]uint32, buffer), wake: make(chan struct{}, 1)}
	body := make([]byte, size*buffer)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(body)
	for i := range l.records {
		l.free[i] = uint32(i)
		l.records[i] = kgo.Record{Topic: topicName, Value: body[i*size : (i+1)*size], Context: &lead{context.Background(), uint32(i)}}
	}
	l.given.Store(buffer)
	l.keep = l.promise
	var err error
	l.producer, err = kgo.NewClient(
		kgo.SeedBrokers(at.addrs...), kgo.DisableClientMetrics(), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordDeliveryTimeout(time.Minute), kgo.MaxBufferedRecords(buffer+16))
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	if !consume {
		return l
	}
	l.consumer, err = kgo.NewClient(kgo.SeedBrokers(at.addrs...), kgo.DisableClientMetrics(), kgo.ConsumeTopics(topicName),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	l.readers.Go(func() {
		for ctx.Err() == nil {
			l.got.Add(uint64(l.consumer.PollRecords(ctx, 4096).NumRecords()))
		}
	})
	return l
}

func (l *bareLoop) begin() {
	l.load.Go(func() {
		if l.rate > 0 {
			l.paced()
			return
		}
		for n := uint64(0); !l.stopped.Load(); n += batch {
			l.send(n, batch)
		}
	})
}

// paced releases what is due on the same tick as squall's economical pacing.
func (l *bareLoop) paced() {
	start, n := time.Now(), uint64(0)
	for !l.stopped.Load() {
		for due := uint64(time.Since(start).Seconds() * l.rate); n < due; {
			k := min(due-n, batch)
			l.send(n, k)
			n += k
		}
		time.Sleep(time.Millisecond)
	}
}

func (l *bareLoop) send(first, n uint64) {
	for int(l.given.Load()-l.taken) < int(n) {
		<-l.wake
	}
	now := time.Now()
	for i := range n {
		r := &l.records[l.free[l.taken%buffer]]
		l.taken++
		r.Partition, r.Timestamp = int32((first+i)%partitions), now
		l.producer.TryProduce(context.Background(), r, l.keep)
	}
}

func (l *bareLoop) promise(r *kgo.Record, err error) {
	if err != nil {
		l.failed.Add(1)
	}
	at := l.given.Load()
	l.free[at%buffer] = r.Context.(*lead).index
	l.given.Store(at + 1)
	if at%batch == 0 {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *bareLoop) messages() uint64 {
	if l.consumer != nil {
		return l.got.Load()
	}
	return l.given.Load() - buffer
}

func (l *bareLoop) end() {
	l.stopped.Store(true)
	l.load.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.producer.Flush(ctx); err != nil {
		l.t.Error(err)
	}
	for l.consumer != nil && l.got.Load() < l.taken && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	l.stop()
	l.readers.Wait()
	l.producer.Close()
	if l.consumer != nil {
		l.consumer.Close()
	}
	if n := l.failed.Load(); n > 0 || l.taken == 0 || l.consumer != nil && l.got.Load() != l.taken {
		l.t.Errorf("of %d records, %d failed and %d were read", l.taken, n, l.got.Load())
	}
}
