package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

var _ broker.Greeter = (*driver)(nil)

// What is asked is numbered, so that the answer can be told from anything else; no broker's answer is longer than longestGreeting.
const (
	greeting        = 0x5a11
	longestGreeting = 64 << 10
)

// Greet implements broker.Greeter: it asks for the versions that the broker speaks, which is what clients do first, before they say who they are, too.
func (d *driver) Greet(ctx context.Context, client, addr string, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	secured, err := conns.Secure(ctx, conn, addr, d.cluster.Endpoint(client).TLS) // the way that is secured is another
	if err != nil {
		return fmt.Errorf("greet %s: %w", addr, err)
	}
	return greet(secured, addr)
}

// greet asks on a connection that is used for nothing else yet.
func greet(conn net.Conn, addr string) error {
	req := kmsg.NewPtrApiVersionsRequest() // of version 0, which every broker speaks
	if _, err := conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("squall-storm")).AppendRequest(nil, req, greeting)); err != nil {
		return fmt.Errorf("greet %s: %w", addr, err)
	}
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return fmt.Errorf("greet %s: no answer: %w", addr, err)
	}
	size, number := binary.BigEndian.Uint32(head[:4]), binary.BigEndian.Uint32(head[4:])
	if number != greeting || size < 4 || size > longestGreeting {
		return fmt.Errorf("greet %s: what answers is no broker of Kafka's", addr)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		return fmt.Errorf("greet %s: half an answer: %w", addr, err)
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	if err := resp.ReadFrom(body); err != nil {
		return fmt.Errorf("greet %s: what answers is no broker of Kafka's: %w", addr, err)
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return fmt.Errorf("greet %s: %w", addr, err)
	}
	return nil
}
