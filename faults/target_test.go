package faults

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	c := newFakeCluster()
	s, _ := c.state(t.Context())
	for _, w := range []struct {
		text, plane string
		victims     []string
	}{
		{"b2", "", []string{"b2"}},
		{"leader", "", []string{"b1"}},
		{" leader  of orders/4 ", "", []string{"b2"}},
		{"controller", "", []string{"b3"}},
		{"producers -> leader", "", []string{"producers -> b1"}},
		{"consumers->controller", "", []string{"consumers -> b3"}},
		{"b2 -> leader", "", []string{"b2 -> b1 (data)", "b2 -> b1 (control)"}},
		{"b2 <-> leader", "data", []string{"b1 -> b2 (data)", "b2 -> b1 (data)"}},
	} {
		target, err := ParseNode(w.text, orders)
		if strings.Contains(w.text, "->") {
			target, err = ParseLink(w.text, w.plane, BothHalves, orders)
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := target.Resolve(s, c, nil)
		if err != nil || !reflect.DeepEqual(v.Names(), w.victims) {
			t.Errorf("%s is %q, %v; want %q", w.text, v.Names(), err, w.victims)
		}
	}
}

func TestCannotResolve(t *testing.T) {
	t.Parallel()
	c := newFakeCluster()
	s, _ := c.state(t.Context())
	for text, want := range map[string]string{
		"b1 -> leader":         "b1 and leader are both b1 now",
		"leader -> controller": "no link of this testbed is leader -> controller (b1 -> b3)",
	} {
		target, err := ParseLink(text, "", BothHalves, orders)
		if err != nil {
			t.Fatal(err)
		}
		if text == "leader -> controller" {
			c.links = c.links[:2]
		}
		if _, err := target.Resolve(s, c, nil); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		c = newFakeCluster()
	}
}

// What a target prints reads as the same target.
func TestTargetsPrintAsTheyRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"b1", "leader", "leader of orders/3", "controller"} {
		if target, err := ParseNode(text, orders); err != nil || target.String() != text {
			t.Errorf("%s prints as %s, %v", text, target, err)
		}
	}
	for _, text := range []string{"producers -> leader", "b1 <-> leader of orders/0", "controller -> b2"} {
		if target, err := ParseLink(text, "", BothHalves, orders); err != nil || target.String() != text {
			t.Errorf("%s prints as %s, %v", text, target, err)
		}
	}
	target, err := ParseLink("b1 -> b2", broker.PlaneData, Requests, orders)
	if err != nil || target.String() != "b1 -> b2 (data, requests only)" || target.Link() != "b1 -> b2" {
		t.Errorf("%s, %v", target, err)
	}
}

func TestBadTargets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"leadr":               `did you mean "leader"?`,
		"b4":                  "targets are b1, b2, b3, leader",
		"leader of orders":    "write leader of orders/0",
		"leader of orders/6":  "its partitions are 0 to 5",
		"leader of orders/-1": "its partitions are 0 to 5",
		"leader of x/1":       "the scenario's topic is orders",
		"producers":           "write producers -> leader",
		"":                    "there is no target",
	} {
		if _, err := ParseNode(text, orders); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"b1":                   "is no link",
		"producer -> leader":   `did you mean "producers"?`,
		"b1 -> consumers":      "stand at the dialing end only",
		"producers <-> leader": "nothing dials producers",
		"b1 -> b1":             "b1 dials nothing to itself",
		"x -> y":               `"y"`,
	} {
		if _, err := ParseLink(text, "", BothHalves, orders); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for _, c := range []struct {
		text, plane string
		half        Half
		want        string
	}{
		{"producers -> b1", "data", "", "leave the plane out"},
		{"b1 -> b2", "controll", "", `did you mean "control"?`},
		{"b1 -> b2", "", "request", `did you mean "requests"?`},
	} {
		if _, err := ParseLink(c.text, c.plane, c.half, orders); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestHalves(t *testing.T) {
	t.Parallel()
	for half, want := range map[Half]broker.Impairment{
		BothHalves: broker.Both(broker.Half{Delay: sec}),
		Requests:   {Requests: broker.Half{Delay: sec}},
		Replies:    {Replies: broker.Half{Delay: sec}},
	} {
		c := newFakeCluster()
		v := Victims{Links: c.Links()[:1], Half: half, Cluster: c}
		revert, err := (&Latency{Add: sec}).Inject(t.Context(), v)
		if err != nil || c.links[0].delay != want {
			t.Errorf("%q: %+v, %v", half, c.links[0].delay, err)
		}
		if err := revert(t.Context()); err != nil || c.links[0].delay != (broker.Impairment{}) {
			t.Errorf("%q is not undone: %v", half, err)
		}
	}
}

// Each kind tells all that scenarios and timelines ask of it.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		if k.Name == "" || k.About == "" || k.New() == nil || k.Survives == nil || k.Affects == nil || !slices.Contains([]TargetType{Nodes, Links, Clients, Nowhere}, k.Target) {
			t.Errorf("%+v is not whole", k)
		}
		if c, ok := k.New().(Configurable); ok {
			for _, p := range c.Params() {
				if p.text(); p.Name == "" || p.About == "" {
					t.Errorf("%s has a parameter that is not whole: %+v", k.Name, p)
				}
			}
		}
		if (k.Only == "") != (k.Why == "") || k.Only != "" && k.Only != OnlyContainers && k.Only != OnlyEmbedded {
			t.Errorf("%s is for %q only, because %q", k.Name, k.Only, k.Why)
		}
		if again, ok := FindKind(k.Name); !ok || again.About != k.About {
			t.Errorf("%s is not found", k.Name)
		}
	}
	if _, ok := FindKind("flood"); ok {
		t.Error("a kind is found that there is not")
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1234567: "1.2 MB", 999_950: "1 MB", 5e18: "5 EB"} {
		if got := bytes(n); got != want {
			t.Errorf("%d prints as %q, want %q", n, got, want)
		}
	}
}
