package faults

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// scene is what targets are resolved in: the fake cluster, with two producers and two consumers.
func scene(t *testing.T, c *fakeCluster, seed uint64) Scene {
	t.Helper()
	s, err := c.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Coordinators = map[string]string{"billing": "b2"}
	return Scene{State: s, Cluster: c, Clients: c.clients(), Topic: "orders", Chance: chance(seed, "a test"), Before: Victims{Nodes: c.Nodes()[1:2], Cluster: c}}
}

// parse reads a target of whichever type it is.
func parse(text, plane string) (Target, error) {
	switch {
	case strings.Contains(text, "->"):
		return ParseLink(text, plane, BothHalves, orders)
	case strings.Contains(text, "|"):
		return ParseSides(text, orders)
	}
	return ParseNode(text, orders)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		text, plane string
		victims     string
	}{
		{"b2", "", "b2"},
		{"b3, b1", "", "b1 b3"},
		{"leader", "", "b1"},
		{" leader  of orders/4 ", "", "b2"},
		{"controller", "", "b3"},
		{"followers", "", "b2"},
		{"follower of orders/1", "", "b3"},
		{"busiest", "", "b1"},
		{"coordinator", "", "b2"},
		{"coordinator of billing", "", "b2"},
		{"all", "", "b1 b2 b3"},
		{"100%", "", "b1 b2 b3"},
		{"same", "", "b2"},
		{"not leader", "", "b2 b3"},
		{"not same", "", "b1 b3"},
		{"any not b1, b2", "", "b3"},
		{"producers -> leader", "", "producers -> b1"},
		{"clients -> b2", "", "producers -> b2,consumers -> b2"},
		{"consumers->controller", "", "consumers -> b3"},
		{"b2 -> leader", "", "b2 -> b1 (data),b2 -> b1 (control)"},
		{"b2 <-> leader", "data", "b1 -> b2 (data),b2 -> b1 (data)"},
		{"peers -> leader", "data", "b2 -> b1 (data),b3 -> b1 (data)"},
		{"leader -> peers", "control", "b1 -> b2 (control),b1 -> b3 (control)"},
		{"not leader -> leader", "data", "b2 -> b1 (data),b3 -> b1 (data)"},
		{"b1 -> any not b2", "data", "b1 -> b3 (data)"},
		{"leader | rest", "", "b1 b2 b3"},
		{"b1 | b3", "", "b1 b3"},
	} {
		target, err := parse(w.text, w.plane)
		if err != nil {
			t.Errorf("%s: %v", w.text, err)
			continue
		}
		sep := " "
		if target.Type == Links {
			sep = ","
		}
		v, err := target.Resolve(scene(t, newFakeCluster(), 1))
		if got := strings.Join(v.Names(), sep); err != nil || got != w.victims {
			t.Errorf("%s is %q, %v; want %q", w.text, got, err, w.victims)
		}
	}
}

func TestResolveClients(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"consumer-1": "consumer-1", "all": "consumer-0 consumer-1", "any two": "consumer-0 consumer-1", "not consumer-0": "consumer-1"} {
		target, err := ParseClient(text, broker.Consumers, orders)
		if err != nil {
			t.Fatal(err)
		}
		v, err := target.Resolve(scene(t, newFakeCluster(), 1))
		if got := strings.Join(v.Names(), " "); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{"producer-0": `there is no client "producer-0"`, "any three": "there are at most 2", "leader": "there is no client"} {
		if _, err := ParseClient(text, broker.Consumers, orders); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// The same seed draws the same, and seeds differ; what is drawn is from what may be drawn, and as much as was asked for.
func TestDraws(t *testing.T) {
	t.Parallel()
	for text, count := range map[string]int{"any": 1, "any two": 2, "minority": 1, "majority": 2, "50%": 1, "70%": 2, "any not leader": 1, "any of b1, b3": 1} {
		target, err := ParseNode(text, orders)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for seed := range uint64(50) {
			var got [2]string
			for i := range got {
				v, err := target.Resolve(scene(t, newFakeCluster(), seed))
				if err != nil || len(v.Nodes) != count {
					t.Fatalf("%s: %q, %v", text, v.Names(), err)
				}
				got[i] = strings.Join(v.Names(), " ")
				if len(v.Chosen) == 0 || !strings.Contains(strings.Join(v.Chosen, " "), "drawn from") {
					t.Errorf("%s: nobody says how %s was found: %q", text, got[i], v.Chosen)
				}
			}
			if got[0] != got[1] {
				t.Errorf("%s: seed %d drew %s, then %s", text, seed, got[0], got[1])
			}
			if strings.Contains(text, "not leader") && got[0] == "b1" {
				t.Errorf("%s drew the leader", text)
			}
			seen[got[0]] = true
		}
		want := 3
		if strings.Contains(text, "not leader") || strings.Contains(text, "of b1") {
			want = 2
		}
		if len(seen) != want {
			t.Errorf("%s: 50 seeds drew %v only", text, seen)
		}
	}
}

// Who was spared is never drawn, and what is drawn for one end of a link is not the other end.
func TestDrawsFromTheRest(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		s := scene(t, newFakeCluster(), seed)
		s.Spared = []string{"b1"}
		target, _ := ParseNode("any", orders)
		if v, err := target.Resolve(s); err != nil || v.Nodes[0].Name() == "b1" {
			t.Errorf("seed %d: %q, %v", seed, v.Names(), err)
		}
		for _, text := range []string{"any -> any", "any -> leader", "leader -> any", "any <-> peers"} {
			target, err := ParseLink(text, "data", BothHalves, orders)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := target.Resolve(scene(t, newFakeCluster(), seed)); err != nil || len(v.Links) == 0 {
				t.Errorf("%s, seed %d: %q, %v", text, seed, v.Names(), err)
			}
		}
	}
}

func TestChosen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"leader of orders/1": "the leader of orders/1 was b2 (epoch 0)",
		"followers":          "the leader of orders/0 was b1 (epoch 0), its replicas b1 and b2, in sync b1 and b2",
		"controller":         "the controller was b3",
		"busiest":            "b1 led 2 partitions",
		"coordinator":        "the coordinator of billing was b2",
		"same":               "same: b2",
		"not leader":         "the leader of orders/0 was b1 (epoch 0); not leader: b2 and b3",
		"b1":                 "",
	} {
		target, err := ParseNode(text, orders)
		if err != nil {
			t.Fatal(err)
		}
		v, err := target.Resolve(scene(t, newFakeCluster(), 1))
		if got := strings.Join(v.Chosen, "; "); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCannotResolve(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"b1 -> leader":             "b1 and leader are both b1 now",
		"leader -> controller":     "no link of this testbed is leader -> controller (b1 -> b3)",
		"follower of orders/5":     "orders/5 has no follower",
		"leader | leader | b3":     "b1 is on two sides of leader | leader | b3 now",
		"not leader | leader | b2": "b2 is on two sides of not leader | leader | b2 now",
	} {
		target, err := parse(text, "")
		if err != nil {
			t.Fatal(err)
		}
		c := newFakeCluster()
		if text == "leader -> controller" {
			c.links = c.links[:2]
		}
		if _, err := target.Resolve(scene(t, c, 1)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	same, _ := ParseNode("same", orders)
	s := scene(t, newFakeCluster(), 1)
	s.Before = Victims{}
	if _, err := same.Resolve(s); err == nil || err.Error() != "no fault before had anybody" {
		t.Errorf("same as nobody: %v", err)
	}
}

// What a target prints reads as the same target.
func TestTargetsPrintAsTheyRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"b1", "b1, b3", "leader", "leader of orders/3", "follower", "follower of orders/2", "followers", "controller", "coordinator",
		"coordinator of billing", "busiest", "any", "any two", "any two of b1, b2, b3", "any two not leader", "minority", "majority", "all", "50%", "50% not controller", "same",
		"not same", "not b1, b2", "any not b1", "producers -> leader", "clients -> all", "b1 <-> leader of orders/0", "controller -> b2", "peers <-> leader", "any -> peers",
		"leader | rest", "b1 | b2 | b3", "minority | rest"} {
		if target, err := parse(text, ""); err != nil || target.String() != text {
			t.Errorf("%s prints as %s, %v", text, target, err)
		}
	}
	target, err := ParseLink("b1 -> b2", broker.PlaneData, Requests, orders)
	if err != nil || target.String() != "b1 -> b2 (data, requests only)" || target.Write() != "b1 -> b2" {
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
		"any four":            `"any four" asks for 4, and there are at most 3`,
		"any two leader":      "there are at most 1",
		"any zero":            `there is no target "zero"`,
		"any 0":               `"any 0" is nobody`,
		"not all":             `"not all" is nobody`,
		"0%":                  "is no share",
		"200%":                "is no share",
		"b1, b1":              "b1 is named twice",
		"coordinator of x":    "the load's group is billing",
		"followr":             `did you mean "follower"?`,
		"peers":               "there is no target",
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
		"leader -> leader":     "leader dials nothing to itself",
		"peers -> peers":       "whose peers?",
		"producers -> peers":   "producers have no peers",
	} {
		if _, err := ParseLink(text, "", BothHalves, orders); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"b1": "is one side", "b1 | b1": "b1 is on two sides", "rest | b1": `there is no target "rest"`, "b1 | b4": `there is no target "b4"`,
	} {
		if _, err := ParseSides(text, orders); err == nil || !strings.Contains(err.Error(), want) {
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
		if k.Name == "" || k.About == "" || k.New() == nil || k.Survives == nil || k.Affects == nil || !slices.Contains([]TargetType{Nodes, Links, Clients, Sides, Nowhere}, k.Target) {
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
		if rows := k.Details(); len(rows) == 0 || !strings.HasPrefix(k.Example(), "{ at: 0s, for: 20s, "+k.Name+": ") {
			t.Errorf("%s: %q", k.Name, rows)
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
