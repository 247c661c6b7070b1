package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

const (
	// handshakeWithin bounds how long a connection may take until it can be used. Proxies accept for a broker that is down or frozen.
	handshakeWithin = 3 * time.Second
	// reconnectWait is how long a client waits before it tries every node anew.
	reconnectWait = 250 * time.Millisecond
	// leaveWithin bounds a farewell.
	leaveWithin = 2 * time.Second
)

// A wire is one AMQP connection.
type wire struct {
	*amqp.Connection
	raw  *conns.Conn
	node string
	gone chan struct{} // closed when the connection is
	why  error         // read it when gone is closed
}

// closing closes a connection that cannot be read any more. The library would first wait for whoever is just writing, and who writes to a node that is gone
// waits for ever.
type closing struct{ *conns.Conn }

func (c closing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.Conn.Close()
	}
	return n, err
}

// open makes a connection to one node.
func (d *driver) open(ctx context.Context, dialer *conns.Dialer, e broker.Endpoint, addr, name string, heartbeat time.Duration) (*wire, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
	defer cancel()
	nc, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	w := &wire{raw: nc.(*conns.Conn), node: d.names[addr], gone: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { w.cut() })()
	about := amqp.NewConnectionProperties()
	about.SetClientConnectionName(name)
	w.Connection, err = amqp.Open(closing{w.raw}, amqp.Config{
		SASL: []amqp.Authentication{&amqp.PlainAuth{Username: e.User, Password: e.Password}}, Vhost: vhost, Locale: "en_US",
		Heartbeat: heartbeat, Properties: about,
	})
	if err != nil {
		w.cut()
		return nil, fmt.Errorf("open the connection: %w", cmp.Or(w.raw.Cause(), err))
	}
	go w.wait(w.NotifyClose(make(chan *amqp.Error, 1)))
	return w, nil
}

// wait learns why the connection ends.
func (w *wire) wait(closed <-chan *amqp.Error) {
	w.why = net.ErrClosed
	if err, abnormal := <-closed; abnormal {
		w.why = errors.New(err.Reason)
		if cause := w.raw.Cause(); cause != nil && err.Code == amqp.FrameError { // the library's own words for whatever happened to the network
			w.why = cause
		}
	}
	close(w.gone)
}

// ended reports whether the connection has, which the library knows a little before gone is closed.
func (w *wire) ended() bool { return w.IsClosed() }

// cut ends the connection without a word.
func (w *wire) cut() { w.raw.Close() }

// leave ends the connection in good order, or without a word when that takes too long. An error says that the broker may not have got what was said last.
func (w *wire) leave(within time.Duration) error {
	return w.bounded(within, w.Connection.Close)
}

// bounded does something with a connection that the library would wait for without end, and cuts the connection when it takes too long.
func (w *wire) bounded(within time.Duration, do func() error) error {
	late := time.AfterFunc(within, w.cut)
	defer late.Stop()
	return do()
}

// number is the one at the end of a client's name.
func number(client string) int {
	n, _ := strconv.Atoi(client[len(strings.TrimRight(client, "0123456789")):]) // 0 without a number
	return n
}

// spread returns the addresses beginning with another one for each client, so that clients are spread over the nodes and the same one always begins at the
// same.
func spread(addrs []string, client string) []string {
	n := number(client) % max(len(addrs), 1)
	return slices.Concat(addrs[n:], addrs[:n])
}

// most is how fine the circle is on which members and queues have their places.
const most = 1 << 10

// preference is how much a group's member wants to be the one who is given a queue's messages: members stand on a circle, each new one in the middle of the
// widest gap, and a queue belongs to the member before it. So however many there are, they share alike, and none of them has to know of the others.
func preference(client string, queue, queues int) int32 {
	member := int(bits.Reverse32(uint32(number(client)%most)) >> 22)
	distance := (queue*most/queues - member + most) % most
	return -int32(distance)
}
