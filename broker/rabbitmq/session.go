package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// confirmsAtOnce are how many confirms of one queue are told together.
	confirmsAtOnce = 256
	// shortLived is a connection after which the next one has to wait.
	shortLived = time.Second
)

// run is the writer: it connects to one node after the other, and publishes for as long as the connection lasts, until the producer ends.
func (p *producer) run(addrs []string, name string) {
	failed := 0 // in a row
	for n := 0; p.life.Err() == nil; n = (n + 1) % len(addrs) {
		began := time.Now()
		err := p.session(addrs[n], name)
		if failed++; err == nil {
			failed = 0
		}
		if failed > 0 && failed <= len(addrs) { // the same from the same nodes again and again is no news
			p.news.event(broker.Lost, p.driver.names[addrs[n]], err.Error())
		}
		if failed > 0 && failed%len(addrs) == 0 || failed == 0 && time.Since(began) < shortLived {
			pause(p.life, reconnectWait)
		}
	}
}

func pause(life context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-life.Done():
	}
}

// session publishes on one connection; an error says that it could not be made.
func (p *producer) session(addr, name string) error {
	w, err := p.driver.open(p.life, p.dialer, p.endpoint, addr, name, p.driver.heartbeat)
	if err != nil {
		return err
	}
	blocks := w.NotifyBlocked(make(chan amqp.Blocking, 8))
	var behind sync.WaitGroup
	behind.Go(func() { p.blocking(w, blocks) })
	err = w.bounded(handshakeWithin, func() error { return p.channels(w, &behind) })
	if err == nil {
		p.news.event(broker.Connected, w.node, "")
		p.publish(w)
		if p.life.Err() != nil { // everything has its outcome
			_ = w.leave(leaveWithin)
		}
	}
	w.cut()
	<-w.gone
	behind.Wait() // what was confirmed before the connection ended counts
	if p.lose(fmt.Errorf("the connection was lost before the broker confirmed: %w", w.why)) && err == nil {
		p.news.event(broker.Lost, w.node, w.why.Error())
	}
	return err
}

// channels opens a channel for each queue, and listens for its confirms.
func (p *producer) channels(w *wire, behind *sync.WaitGroup) error {
	all := make([]*amqp.Channel, len(p.lanes))
	for i := range all {
		ch, err := w.Channel()
		if err == nil {
			err = ch.Confirm(false)
		}
		if err != nil {
			return fmt.Errorf("open a channel for confirms: %w", err)
		}
		all[i] = ch
		returns, confirms := ch.NotifyReturn(make(chan amqp.Return, confirmsAtOnce)), ch.NotifyPublish(make(chan amqp.Confirmation, confirmsAtOnce))
		behind.Go(func() {
			defer w.cut() // one channel ends with an error: the connection is of no use any more
			p.listen(&p.lanes[i], returns, confirms)
		})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.lanes {
		l := &p.lanes[i]
		l.channel, l.published, l.confirmed = all[i], 0, 0
	}
	p.wire, p.heard, p.silent = w, p.driver.clock.Now(), false
	return nil
}

// blocking follows whether the broker takes anything. Until it does, what waits stays in the client.
func (p *producer) blocking(w *wire, told <-chan amqp.Blocking) {
	var since time.Duration
	for b := range told {
		now := p.driver.clock.Now()
		p.mu.Lock()
		news := p.blocked != b.Active
		p.blocked = b.Active
		p.rouse()
		p.mu.Unlock()
		switch {
		case !news:
		case b.Active:
			since = now
			p.news.event(broker.Blocked, w.node, b.Reason)
		default:
			p.news.event(broker.Unblocked, w.node, fmt.Sprintf("after %v", (now-since).Round(time.Millisecond)))
		}
	}
}

// publish publishes what waits until the connection or the producer ends.
func (p *producer) publish(w *wire) {
	for {
		l, body := p.pick()
		if l == nil {
			select {
			case <-p.wake:
				continue
			case <-w.gone:
				return
			case <-p.life.Done():
				return
			}
		}
		mode := amqp.Transient
		if p.persistent {
			mode = amqp.Persistent
		}
		err := l.channel.PublishWithContext(context.Background(), "", l.queue, p.mandatory, false, amqp.Publishing{DeliveryMode: mode, Body: body})
		p.published(l, err)
		if err != nil {
			return
		}
	}
}

// pick returns the lane whose turn it is, and its next message, which has its number now; nil: there is none, or the broker takes none.
func (p *producer) pick() (*lane, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.blocked {
		return nil, nil
	}
	for range p.lanes {
		l := &p.lanes[p.next]
		p.next = (p.next + 1) % len(p.lanes)
		if x := l.turn(); x != nil {
			l.published++ // as the library counts: from 1 on each channel, and after one that fails the channel is of no use
			x.tag, x.busy = l.published, true
			return l, x.value
		}
	}
	return nil, nil
}

// published notes that the last message of a lane that had its turn is in the hands of the network.
func (p *producer) published(l *lane, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := l.at(l.sent - 1)
	x.busy = false
	if errors.Is(err, amqp.ErrClosed) { // the library had not begun, or not ended it
		x.tag = 0
		l.published--
		l.sent--
	}
	l.trim()
}

// listen tells what becomes of what was published to one queue, until its channel ends.
func (p *producer) listen(l *lane, returns <-chan amqp.Return, confirms <-chan amqp.Confirmation) {
	batch := make([]amqp.Confirmation, 0, confirmsAtOnce)
	for {
		select {
		case r, open := <-returns:
			if !open {
				returns = nil
				continue
			}
			p.mu.Lock()
			p.returned(l, r)
			p.flush()
			p.mu.Unlock()
		case c, open := <-confirms:
			if !open {
				return
			}
			batch = drain(append(batch[:0], c), confirms)
			p.mu.Lock()
			for more := true; more; { // a return comes before its ack, and wins
				select {
				case r, open := <-returns:
					if more = open; open {
						p.returned(l, r)
					}
				default:
					more = false
				}
			}
			p.confirmed(l, batch)
			p.mu.Unlock()
		}
	}
}

// drain adds what has come already, as far as there is room.
func drain(batch []amqp.Confirmation, from <-chan amqp.Confirmation) []amqp.Confirmation {
	for len(batch) < cap(batch) {
		select {
		case c, open := <-from:
			if !open {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// returned rejects a message that no queue was there for. p.mu is held.
func (p *producer) returned(l *lane, r amqp.Return) {
	d := broker.Delivery{Value: r.Body}
	broker.Decode(&d, p.driver.run)
	if x := l.named(d.ID); x != nil {
		p.finish(x, rejection{fmt.Errorf("%s (%d): no queue %s takes it", r.ReplyText, r.ReplyCode, r.RoutingKey)})
	}
}

// confirmed tells what the broker confirmed or refused. p.mu is held.
func (p *producer) confirmed(l *lane, batch []amqp.Confirmation) {
	p.heard = p.driver.clock.Now()
	for _, c := range batch {
		l.confirmed = c.DeliveryTag
		if x := l.numbered(c.DeliveryTag); x != nil {
			switch {
			case c.Ack:
				p.finish(x, nil)
			case p.log:
				p.finish(x, errDoubtful)
			default:
				p.finish(x, errNack)
			}
		}
		l.trim()
	}
	p.flush()
}

// lose tells what was published on a connection that is gone and never confirmed: nobody can know. What had no turn waits for the next connection. It reports
// whether the connection's end is news.
func (p *producer) lose(err error) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = !p.silent
	if p.silent {
		err = errSilent
	}
	for i := range p.lanes {
		l := &p.lanes[i]
		for k := range l.sent {
			if x := l.at(k); x.tag != 0 {
				p.finish(x, err)
			}
		}
		l.trim()
		l.channel, l.published, l.confirmed = nil, 0, 0
	}
	p.wire, p.silent, p.blocked = nil, false, false
	p.flush()
	return news
}
