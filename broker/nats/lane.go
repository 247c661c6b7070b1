package nats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// tryAgain is when a lane that was refused tries again.
	tryAgain = 100 * time.Millisecond
	// probeWithin is how long a refused lane waits for an answer to what it tries with, before it tries with the next message.
	probeWithin = 2 * time.Second
)

// A lane is what one producer sends to one partition. All of it is guarded by producer.mu.
type lane struct {
	waiting   []*letter // in the order in which they were given
	refused   []*letter // published, and surely not stored
	places    uint64    // how many were published
	highest   uint64    // place of what is stored, or may be
	trying    bool      // it was refused, and only one message at a time finds out whether it still is
	again     time.Time // when it may try
	complaint error     // why it was refused last; nil: it is not
}

// stored notes that what was published at a place is stored, or may be.
func (l *lane) stored(place uint64) { l.highest = max(l.highest, place) }

// write publishes until the producer ends.
func (p *producer) write() {
	var l *letter
	for {
		if l = p.pick(l); l == nil {
			select {
			case <-p.wake:
				continue
			case <-p.life.Done():
				return
			}
		}
		if err := p.conn.PublishMsg(&p.out); err != nil {
			p.mu.Lock()
			p.unsent(l, err)
			p.mu.Unlock()
		}
	}
}

// pick returns the next message to be published, of each lane in turn, with p.out made ready for it; nil: there is none now. The writer is done with before.
func (p *producer) pick(before *letter) *letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before != nil {
		before.writing = false
	}
	if over := p.dialer.Made(); over != p.over {
		p.over = over
		p.strand()
	}
	now := time.Now()
	for range p.lanes {
		to := &p.lanes[p.next]
		p.next = (p.next + 1) % len(p.lanes)
		if len(to.refused) > 0 && now.After(to.again) {
			p.back(to)
		}
		if len(to.refused) > 0 || to.trying && now.Before(to.again) {
			continue
		}
		for len(to.waiting) > 0 {
			l := to.waiting[0]
			to.waiting[0] = nil
			to.waiting = to.waiting[1:]
			if l.done {
				continue
			}
			if to.trying {
				to.again = now.Add(probeWithin)
			}
			p.token++
			to.places++
			l.token, l.place, l.over = p.token, to.places, p.over
			p.flying[l.token] = l
			l.writing = true
			p.address(l)
			return l
		}
	}
	return nil
}

// strand tells as unknown what went out on a connection that is no more, before anything goes out on the next: the server at its other end may pass it on whenever
// it comes to it, and then it is behind what was sent later. p.mu is held.
func (p *producer) strand() {
	for _, l := range p.flying {
		if l.over < p.over {
			p.finish(l, -1, errElsewhere)
		}
	}
}

// back puts what was refused at the head of its lane again. What something behind it was stored of, or may have been, would change places with that: it is
// rejected. p.mu is held.
func (p *producer) back(to *lane) {
	highest := to.highest
	partition := to.refused[0].id.Partition
	for _, l := range p.flying {
		if l.id.Partition == partition {
			highest = max(highest, l.place)
		}
	}
	slices.SortFunc(to.refused, func(a, b *letter) int { return int(a.place) - int(b.place) })
	again := make([]*letter, 0, len(to.refused)+len(to.waiting))
	for _, l := range to.refused {
		if l.place < highest {
			p.finish(l, -1, rejection{fmt.Errorf("%w; a later message of its partition was stored, or may have been, so that it was not sent again", to.complaint)})
		}
		if !l.done {
			again = append(again, l)
		}
	}
	to.refused, to.waiting = nil, append(again, to.waiting...)
}

// address makes p.out the message to be published: it costs two strings.
func (p *producer) address(l *letter) {
	var room [128]byte
	reply := append(append(room[:0], p.inbox...), '.')
	p.out.Subject, p.out.Reply, p.out.Data = p.topics[l.id.Partition], string(strconv.AppendUint(reply, l.token, 10)), l.value
	if !p.ids {
		return
	}
	id := strconv.AppendUint(room[:0], p.driver.run, 16)
	id = strconv.AppendUint(append(id, '-'), uint64(l.id.Producer), 10)
	id = strconv.AppendInt(append(id, '-'), int64(l.id.Partition), 10)
	p.id[0] = string(strconv.AppendUint(append(id, '-'), l.id.Seq, 10))
}

// unsent is told of a publish that failed in this process. p.mu is held.
func (p *producer) unsent(l *letter, err error) {
	switch {
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrConnectionClosed):
		p.refuse(l, fmt.Errorf("there is no connection: %w", err))
	case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, nats.ErrBadSubject):
		p.finish(l, -1, rejection{err})
	}
	// Otherwise the network took some of it, and nobody knows how much: its deadline tells.
}

// refuse takes a message back that is surely not stored. p.mu is held.
func (p *producer) refuse(l *letter, err error) {
	delete(p.flying, l.token)
	if l.done {
		return
	}
	l.token = 0
	to := &p.lanes[l.id.Partition]
	if to.complaint == nil {
		p.news.event(broker.Blocked, p.news.node(), fmt.Sprintf("%s: %v", p.topics[l.id.Partition], err))
	}
	to.refused, to.complaint = append(to.refused, l), err
	to.trying, to.again = true, time.Now().Add(tryAgain)
}

// errNobody is the answer to a publish that no server passed on to anybody.
var errNobody = errors.New("no stream's leader listens for this subject")

// An answer is what the stream's leader says to a publish.
type pubAnswer struct {
	Error    *jetstream.APIError `json:"error"`
	Sequence uint64              `json:"seq"`
}

// answerOf reads an answer: the one that all messages get unless something is wrong, without a thought of what else JSON may be.
func answerOf(data []byte) (a pubAnswer, err error) {
	if _, rest, ok := bytes.Cut(data, []byte(`"seq":`)); ok && !bytes.Contains(data, []byte(`"error"`)) {
		digits := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits > 0 && digits < 20 {
			for _, d := range rest[:digits] {
				a.Sequence = 10*a.Sequence + uint64(d-'0')
			}
			return a, nil
		}
	}
	err = json.Unmarshal(data, &a)
	return a, err
}

// answered is told every answer, one at a time.
func (p *producer) answered(m *nats.Msg) {
	token, err := strconv.ParseUint(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], 10, 64)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = p.driver.clock.Now()
	l := p.flying[token]
	if l == nil { // its outcome was told
		return
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		p.refuse(l, errNobody)
		return
	}
	a, err := answerOf(m.Data)
	switch {
	case err != nil:
		p.finish(l, -1, fmt.Errorf("an answer that cannot be read: %w", err))
	case a.Error != nil:
		p.finish(l, -1, judge(a.Error))
	default:
		p.finish(l, int64(a.Sequence), nil)
		to := &p.lanes[l.id.Partition]
		to.trying, to.complaint = false, nil
		p.rouse()
	}
}
