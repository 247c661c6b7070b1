package observe_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// after is a node that answers with its name when it has thought about it; never, after a negative time.
func after(d time.Duration, node string) *observe.Question[string] {
	return &observe.Question[string]{Node: node, Ask: func(ctx context.Context) (string, error) {
		if d < 0 {
			<-ctx.Done()
			return "", ctx.Err()
		}
		time.Sleep(d)
		return node, nil
	}}
}

func always(string) bool { return true }

// A frozen node delays the others' story by a tenth of a second, and while the question to it is open it is not asked anew.
func TestRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind sync.WaitGroup
		var asked atomic.Int32
		frozen := after(-1, "b3")
		ask := frozen.Ask
		frozen.Ask = func(ctx context.Context) (string, error) {
			asked.Add(1)
			return ask(ctx)
		}
		questions := []*observe.Question[string]{after(time.Millisecond, "b1"), after(50*time.Millisecond, "b2"), frozen}
		for range 3 {
			began := time.Now()
			answers, _ := observe.Round(t.Context(), t.Context(), &behind, questions, always)
			slices.Sort(answers)
			if took := time.Since(began); !slices.Equal(answers, []string{"b1", "b2"}) || took > 101*time.Millisecond {
				t.Errorf("%v after %v", answers, took)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("a frozen node was asked %d times in 0.3 s", n)
		}
		behind.Wait() // it has a second
		_, _ = observe.Round(t.Context(), t.Context(), &behind, questions, always)
		if n := asked.Load(); n != 2 {
			t.Errorf("a node whose question ended was asked %d times", n)
		}
		behind.Wait()
	})
}

// Where no answer is enough, every answer within a second is waited for, and what went wrong is told with the node's name.
func TestRoundOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind sync.WaitGroup
		broken := &observe.Question[string]{Node: "b2", Ask: func(context.Context) (string, error) { return "", errors.New("no such thing") }}
		began := time.Now()
		questions := []*observe.Question[string]{after(-1, "b1"), broken}
		answers, err := observe.Round(t.Context(), t.Context(), &behind, questions, always)
		if took := time.Since(began); len(answers) != 0 || took != time.Second {
			t.Errorf("%v after %v", answers, took)
		}
		if err == nil || !strings.Contains(err.Error(), "b2: no such thing") {
			t.Error(err)
		}
		behind.Wait()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := observe.Round(t.Context(), over, &behind, questions, always); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a driver that is closed asks: %v", err)
		}
	})
}

// What was missing last is told when the wait is over; an error ends it at once.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := observe.Await(ctx, t.Context(), func(context.Context) (string, error) { return "no leader", nil })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no leader") {
			t.Error(err)
		}
		wrong, times := errors.New("wrong"), 0
		err = observe.Await(t.Context(), t.Context(), func(context.Context) (string, error) {
			if times++; times == 3 {
				return "", wrong
			}
			return "something", nil
		})
		if !errors.Is(err, wrong) || times != 3 {
			t.Errorf("%v, after %d times", err, times)
		}
		if err := observe.Await(t.Context(), t.Context(), func(context.Context) (string, error) { return "", nil }); err != nil {
			t.Error(err)
		}
	})
}

// shelf is a consumer that has one message of some partitions.
type shelf struct {
	has     []int32
	aborted bool
}

func (s *shelf) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	into = into[:0]
	if len(s.has) == 0 {
		<-ctx.Done()
		return into, nil
	}
	into = append(into, broker.Delivery{Partition: s.has[0]})
	s.has = s.has[1:]
	return into, nil
}
func (s *shelf) Abort()                      { s.aborted = true }
func (s *shelf) Close(context.Context) error { return nil }

// Every partition that is wanted has to be seen; others do not count.
func TestReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wanted := map[int32]broker.Range{0: {}, 1: {}}
		whole := &shelf{has: []int32{1, 1, 0}}
		if err := observe.ReadBack(ctx, whole, wanted); err != nil || !whole.aborted {
			t.Errorf("%v, aborted: %v", err, whole.aborted)
		}
		if err := observe.ReadBack(ctx, &shelf{has: []int32{1, 7}}, wanted); err == nil || !strings.Contains(err.Error(), "1 of 2 partitions") {
			t.Error(err)
		}
	})
}
