package kafka

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// A connection that ends before the other side said anything is told as a failed dial; one that ends later as what it is.
func TestRefused(t *testing.T) {
	for name, says := range map[string]string{"nothing": "", "something": "x"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			if c, err := l.Accept(); err == nil {
				_, _ = io.WriteString(c, says)
				c.Close()
			}
		}()
		c, err := newDialer(broker.Endpoint{}, nil).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = c.Read(make([]byte, 10))
		}
		dial, ok := errors.AsType[*net.OpError](err)
		if refused := ok && dial.Op == "dial"; refused != (says == "") || !refused && !errors.Is(err, io.EOF) {
			t.Errorf("the other side said %s: %v", name, err)
		}
		c.Close()
		l.Close()
		<-served
	}
}
