package conns

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// A Tap reads along on one connection. It is told in the order of the client's own calls, and must neither block nor keep what it is shown.
type Tap interface {
	Request([]byte) // what is about to be written
	Answer([]byte)  // what was read
	Lost()          // the connection is closed; at most once
}

// A Conn is a connection that its dialer can hold and cut, and that remembers why it broke.
type Conn struct {
	net.Conn
	dialer *Dialer
	tap    Tap         // nil: nobody reads along
	heard  atomic.Bool // the other side has said something
	closed atomic.Bool
	recall struct{ read, write atomic.Bool } // the client has taken back what it waited for
	gone   chan struct{}                     // closed with the connection
	cause  atomic.Pointer[error]             // the first error that was not our own doing
}

// Cause is why the connection broke; nil: it did not, or its own client closed it.
func (c *Conn) Cause() error {
	if err := c.cause.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *Conn) Write(b []byte) (int, error) {
	if err := c.dialer.Gate.Pass(c.gone); err != nil {
		return 0, err
	}
	if c.tap != nil {
		c.tap.Request(b)
	}
	n, err := c.Conn.Write(b)
	return n, c.note(err, &c.recall.write)
}

func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if held := c.dialer.Gate.Pass(c.gone); held != nil { // what came while it was held is read when it is released
		return 0, held
	}
	if n > 0 {
		c.heard.Store(true)
		if c.tap != nil {
			c.tap.Answer(b[:n])
		}
	}
	return n, c.note(err, &c.recall.read)
}

// SetReadDeadline and SetWriteDeadline notice a client that takes back what it waits for, as client libraries do that end a request early: with a deadline
// that is over when it is set.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.recall.read.Store(over(t))
	return c.Conn.SetReadDeadline(t)
}

func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.recall.write.Store(over(t))
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is both.
func (c *Conn) SetDeadline(t time.Time) error {
	c.recall.read.Store(over(t))
	c.recall.write.Store(over(t))
	return c.Conn.SetDeadline(t)
}

func over(deadline time.Time) bool { return !deadline.IsZero() && !deadline.After(time.Now()) }

// note returns the error as the client is to see it.
func (c *Conn) note(err error, recalled *atomic.Bool) error {
	if err == nil || c.closed.Load() || recalled.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if !c.heard.Load() {
		err = refused(c.Conn, err)
	}
	c.cause.CompareAndSwap(nil, &err)
	return err
}

// Close closes the connection, once.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	close(c.gone)
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	err := c.Conn.Close()
	if c.tap != nil {
		c.tap.Lost()
	}
	return err
}

var errNobody = errors.New("accepted, and closed before anybody answered")

// refused makes a failed dial of what ended a connection on which nobody has said a word. Published ports and proxies accept for a process that is gone,
// and hang up. To franz-go that is a hiccup: it asks the same node again for as long as it asks at all, and a group whose coordinator has died goes on
// asking the dead until its session is over. The machine of a dead process refuses at once, and then a client looks for who has taken over.
func refused(nc net.Conn, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return &net.OpError{Op: "dial", Net: nc.RemoteAddr().Network(), Addr: nc.RemoteAddr(), Err: errNobody}
	}
	return err
}
