package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const run = 0x5ca1ab1e

// paper returns a producer that has no connection, and what it tells.
func paper(queues, buffer int) (*producer, *[]broker.Outcome) {
	var told []broker.Outcome
	p := &producer{driver: &driver{clock: broker.NewClock(), run: run}, dialer: &conns.Dialer{}, timeout: time.Minute, buffer: buffer, lanes: make([]lane, queues), wake: make(chan struct{}, 1),
		tell: func(list []broker.Outcome) { told = append(told, list...) }}
	return p, &told
}

func message(partition int32, seq uint64) broker.Message {
	m := broker.Message{ID: broker.ID{Producer: 1, Partition: partition, Seq: seq}, Value: make([]byte, broker.HeaderSize)}
	broker.Encode(m.Value, run, m.ID, 0)
	return m
}

func idOf(t interface{ Fatalf(string, ...any) }, body []byte) broker.ID {
	d := broker.Delivery{Value: body}
	if broker.Decode(&d, run); d.Envelope != broker.Intact {
		t.Fatalf("a message that is published is spoiled: envelope state %d", d.Envelope)
	}
	return d.ID
}

// Whatever the broker answers, and whenever connections end, every message has one outcome; what is published is so once, in the order of sending; what is
// called rejected or acknowledged was, and what was published and never answered is unknown.
func TestOutcomes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const queues = 3
		p, told := paper(queues, 50)
		var next [queues]uint64
		var sent int
		published := map[broker.ID]int{}
		var order, open [queues][]broker.ID // open: by number, on this connection
		want := map[broker.ID]string{}
		say := func(id broker.ID, what string) {
			if want[id] == "" {
				want[id] = what
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				q := rapid.IntRange(0, queues-1).Draw(t, "queue")
				n := p.Send(context.Background(), []broker.Message{message(int32(q), next[q])})
				next[q] += uint64(n)
				sent += n
			},
			"publish": func(t *rapid.T) {
				l, body := p.pick()
				if l == nil {
					t.Skip()
				}
				id := idOf(t, body)
				if rapid.IntRange(0, 9).Draw(t, "luck") == 0 { // the connection had just ended
					p.published(l, amqp.ErrClosed)
					return
				}
				p.published(l, nil)
				published[id]++
				order[id.Partition], open[id.Partition] = append(order[id.Partition], id), append(open[id.Partition], id)
			},
			"confirm": func(t *rapid.T) {
				q := rapid.IntRange(0, queues-1).Draw(t, "queue")
				if len(open[q]) == 0 {
					t.Skip()
				}
				var batch []amqp.Confirmation
				l := &p.lanes[q]
				p.mu.Lock()
				for _, id := range open[q][:rapid.IntRange(1, len(open[q])).Draw(t, "confirms")] {
					c := amqp.Confirmation{DeliveryTag: l.confirmed + uint64(len(batch)) + 1, Ack: rapid.Bool().Draw(t, "ack")}
					switch {
					case rapid.IntRange(0, 4).Draw(t, "return") == 0:
						m := message(id.Partition, id.Seq)
						p.returned(l, amqp.Return{ReplyText: "NO_ROUTE", ReplyCode: 312, Body: m.Value})
						say(id, "rejected")
						c.Ack = true // the broker does
					case c.Ack:
						say(id, "acknowledged")
					default:
						say(id, "rejected")
					}
					batch = append(batch, c)
				}
				open[q] = open[q][len(batch):]
				p.confirmed(l, batch)
				p.mu.Unlock()
			},
			"lose": func(*rapid.T) {
				p.lose(errors.New("lost"))
				for q := range open {
					for _, id := range open[q] {
						say(id, "unknown")
					}
					open[q] = nil
				}
			},
			"late": func(t *rapid.T) { // everything is overdue
				p.mu.Lock()
				p.overdue(p.driver.clock.Now() + 2*time.Minute)
				p.mu.Unlock()
				for q := range next {
					for seq := range next[q] {
						id := broker.ID{Producer: 1, Partition: int32(q), Seq: seq}
						if published[id] > 0 {
							say(id, "unknown")
						} else {
							say(id, "rejected")
						}
					}
				}
			},
			"": func(t *rapid.T) {
				if p.Buffered() != sent-len(*told) {
					t.Fatalf("%d are buffered, of %d sent %d have their outcome", p.Buffered(), sent, len(*told))
				}
			},
		})
		p.shut(errAborted)
		seen := map[broker.ID]bool{}
		for _, o := range *told {
			got := "acknowledged"
			if errors.Is(o.Err, broker.ErrRejected) {
				got = "rejected"
			} else if o.Err != nil {
				got = "unknown"
			}
			if w := want[o.ID]; seen[o.ID] || w != "" && w != got || w == "" && got != "unknown" {
				t.Fatalf("%v: %s (%v), told before: %v, want %s", o.ID, got, o.Err, seen[o.ID], w)
			}
			seen[o.ID] = true
		}
		if len(seen) != sent {
			t.Fatalf("%d outcomes of %d messages", len(seen), sent)
		}
		for id, n := range published {
			if n > 1 {
				t.Fatalf("%v was published %d times", id, n)
			}
		}
		for q := range order {
			if !slices.IsSortedFunc(order[q], func(a, b broker.ID) int { return int(a.Seq) - int(b.Seq) }) {
				t.Fatalf("queue %d: %v", q, order[q])
			}
		}
	})
}

// What is just being published keeps its bytes, though its outcome was told meanwhile and others take the places around it.
func TestBytesStayWhileTheyArePublished(t *testing.T) {
	p, told := paper(1, 10)
	p.Send(t.Context(), []broker.Message{message(0, 0), message(0, 1)})
	l, body := p.pick()
	p.mu.Lock()
	p.overdue(p.driver.clock.Now() + time.Hour)
	p.mu.Unlock()
	for seq := range uint64(200) {
		p.Send(t.Context(), []broker.Message{message(0, 2+seq)})
		p.mu.Lock()
		p.overdue(p.driver.clock.Now() + time.Hour)
		p.mu.Unlock()
	}
	if id := idOf(t, body); id.Seq != 0 {
		t.Errorf("the bytes of message 0 became those of %d", id.Seq)
	}
	p.published(l, nil)
	if p.Buffered() != 0 || len(*told) != 202 || l.n != 0 {
		t.Errorf("%d buffered, %d outcomes, %d letters left", p.Buffered(), len(*told), l.n)
	}
}

// Nothing is allocated for a message once the ring is large enough.
func TestNothingIsAllocatedForAMessage(t *testing.T) {
	p, _ := paper(1, 10)
	p.tell = func([]broker.Outcome) {}
	m, c := []broker.Message{message(0, 0)}, make([]amqp.Confirmation, 1)
	round := func() {
		p.Send(context.Background(), m)
		l, _ := p.pick()
		p.published(l, nil)
		c[0] = amqp.Confirmation{DeliveryTag: l.published, Ack: true}
		p.mu.Lock()
		p.confirmed(l, c)
		p.mu.Unlock()
	}
	for range 100 {
		round()
	}
	if n := testing.AllocsPerRun(1000, round); n > 0 {
		t.Errorf("%v allocations for a message", n)
	}
}

// A connection is left when it confirms nothing for ten seconds: not while nothing is to be confirmed, not while the broker says that it reads nothing, and not
// while the client is held.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := paper(2, 10)
		p.wire = &wire{node: "b1"}
		left := func(after time.Duration) bool {
			time.Sleep(after)
			p.mu.Lock()
			defer p.mu.Unlock()
			_, w := p.silence(p.driver.clock.Now())
			return w != nil
		}
		if left(time.Hour) {
			t.Error("left though nothing waits")
		}
		p.Send(t.Context(), []broker.Message{message(0, 0), message(1, 0)})
		for range 2 {
			l, _ := p.pick()
			p.published(l, nil)
		}
		if p.blocked = true; left(time.Hour) {
			t.Error("left though the broker reads nothing")
		}
		p.blocked = false
		if p.dialer.Gate.Hold(); left(time.Hour) {
			t.Error("left though the client is held")
		}
		p.dialer.Gate.Release()
		if left(confirmWithin - time.Second) {
			t.Error("left too early")
		}
		p.mu.Lock()
		p.confirmed(&p.lanes[0], []amqp.Confirmation{{DeliveryTag: 1, Ack: true}})
		p.mu.Unlock()
		if left(confirmWithin - time.Second) {
			t.Error("left though something was confirmed")
		}
		if !left(time.Second) {
			t.Error("not left")
		}
		if left(time.Hour) {
			t.Error("left twice")
		}
	})
}

// However many members there are, they share alike.
func TestPreference(t *testing.T) {
	for members := 1; members <= 12; members++ {
		for _, queues := range []int{members, 2 * members, 24} {
			shares := make([]int, members)
			for q := range queues {
				owner := 0
				for m := range members {
					if preference(fmt.Sprintf("consumer-%d", m), q, queues) > preference(fmt.Sprintf("consumer-%d", owner), q, queues) {
						owner = m
					}
				}
				shares[owner]++
			}
			if most, least := slices.Max(shares), slices.Min(shares); most > 2*max(least, 1)+1 || queues >= 2*members && least == 0 {
				t.Errorf("%d members share %d queues as %v", members, queues, shares)
			}
		}
	}
}

// A producer that is blocked publishes nothing. What waits until its deadline is surely not stored; the rest is published when the broker takes it again.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, told := paper(1, 10)
		var events []broker.ClientEvent
		p.news = listener{p.driver, p.dialer, "producer-0", func(e broker.ClientEvent) { events = append(events, e) }}
		blocks := make(chan amqp.Blocking)
		go p.blocking(&wire{node: "b1"}, blocks)
		say := func(active bool) {
			blocks <- amqp.Blocking{Active: active, Reason: "low on memory"}
			synctest.Wait()
		}
		say(true)
		say(true) // which is no news
		p.Send(t.Context(), []broker.Message{message(0, 0)})
		if l, _ := p.pick(); l != nil {
			t.Error("published though the broker takes nothing")
		}
		time.Sleep(p.timeout + time.Second)
		p.Send(t.Context(), []broker.Message{message(0, 1)})
		p.mu.Lock()
		p.overdue(p.driver.clock.Now())
		p.mu.Unlock()
		if len(*told) != 1 || !errors.Is((*told)[0].Err, broker.ErrRejected) {
			t.Errorf("what was never published: %v", *told)
		}
		say(false)
		if _, body := p.pick(); body == nil || idOf(t, body).Seq != 1 {
			t.Error("nothing is published though the broker takes it")
		}
		close(blocks)
		want := []broker.ClientEvent{{Client: "producer-0", Kind: broker.Blocked, Node: "b1", Detail: "low on memory"},
			{At: p.timeout + time.Second, Client: "producer-0", Kind: broker.Unblocked, Node: "b1", Detail: "after 1m1s"}}
		if !slices.Equal(events, want) {
			t.Errorf("told %+v", events)
		}
	})
}

// How a subscription ended is told by what the broker said of it.
func TestWhySubscriptionsEnd(t *testing.T) {
	canceled, closed := make(chan string, 1), make(chan *amqp.Error, 1)
	s := subscription{canceled: canceled, closed: closed}
	if err := s.why(); !errors.Is(err, errDetached) {
		t.Errorf("nothing was said: %v", err)
	}
	closed <- amqp.ErrClosed
	if err := s.why(); !errors.Is(err, amqp.ErrClosed) {
		t.Errorf("the channel was closed: %v", err)
	}
	canceled <- "tag"
	if err := s.why(); !errors.Is(err, errCanceled) {
		t.Errorf("canceled: %v", err)
	}
	close(canceled)
	close(closed)
	if err := s.why(); !errors.Is(err, errDetached) {
		t.Errorf("with the connection: %v", err)
	}
}
