package squall_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// queues is a driver of brokers that keep a message until it is acknowledged, and lie about a few.
type queues struct {
	clock broker.Clock
	nodes []string
	topic broker.Topic
	lie   func(q *queues, id broker.ID, value []byte) (stored bool)

	mu    sync.Mutex
	ready [][]queued // by partition
	given int        // not acknowledged
	lied  uint64
	dead  []broker.Delivery // given up on, and put elsewhere
	shut  bool              // what is there cannot be read

	away   time.Duration   // how long a consumer that is cancelled takes to ask anew
	barred []time.Duration // by partition: until then it gives nobody anything
}

type queued struct {
	value []byte
	again bool
}

func (q *queues) put(partition int32, x queued) { q.ready[partition] = append(q.ready[partition], x) }

func (q *queues) CreateTopic(_ context.Context, t broker.Topic) error {
	q.topic, q.ready, q.barred = t, make([][]queued, t.Partitions), make([]time.Duration, t.Partitions)
	return nil
}

// Ready leaves a probe in each queue.
func (q *queues) Ready(context.Context, broker.Topic) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for p := range q.ready {
		value := make([]byte, broker.HeaderSize)
		broker.EncodeProbe(value, run)
		q.put(int32(p), queued{value: value})
	}
	return nil
}

func (q *queues) State(context.Context) (broker.State, error) {
	s := broker.State{Nodes: q.nodes}
	for p := range q.topic.Partitions {
		s.Partitions = append(s.Partitions, broker.PartitionState{Topic: q.topic.Name, Partition: int32(p), Leader: q.nodes[0], Epoch: 1, Replicas: q.nodes, InSync: q.nodes})
	}
	return s, nil
}

func (q *queues) Outstanding(context.Context, string, string) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := uint64(q.given)
	for _, waiting := range q.ready {
		n += uint64(len(waiting))
	}
	return n, nil
}

func (q *queues) CancelConsumers(_ context.Context, _ string, partition int32) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.barred[partition] = q.clock.Now() + q.away
	return 2, nil
}

func (q *queues) Consumers(_ context.Context, _ string, partition int32) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.clock.Now() < q.barred[partition] {
		return 0, nil
	}
	return 2, nil
}

// bury puts a message where those go that are given up on.
func (q *queues) bury(id broker.ID, value []byte) {
	q.lied++
	q.dead = append(q.dead, broker.Delivery{Partition: id.Partition, Offset: -1, Epoch: -1, Value: value})
}

func (q *queues) NewAsideReader(context.Context, broker.Topic) (broker.Consumer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		return nil, errors.New("there is no such queue")
	}
	return &digging{dead: q.dead}, nil
}

// digging reads what was given up on.
type digging struct{ dead []broker.Delivery }

func (d *digging) Receive(_ context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	if len(d.dead) == 0 {
		return into[:0], io.EOF
	}
	n := min(7, len(d.dead))
	into = append(into[:0], d.dead[:n]...)
	d.dead = d.dead[n:]
	return into, nil
}

func (d *digging) Abort()                      {}
func (d *digging) Close(context.Context) error { return nil }

func (q *queues) Close() error { return nil }

func (q *queues) NewProducer(_ context.Context, _ broker.Topic, _ broker.ProducerOptions, outcomes func([]broker.Outcome)) (broker.Producer, error) {
	p := &confirming{q: q, todo: make(chan []broker.Outcome, 1000)}
	p.work.Go(func() {
		for list := range p.todo {
			outcomes(list)
		}
	})
	return p, nil
}

// confirming is a producer that is answered at once.
type confirming struct {
	q    *queues
	todo chan []broker.Outcome
	work sync.WaitGroup
	end  sync.Once
}

func (p *confirming) Send(_ context.Context, messages []broker.Message) int {
	p.q.mu.Lock()
	defer p.q.mu.Unlock()
	var list []broker.Outcome
	for _, m := range messages {
		value := slices.Clone(m.Value)
		if p.q.lie == nil || p.q.lie(p.q, m.ID, value) {
			p.q.put(m.ID.Partition, queued{value: value})
		}
		list = append(list, broker.Outcome{ID: m.ID, Due: m.Due, Sent: m.Sent, At: p.q.clock.Now(), Offset: -1})
	}
	p.todo <- list
	return len(messages)
}

func (p *confirming) Buffered() int { return 0 }
func (p *confirming) Abort()        { _ = p.Close(context.Background()) }
func (p *confirming) Close(context.Context) error {
	p.end.Do(func() { close(p.todo) })
	p.work.Wait()
	return nil
}

func (q *queues) NewConsumer(context.Context, broker.Topic, broker.ConsumerOptions) (broker.Consumer, error) {
	return &taking{q: q}, nil
}

// taking is a consumer that acknowledges what it was given when it asks for more.
type taking struct {
	q    *queues
	held int
}

func (c *taking) acknowledge() {
	c.q.given -= c.held
	c.held = 0
}

func (c *taking) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	c.q.mu.Lock()
	c.acknowledge()
	for p, waiting := range c.q.ready {
		if c.q.clock.Now() < c.q.barred[p] {
			continue
		}
		for _, x := range waiting {
			into = append(into, broker.Delivery{Partition: int32(p), Offset: -1, Epoch: -1, At: c.q.clock.Now(), Redelivered: x.again, Value: x.value})
		}
		c.held += len(waiting)
		c.q.given += len(waiting)
		c.q.ready[p] = nil
	}
	c.q.mu.Unlock()
	select {
	case <-ctx.Done():
		return into, ctx.Err()
	case <-time.After(5 * time.Millisecond):
		return into, nil
	}
}

func (c *taking) Abort() {}
func (c *taking) Close(context.Context) error {
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	c.acknowledge()
	return nil
}

// Where messages leave when they are acknowledged, what the group was given until nothing was left is held against what was confirmed.
func TestConsumed(t *testing.T) {
	seldom := func(id broker.ID) bool { return id.Seq%50 == 7 }
	for _, c := range []struct {
		name   string
		change [2]string // of the scenario
		lie    func(q *queues, id broker.ID, value []byte) bool
		count  func(*report.Safety) uint64 // of what was lied about
		want   report.Outcome
		says   string
	}{
		{"honest", [2]string{}, nil, func(*report.Safety) uint64 { return 0 }, report.Pass, "0 lost"},
		{"drops what it confirmed", [2]string{}, func(q *queues, id broker.ID, _ []byte) bool {
			if seldom(id) {
				q.lied++
			}
			return !seldom(id)
		}, func(s *report.Safety) uint64 { return s.Lost }, report.Fail, "acknowledged messages are lost"},
		{"damages what it keeps", [2]string{}, func(q *queues, id broker.ID, value []byte) bool {
			if seldom(id) {
				q.lied++
				value[len(value)-1]++
			}
			return true
		}, func(s *report.Safety) uint64 { return min(s.Lost, s.Corrupt) }, report.Fail, "acknowledged messages are lost"},
		{"gives twice, and says so", [2]string{}, func(q *queues, id broker.ID, value []byte) bool {
			if seldom(id) {
				q.lied++
				q.put(id.Partition, queued{value: value})
				q.put(id.Partition, queued{value: value, again: true})
			}
			return !seldom(id)
		}, func(s *report.Safety) uint64 { return s.Redelivered }, report.Pass, "0 lost"},
		{"gives some up, and puts them elsewhere", [2]string{}, func(q *queues, id broker.ID, value []byte) bool {
			if seldom(id) {
				q.bury(id, value)
			}
			return !seldom(id)
		}, func(s *report.Safety) uint64 { return s.DeadLettered }, report.Pass, "0 lost"},
		{"gives some up, and loses a few of them", [2]string{}, func(q *queues, id broker.ID, value []byte) bool {
			switch {
			case id.Seq%100 == 7:
				q.lied++
			case seldom(id):
				q.bury(id, value)
				q.lied--
			}
			return !seldom(id)
		}, func(s *report.Safety) uint64 { return s.Lost }, report.Fail, "acknowledged messages are lost"},
		{"gives some up, and nobody can say what became of them", [2]string{}, func(q *queues, id broker.ID, value []byte) bool {
			if seldom(id) {
				q.bury(id, value)
				q.shut = true
			}
			return !seldom(id)
		}, func(s *report.Safety) uint64 { return s.UnreadTail }, report.Inconclusive, "what the broker set aside"},
		{"nobody consumes", [2]string{"consumers: { count: 2, group: billing }", "consumers: { count: 0 }"}, nil, func(*report.Safety) uint64 { return 0 },
			report.Inconclusive, "nobody consumed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, bed := testbed(t, strings.Replace(calmly, c.change[0], c.change[1], 1)+"expect: [ lost == 0, corrupt == 0 ]\n")
			q := onQueues(&bed)
			q.lie = c.lie
			r, err := squall.Run(t.Context(), s, bed)
			if err != nil {
				t.Fatal(err)
			}
			if told := generatorFindings(r); len(told) > 0 && c.want != report.Fail { // which comes before all other reasons
				t.Skipf("NOT TESTED: this very machine was too busy: %s", told[0])
			}
			if r.Verdict.Outcome != c.want || !strings.Contains(r.Verdict.Sentence, c.says) {
				t.Errorf("%s\n%s\nwant %s, and %q", r.Verdict.Outcome, r.Verdict.Sentence, c.want, c.says)
			}
			if got := c.count(&r.Safety); got != q.lied || c.lie != nil && q.lied == 0 {
				t.Errorf("%d of %d were found out: %+v", got, q.lied, r.Safety)
			}
			if f := r.Safety.FinalRead; !f.Consumed || f.Done != (c.want != report.Inconclusive) {
				t.Errorf("%+v", f)
			}
		})
	}
}

// onQueues gives a testbed a driver of queues.
func onQueues(bed *squall.Testbed) *queues {
	q := &queues{clock: bed.Clock}
	for _, n := range bed.Cluster.Nodes() {
		q.nodes = append(q.nodes, n.Name())
	}
	bed.Driver, bed.Kind.Offsets = q, func(broker.Settings) broker.Offsets { return broker.NoOffsets }
	bed.Kind.Contract = func(broker.Settings) broker.Contract {
		return broker.Contract{Durable: true, Ordered: true, Redelivers: true, SetsAside: true}
	}
	return q
}

// A consumer that is cancelled and does not know of it starves, and that is told of its partition and of no other; one that asks anew at once is hardly missed.
// Neither loses anything.
func TestCancelledConsumers(t *testing.T) {
	for _, c := range []struct {
		name     string
		away     time.Duration
		evidence string
		want     report.Outcome
		says     string
		share    float64 // of partitions with a gap
	}{
		{"told", 50 * time.Millisecond, "orders/1 has 2 consumers when the fault is over, and had 2", report.Pass, "0 lost", 0},
		{"not told", 5 * time.Second, "orders/1 has 0 consumers when the fault is over, and had 2", report.Fail, "recovery.service < 3s of cancelled", 1. / 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(calmly, "recovery: 3s", "recovery: 6s", 1)
			_, bed := testbed(t, text)
			q := onQueues(&bed)
			q.away, bed.Kind.Refuses = c.away, nil
			s, err := scenarios.Parse("test.yaml", []byte(text+"faults: [ { name: cancelled, at: 0s, for: 1s, cancel-consumer: { partition: 1 } } ]\n"+
				"expect: [ lost == 0, recovery.service < 3s of cancelled ]\n"), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": bed.Kind}})
			if err != nil {
				t.Fatal(err)
			}
			r, err := squall.Run(t.Context(), s, bed)
			if err != nil {
				t.Fatal(err)
			}
			if e := r.Faults[0].Evidence; !slices.Equal(e, []string{"cancelled 2 consumers of orders/1", c.evidence}) {
				t.Errorf("evidence %q", e)
			}
			if r.Safety.Lost != 0 {
				t.Errorf("%d are called lost", r.Safety.Lost)
			}
			if told := generatorFindings(r); len(told) > 0 {
				t.Skipf("NOT TESTED: this very machine was too busy: %s", told[0])
			}
			if r.Verdict.Outcome != c.want || !strings.Contains(r.Verdict.Sentence, c.says) || r.Recovery[0].BlastRadius != c.share {
				t.Errorf("%s: gaps in %g of the partitions", r.Verdict.Sentence, r.Recovery[0].BlastRadius)
			}
			for _, gap := range r.Recovery[0].Gaps {
				if gap.Direction != report.Consume || gap.Partition != 1 || gap.Length() < c.away-time.Second {
					t.Errorf("a gap that nobody made: %+v", gap)
				}
			}
		})
	}
}
