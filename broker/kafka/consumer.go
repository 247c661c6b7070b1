package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	moment       = 150 * time.Millisecond // Receive returns after it without deliveries
	defaultBatch = 4096                   // deliveries that one Receive returns, where the caller's slice has no room to say so
)

// A consumer reads with one franz-go client, as a group's member or alone. Receive and Close are for one goroutine at a time; Abort is for any.
type consumer struct {
	driver  *driver
	client  *kgo.Client
	dialer  *conns.Dialer
	news    *listener
	topic   string
	group   bool
	commit  broker.CommitPolicy
	commits commits

	last  []*kgo.Record // what was returned last, to be recycled
	marks map[int32]kgo.EpochOffset
	whole map[string]map[int32]kgo.EpochOffset // marks, as franz-go wants them

	gone     atomic.Bool // aborted
	renewing atomic.Bool // a topic that was made again
	end      sync.Once
	ended    chan struct{}
	cancel   context.CancelFunc // ends the client's life at once
}

// NewConsumer implements broker.Driver. It returns at once; the client joins its group by itself.
func (d *driver) NewConsumer(_ context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	c := d.newConsumer(t, broker.Consumers)
	c.news = &listener{driver: d, dialer: c.dialer, client: o.Name, tell: o.Events}
	opts := []kgo.Opt{
		kgo.ConsumeTopics(t.Name),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.KeepControlRecords(), // where a log ends with one, who has got so far has read it to its end
	}
	if o.Isolation == broker.ReadCommitted {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if o.MetadataMinAge > 0 {
		opts = append(opts, kgo.MetadataMinAge(o.MetadataMinAge))
	}
	if o.Group != "" {
		c.group, c.commit = true, cmp.Or(o.Commit, broker.CommitAfter)
		d.knowGroup(o.Group)
		c.commits = commits{d, o.Commits}
		opts = append(opts, groupOptions(o, c.news, c.commits)...)
	}
	d.know(t.Name)
	if err := c.connect(broker.Consumers, o.Name, opts...); err != nil {
		return nil, fmt.Errorf("consumer %s: %w", o.Name, err)
	}
	return c, nil
}

// groupOptions let the group take partitions away only between two calls of Receive, as the Java client does: what was processed is committed by then.
func groupOptions(o broker.ConsumerOptions, l *listener, c commits) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumerGroup(o.Group),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) { l.partitions(broker.Assigned, got) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, cl *kgo.Client, lost map[string][]int32) {
			if err := c.marked(ctx, cl); err != nil && o.Commit != broker.CommitNever {
				l.event(broker.Lost, "", "commit before a rebalance: "+err.Error())
			}
			l.partitions(broker.Revoked, lost)
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { l.partitions(broker.Revoked, lost) }),
	}
	if o.Commit == broker.CommitNever {
		opts = append(opts, kgo.DisableAutoCommit())
	} else {
		opts = append(opts, kgo.AutoCommitMarks(), kgo.AutoCommitCallback(c.ended))
	}
	if o.CommitInterval > 0 {
		opts = append(opts, kgo.AutoCommitInterval(o.CommitInterval))
	}
	if o.SessionTimeout > 0 {
		opts = append(opts, kgo.SessionTimeout(o.SessionTimeout), kgo.HeartbeatInterval(min(defaultHeartbeat, o.SessionTimeout/3)))
	}
	return opts
}

func (l *listener) partitions(kind broker.ClientEventKind, all map[string][]int32) {
	for topic, partitions := range all {
		if len(partitions) > 0 {
			l.event(kind, "", fmt.Sprintf("%s %v", topic, partitions))
		}
	}
}

func (d *driver) newConsumer(t broker.Topic, endpoint string) *consumer {
	marks := map[int32]kgo.EpochOffset{}
	return &consumer{
		driver: d,
		dialer: newDialer(d.cluster.Endpoint(endpoint)),
		topic:  t.Name,
		marks:  marks,
		whole:  map[string]map[int32]kgo.EpochOffset{t.Name: marks},
		ended:  make(chan struct{}),
	}
}

func (c *consumer) connect(endpoint, name string, opts ...kgo.Opt) error {
	var life context.Context
	life, c.cancel = context.WithCancel(context.Background())
	all := append([]kgo.Opt{
		kgo.WithContext(life),
		kgo.WithPools(&records{}),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, opts...)
	var err error
	c.client, err = c.driver.client(endpoint, name, c.dialer, c.news, all...)
	return err
}

// Receive implements broker.Consumer.
func (c *consumer) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into, err := c.receive(ctx, into[:0], c.take)
	if c.gone.Load() && c.group { // polling has held up the group, and the client cannot end while somebody does
		c.client.AllowRebalance()
	}
	if err != nil {
		return into, fmt.Errorf("receive: %w", err)
	}
	return into, nil
}

// taker appends a partition's deliveries.
type taker func([]broker.Delivery, *kgo.FetchPartition, time.Duration) []broker.Delivery

func (c *consumer) receive(ctx context.Context, into []broker.Delivery, take taker) ([]broker.Delivery, error) {
	c.processed()
	limit := cap(into)
	if limit == 0 {
		limit = defaultBatch
	}
	wait, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	fetches := c.client.PollRecords(wait, limit)
	now := c.driver.clock.Now()
	var fatal error
	for _, f := range fetches {
		for _, t := range f.Topics {
			for i := range t.Partitions {
				p := &t.Partitions[i]
				if p.Err != nil && fatal == nil {
					fatal = c.trouble(ctx, p)
				}
				into = take(into, p, now)
			}
		}
	}
	if c.commit == broker.CommitBefore {
		c.mark()
	}
	if len(into) > 0 { // a lasting error comes again
		return into, nil
	}
	return into, fatal
}

func (c *consumer) take(into []broker.Delivery, p *kgo.FetchPartition, now time.Duration) []broker.Delivery {
	for _, r := range p.Records {
		d := broker.Delivery{Partition: r.Partition, Offset: r.Offset, Epoch: r.LeaderEpoch, At: now, Value: r.Value}
		if r.Attrs.IsControl() {
			d.Value, d.Envelope = nil, broker.Marker
		}
		into = append(into, d)
	}
	if n := len(p.Records); n > 0 {
		c.last = append(c.last, p.Records...)
		if c.group && c.commit != broker.CommitNever {
			r := p.Records[n-1]
			c.marks[p.Partition] = kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset + 1}
		}
	}
	return into
}

// mark marks what was returned last for the next commit.
func (c *consumer) mark() {
	if len(c.marks) > 0 {
		c.client.MarkCommitOffsets(c.whole)
		clear(c.marks)
	}
}

// processed marks what was returned last, gives its memory back and lets the group take partitions away.
func (c *consumer) processed() {
	c.mark()
	for _, r := range c.last {
		r.Recycle()
	}
	clear(c.last)
	c.last = c.last[:0]
	if c.group {
		c.client.AllowRebalance()
	}
}

// trouble returns the error if the consumer cannot go on. Others are told as events: the client tries again by itself.
func (c *consumer) trouble(ctx context.Context, p *kgo.FetchPartition) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(p.Err, context.DeadlineExceeded) && p.Partition < 0: // the moment has passed
		return nil
	case errors.Is(p.Err, kgo.ErrClientClosed):
		return net.ErrClosed
	case errors.Is(p.Err, kerr.UnknownTopicID) && c.news != nil:
		c.renew()
	case isFatal(p.Err):
		return p.Err
	}
	c.news.event(broker.Lost, "", fmt.Sprintf("fetch partition %d: %v", p.Partition, p.Err))
	return nil
}

// renew lets the client meet the topic anew: it was made again under the same name, and franz-go holds on to the one that is gone.
func (c *consumer) renew() {
	if c.renewing.CompareAndSwap(false, true) {
		c.driver.behind.Go(func() {
			defer c.renewing.Store(false)
			c.client.PurgeTopicsFromConsuming(c.topic)
			c.client.AddConsumeTopics(c.topic)
		})
	}
}

// Hold and Release implement broker.Holder.
func (c *consumer) Hold()    { c.dialer.Gate.Hold() }
func (c *consumer) Release() { c.dialer.Gate.Release() }

// Abort implements broker.Consumer.
func (c *consumer) Abort() {
	c.end.Do(func() {
		c.gone.Store(true)
		c.dialer.Cut() // first, so that no farewell gets out
		c.cancel()
		c.driver.behind.Go(c.dispose)
	})
}

// Close implements broker.Consumer. When ctx ends first, the connections are cut.
func (c *consumer) Close(ctx context.Context) error {
	var err error
	c.end.Do(func() {
		c.processed()
		if c.group && c.commit != broker.CommitNever {
			if err = c.commits.marked(ctx, c.client); err != nil {
				err = fmt.Errorf("close the consumer: commit: %w", err)
			}
		}
		c.dialer.Hush()
		c.driver.behind.Go(c.dispose)
	})
	select {
	case <-c.ended:
		return err
	case <-ctx.Done():
		c.dialer.Cut()
		c.cancel()
		<-c.ended
		return errors.Join(err, fmt.Errorf("close the consumer: %w", ctx.Err()))
	}
}

func (c *consumer) dispose() {
	defer close(c.ended)
	c.client.CloseAllowingRebalance()
	c.cancel()
}

// records is the memory of records that were processed.
type records struct{ pool sync.Pool }

var _ kgo.PoolRecords = (*records)(nil)

// GetRecords implements kgo.PoolRecords.
func (r *records) GetRecords(n int) []kgo.Record {
	if s, ok := r.pool.Get().(*[]kgo.Record); ok {
		return *s // too small a one grows
	}
	return make([]kgo.Record, 0, n)
}

// PutRecords implements kgo.PoolRecords.
func (r *records) PutRecords(s []kgo.Record) { r.pool.Put(&s) }
