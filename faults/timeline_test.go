package faults

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

const sec = time.Second

// bed is a timeline over a fake cluster, with a diary of what it told.
type bed struct {
	*fakeCluster
	Timeline
	diary []string
}

func newBed(steps ...Step) *bed {
	b := &bed{fakeCluster: newFakeCluster()}
	b.Timeline = Timeline{Steps: steps, Clock: broker.NewClock(), Start: 10 * sec, Heal: 60 * sec, Topic: "orders", Cluster: b.fakeCluster, State: b.state}
	b.Told = func(what Transition, f report.Fault) {
		b.diary = append(b.diary, fmt.Sprintf("%v %s %s", b.Clock.Now().Round(time.Millisecond), f.Name, what))
	}
	return b
}

func kill(name, target string, at, length time.Duration) Step {
	t, err := ParseNode(target, orders)
	if err != nil {
		panic(err)
	}
	return Step{Name: name, At: at, For: length, Kind: "kill", Target: t, Fault: &Kill{}}
}

func slow(name, target string, at, length time.Duration) Step {
	t, err := ParseLink(target, "", BothHalves, orders)
	if err != nil {
		panic(err)
	}
	return Step{Name: name, At: at, For: length, Kind: "latency", Target: t, Fault: &Latency{Add: sec, Jitter: sec / 2}}
}

func (b *bed) healed(t *testing.T) {
	t.Helper()
	for _, n := range b.nodes {
		if up, _ := n.Running(context.Background()); !up {
			t.Errorf("%s is left dead", n.name)
		}
	}
	for _, l := range b.links {
		if l.delay != (broker.Impairment{}) {
			t.Errorf("%s is left slow", linkName(l))
		}
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("second", "b2", 5*sec, 10*sec), kill("first", "leader", 0, 8*sec), slow("slow", "producers -> leader", 20*sec, 5*sec),
			kill("last", "controller", 30*sec, 0))
		b.nodes[0].killTakes = 100 * time.Millisecond
		faults, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"10s first commanded", "10.1s first effective", "15s second commanded", "15s second effective",
			"18.1s first healing", "18.1s first healed", "25s second healing", "25s second healed",
			"30s slow commanded", "30.1s slow effective", "35.003s slow healing", "35.003s slow healed", // of 30.003 s on it is effective; its links are looked at then
			"40s last commanded", "40s last effective", "1m10s last healing", "1m10s last healed",
		}
		if !reflect.DeepEqual(b.diary, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(b.diary, "\n"), strings.Join(want, "\n"))
		}
		first := report.Fault{Name: "first", Kind: "kill", Target: "leader", Planned: 10 * sec, Commanded: 10 * sec,
			Effective: 10100 * time.Millisecond, Healing: 18100 * time.Millisecond, Healed: 18100 * time.Millisecond,
			Victims: []string{"b1"}, Chosen: []string{"the leader of orders/0 was b1 (epoch 0)"}, Affected: []int32{0, 2, 3}, Evidence: []string{"b1: process gone 100ms after the command, exit code 137"}}
		if !reflect.DeepEqual(faults[1], first) {
			t.Errorf("got  %+v\nwant %+v", faults[1], first)
		}
		link := faults[2]
		if link.Params != "add 1s, jitter 500ms" || !reflect.DeepEqual(link.Victims, []string{"producers -> b1"}) || !reflect.DeepEqual(link.Affected, []int32{0, 3}) ||
			link.Effective != 30003*time.Millisecond || link.Error != "" || !strings.Contains(strings.Join(link.Evidence, "\n"), "pieces took 1s longer on average") {
			t.Errorf("%+v", link)
		}
		if faults[1].Survives || faults[0].Survives {
			t.Error("two of three nodes were down at once, and that is survived")
		}
		if last := faults[3]; last.Survives || last.Victims[0] != "b3" {
			t.Errorf("partition 5 has no other replica, and yet: %+v", last)
		}
		b.healed(t)
	})
}

// Whatever ends a run, what was broken is mended, with a context that lives.
func TestCancelHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("on", "b1", 0, 0), slow("slow", "b2 <-> b3", 1*sec, 50*sec), kill("later", "b2", 30*sec, sec))
		ctx, cancel := context.WithTimeout(t.Context(), 15*sec)
		defer cancel()
		faults, err := b.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if now := b.Clock.Now(); now != 15*sec {
			t.Errorf("it took until %v", now)
		}
		if faults[0].Healed != 15*sec || faults[1].Healed != 15*sec || !faults[0].Took() {
			t.Errorf("not healed at once: %+v", faults)
		}
		if later := faults[2]; later.Commanded != report.Never || later.Took() {
			t.Errorf("begun after the end: %+v", later)
		}
		b.healed(t)
	})
}

// A run that ends while a kill is on its way leaves no dead node behind.
func TestCancelDuringInjection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("on", "b1", 0, 0))
		b.nodes[0].killTakes, b.nodes[0].silent = time.Hour, true // it is dead, and nobody has told yet
		ctx, cancel := context.WithTimeout(t.Context(), 11*sec)
		defer cancel()
		faults, err := b.Run(ctx)
		if err != nil || faults[0].Took() || faults[0].Healed != 11*sec || !strings.Contains(faults[0].Error, "kill b1") {
			t.Errorf("%+v, %v", faults, err)
		}
		b.healed(t)
	})
}

// A node that is down already cannot be killed again, nor started by who did not kill it; two of three that are down at once are not
// survived.
func TestOneFaultANode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("first", "b1", 0, 8*sec), kill("again", "b1", sec, sec), kill("second", "b2", 2*sec, 2*sec), kill("later", "b1", 20*sec, sec))
		var atFirst []bool
		b.Told = func(what Transition, f report.Fault) {
			if what == Effective {
				atFirst = append(atFirst, f.Survives)
			}
		}
		faults, err := b.Run(t.Context())
		if err != nil || !faults[0].Took() || !faults[2].Took() || !faults[3].Took() {
			t.Fatalf("%+v, %v", faults, err)
		}
		if faults[1].Took() || !strings.Contains(faults[1].Error, "down already, by fault first") || faults[0].Healed != 18*sec {
			t.Errorf("the second kill of b1: %+v; the first: %+v", faults[1], faults[0])
		}
		if !reflect.DeepEqual(atFirst, []bool{true, false, true}) || faults[0].Survives || faults[2].Survives || !faults[3].Survives {
			t.Errorf("one of three down is survived, two at once are not: %v, then %+v", atFirst, faults)
		}
		b.healed(t)
	})
}

// Connections between brokers hardly ever end by themselves: a slow close that met none did nothing, and says so.
func TestSlowCloseBetweenBrokers(t *testing.T) {
	t.Parallel()
	for _, late := range []uint64{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			own := slow("late", "b1 <-> peers", 0, 5*sec)
			own.Kind, own.Fault = "slow-close", &SlowClose{Delay: sec}
			b := newBed(own)
			for _, l := range b.links {
				if l.from == "b2" && l.to == "b1" {
					l.late = late
				}
			}
			faults, err := b.Run(t.Context())
			if err != nil || faults[0].Took() != (late > 0) || (late > 0) == strings.Contains(faults[0].Error, "nobody felt it: no connection ended while it lasted") {
				t.Errorf("%d ended late: %+v, %v", late, faults[0], err)
			}
			b.healed(t)
		})
	}
}

// That a node is down besides helps no client that is cut off from another.
func TestClientsCutOffWhileANodeIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cut := slow("cut", "producers -> b1", 2*sec, 2*sec)
		cut.Kind, cut.Fault = "refuse", &Refuse{}
		b := newBed(kill("death", "b2", 0, 8*sec), cut)
		faults, err := b.Run(t.Context())
		if err != nil || !faults[0].Took() || !faults[1].Took() || faults[1].Survives {
			t.Errorf("%+v, %v", faults, err)
		}
	})
}

// What was dead before is no evidence of a kill, and is not started by who did not kill it.
func TestKillOfADeadNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("late", "b1", 0, sec))
		b.nodes[0].up = false
		faults, err := b.Run(t.Context())
		if err != nil || faults[0].Took() || !strings.Contains(faults[0].Error, "was not running") || len(faults[0].Evidence) > 0 {
			t.Errorf("%+v, %v", faults[0], err)
		}
		if b.nodes[0].starts != 0 {
			t.Error("b1 was started again by a fault that did nothing to it")
		}
	})
}

// Of several victims, only those that a kill ended are started again.
func TestKillOfSomeDeadNodes(t *testing.T) {
	t.Parallel()
	c := newFakeCluster()
	c.nodes[0].up = false
	revert, err := (&Kill{}).Inject(t.Context(), Victims{Nodes: c.Nodes()[:2]})
	if err == nil || err.Error() != "b1 was not running" || c.nodes[1].up {
		t.Errorf("%v", err)
	}
	if err := revert(t.Context()); err != nil || c.nodes[0].up || !c.nodes[1].up {
		t.Errorf("%v; b1 runs: %v, b2 runs: %v", err, c.nodes[0].up, c.nodes[1].up)
	}
}

// A node that could not be started again stays with the fault that killed it.
func TestNotHealedIsStillHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("first", "b1", 0, sec), kill("again", "b1", 5*sec, sec), kill("other", "b2", 5*sec, sec))
		b.nodes[0].startErr = errors.New("no disk")
		faults, err := b.Run(t.Context())
		if err == nil || faults[1].Took() || faults[1].Error != "b1 is down already, by fault first" {
			t.Errorf("%+v, %v", faults[1], err)
		}
		if faults[2].Survives {
			t.Error("two of three nodes are down, and that is survived")
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil   func(*bed)
		step    Step
		fault   string // what the record says
		heal    string // what Run says
		healed  bool
		diary   int
		victims int
	}{
		"kill fails after the deed": {func(b *bed) { b.nodes[0].killErr = errors.New("no answer") }, kill("f", "leader", 0, sec), "kill b1: no answer", "", true, 3, 1},
		"process survives":          {func(b *bed) { b.nodes[0].immortal = true }, kill("f", "b1", 0, sec), "b1 was killed, and its process still runs", "", true, 3, 1},
		"start fails":               {func(b *bed) { b.nodes[0].startErr = errors.New("no disk") }, kill("f", "b1", 0, sec), "", "heal f: start b1: no disk (tried 11 times)", false, 4, 1},
		"impair fails half way":     {func(b *bed) { b.impairErr = errors.New("sidecar gone") }, slow("f", "consumers -> b2", 0, sec), "sidecar gone", "", true, 3, 1},
		"no state": {func(b *bed) {
			b.State = func(context.Context) (broker.State, error) { return broker.State{}, errors.New("nobody answers") }
		}, kill("f", "leader", 0, sec), "look for leader: nobody answers", "", false, 1, 0},
		"no links":     {func(b *bed) { b.links = nil }, slow("f", "producers -> b1", 0, sec), "this testbed cannot break the network: it has no links", "", false, 1, 0},
		"no such kind": {func(*bed) {}, Step{Name: "f", Kind: "flood", Fault: &Kill{}}, `there is no fault "flood"`, "", false, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBed(c.step)
				c.spoil(b)
				faults, err := b.Run(t.Context())
				f := faults[0]
				if f.Error != c.fault || (err == nil) != (c.heal == "") || err != nil && err.Error() != c.heal {
					t.Errorf("the fault says %q and the run says %v; want %q and %q", f.Error, err, c.fault, c.heal)
				}
				if (f.Healed >= 0) != c.healed || len(b.diary) != c.diary || len(f.Victims) != c.victims {
					t.Errorf("%+v, told as %q", f, b.diary)
				}
				if c.heal == "" {
					b.healed(t)
				} else if last := f.Evidence[len(f.Evidence)-1]; last != "not healed: start b1: no disk (tried 11 times)" || !f.Took() {
					t.Errorf("a fault that was not healed took effect, and says so: %+v", f)
				}
			})
		})
	}
}

// A target that cannot be told yet is waited for: a leader is being elected.
func TestLateLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("f", "leader", 0, 5*sec))
		b.State = func(ctx context.Context) (broker.State, error) {
			s, err := b.state(ctx)
			if b.Clock.Now() < 12*sec {
				s.Partitions[0].Leader = ""
			}
			return s, err
		}
		faults, err := b.Run(t.Context())
		if f := faults[0]; err != nil || f.Planned != 10*sec || f.Commanded != 12*sec || f.Healed != 17*sec {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	b := newBed()
	s, _ := b.state(t.Context())
	b.Steps = []Step{kill("a", "b1", 0, 0), slow("b", "b1 -> leader of orders/2", 0, 0)}
	if err := b.Preflight(s); err != nil {
		t.Error(err)
	}
	b.links, s.Controller = nil, ""
	b.Steps = append(b.Steps, kill("c", "controller", 0, 0))
	err := b.Preflight(s)
	want := "fault b: this testbed cannot break the network: it has no links\nfault c: nobody is known to be the controller"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Between nodes that share their connections there are no replies to be acted on alone; what a leader says to its followers is its partition's traffic.
func TestLinksThatCarryOneWay(t *testing.T) {
	t.Parallel()
	b := newBed(slow("a", "b1 -> b2", 0, 0))
	for _, l := range b.links {
		l.oneWay = l.plane != broker.PlaneClient
	}
	s, _ := b.state(t.Context())
	if err := b.Preflight(s); err != nil {
		t.Error(err)
	}
	b.Steps[0].Target.Half = Replies
	if err := b.Preflight(s); err == nil || !strings.Contains(err.Error(), "name b2 -> b1, and leave only out") {
		t.Errorf("%v", err)
	}
	led := broker.PartitionState{Leader: "b1", Replicas: []string{"b1", "b2"}}
	for l, want := range map[*fakeLink]bool{
		{from: "b1", to: "b2", plane: broker.PlaneData, oneWay: true}: true,
		{from: "b2", to: "b1", plane: broker.PlaneData, oneWay: true}: true,
		{from: "b1", to: "b3", plane: broker.PlaneData, oneWay: true}: false,
		{from: "b1", to: "b2", plane: broker.PlaneData}:               false,
	} {
		if got := onLink(Victims{Links: []broker.Link{l}}, led); got != want {
			t.Errorf("%s, one way %v: affects the partition: %v", linkName(l), l.oneWay, got)
		}
	}
}
