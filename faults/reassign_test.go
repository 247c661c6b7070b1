package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// fakeReplicas is a driver whose replicas take their time to move.
type fakeReplicas struct {
	broker.Driver
	mu    sync.Mutex
	now   map[int32][]string
	takes time.Duration
	until time.Time // when they are there
	deaf  bool
	err   error // told after the order was taken
}

func (f *fakeReplicas) Assignment(context.Context, string) (map[int32]broker.Assignment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[int32]broker.Assignment{}
	for p, r := range f.now {
		all[p] = broker.Assignment{Replicas: r, Moving: time.Now().Before(f.until)}
	}
	return all, nil
}

func (f *fakeReplicas) Reassign(_ context.Context, _ string, to map[int32][]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.deaf {
		for p, r := range to {
			f.now[p] = r
		}
		f.until = time.Now().Add(f.takes)
	}
	return f.err
}

func newFakeReplicas() *fakeReplicas {
	return &fakeReplicas{now: map[int32][]string{0: {"b1", "b2"}, 1: {"b3", "b1"}}, takes: 3 * time.Second}
}

func (f *fakeReplicas) victims() Victims {
	return Victims{Driver: f, Cluster: newFakeCluster(), Topic: "orders", Witness: &Witness{}}
}

func (f *fakeReplicas) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(f.now[0], f.now[1])
}

func TestReassign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault Reassign
		moved string
	}{
		{Reassign{Partition: AllPartitions}, "[b2 b3] [b1 b2]"},
		{Reassign{Partition: 1}, "[b1 b2] [b1 b2]"},
		{Reassign{Partition: 0, To: []string{"b3", "b2"}}, "[b3 b2] [b3 b1]"},
		{Reassign{Partition: AllPartitions, To: []string{"b3", "b1"}}, "[b3 b1] [b3 b1]"},
	} {
		for _, lost := range []error{nil, errors.New("the answer was lost")} {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeReplicas()
				v := f.victims()
				if err := c.fault.Needs(v); err != nil {
					t.Fatal(err)
				}
				f.err = lost
				back, err := c.fault.Inject(t.Context(), v)
				if !errors.Is(err, lost) || f.text() != c.moved {
					t.Errorf("%+v: moved to %s, want %s; %v", c.fault, f.text(), c.moved, err)
				}
				time.Sleep(4 * time.Second)
				f.err = nil
				begun := time.Now()
				if err := back(t.Context()); err != nil || f.text() != "[b1 b2] [b3 b1]" || time.Since(begun) < f.takes {
					t.Errorf("%+v: back at %s after %v, %v", c.fault, f.text(), time.Since(begun), err)
				}
				_, notes := v.Witness.told()
				for _, want := range []string{"move to", "complete 3", "back after 3"} {
					if all := strings.Join(notes, "\n"); lost == nil && !strings.Contains(all, want) {
						t.Errorf("%+v: no %q in\n%s", c.fault, want, all)
					}
				}
			})
		}
	}
}

// A move that is over before it is complete is told as such; one that another fault has changed is put back after that one.
func TestReassignOverlapping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeReplicas()
		v := f.victims()
		first, err := (&Reassign{Partition: 0}).Inject(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		second, err := (&Reassign{Partition: AllPartitions}).Inject(t.Context(), f.victims())
		if err != nil {
			t.Fatal(err)
		}
		if err := first(t.Context()); err == nil {
			t.Error("the first moved back what the second had moved")
		}
		if err := errors.Join(second(t.Context()), first(t.Context())); err != nil || f.text() != "[b1 b2] [b3 b1]" {
			t.Errorf("%s are left, %v", f.text(), err)
		}
		if _, notes := v.Witness.told(); !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "not complete") }) {
			t.Errorf("evidence %q", notes)
		}
	})
}

func TestReassignThatDoesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeReplicas()
		f.deaf = true
		if _, err := (&Reassign{Partition: AllPartitions}).Inject(t.Context(), f.victims()); err == nil || !strings.Contains(err.Error(), "are to be on") {
			t.Errorf("replicas that did not move are told as moved: %v", err)
		}
		for want, r := range map[string]Reassign{
			"has no partition 7": {Partition: 7},
			"no node \"b9\"":     {Partition: 0, To: []string{"b1", "b9"}},
			"name as many":       {Partition: 0, To: []string{"b1"}},
			"nothing would move": {Partition: 0, To: []string{"b1", "b2"}},
			"names a node twice": {Partition: 0, To: []string{"b1", "b1"}},
		} {
			if err := errors.Join(r.Check(), r.Needs(f.victims())); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", r, err, want)
			}
		}
	})
}
