package nats

import (
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/seed-228c25e4/squall/broker"
)

// A listener makes events of what happens to a client's connection.
type listener struct {
	driver *driver
	client string
	tell   func(broker.ClientEvent)

	mu      sync.Mutex
	last    string // the node that it was connected to last
	leaving bool   // it is about to break its connection by itself
}

func newListener(d *driver, client string, tell func(broker.ClientEvent)) *listener {
	return &listener{driver: d, client: client, tell: tell}
}

func (l *listener) options() []nats.Option {
	up := func(nc *nats.Conn) {
		node := l.driver.nodeOf(nc)
		l.mu.Lock()
		l.last, l.leaving = node, false
		l.mu.Unlock()
		l.event(broker.Connected, node, "")
	}
	return []nats.Option{
		nats.ConnectHandler(up), nats.ReconnectHandler(up),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			switch node, left := l.lost(); {
			case left:
				l.event(broker.Stuck, node, "nothing was heard for "+patience.String()+": to another server")
			case err != nil: // else the client closed it itself
				l.event(broker.Lost, node, err.Error())
			}
		}),
	}
}

// leave says that the client breaks its connection because nothing comes any more.
func (l *listener) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving = true
}

// lost returns which node's connection broke, and whether the client did it.
func (l *listener) lost() (node string, left bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left, l.leaving = l.leaving, false
	return l.last, left
}

// node is what the client was connected to last. The connection itself cannot be asked without waiting for whatever it is just doing.
func (l *listener) node() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *listener) event(kind broker.ClientEventKind, node, detail string) {
	if l.tell != nil {
		l.tell(broker.ClientEvent{At: l.driver.clock.Now(), Client: l.client, Kind: kind, Node: node, Detail: detail})
	}
}
