package faults

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
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
			{&Latency{Add: 20 * time.Millisecond}, 0, ""},
			{&Slice{Size: 1 << 10}, 0, ""},
			{&Slice{Size: 500}, 0, "passed pieces of 1 kB on average, and was to pass 500B at most"},
			{&LimitData{Limit: 1 << 10}, 0, "0 connections passed 1 kB, and no more than 1KiB each were to pass"},
			{&LimitData{Limit: 1 << 10}, 1, "no connection carried 1KiB"},
			{&Reset{}, 0, "no connection lived long enough"},
			{&SlowClose{Delay: time.Second}, 0, "no connection ended while it lasted"},
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

// A link that nothing passes, or that delays nothing: nobody was hurt, and the fault says so. So does one whose share of connections was nobody.
func TestLinkFaultsThatHurtNobodyAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			fault      Fault
			share      Share
			deaf, idle bool
			want       string
		}{
			{&Latency{Add: 20 * time.Millisecond}, 0, true, false, "was to add 20ms, and kept what passed for 0s on average"},
			{&Latency{Add: 20 * time.Millisecond}, 0, false, true, "nobody felt it: nothing passed"},
			{&Slice{Size: 1 << 10}, 0, false, true, "nobody felt it: nothing passed"},
			{&Latency{Add: 20 * time.Millisecond}, 0.5, false, false, "50% were none: the fault was done to nobody"},
		} {
			cluster := newFakeCluster()
			l := cluster.links[0]
			l.deaf, l.idle = c.deaf, c.idle
			v := Victims{Cluster: cluster, Links: cluster.Links()[:1], Share: c.share, Witness: &Witness{}}
			revert, err := c.fault.Inject(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := revert(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := v.Witness.complaint(); !strings.Contains(got, c.want) {
				t.Errorf("%T complains %q, want %q", c.fault, got, c.want)
			}
		}
	})
}

// The cluster can go on without nodes that are cut off from the others; nobody goes round a link to a client.
func TestCutLinksAreSurvivedWhereTheNodesAre(t *testing.T) {
	t.Parallel()
	cluster := newFakeCluster()
	state, _ := cluster.state(t.Context())
	nodes, ours := state.Nodes, state.Partitions[:5]
	for text, want := range map[string]bool{
		"b2 -> b1": true, "b1 <-> peers": true, "producers -> b1": false, "b1 -> b2": true, "b1 -> peers": true, "b1, b2 <-> b3": true,
	} {
		target, err := ParseLink(text, "", BothHalves, orders)
		if err != nil {
			t.Fatal(err)
		}
		v, err := target.Resolve(Scene{State: state, Cluster: cluster, Topic: "orders"})
		if err != nil {
			t.Fatal(err)
		}
		if got := blackholeKind.Survives(v.lost(), nodes, ours); got != want {
			t.Errorf("%s, without %v: survived %v, want %v", text, v.lost(), got, want)
		}
	}
}

// What ends connections is survived by those who can use the next one; what interrupts again and again, by those who need nobody that is cut off.
func TestBrokenConnectionsAreSurvivedWhereTheNextServes(t *testing.T) {
	t.Parallel()
	const toClients, between = "producers -> b1", "b1 <-> peers"
	flap := flapKind.New()
	for _, c := range []struct {
		fault  Fault
		link   string
		share  Share
		inSync string // the replicas of the one partition that are in sync, of b1, b2, b3
		want   bool
	}{
		{&Reset{}, toClients, 0, "b1 b2 b3", false},
		{&Reset{}, toClients, 0.5, "b1 b2 b3", true},
		{&Reset{}, toClients, 0.9, "b1 b2 b3", false},
		{&Reset{After: 900 * time.Millisecond}, toClients, 0, "b1 b2 b3", false},
		{&Reset{After: time.Second}, toClients, 0, "b1 b2 b3", true},
		{&Reset{}, between, 0, "b1 b2 b3", true},
		{&Reset{}, between, 0, "b1", false},
		{&Reset{After: time.Second}, between, 0, "b1", true},
		{&LimitData{Limit: 1 << 20}, toClients, 0, "b1 b2 b3", false},
		{&LimitData{Limit: 1 << 20}, toClients, 0.3, "b1 b2 b3", true},
		{&LimitData{Limit: 64 << 20}, toClients, 0, "b1 b2 b3", true},
		{&LimitData{Limit: 1 << 20}, between, 0, "b1 b2 b3", true},
		{&LimitData{Limit: 1 << 20}, between, 0, "b1", false},
		{flap, toClients, 0, "b1 b2 b3", false},
		{flap, between, 0, "b1 b2 b3", false},
		{flap, between, 0, "b2 b3", true},
		{flap, toClients, 0, "b2 b3", false},
		{&Blackhole{}, between, 0, "b1 b2 b3", true},
		{&Latency{Add: time.Second}, toClients, 0, "b1", true},
	} {
		cluster := newFakeCluster()
		target, err := ParseLink(c.link, "", BothHalves, orders)
		if err != nil {
			t.Fatal(err)
		}
		target.Share = c.share
		v, err := target.Resolve(Scene{Cluster: cluster, Topic: "orders", Chance: chance(1, "any")})
		if err != nil {
			t.Fatal(err)
		}
		inSync := strings.Fields(c.inSync)
		ours := []broker.PartitionState{{Topic: "orders", Leader: inSync[0], Replicas: []string{"b1", "b2", "b3"}, InSync: inSync}}
		kind := kindOf(t, c.fault)
		if got := (Step{Kind: kind, Fault: c.fault, Target: target}).Survives(v.lost(), []string{"b1", "b2", "b3"}, ours); got != c.want {
			t.Errorf("%s (%s) of %s of %s, in sync %s: survived %v, want %v", kind, describe(c.fault), c.share, c.link, c.inSync, got, c.want)
		}
	}
}

// kindOf returns the kind of a fault.
func kindOf(t *testing.T, f Fault) string {
	t.Helper()
	for _, k := range kinds {
		if reflect.TypeOf(k.New()) == reflect.TypeOf(f) {
			return k.Name
		}
	}
	t.Fatalf("%T is of no kind", f)
	return ""
}
