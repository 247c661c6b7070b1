package squall

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

func TestEpochsThatGoBack(t *testing.T) {
	state := func(at int, epochs ...int32) report.StateChange {
		s := report.StateChange{At: time.Duration(at) * time.Second}
		for p, e := range epochs {
			s.Partitions = append(s.Partitions, report.PartitionState{Partition: int32(p), Epoch: e})
		}
		return s
	}
	fault := report.Fault{Commanded: 20 * time.Second, Effective: 21 * time.Second, Healed: 30 * time.Second}
	endless := report.Fault{Commanded: 20 * time.Second, Effective: 21 * time.Second, Healed: report.Never}
	tests := []struct {
		name   string
		states []report.StateChange
		faults []report.Fault
		want   int
	}{
		{"they only go on", []report.StateChange{state(0, 1, 1), state(10, 2, 1), state(20, 2, 5), state(40, 3, 5)}, nil, 0},
		{"back for good", []report.StateChange{state(0, 4, 1), state(10, 3, 1), state(55, 3, 2)}, nil, 1},
		{"back twice, and in two partitions", []report.StateChange{state(0, 4, 4), state(10, 3, 4), state(20, 2, 1)}, nil, 3},
		{"back until others are elected", []report.StateChange{state(0, 7, 1), state(10, 3, 1), state(12, 4, 1), state(14, 5, 1), state(18, 8, 1)}, nil, 1},
		{"an old story for a moment", []report.StateChange{state(0, 4, 1), state(10, 3, 1), state(12, 4, 1)}, nil, 0},
		{"an old story while a fault is on, and after it", []report.StateChange{state(0, 4, 1), state(21, 3, 1), state(34, 5, 1)}, []report.Fault{fault}, 0},
		{"back after a fault", []report.StateChange{state(0, 4, 1), state(21, 3, 1), state(36, 5, 1)}, []report.Fault{fault}, 1},
		{"a fault that never ended", []report.StateChange{state(0, 4, 1), state(21, 3, 1)}, []report.Fault{endless}, 0},
		{"nobody tells epochs", []report.StateChange{state(0, 4, 1), state(10, -1, 1)}, nil, 0},
		{"a partition that is not told for a while", []report.StateChange{state(0, 4, 1), state(10), state(40, 4, 1)}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := epochsBack(tt.states, tt.faults, time.Minute); len(got) != tt.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestCalmTime(t *testing.T) {
	at := func(from, to time.Duration) report.Fault {
		return report.Fault{Commanded: from, Effective: from, Healed: to}
	}
	for _, tt := range []struct {
		faults []report.Fault
		want   time.Duration
	}{
		{nil, 10}, {[]report.Fault{at(0, 5)}, 10}, {[]report.Fault{at(30, 50)}, 10}, {[]report.Fault{at(0, 50)}, 0}, {[]report.Fault{at(12, 15)}, 7},
		{[]report.Fault{at(13, 16), at(12, 15), at(14, 15), at(19, 25)}, 5}, {[]report.Fault{at(15, report.Never)}, 5}, {[]report.Fault{at(report.Never, report.Never)}, 10},
	} {
		if got := calmTime(10, 20, tt.faults); got != tt.want {
			t.Errorf("%d of 10 are calm with %+v, want %d", got, tt.faults, tt.want)
		}
	}
}

// A coordinator tells what it is told to.
type coordinator struct {
	*commitWatch
	at  int64
	err error
	on  bool // a fault
}

func newCoordinator() *coordinator {
	c := &coordinator{}
	c.commitWatch = newCommitWatch(broker.NewClock(), func() bool { return !c.on }, func(context.Context) (map[int32]int64, error) {
		return map[int32]int64{0: c.at, 1: 7}, c.err
	})
	return c
}

func (c *coordinator) tells(at int64) {
	c.at = at
	c.look(context.Background())
}

// commits has a member commit; with an error nobody knows whether it did.
func (c *coordinator) commits(at int64, err error) {
	c.committed(broker.Commit{At: c.clock.Now(), Offset: at, Err: err})
}

func TestCommitsThatGoBack(t *testing.T) {
	broken := errors.New("connection lost")
	tests := []struct {
		name string
		goes func(*coordinator)
		want int
	}{
		{"they only go on", func(c *coordinator) { c.commits(10, nil); c.tells(10); c.commits(20, nil); c.tells(20) }, 0},
		{"back to what was committed before", func(c *coordinator) { c.commits(10, nil); c.tells(10); c.commits(20, nil); c.tells(20); c.tells(10) }, 1},
		{"back, and on again", func(c *coordinator) { c.tells(20); c.tells(10); c.commits(30, nil); c.tells(30) }, 1},
		{"back twice", func(c *coordinator) { c.tells(20); c.tells(10); c.tells(10); c.tells(5) }, 2},
		{"back to nothing", func(c *coordinator) { c.tells(20); c.tells(0) }, 1},
		{"a member went back", func(c *coordinator) { c.tells(20); c.commits(10, nil); c.commits(15, nil); c.tells(15) }, 0},
		{"a member went back, and told it late", func(c *coordinator) { c.tells(20); c.tells(15); c.commits(15, nil) }, 0},
		{"a member went back to something else", func(c *coordinator) { c.tells(20); c.commits(12, nil); c.tells(10) }, 1},
		{"a commit that nobody knows of comes into force late", func(c *coordinator) {
			c.commits(10, broken)
			c.tells(9)
			c.commits(20, nil)
			c.tells(20)
			c.tells(20)
			c.tells(10)
		}, 0},
		{"an old story while a fault is on", func(c *coordinator) { c.tells(20); c.on = true; c.tells(10); c.on = false; c.tells(20) }, 0},
		{"back since a fault", func(c *coordinator) { c.tells(20); c.on = true; c.tells(10); c.on = false; c.tells(10) }, 1},
		{"a member went back during a fault", func(c *coordinator) { c.tells(20); c.on = true; c.commits(10, nil); c.on = false; c.tells(10) }, 0},
		{"no answer", func(c *coordinator) { c.tells(20); c.err = broken; c.tells(10); c.err = nil; c.tells(20) }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCoordinator()
			tt.goes(c)
			if got := c.found(); len(got) != tt.want {
				t.Errorf("%+v", got)
			}
		})
	}
	c := newCoordinator()
	c.tells(9)
	for i := range int64(mostDoubts) {
		c.commits(100+i, broken)
	}
	c.tells(8)
	if got := c.found(); len(got) != 0 {
		t.Errorf("so much is in doubt, and %+v is told", got)
	}
}
