package faults

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// A sequence goes on when what is before is over, however long that took, and same is whom the one before had.
func TestSequence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(Expand([]Plan{{Step: Step{Name: "row"}, Sequence: []Plan{one("a", "leader of orders/1", 0, 5*sec), one("b", "same", 2*sec, 5*sec)}}}, 1, sec)...)
		b.nodes[1].killTakes = 3 * sec
		faults, err := b.Run(t.Context())
		if err != nil || faults[1].Commanded != 20*sec || faults[1].Victims[0] != "b2" || !slices.Equal(faults[1].Chosen, []string{"same: b2"}) {
			t.Errorf("%+v, %v", faults, err)
		}
		b.healed(t)
	})
}

// What follows a recovery waits until every replica is in sync again.
func TestAfterRecovered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plans := []Plan{one("a", "b1", 0, 5*sec), {Step: one("b", "b2", sec, 5*sec).Step, Follows: "a", Recovered: true}}
		b := newBed(Expand(plans, 1, sec)...)
		b.State = func(ctx context.Context) (broker.State, error) {
			s, err := b.state(ctx)
			if b.Clock.Now() > 10*sec && b.Clock.Now() < 25*sec {
				s.Partitions[0].InSync = s.Partitions[0].InSync[:1]
			}
			return s, err
		}
		faults, err := b.Run(t.Context())
		if err != nil || faults[1].Commanded < 26*sec || faults[1].Commanded > 26*sec+2*lookEvery {
			t.Errorf("%+v, %v", faults[1], err)
		}
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	in := func(text string) Condition {
		c, err := ParseCondition(text, orders)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, w := range map[string]struct {
		when, until   string
		commanded     time.Duration // 0: never
		healed        time.Duration
		fault, inform string
	}{
		"isr":           {when: "isr of orders/0 == 1", commanded: 20 * sec, healed: 30 * sec},
		"leader":        {when: "leader of orders/0 == b2", commanded: 20 * sec, healed: 30 * sec},
		"changed":       {when: "leader-changed", commanded: 20 * sec, healed: 30 * sec},
		"controller":    {when: "controller-changed", commanded: 20 * sec, healed: 30 * sec},
		"nodes":         {when: "nodes < 3", commanded: 20 * sec, healed: 30 * sec},
		"lag":           {until: "lag > 10k", commanded: 10 * sec, healed: 15100 * time.Millisecond},
		"never":         {when: "isr of orders/0 == 9", fault: "when isr of orders/0 == 9: it did not come within 15s; it is 1"},
		"until in vain": {until: "controller == b2", commanded: 10 * sec, healed: 20 * sec, fault: "until controller == b2: it did not come within 10s; it is b1"},
		"holds already": {when: "controller == b3", commanded: 10 * sec, healed: 20 * sec},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := kill("f", "b3", 0, 10*sec)
				s.Within = 15 * sec
				if w.when != "" {
					s.When = in(w.when)
				}
				if w.until != "" {
					s.Until = in(w.until)
				}
				b := newBed(s)
				b.State = func(ctx context.Context) (broker.State, error) {
					s, err := b.state(ctx)
					if b.Clock.Now() >= 20*sec {
						s.Partitions[0].InSync, s.Partitions[0].Leader = []string{"b2"}, "b2"
						s.Controller, s.Nodes = "b1", s.Nodes[:2]
					}
					return s, err
				}
				b.Lag = func() int64 { return int64(b.Clock.Now()-10*sec) / int64(sec) * 2001 }
				faults, err := b.Run(t.Context())
				f := faults[0]
				if err != nil || f.Error != w.fault || max(f.Commanded, 0) != w.commanded || w.healed > 0 && (f.Healed < w.healed-lookEvery || f.Healed > w.healed+lookEvery) {
					t.Errorf("%+v, %v", f, err)
				}
				if f.Took() != (w.fault == "") {
					t.Errorf("it counts: %v", f.Took())
				}
				b.healed(t)
			})
		})
	}
}

func TestBadConditions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"isr == 1": "isr of which partition of orders?", "isr of orders/9 == 1": "its partitions are 0 to 5", "isr of order/1 == 1": "the scenario's topic is orders",
		"lagg > 1": `did you mean "lag"?`, "lag > many": "is no number", "lag of x > 1": "lag is not of anything", "controller < b1": "a name is == or !=",
		"controller == b9": `there is no node "b9"`, "leader-change": `did you mean "leader-changed"?`, "": "is no condition", "lag => 3": "is no condition",
	} {
		if _, err := ParseCondition(text, orders); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// What is in force when a run is cancelled is reverted, and the last that began first.
func TestRevertsInReverseOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(slow("first", "producers -> b1", 0, 0), kill("second", "b2", sec, 50*sec), slow("third", "b1 -> b3", 2*sec, 0))
		ctx, cancel := context.WithTimeout(t.Context(), 15*sec)
		defer cancel()
		if _, err := b.Run(ctx); err != nil {
			t.Fatal(err)
		}
		var healed []string
		for _, line := range b.diary {
			if name, ok := strings.CutSuffix(line, " healed"); ok {
				healed = append(healed, strings.Fields(name)[1])
			}
		}
		if !slices.Equal(healed, []string{"third", "second", "first"}) {
			t.Errorf("healed %v", healed)
		}
		b.healed(t)
	})
}

// A way back that fails is tried again; in a hurry it is not.
func TestRevertIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, hurry := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(slow("slow", "producers -> b1", 0, 50*sec))
			b.undoErrs = 3
			b.Hurry = func(context.Context) bool { return hurry }
			ctx, cancel := context.WithTimeout(t.Context(), 15*sec)
			defer cancel()
			faults, err := b.Run(ctx)
			f := faults[0]
			switch {
			case hurry && (err == nil || f.HealError != "sidecar does not answer" || f.Healed != report.Never):
				t.Errorf("in a hurry: %+v, %v", f, err)
			case !hurry && (err != nil || f.Healed != 18500*time.Millisecond || f.HealError != ""):
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
}

// explosive is a fault that panics after it has done something.
type explosive struct{ undone *bool }

func (e explosive) Inject(context.Context, Victims) (Revert, error) {
	return func(context.Context) error { *e.undone = true; return nil }, nil
}

// A panic that somebody is told of ends the plan instead: all is reverted, and the records are there. It may come from a step, from one of several nodes,
// or from what a fault goes on with.
func TestPanicIsTold(t *testing.T) {
	t.Parallel()
	flap := slow("flap", "producers -> b2", 0, 30*sec)
	flap.Kind, flap.Fault = "flap", &Flap{Down: sec, Up: sec, By: byRefuse}
	for name, c := range map[string]struct {
		own  Step
		bug  func(b *bed)
		says string // of the fault's record
	}{
		"a step": {kill("own", "b1", 0, 30*sec), func(b *bed) {
			told := b.Told
			b.Told = func(what Transition, f report.Fault) {
				if told(what, f); f.Name == "own" && what == Effective {
					panic("a bug")
				}
			}
		}, "squall panicked: a bug"},
		"no state": {kill("own", "b1", sec, 30*sec), func(b *bed) { b.State = func(context.Context) (broker.State, error) { panic("a bug") } }, "squall panicked: a bug"},
		"aside":    {flap, func(b *bed) { b.bug = 3 }, "squall panicked: a bug"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(slow("slow", "producers -> b3", 0, 0), c.own)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			told := ""
			b.Panicked = func(text string) {
				told = text
				cancel()
			}
			if name == "no state" {
				b.Steps = b.Steps[1:]
			}
			c.bug(b)
			records, err := b.Run(ctx)
			f := records[len(records)-1]
			if err != nil || !strings.Contains(told, "a bug") || !strings.Contains(told, "_test.go") || f.Name != c.own.Name || f.Planned != 10*sec+c.own.At {
				t.Errorf("%s: told %q, error %v, records %+v", name, told, err, records)
			}
			if f.Error != c.says && !strings.Contains(strings.Join(f.Evidence, "\n")+f.Error, c.says) {
				t.Errorf("%s: the record is %+v", name, f)
			}
			if f.Healed >= 20*sec {
				t.Errorf("%s: it went on until %v", name, f.Healed)
			}
			b.healed(t)
		})
	}
}

// Whatever panics, what is in force is reverted, and the panic goes on.
func TestPanicReverts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		undone := false
		own := kill("explosive", "b1", 0, 20*sec)
		own.Fault = explosive{&undone}
		b := newBed(slow("slow", "producers -> b2", 0, 0), kill("dead", "b3", 0, 0), own)
		told := b.Told
		b.Told = func(what Transition, f report.Fault) {
			if told(what, f); f.Name == "explosive" && what == Effective {
				panic("a bug")
			}
		}
		defer func() {
			if p := fmt.Sprint(recover()); !strings.Contains(p, "a bug") || !strings.Contains(p, "compose_test.go") {
				t.Errorf("the panic became %s", p)
			}
			if b.healed(t); !undone {
				t.Error("the fault whose step panicked is not reverted")
			}
		}()
		_, _ = b.Run(t.Context())
	})
}

// A fault without an end lasts until all others are over and their recovery was watched.
func TestUntilHealOutlastsOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(slow("on", "producers -> b1", 0, 0), kill("late", "b3", 0, 5*sec))
		b.Steps[1].When, _ = ParseCondition("nodes < 3", orders)
		b.Steps[1].Within = 100 * sec
		b.Heal, b.Watch = 20*sec, 7*sec
		b.State = func(ctx context.Context) (broker.State, error) {
			s, err := b.state(ctx)
			if b.Clock.Now() >= 60*sec {
				s.Nodes = s.Nodes[:2]
			}
			return s, err
		}
		faults, err := b.Run(t.Context())
		if err != nil || faults[0].Healing != faults[1].Healed+7*sec {
			t.Errorf("%+v, %v", faults, err)
		}
	})
}

// What several faults do to one link adds up, and each takes away only its own.
func TestOverlapsAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(slow("one", "producers -> b1", 0, 10*sec), slow("other", "clients -> b1", 5*sec, 10*sec))
		b.Steps[0].Fault = &Latency{Add: 3 * sec}
		var delays []time.Duration
		b.Told = func(what Transition, f report.Fault) {
			if what == Effective || what == Healed {
				delays = append(delays, b.links[0].delay.Requests.Delay)
			}
		}
		if _, err := b.Run(t.Context()); err != nil || !slices.Equal(delays, []time.Duration{3 * sec, 4 * sec, sec, 0}) {
			t.Errorf("%v, %v", delays, err)
		}
	})
}

// randomBed is a bed with random faults; the nodes that are down are out of every in-sync set.
func randomBed(seed uint64, r Random, length time.Duration) *bed {
	b := newBed(Expand([]Plan{{Step: Step{Name: "soak", For: length}, Random: &r}}, seed, sec)...)
	b.Seed, b.Heal = seed, length
	b.State = func(ctx context.Context) (broker.State, error) {
		s, err := b.state(ctx)
		down := func(n string) bool {
			return slices.ContainsFunc(b.nodes, func(f *fakeNode) bool { up, _ := f.Running(ctx); return f.name == n && !up })
		}
		s.Nodes = slices.DeleteFunc(slices.Clone(s.Nodes), down)
		for i := range s.Partitions {
			s.Partitions[i].InSync = slices.DeleteFunc(slices.Clone(s.Partitions[i].InSync), down)
		}
		return s, err
	}
	return b
}

func some() []Choice {
	return []Choice{{Step: kill("", "any", 0, 5*sec), Weight: 3}, {Step: slow("", "any -> peers", 0, 15*sec), Weight: 1}, {Step: kill("", "leader", 0, 5*sec), Weight: 1}}
}

// 200 random faults: never more nodes hurt than may be, none of those that are spared, all of it healed; and the same again from the same seed.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r     Random
		most  int
		about int // so many faults
	}{
		{Random{Every: 30 * sec, AtMost: 1, Stable: 10 * sec, Of: some()}, 1, 190},
		{Random{Every: 8 * sec, AtMost: 3, Of: some()}, 1, 30},
		{Random{Every: 8 * sec, AtMost: 3, Blast: 0.7, Of: some()}, 2, 40},
		{Random{Every: 30 * sec, AtMost: 1, Of: some(), Never: []Pick{{Set: SetNamed, Names: "b1"}}}, 1, 25},
	} {
		synctest.Test(t, func(t *testing.T) {
			runs := [3]map[string][]string{}
			for i, seed := range []uint64{7, 7, 8} {
				runs[i] = map[string][]string{}
				b := randomBed(seed, c.r, time.Duration(c.about)*32*sec)
				hurt, most, took, last := map[string]int{}, 0, 0, 0
				b.Told = func(what Transition, f report.Fault) {
					names := strings.ReplaceAll(strings.Join(f.Victims, " "), " (data)", "")
					switch what {
					case Commanded:
						hurt[f.Name]++
						acts, _ := b.stage.on()
						most = max(most, len(hurtBy(acts)))
						if len(c.r.Never) > 0 && (names == "b1" || strings.HasPrefix(names, "b1 ->")) {
							t.Errorf("%s hurt b1: %s", f.Name, names)
						}
					case Healed:
						took++
					case Missed:
						t.Errorf("%s: %s", f.Name, f.Error)
					}
					if began := strings.TrimPrefix(f.Name, "soak #"); what == Commanded && c.r.AtMost == 1 {
						if n, _ := strconv.Atoi(began); n < last {
							t.Errorf("%s began after #%d", f.Name, last)
						} else {
							last = n
						}
					}
					runs[i][f.Name] = append(runs[i][f.Name], fmt.Sprintf("%v %s %s %s %s", f.Planned, what, f.Kind, names, f.LeftOut))
				}
				if _, err := b.Run(t.Context()); err != nil {
					t.Error(err)
				}
				if most > c.most || took < c.about*2/3 {
					t.Errorf("%d nodes were hurt at once, %d may be; %d faults", most, c.most, took)
				}
				b.healed(t)
			}
			if !reflect.DeepEqual(runs[0], runs[1]) {
				t.Error("the same seed did something else")
			}
			if reflect.DeepEqual(runs[0], runs[2]) {
				t.Error("another seed did the same")
			}
		})
	}
}

// A random fault that would hurt whom it must not is left out, which is no failure; so are those whose turn comes too late. One that finds a cluster that does not
// get whole is missed.
func TestRandomLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := Random{Every: 30 * sec, AtMost: 1, Of: []Choice{{Step: kill("", "leader", 0, 5*sec), Weight: 1}}, Never: []Pick{{Set: SetLeader, Topic: "orders", Short: true}}}
		b := randomBed(1, r, 300*sec)
		faults, err := b.Run(t.Context())
		if err != nil || faults[0].LeftOut != "it would have hurt b1, which is never to be hurt" || faults[0].Error != "" {
			t.Errorf("%+v, %v", faults[0], err)
		}
		r.Never = nil
		b = randomBed(1, r, 300*sec)
		b.nodes[2].up = false
		faults, err = b.Run(t.Context())
		if err != nil || !strings.Contains(faults[0].Error, "the cluster was not whole again") || faults[0].LeftOut != "" {
			t.Errorf("%+v, %v", faults[0], err)
		}
		if last := faults[len(faults)-1]; !strings.Contains(last.LeftOut, "the time for random faults was over") || b.Clock.Now()-b.Start > 300*sec+recoversWithin+sec {
			t.Errorf("%+v, after %v", last, b.Clock.Now()-b.Start)
		}
	})
}

var errAway = errors.New("away")

// An observer that is blind for a moment makes nothing miss.
func TestBlindObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(kill("f", "leader", 0, sec))
		b.State = func(ctx context.Context) (broker.State, error) {
			if b.Clock.Now() < 12*sec {
				return broker.State{}, errAway
			}
			return b.state(ctx)
		}
		if faults, err := b.Run(t.Context()); err != nil || !faults[0].Took() {
			t.Errorf("%+v, %v", faults[0], err)
		}
	})
}

// The nodes that links hurt are the fewest that all of them have an end at; a fault that alone hurts too many is told before the load.
func TestHurtByLinks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"b2 <-> peers": "b2", "peers -> b3": "b3", "clients -> b1": "b1", "b1 -> b3": "b1", "all -> all": "b1 b2", "clients -> all": "b1 b2 b3", "b1, b2 -> b3": "b3",
	} {
		target, err := ParseLink(text, "", BothHalves, orders)
		if err != nil {
			t.Fatal(err)
		}
		v, err := target.Resolve(scene(t, newFakeCluster(), 1))
		if got := strings.Join(nodeNames(v.hurt()), " "); err != nil || got != want {
			t.Errorf("%s hurts %s, %v; want %s", text, got, err, want)
		}
	}
	b := randomBed(1, Random{Every: 30 * sec, AtMost: 1, Of: []Choice{{Step: slow("", "all -> all", 0, sec), Weight: 1}}}, 300*sec)
	s, _ := b.state(t.Context())
	if err := b.Preflight(s); err == nil || err.Error() != "fault soak #1: b1 and b2 would be hurt at once, and 1 of 3 nodes may be" {
		t.Errorf("%v", err)
	}
}
