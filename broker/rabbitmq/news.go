package rabbitmq

import (
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// A listener makes events of what happens to a client's connections, until it closes them itself.
type listener struct {
	driver *driver
	dialer *conns.Dialer
	client string
	tell   func(broker.ClientEvent) // nil: nobody listens
}

func (l listener) event(kind broker.ClientEventKind, node, detail string) {
	if l.tell != nil && !l.dialer.Hushed() {
		l.tell(broker.ClientEvent{At: l.driver.clock.Now(), Client: l.client, Kind: kind, Node: node, Detail: detail})
	}
}
