package kafka

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// lookWithin bounds one look at a node.
const lookWithin = 3 * time.Second

// Look asks what there is at a node's address, on a connection of its own: whether a broker answers there before it is told who asks. What else keeps
// an answer away, such as a certificate that is not trusted, is no sign of absence.
func Look(ctx context.Context, e broker.Endpoint, addr string) broker.Presence {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	conn, err := dialTo(ctx, e, addr)
	if err != nil {
		return presence(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	secured, err := conns.Secure(ctx, conn, addr, e.TLS)
	if err == nil {
		err = greet(secured, addr)
	}
	return presence(err)
}

// presence is what the end of a look says.
func presence(err error) broker.Presence {
	switch {
	case err == nil:
		return broker.Present
	case errors.Is(err, syscall.ECONNREFUSED), hungUp(err):
		return broker.Absent
	}
	return broker.Silent
}

// hungUp reports whether the other side closed a connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func dialTo(ctx context.Context, e broker.Endpoint, addr string) (net.Conn, error) {
	if e.Dial != nil {
		return e.Dial(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}
