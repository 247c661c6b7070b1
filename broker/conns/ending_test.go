package conns_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// A load is a producing client with messages that get their outcomes one a second, on a connection.
type load struct {
	mu     sync.Mutex
	left   int
	told   error // of those that had no outcome
	ended  bool
	behind sync.WaitGroup
	dialer *conns.Dialer
	ending *conns.Ending
}

func newLoad(t *testing.T, left int) *load {
	e, _ := piped()
	l := &load{left: left, dialer: conns.NewDialer(e, time.Second)}
	nc, err := l.dialer.DialContext(t.Context(), "tcp", "b1:1")
	if err != nil {
		t.Fatal(err)
	}
	l.ending = conns.NewEnding(l.dialer, &l.behind, l.pending, l.shut, func() {
		_, _ = nc.Read(make([]byte, 1)) // as libraries wait, until the connection is cut
		l.ended = true
	})
	return l
}

func (l *load) pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

func (l *load) shut(why error) (left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left, l.left = l.left, 0; left > 0 {
		l.told = why
	}
	return left
}

func (l *load) answer() {
	for l.pending() > 0 {
		time.Sleep(time.Second)
		l.mu.Lock()
		l.left = max(0, l.left-1)
		l.mu.Unlock()
	}
	time.AfterFunc(time.Second, l.dialer.Break) // the other side hangs up
}

var errWhy = errors.New("why")

// Closing waits for every outcome; where time runs out before, the others are unknown, and the network is not waited for.
func TestClose(t *testing.T) {
	for patience, c := range map[time.Duration]struct {
		took time.Duration
		told error
	}{time.Minute: {4 * time.Second, nil}, 1500 * time.Millisecond: {1500 * time.Millisecond, errWhy}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLoad(t, 3)
			go l.answer()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			began := time.Now()
			err := l.ending.Close(ctx, errWhy)
			if took := time.Since(began).Round(100 * time.Millisecond); took != c.took || (err != nil) != (c.told != nil) || l.told != c.told || !l.ended || !l.dialer.Hushed() {
				t.Errorf("within %v: %v after %v, told %v, ended %t", patience, err, took, l.told, l.ended)
			}
			time.Sleep(time.Minute) // until what answers has noticed
		})
	}
}

// A crash waits for nothing, and a client that has crashed is only waited for.
func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoad(t, 3)
		began := time.Now()
		l.ending.Abort(errWhy)
		if l.told != errWhy || time.Since(began) > 0 {
			t.Errorf("told %v after %v", l.told, time.Since(began))
		}
		if err := l.ending.Close(t.Context(), broker.ErrDeliveryTimeout); err != nil || !l.ended || l.told != errWhy {
			t.Errorf("%v, ended %t, told %v", err, l.ended, l.told)
		}
		l.behind.Wait()
	})
}
