package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.ProtocolFaulter = (*Cluster)(nil)

// lies are what clients are told in the place of what kfake answers.
type lies struct {
	mu     sync.Mutex
	all    []*lie              // in the order in which they began
	spared map[string]struct{} // the observer's ends of its connections
}

// A lie changes answers until it is over.
type lie struct {
	broker.Misanswer
	key   kmsg.Key
	api   api
	code  int16
	nodes []string
	over  chan struct{}

	mu      sync.Mutex
	changed broker.Misanswered
}

// Misanswer implements broker.ProtocolFaulter.
func (c *Cluster) Misanswer(_ context.Context, m broker.Misanswer, nodes ...broker.Node) (func() broker.Misanswered, func(context.Context) error, error) {
	l := &lie{Misanswer: m, key: kmsg.Produce, over: make(chan struct{})}
	for _, n := range nodes {
		l.nodes = append(l.nodes, n.Name())
	}
	if !m.LoseAck {
		if err := l.look(); err != nil {
			return l.sofar, func(context.Context) error { return nil }, err
		}
	}
	c.lies.mu.Lock()
	defer c.lies.mu.Unlock()
	c.lies.all = append(c.lies.all, l)
	return l.sofar, func(context.Context) error {
		c.lies.end(l)
		return nil
	}, nil
}

// look finds what the lie's words mean.
func (l *lie) look() error {
	var ok bool
	if l.api, ok = apis[l.API]; !ok {
		return fmt.Errorf("answers to %q cannot be changed", l.API)
	}
	l.key = l.api.key
	if l.Code == "" {
		return nil
	}
	if l.code, ok = codes[l.Code]; !ok {
		return fmt.Errorf("there is no error %q", l.Code)
	}
	return nil
}

func (l *lie) sofar() broker.Misanswered {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// count adds an answer that was changed, and the messages that it was for.
func (l *lie) count(messages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed.Answers++
	l.changed.Messages += messages
}

func (l *lie) isOver() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

func (l *lies) end(which *lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !which.isOver() {
		close(which.over)
	}
	l.all = slices.DeleteFunc(l.all, func(o *lie) bool { return o == which })
}

// draw decides what becomes of the answer to a request.
func (l *lies) draw(q *question, node string, client net.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, spared := l.spared[client.String()]; spared || !q.answered {
		return nil
	}
	for _, o := range l.all {
		late := o.Delay > 0
		if o.key != q.key() || !slices.Contains(o.nodes, node) || !late && q.lie != nil || o.Drawn != nil && !o.Drawn() {
			continue
		}
		if late {
			q.late = append(q.late, o)
			continue
		}
		if err := q.begin(o); err != nil {
			return err
		}
	}
	return nil
}

// spare makes connections to which nothing is changed.
func (l *lies) spare(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		s := &sparedConn{nc, l, nc.LocalAddr().String()}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.spared == nil {
			l.spared = map[string]struct{}{}
		}
		l.spared[s.addr] = struct{}{}
		return s, nil
	}
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// A sparedConn is the observer's end of a connection.
type sparedConn struct {
	net.Conn
	lies *lies
	addr string
}

// Close implements net.Conn. The address may be another's as soon as the connection is closed.
func (s *sparedConn) Close() error {
	s.lies.mu.Lock()
	delete(s.lies.spared, s.addr)
	s.lies.mu.Unlock()
	return s.Conn.Close()
}

// errLost says that an answer never came.
var errLost = errors.New("the answer was lost")
