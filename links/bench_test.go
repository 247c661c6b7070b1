package links

import (
	"io"
	"net"
	"testing"
)

// What a proxied link costs: compare the two.
func BenchmarkRoundTrip(b *testing.B) {
	for name, proxied := range map[string]bool{"direct": false, "proxied": true} {
		b.Run(name, func(b *testing.B) { roundTrips(b, proxied) })
	}
}

func roundTrips(b *testing.B, proxied bool) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	addr := l.Addr().String()
	if proxied {
		s := NewServer()
		defer s.Close()
		if addr, err = s.Add("p", "127.0.0.1:0", addr); err != nil {
			b.Fatal(err)
		}
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	message := make([]byte, 1024)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if _, err := c.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, message); err != nil {
			b.Fatal(err)
		}
	}
}
