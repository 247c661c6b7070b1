package kafka_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A broker answers on a connection; who only accepts it, ends it or says something else does not pass for one.
func TestGreet(t *testing.T) {
	c, d := start(t, nil)
	defer func() { _, _ = d.Close(), c.Close(t.Context()) }()
	e := c.Endpoint(broker.Producers)
	for name, s := range map[string]struct {
		serves func(net.Conn) // nil: the broker
		want   string
	}{
		"broker":       {nil, ""},
		"says nothing": {func(net.Conn) { time.Sleep(2 * time.Second) }, "no answer"},
		"hangs up":     {func(c net.Conn) { _, _ = c.Read(make([]byte, 64)) }, "no answer"},
		"a web server": {func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n") }, "is no broker"},
		"half":         {func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 0, 100, 0, 0, 0x5a, 0x11, 0, 0}) }, "half an answer"},
		"nonsense":     {func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 0, 6, 0, 0, 0x5a, 0x11, 0, 0}) }, "is no broker"},
		"an error":     {func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 0, 10, 0, 0, 0x5a, 0x11, 0, 35, 0, 0, 0, 0}) }, "UNSUPPORTED_VERSION"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, dial := e.Addrs[0], e.Dial
			if s.serves != nil {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				go func() {
					if c, err := l.Accept(); err == nil {
						s.serves(c)
						c.Close()
					}
				}()
				addr, dial = l.Addr().String(), new(net.Dialer).DialContext
			}
			conn, err := dial(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err = d.(broker.Greeter).Greet(ctx, broker.Producers, addr, conn)
			if (err == nil) != (s.want == "") || err != nil && !strings.Contains(err.Error(), s.want) {
				t.Errorf("got %v, want %q", err, s.want)
			}
		})
	}
}
