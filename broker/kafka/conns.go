package kafka

import (
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// dialTimeout is franz-go's own.
const dialTimeout = 10 * time.Second

// newDialer makes TLS by itself, so that a tap sees what is said.
func newDialer(e broker.Endpoint) *conns.Dialer {
	d := conns.NewDialer(e, dialTimeout)
	d.TLS = e.TLS
	return d
}

// A listener makes events of what happens to a client's connections.
type listener struct {
	driver *driver
	dialer *conns.Dialer
	client string
	tell   func(broker.ClientEvent)
}

var (
	_ kgo.HookBrokerConnect    = (*listener)(nil)
	_ kgo.HookBrokerDisconnect = (*listener)(nil)
)

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (l *listener) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		l.event(broker.Lost, l.driver.nodeOf(meta), err.Error())
		return
	}
	l.event(broker.Connected, l.driver.nodeOf(meta), "")
}

// OnBrokerDisconnect implements kgo.HookBrokerDisconnect. A connection that the client closed by itself, such as an idle one, is no news.
func (l *listener) OnBrokerDisconnect(meta kgo.BrokerMetadata, nc net.Conn) {
	c, ok := nc.(*conns.Conn)
	if !ok {
		return
	}
	if cause := c.Cause(); cause != nil {
		l.event(broker.Lost, l.driver.nodeOf(meta), cause.Error())
	}
}

func (l *listener) event(kind broker.ClientEventKind, node, detail string) {
	if l == nil || l.tell == nil || l.dialer.Hushed() {
		return
	}
	l.tell(broker.ClientEvent{At: l.driver.clock.Now(), Client: l.client, Kind: kind, Node: node, Detail: detail})
}
