package squall

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

func TestPaused(t *testing.T) {
	at := func(seconds time.Duration, nodes, paused []string) report.StateChange {
		return report.StateChange{At: seconds * time.Second, Nodes: nodes, Paused: paused}
	}
	all, b1 := []string{"b1", "b2", "b3"}, []string{"b1"}
	got := paused([]report.StateChange{
		at(0, all, nil), at(10, []string{"b2", "b3"}, nil), at(12, []string{"b2", "b3"}, b1),
		at(15, []string{"b2", "b3"}, nil), // it did not answer in time
		at(16, []string{"b2", "b3"}, b1), at(30, all, nil), at(40, []string{"b1"}, []string{"b2", "b3"}),
	})
	want := []string{
		"b1 paused itself from 12s to 30s: it ran and served nobody, because it had lost sight of others",
		"b2 paused itself at 40s and has not served again: it runs, and has lost sight of others",
		"b3 paused itself at 40s and has not served again: it runs, and has lost sight of others",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := paused([]report.StateChange{at(0, all, nil), at(10, []string{"b2", "b3"}, nil), at(20, all, nil)}); got != nil {
		t.Errorf("of a node that died: %q", got)
	}
}

// A client that is stuck while a fault is on says nothing that the fault's own lines do not; one that stays so is named.
func TestStuck(t *testing.T) {
	faults := []report.Fault{
		{Name: "nothing", Effective: -1, Healed: -1},
		{Name: "cut", Effective: 10 * time.Second, Healed: 20 * time.Second},
		{Name: "cut again", Effective: 30 * time.Second, Healed: 40 * time.Second},
	}
	for _, c := range []struct {
		at     time.Duration
		kind   broker.ClientEventKind
		faults []report.Fault
		want   string
	}{
		{15 * time.Second, broker.Stuck, faults, ""},
		{20500 * time.Millisecond, broker.Stuck, faults, ""},
		{22 * time.Second, broker.Lost, faults, ""},
		{22 * time.Second, broker.Stuck, faults, "producer-0 stayed stuck at b1 until 2s after cut was healed: no confirm"},
		{35 * time.Second, broker.Stuck, faults, ""},
		{47 * time.Second, broker.Stuck, faults, "producer-0 stayed stuck at b1 until 7s after cut again was healed: no confirm"},
		{47 * time.Second, broker.Stuck, []report.Fault{{Name: "for good", Effective: time.Second, Healed: -1}}, ""},
		{9 * time.Second, broker.Stuck, faults, "producer-0 was stuck at b1 while no fault was on: no confirm"},
	} {
		m := report.ClientMoment{At: c.at, Last: c.at, Client: "producer-0", Kind: string(c.kind), Node: "b1", Detail: "no confirm"}
		got := stuck(&report.Clients{Events: []report.ClientMoment{m}}, c.faults)
		if len(got) > 1 || len(got) == 1 != (c.want != "") || len(got) == 1 && got[0] != c.want {
			t.Errorf("%s at %v: %q", c.kind, c.at, got)
		}
	}
	if got := stuck(nil, faults); got != nil {
		t.Errorf("%q", got)
	}
}
