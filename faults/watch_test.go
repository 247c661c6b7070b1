package faults

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The fake links carry bytes whatever is done to them: a fault that finds it says so, and is undone all the same.
func TestLinksThatDoNotObeyAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			fault Fault
			open  uint64
			want  string // nothing: the fault keeps quiet
		}{
			{&Blackhole{}, 0, "1 kB passed while nothing was to pass"},
			{&Refuse{}, 2, "0 connections were accepted and 2 are open"},
			{&Refuse{}, 0, ""},
			{&Flap{Down: 600 * time.Millisecond, Up: 200 * time.Millisecond, By: byBlackhole}, 0, "1 kB passed while nothing was to pass"},
			{&Flap{Down: 600 * time.Millisecond, Up: 200 * time.Millisecond, By: byRefuse}, 0, ""},
			{&Bandwidth{Rate: 1 << 10}, 0, "1 kB passed 0 connections"},
			{&Bandwidth{Rate: 1 << 10}, 1, ""},
		} {
			cluster := newFakeCluster()
			l := cluster.links[0]
			l.open = c.open
			v := Victims{Cluster: cluster, Links: cluster.Links()[:1], Witness: &Witness{}}
			revert, err := c.fault.Inject(t.Context(), v)
			if err != nil || l.whole() {
				t.Fatalf("%T: injected: %v, %v", c.fault, err, !l.whole())
			}
			time.Sleep(time.Second)
			if err := revert(t.Context()); err != nil || !l.whole() {
				t.Errorf("%T: undone: %v, %v", c.fault, err, l.whole())
			}
			got := v.Witness.complaint()
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("%T complains %q, want %q", c.fault, got, c.want)
			}
		}
	})
}
