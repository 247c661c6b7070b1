package conns_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// piped is an endpoint whose other side is the second end of each connection that is dialled.
func piped() (broker.Endpoint, <-chan net.Conn) {
	others := make(chan net.Conn, 10)
	return broker.Endpoint{Dial: func(context.Context, string, string) (net.Conn, error) {
		mine, other := net.Pipe()
		others <- other
		return mine, nil
	}}, others
}

func dial(t *testing.T, d *conns.Dialer, others <-chan net.Conn) (mine, other net.Conn) {
	t.Helper()
	mine, err := d.DialContext(t.Context(), "tcp", "b1:9092")
	if err != nil {
		t.Fatal(err)
	}
	other = <-others
	t.Cleanup(func() { mine.Close(); other.Close() })
	return mine, other
}

// What is written while the connections are held is sent when they are released, and what came meanwhile is read then.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, others := piped()
		d := conns.NewDialer(e, time.Second)
		mine, other := dial(t, d, others)
		d.Gate.Hold()
		d.Gate.Hold() // twice is once
		began := time.Now()
		time.AfterFunc(time.Minute, d.Gate.Release)
		go func() { _, _ = other.Write([]byte("news")) }()
		if _, err := io.ReadFull(mine, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		if held := time.Since(began); held != time.Minute {
			t.Errorf("what came was read after %v", held)
		}
		d.Gate.Hold()
		time.AfterFunc(time.Minute, d.Gate.Release)
		go func() { _, _ = mine.Write([]byte("late")) }()
		if _, err := io.ReadFull(other, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		if held := time.Since(began); held != 2*time.Minute {
			t.Errorf("what was written came after %v", held)
		}
	})
}

// A client that is held makes no connection: it waits until it is released, or its time to dial is over.
func TestHeldDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, others := piped()
		d := conns.NewDialer(e, 10*time.Second)
		d.Gate.Hold()
		began := time.Now()
		if _, err := d.DialContext(t.Context(), "tcp", "b1:9092"); err == nil || time.Since(began) != 10*time.Second {
			t.Errorf("dialled while held: %v after %v", err, time.Since(began))
		}
		time.AfterFunc(time.Second, d.Gate.Release)
		dial(t, d, others)
	})
}

// Cutting ends what is held, in reading, writing and dialling, and lets nothing new begin; the other side notices.
func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, others := piped()
		d := conns.NewDialer(e, time.Hour)
		mine, other := dial(t, d, others)
		second, _ := dial(t, d, others)
		d.Gate.Hold()
		ended := make(chan error, 3)
		go func() { _, err := mine.Write([]byte("x")); ended <- err }()
		go func() { _, err := second.Read(make([]byte, 1)); ended <- err }()
		go func() { _, err := d.DialContext(t.Context(), "tcp", "b1:9092"); ended <- err }()
		synctest.Wait()
		if d.Hushed() {
			t.Error("hushed before it was cut")
		}
		d.Cut()
		for range 3 {
			if err := <-ended; err == nil {
				t.Error("something that was held went on when the connections were cut")
			}
		}
		if _, err := other.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the other side: %v", err)
		}
		d.Gate.Release()
		if _, err := d.DialContext(t.Context(), "tcp", "b1:9092"); err == nil {
			t.Error("dialled after the cut")
		}
		if !d.Hushed() {
			t.Error("not hushed by the cut")
		}
		if cause := mine.(*conns.Conn).Cause(); cause != nil {
			t.Errorf("the client's own doing is told as a cause: %v", cause)
		}
	})
}

// Breaking ends what there is, and lets a new connection be made.
func TestBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, others := piped()
		d := conns.NewDialer(e, time.Second)
		mine, _ := dial(t, d, others)
		time.AfterFunc(time.Second, d.Break)
		if _, err := mine.Read(make([]byte, 1)); err == nil {
			t.Error("a connection that is broken goes on")
		}
		dial(t, d, others)
		if d.Hushed() {
			t.Error("a client that goes on is taken for one that ends")
		}
	})
}

// An answer that does not come in time is why a connection broke; one that the client no longer waits for is not.
func TestCauseOfDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		until time.Duration
		told  bool
	}{"too late": {time.Minute, true}, "taken back": {0, false}} {
		synctest.Test(t, func(t *testing.T) {
			e, others := piped()
			mine, _ := dial(t, conns.NewDialer(e, time.Second), others)
			if err := mine.SetReadDeadline(time.Now().Add(c.until)); err != nil {
				t.Fatal(err)
			}
			_, err := mine.Read(make([]byte, 1))
			if cause := mine.(*conns.Conn).Cause(); !errors.Is(err, os.ErrDeadlineExceeded) || (cause != nil) != c.told {
				t.Errorf("%s: %v, and the cause is %v", name, err, cause)
			}
		})
	}
}

// A notebook is a Tap that remembers.
type notebook struct{ seen []string }

func (n *notebook) Request(b []byte) { n.seen = append(n.seen, "> "+string(b)) }
func (n *notebook) Answer(b []byte)  { n.seen = append(n.seen, "< "+string(b)) }
func (n *notebook) Lost()            { n.seen = append(n.seen, "lost") }

// A tap is shown nothing of what is held, and nothing that came while it was held and then was cut: the client never had it.
func TestTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, others := piped()
		d := conns.NewDialer(e, time.Second)
		var tap notebook
		d.Tap = func() conns.Tap { return &tap }
		mine, other := dial(t, d, others)
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			_, _ = io.ReadFull(other, make([]byte, 3))
			_, _ = other.Write([]byte("yes"))
			_, _ = other.Write([]byte("never read"))
		}()
		_, _ = mine.Write([]byte("ask"))
		_, _ = mine.Read(make([]byte, 100))
		d.Gate.Hold()
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = mine.Read(make([]byte, 100))
		}()
		<-answered
		synctest.Wait()
		d.Cut()
		<-read
		mine.Close()
		if want := []string{"> ask", "< yes", "lost"}; !slices.Equal(tap.seen, want) {
			t.Errorf("the tap saw %q, want %q", tap.seen, want)
		}
	})
}

// A connection that ends before the other side said anything is told as a failed dial; one that ends later as what it is.
func TestRefused(t *testing.T) {
	for name, says := range map[string]string{"nothing": "", "something": "x"} {
		synctest.Test(t, func(t *testing.T) {
			e, others := piped()
			c, other := dial(t, conns.NewDialer(e, time.Second), others)
			go func() {
				if says != "" {
					_, _ = io.WriteString(other, says)
				}
				other.Close()
			}()
			var err error
			for err == nil {
				_, err = c.Read(make([]byte, 10))
			}
			dial, ok := errors.AsType[*net.OpError](err)
			if refused := ok && dial.Op == "dial"; refused != (says == "") || !refused && !errors.Is(err, io.EOF) {
				t.Errorf("the other side said %s: %v", name, err)
			}
			if cause := c.(*conns.Conn).Cause(); cause != err {
				t.Errorf("the other side said %s: the cause is %v", name, cause)
			}
		})
	}
}
