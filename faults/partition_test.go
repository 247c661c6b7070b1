package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// inject puts a fault with its target on a fake cluster of n nodes.
func inject(t *testing.T, c *fakeCluster, f Fault, text string) (Revert, *Witness) {
	t.Helper()
	in := orders
	in.Nodes = nodeNames(c.Nodes())
	target, err := ParseNode(text, in)
	if strings.Contains(text, "|") {
		target, err = ParseSides(text, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := target.Resolve(scene(t, c, 1))
	if err != nil {
		t.Fatal(err)
	}
	v.Chance, v.Witness = chance(7, "fault"), &Witness{}
	if d, ok := f.(Demanding); ok && d.Needs(v) != nil {
		t.Fatal(d.Needs(v))
	}
	revert, err := f.Inject(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return revert, v.Witness
}

// picture draws which nodes see which on the data plane, a line for each node: "b1: b2 b3".
func picture(c *fakeCluster, plane string) string {
	var lines []string
	for _, a := range c.nodes {
		line := a.name + ":"
		for _, b := range c.nodes {
			if a != b && c.sees(a.name, b.name, plane) {
				line += " " + b.name
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	isolate := func(from, direction, by, plane string) *Isolate { return &Isolate{from, direction, cut{by, plane}} }
	whole := "b1: b2 b3, b2: b1 b3, b3: b1 b2"
	for _, w := range []struct {
		fault         Fault
		target        string
		data, control string
		clients       bool // b1's clients still reach it
	}{
		{isolate("peers", "both", "blackhole", "both"), "b1", "b1:, b2: b3, b3: b2", "b1:, b2: b3, b3: b2", true},
		{isolate("all", "both", "refuse", "both"), "b1", "b1:, b2: b3, b3: b2", "b1:, b2: b3, b3: b2", false},
		{isolate("clients", "both", "refuse", "both"), "b1", whole, whole, false},
		{isolate("peers", "inbound", "blackhole", "both"), "b1", "b1: b2 b3, b2: b3, b3: b2", "b1: b2 b3, b2: b3, b3: b2", true},
		{isolate("all", "outbound", "blackhole", "data"), "b1", "b1:, b2: b1 b3, b3: b1 b2", whole, true},
		{isolate("peers", "both", "blackhole", "both"), "b1, b2", "b1: b2, b2: b1, b3:", "b1: b2, b2: b1, b3:", true},
		{newPlaneOnly("data"), "b2", "b1: b3, b2:, b3: b1", whole, true},
		{newPlaneOnly("control"), "b2", whole, "b1: b3, b2:, b3: b1", true},
		{&Split{newCut()}, "b1 | rest", "b1:, b2: b3, b3: b2", "b1:, b2: b3, b3: b2", true},
		{&Split{newCut()}, "b1 | b2 | b3", "b1:, b2:, b3:", "b1:, b2:, b3:", true},
		{&Split{newCut()}, "b1 | b2", "b1: b3, b2: b3, b3: b1 b2", "b1: b3, b2: b3, b3: b1 b2", true},
		{&Bridge{newCut()}, "b2", "b1: b2, b2: b1 b3, b3: b2", "b1: b2, b2: b1 b3, b3: b2", true},
	} {
		t.Run(fmt.Sprintf("%T %s %s", w.fault, w.target, describe(w.fault)), func(t *testing.T) {
			t.Parallel()
			c := newFakeCluster()
			revert, _ := inject(t, c, w.fault, w.target)
			if data, control := picture(c, broker.PlaneData), picture(c, broker.PlaneControl); data != w.data || control != w.control {
				t.Errorf("data    %s\nwant    %s\ncontrol %s\nwant    %s", data, w.data, control, w.control)
			}
			if got := c.sees(broker.Producers, "b1", broker.PlaneClient); got != w.clients {
				t.Errorf("producers reach b1: %v", got)
			}
			if c.impaired != 1 {
				t.Errorf("%d acts cut one partition", c.impaired)
			}
			if err := revert(t.Context()); err != nil || picture(c, broker.PlaneData) != whole || picture(c, broker.PlaneControl) != whole ||
				!c.sees(broker.Consumers, "b1", broker.PlaneClient) {
				t.Errorf("after the heal: %s, %v", picture(c, broker.PlaneData), err)
			}
		})
	}
}

// In a ring each node sees a majority, and no two the same one.
func TestRing(t *testing.T) {
	t.Parallel()
	for n := leastRing; n <= 9; n++ {
		c := newFakeClusterOf(n)
		revert, w := inject(t, c, &Ring{newCut()}, "all")
		var seen []string
		for _, a := range c.nodes {
			var sees []string
			for _, b := range c.nodes {
				if a == b || c.sees(a.name, b.name, broker.PlaneData) && c.sees(b.name, a.name, broker.PlaneControl) {
					sees = append(sees, b.name)
				}
			}
			if 2*len(sees) <= n || len(sees) == n {
				t.Errorf("of %d nodes %s sees %v", n, a.name, sees)
			}
			seen = append(seen, strings.Join(sees, " "))
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != n {
			t.Errorf("of %d nodes two see the same: %q", n, seen)
		}
		if _, notes := w.told(); len(notes) == 0 || !strings.HasPrefix(notes[0], "ring: b") {
			t.Errorf("nobody says which ring it was: %q", notes)
		}
		if err := revert(t.Context()); err != nil || !c.sees("b1", "b3", broker.PlaneData) {
			t.Error("not healed", err)
		}
	}
}

// A swizzle cuts one node after another, and heals in another order.
func TestSwizzle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newFakeClusterOf(5)
		alone := func() (names []string) {
			for _, n := range c.nodes {
				if !slices.ContainsFunc(c.nodes, func(o *fakeNode) bool { return o != n && c.sees(n.name, o.name, broker.PlaneData) }) {
					names = append(names, n.name)
				}
			}
			return names
		}
		var cuts, heals []int
		var revert Revert
		done := make(chan struct{})
		go func() {
			defer close(done)
			revert, _ = inject(t, c, &Swizzle{time.Second, newCut()}, "any three")
		}()
		for range 3 {
			synctest.Wait()
			cuts = append(cuts, len(alone()))
			time.Sleep(time.Second)
		}
		<-done
		go func() { _ = revert(context.WithoutCancel(t.Context())) }()
		for range 3 {
			synctest.Wait()
			heals = append(heals, len(alone()))
			time.Sleep(time.Second)
		}
		if !slices.Equal(cuts, []int{1, 2, 3}) || !slices.Equal(heals, []int{2, 1, 0}) {
			t.Errorf("alone while they are cut: %v; while they are healed: %v", cuts, heals)
		}
	})
}

func TestPartitionsNeed(t *testing.T) {
	t.Parallel()
	embedded := newFakeCluster()
	embedded.links = slices.DeleteFunc(embedded.links, func(l *fakeLink) bool { return l.plane != broker.PlaneClient })
	whole := newFakeCluster()
	isolate, clients := isolateKind.New().(*Isolate), &Isolate{From: fromClients, Direction: bothWays, cut: newCut()}
	for want, err := range map[string]error{
		"no network between its brokers; write run: containers": isolate.Needs(Victims{Nodes: embedded.Nodes()[:1], Cluster: embedded}),
		"nobody is left to be isolated from":                    isolate.Needs(Victims{Nodes: whole.Nodes(), Cluster: whole}),
		"a ring needs 4 nodes or more, and there are 3":         ringKind.Needs(Victims{Nodes: whole.Nodes(), Cluster: whole}),
		"a bridge needs 4 nodes or more, and there are 3":       bridgeKind.Needs(Victims{Nodes: whole.Nodes()[:2], Cluster: whole}),
		"lower step":               (&Swizzle{Step: time.Minute}).Needs(Victims{Nodes: whole.Nodes(), Cluster: whole}),
		"a broker dials no client": (&Isolate{From: fromClients, Direction: outbound, cut: newCut()}).Check(),
		"clients have no planes":   (&Isolate{From: fromClients, Direction: bothWays, cut: cut{byRefuse, broker.PlaneData}}).Check(),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := clients.Needs(Victims{Nodes: embedded.Nodes()[:1], Cluster: embedded}); err != nil {
		t.Errorf("clients can be cut off where there are only client links: %v", err)
	}
}
