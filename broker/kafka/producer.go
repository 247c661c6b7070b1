package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

var acks = map[string]kgo.Acks{
	"":    kgo.AllISRAcks(),
	"all": kgo.AllISRAcks(),
	"1":   kgo.LeaderAck(),
	"0":   kgo.NoAck(),
}

var codecs = map[string]kgo.CompressionCodec{
	"":       kgo.NoCompression(),
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

// grace is how long after a message's deadline the driver tells its outcome: the client, which keeps the same deadline where it can, knows more.
const grace = 250 * time.Millisecond

// A producer gives messages to one franz-go client and tells their outcomes.
//
// Send is for one goroutine at a time. Promises come one at a time from franz-go; beside them only the janitor, Abort and Close tell outcomes, and
// telling keeps them apart. A message never waits for a lock that is held for long, and costs no allocation.
type producer struct {
	driver  *driver
	client  *kgo.Client // with transactions, the transactor's until it has ended
	txn     *transactor // nil: no transactions
	dialer  *conns.Dialer
	tally   *tally
	tell    func([]broker.Outcome)
	promise func(*kgo.Record, error) // keep, made once: a method value costs an allocation
	timeout time.Duration
	noAcks  bool

	slots  []slot
	free   *ring
	closed atomic.Bool
	late   atomic.Int64 // messages whose outcome was told, and which franz-go still has
	missed atomic.Int64 // acknowledgements that came after their outcome was told

	telling sync.Mutex
	outbox  // guarded by telling
	end     sync.Once
	ended   chan struct{} // closed when the client is gone
	work    sync.WaitGroup
	janitor context.CancelFunc

	renewing atomic.Bool  // the client is about to meet a topic anew
	renewed  atomic.Int64 // when it last was, on the run's clock
}

// NewProducer implements broker.Driver. It returns at once; connections are made with the first message. The Producer has one more method, Late() int64:
// how many acknowledgements came after their message's outcome had been told.
func (d *driver) NewProducer(_ context.Context, t broker.Topic, o broker.ProducerOptions, outcomes func([]broker.Outcome)) (broker.Producer, error) {
	codec, err := codec(o.Compression)
	if err != nil {
		return nil, fmt.Errorf("producer %s: %w", o.Name, err)
	}
	p := &producer{
		driver:  d,
		tally:   newTally(d.run, t.Partitions, codec),
		tell:    outcomes,
		timeout: cmp.Or(o.DeliveryTimeout, defaultDeliveryTimeout),
		noAcks:  o.Acks == "0",
		ended:   make(chan struct{}),
	}
	n := cmp.Or(o.Buffer, defaultBuffer)
	p.promise = p.keep
	p.outbox.outcomes = make([]broker.Outcome, 0, outboxSize)
	p.slots, p.free = newSlots(n, t.Name), newRing(n)
	p.dialer = newDialer(d.cluster.Endpoint(broker.Producers))
	p.dialer.Tap = func() conns.Tap { return newTap(p.tally) }
	l := &listener{driver: d, dialer: p.dialer, client: o.Name, tell: o.Events}
	ctx, cancel := context.WithCancel(context.Background())
	opts := p.options(o, n)
	if o.Transactions.Used() {
		d.transactional.Store(true)
		p.txn = newTransactor(p, o, l)
		opts = append(opts, p.txn.options(ctx, o)...)
	}
	connect := func() (*kgo.Client, error) { return d.client(broker.Producers, o.Name, p.dialer, l, opts...) }
	if p.client, err = connect(); err != nil {
		cancel()
		return nil, fmt.Errorf("producer %s: %w", o.Name, err)
	}
	d.know(t.Name)
	p.janitor = cancel
	p.work.Go(func() { p.watch(ctx) })
	if p.txn != nil {
		p.txn.connect = connect
		p.work.Go(func() { p.txn.run(ctx) })
	}
	return p, nil
}

// options are every setting of the producer, none left to franz-go's taste but those whose zero value says so.
func (p *producer) options(o broker.ProducerOptions, buffer int) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.RequiredAcks(acks[o.Acks]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(o.Linger),
		kgo.WithCompressor(p.tally),
		kgo.RecordDeliveryTimeout(max(p.timeout, time.Second)),
		kgo.MaxBufferedRecords(buffer + 16), // franz-go counts a record down a moment after its promise: it must never be the one that blocks
	}
	if !o.Idempotent {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	if o.BatchBytes > 0 {
		opts = append(opts, kgo.ProducerBatchMaxBytes(int32(o.BatchBytes)))
	}
	if o.MetadataMinAge > 0 {
		opts = append(opts, kgo.MetadataMinAge(o.MetadataMinAge))
	}
	return opts
}

func codec(name string) (kgo.Compressor, error) {
	c, ok := codecs[name]
	if !ok {
		return nil, fmt.Errorf("compression %q is unknown", name)
	}
	return kgo.DefaultCompressor(c)
}

// Send implements broker.Producer, for one goroutine at a time.
func (p *producer) Send(_ context.Context, messages []broker.Message) int {
	if p.closed.Load() {
		return 0
	}
	n := min(len(messages), p.free.available())
	if n == 0 {
		return 0
	}
	now := p.driver.clock.Now()
	stamp, until := p.driver.clock.UTC(now), int64(now+p.timeout+grace)
	first := p.free.take(n)
	if p.txn != nil {
		p.txn.queue(messages[:n], first, stamp, until)
		return n
	}
	for from := 0; from < n; from += stretch {
		p.load(messages[from:min(from+stretch, n)], first+uint64(from), stamp, until)
	}
	return n
}

// stretch is how many slots are filled before they go to the client: what they are filled with is then still in the processor's nearest cache.
const stretch = 16

// load fills the slots that stand from first on, and then gives them to the client. One after the other, each record's locks would wait for all that was
// written to its slot, most of which is in another core's cache.
func (p *producer) load(messages []broker.Message, first uint64, stamp time.Time, until int64) {
	var slots [stretch]*slot
	for i := range messages {
		slots[i] = &p.slots[p.free.at(first+uint64(i))]
		slots[i].fill(&messages[i], stamp)
	}
	for _, s := range slots[:len(messages)] {
		s.before = p.tally.begun(s.id.Partition)
		s.until.Store(until)
		p.client.TryProduce(context.Background(), &s.record, p.promise)
	}
}

// keep is told by franz-go what became of a record, one at a time: it keeps the promise.
func (p *producer) keep(r *kgo.Record, err error) {
	s := r.Context.(*slot)
	p.telling.Lock()
	if p.txn != nil && p.txn.keep(s, r, err) {
		p.telling.Unlock()
		return
	}
	if s.until.Load() == told {
		p.late.Add(-1)
		if err == nil {
			p.missed.Add(1)
		}
	} else {
		offset := r.Offset
		if err != nil || p.noAcks {
			offset = -1
		}
		p.note(s, offset, p.judge(s, err))
	}
	if errors.Is(err, kerr.UnknownTopicID) && p.txn == nil {
		p.renew(s)
	}
	s.until.Store(idle)
	p.free.put(s.index)
	if p.last(p.tally.acknowledged.Load(), err == nil) || err != nil || p.noAcks {
		p.flushOutbox()
	}
	p.telling.Unlock()
}

// renew lets the client meet a topic anew that was made again under the same name: franz-go holds on to the one that is gone. A message that was sent
// before that was done says nothing of the new topic; to renew once more would count its batches from 0 once more, and the broker would take the next
// for those it has.
func (p *producer) renew(s *slot) {
	if s.sent < time.Duration(p.renewed.Load()) || !p.renewing.CompareAndSwap(false, true) {
		return
	}
	topic := s.record.Topic
	p.driver.behind.Go(func() {
		p.client.PurgeTopicsFromProducing(topic)
		p.renewed.Store(int64(p.driver.clock.Now()))
		p.renewing.Store(false)
	})
}

// judge says whether a failed message may be stored. When in doubt it is unknown.
func (p *producer) judge(s *slot, err error) error {
	if err == nil {
		return nil
	}
	if p.closed.Load() { // a crash has no time for such thoughts
		return fmt.Errorf("%w: %w", errClosed, err)
	}
	err = p.explain(s, err)
	if p.tally.absent(s.id.Partition, s.before) {
		return rejection{err}
	}
	return err
}

// explain adds the broker's last answer, where the client tried again until it gave up.
func (p *producer) explain(s *slot, err error) error {
	if last := p.tally.complaint(s.id.Partition); last != nil && !errors.Is(err, last) {
		return fmt.Errorf("%w; the broker's last answer: %w", err, last)
	}
	return err
}

// note is called by who holds telling. What one answer acknowledges was known at one time: the clock is asked anew only when another has come.
func (p *producer) note(s *slot, offset int64, err error) {
	if n := p.tally.answers.Load(); err != nil || n != p.answers || p.noAcks {
		p.now, p.answers = p.driver.clock.Now(), n
	}
	p.outcomes = append(p.outcomes, broker.Outcome{ID: s.id, Due: s.due, Sent: s.sent, At: p.now, Offset: offset, Transaction: s.transaction, Err: err})
}

// flushOutbox is called by who holds telling.
func (p *producer) flushOutbox() {
	if len(p.outcomes) > 0 {
		p.tell(p.outcomes)
		p.outcomes = p.outcomes[:0]
	}
	p.free.publish()
}

// watch tells the outcomes that are overdue: franz-go cannot fail an idempotent record that is on its way.
func (p *producer) watch(ctx context.Context) {
	tick, look := time.NewTicker(min(p.timeout/10+time.Millisecond, grace)), time.NewTicker(longestStay)
	defer tick.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.giveUp(int64(p.driver.clock.Now()), broker.ErrDeliveryTimeout)
		case <-look.C:
			p.telling.Lock()
			if p.stuck(p.tally.acknowledged.Load()) {
				p.flushOutbox()
			}
			p.telling.Unlock()
		}
	}
}

// overdue says what is known of a message that has no outcome when err comes.
func (p *producer) overdue(s *slot, err error) error {
	if p.txn != nil && s.transaction == 0 {
		return p.txn.waiting(err)
	}
	return p.explain(s, err)
}

// giveUp tells every message as unknown whose outcome was due by then.
func (p *producer) giveUp(by int64, err error) {
	for i := range p.slots {
		s := &p.slots[i]
		if until := s.until.Load(); until <= idle || until > by {
			continue
		}
		p.telling.Lock()
		if until := s.until.Load(); until > idle && until <= by { // still
			p.note(s, -1, p.overdue(s, err))
			s.until.Store(told)
			p.late.Add(1)
			p.flushOutbox()
		}
		p.telling.Unlock()
	}
	p.telling.Lock()
	p.flushOutbox()
	p.telling.Unlock()
}

// Buffered implements broker.Producer.
func (p *producer) Buffered() int {
	return max(0, len(p.slots)-p.free.available()-int(p.late.Load()))
}

// Late is how many acknowledgements came after their message had been told as unknown.
func (p *producer) Late() int64 { return p.missed.Load() }
