package links

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-228c25e4/squall/broker"
)

func TestMain(m *testing.M) {
	patience = 300 * time.Millisecond
	goleak.VerifyTestMain(m)
}

// soon is how long a test waits for what comes at once, on a machine that may have much else to do.
const soon = 20 * time.Second

// bed is one link to a server that sends back what it gets.
type bed struct {
	*testing.T
	server *Server
	set    *Set
	link   broker.Link
	addr   string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{T: t, server: NewServer(), set: NewSet()}
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
	})
	addr, err := b.server.Add("p", "127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	b.addr = addr
	b.link = b.set.Add(broker.Producers, "b1", broker.PlaneClient, "p", b.server)
	return b
}

// echo starts a server that sends back what it gets.
func echo(t *testing.T) string {
	return serve(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
}

func serve(t *testing.T, each func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				each(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

func (b *bed) dial() net.Conn {
	b.Helper()
	c, err := net.DialTimeout("tcp", b.addr, soon)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// impair fails the test on an error, and checks that the effect lies within the call.
func (b *bed) impair(imp broker.Impairment) (undo func()) {
	b.Helper()
	start := time.Now()
	e, back, err := b.set.Impair(b.Context(), imp, b.link)
	if err != nil {
		b.Fatal(err)
	}
	if e.First.Before(start) || e.Last.Before(e.First) || e.Last.After(time.Now()) {
		b.Fatalf("effect %v does not lie within the call from %v", e, start)
	}
	return func() {
		b.Helper()
		if err := back(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// ping sends a message and returns how long its way there and back took.
func (b *bed) ping(c net.Conn) time.Duration {
	b.Helper()
	start := time.Now()
	if got, err := exchange(c, []byte("ping"), soon); err != nil || string(got) != "ping" {
		b.Fatalf("ping: %q, %v", got, err)
	}
	return time.Since(start)
}

// fastest returns the shortest of several round trips: what else the machine does only makes one longer.
func (b *bed) fastest(c net.Conn) time.Duration {
	b.Helper()
	least := b.ping(c)
	for range 7 {
		least = min(least, b.ping(c))
	}
	return least
}

func exchange(c net.Conn, message []byte, within time.Duration) ([]byte, error) {
	_ = c.SetDeadline(time.Now().Add(within))
	if _, err := c.Write(message); err != nil {
		return nil, err
	}
	got := make([]byte, len(message))
	n, err := io.ReadFull(c, got)
	return got[:n], err
}

// silent fails the test unless c stays open and says nothing for a while.
func (b *bed) silent(c net.Conn, d time.Duration) {
	b.Helper()
	_ = c.SetReadDeadline(time.Now().Add(d))
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		b.Fatalf("read %d bytes, %v; want silence", n, err)
	}
}

// ends fails the test unless c is closed by the other side soon.
func (b *bed) ends(c net.Conn) {
	b.Helper()
	_ = c.SetReadDeadline(time.Now().Add(soon))
	n, err := c.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		b.Fatalf("read %d bytes, %v; want the end of the connection", n, err)
	}
}

// reset fails the test unless c is reset by the other side soon.
func (b *bed) reset(c net.Conn) {
	b.Helper()
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, syscall.ECONNRESET) {
		b.Fatalf("the connection ended with %v; want a reset", err)
	}
}

// resetNew fails the test unless a new connection is reset soon: where the RST outruns the dialler, dialling itself tells of it.
func (b *bed) resetNew() {
	b.Helper()
	c, err := net.DialTimeout("tcp", b.addr, soon)
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return
	case err != nil:
		b.Fatal(err)
	}
	defer c.Close()
	b.reset(c)
}

func (b *bed) traffic() broker.LinkTraffic {
	b.Helper()
	time.Sleep(fresh + time.Millisecond)
	t, err := b.link.Traffic(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// counts is the traffic without what was done to the bytes.
func (b *bed) counts() broker.LinkTraffic {
	b.Helper()
	t := b.traffic()
	t.RequestsKept, t.RepliesKept = broker.Kept{}, broker.Kept{}
	return t
}

// chatter sends n random bytes in small writes and reads them back; done returns what came back.
func chatter(c net.Conn, n int) (sent []byte, done func() ([]byte, error)) {
	sent = make([]byte, n)
	for i := range sent {
		sent[i] = byte(rand.Uint32())
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	var all sync.WaitGroup
	var got bytes.Buffer
	var writing, reading error
	all.Go(func() {
		for rest := sent; len(rest) > 0 && writing == nil; {
			k := min(len(rest), 1+rand.IntN(4096))
			_, writing = c.Write(rest[:k])
			rest = rest[k:]
		}
	})
	all.Go(func() { _, reading = io.CopyN(&got, c, int64(n)) })
	return sent, func() ([]byte, error) {
		all.Wait()
		return got.Bytes(), errors.Join(writing, reading)
	}
}
