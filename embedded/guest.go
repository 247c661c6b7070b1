package embedded

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A guest is a connection that came in by a door. It hands requests to kfake and answers to the client as a whole, one after the other, so that what was
// asked and what is answered can be told apart, and changed.
type guest struct {
	net.Conn
	door *door
	once sync.Once
	gone chan struct{}

	frame []byte // the request that is being handed over, with its length; its memory is used again
	left  []byte // what of it is left

	mu    sync.Mutex
	asked []question // handed over and not answered yet, the oldest first; guarded by mu
	told  *sync.Cond // one of them was answered, or the guest is gone
}

func newGuest(nc net.Conn, d *door) *guest {
	g := &guest{Conn: nc, door: d, gone: make(chan struct{})}
	g.told = sync.NewCond(&g.mu)
	return g
}

// wait returns when the node is awake or the connection gone.
func (g *guest) wait() {
	if awake := g.door.frozen.Load(); awake != nil {
		select {
		case <-*awake:
		case <-g.gone:
		}
	}
}

// Read implements net.Conn.
func (g *guest) Read(b []byte) (int, error) {
	for len(g.left) == 0 {
		if err := g.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(b, g.left)
	g.left = g.left[n:]
	return n, nil
}

// The largest request that a broker takes, as Kafka's socket.request.max.bytes has it.
const largestRequest = 100 << 20

// receive reads one request, and answers it at once where kfake is not to see it.
func (g *guest) receive() error {
	g.frame = append(g.frame[:0], 0, 0, 0, 0)
	if _, err := io.ReadFull(g.Conn, g.frame); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint32(g.frame))
	if n > largestRequest {
		return fmt.Errorf("a request of %d bytes is too large", n)
	}
	if cap(g.frame) < 4+n {
		g.frame = append(make([]byte, 0, 4+n), g.frame...)
	}
	g.frame = g.frame[:4+n]
	if _, err := io.ReadFull(g.Conn, g.frame[4:]); err != nil {
		return err
	}
	g.wait()
	q, err := ask(g.frame[4:])
	if err != nil {
		return err
	}
	if err := g.door.lies.draw(&q, g.door.node, g.RemoteAddr()); err != nil {
		return err
	}
	if q.instead != nil && g.isNext(q.lie) {
		err := g.tell(q, q.instead)
		if err == nil {
			q.lie.count(0)
		}
		return err
	}
	if q.answered {
		g.mu.Lock()
		g.asked = append(g.asked, q)
		g.mu.Unlock()
	}
	g.left = g.frame
	return nil
}

// isNext waits until everything that was asked before is answered. It is false where the lie is over meanwhile.
func (g *guest) isNext(l *lie) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.asked) > 0 && !g.isGone() {
		g.told.Wait()
	}
	return !l.isOver()
}

func (g *guest) isGone() bool {
	select {
	case <-g.gone:
		return true
	default:
		return false
	}
}

// Write implements net.Conn. kfake writes each answer at once, and in the order in which it was asked.
func (g *guest) Write(b []byte) (int, error) {
	g.mu.Lock()
	var q question
	if len(g.asked) > 0 {
		q = g.asked[0]
	}
	g.mu.Unlock()
	answer, err := q.change(b)
	if err == nil {
		err = g.tell(q, answer)
	}
	if err != nil {
		g.Close()
		return 0, err
	}
	g.mu.Lock()
	g.asked = g.asked[min(1, len(g.asked)):]
	g.mu.Unlock()
	g.told.Signal()
	return len(b), nil
}

// tell sends an answer, late where it is to be late.
func (g *guest) tell(q question, answer []byte) error {
	for _, l := range q.late {
		select {
		case <-time.After(l.Delay):
			l.count(0)
		case <-l.over:
		case <-g.gone:
			return net.ErrClosed
		}
	}
	g.wait()
	_, err := g.Conn.Write(answer)
	return err
}

// Close implements net.Conn.
func (g *guest) Close() error {
	var err error
	g.once.Do(func() {
		g.mu.Lock()
		close(g.gone)
		g.mu.Unlock()
		g.told.Signal()
		g.door.mu.Lock()
		delete(g.door.conns, g)
		g.door.mu.Unlock()
		err = g.Conn.Close()
	})
	return err
}
