package faults

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// on is a step that does a fault to a node.
func on(name, kind, target string, at, length time.Duration, f Fault) Step {
	t, err := ParseNode(target, orders)
	if err != nil {
		panic(err)
	}
	return Step{Name: name, At: at, For: length, Kind: kind, Target: t, Fault: f}
}

// whole fails the test if a node is left hurt.
func (b *bed) whole(t *testing.T) {
	t.Helper()
	b.healed(t)
	for _, n := range b.nodes {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.paused || len(n.limits) > 0 {
			t.Errorf("%s is left paused (%v) or limited (%v)", n.name, n.paused, n.limits)
		}
	}
	for _, l := range b.links {
		if !l.whole() {
			t.Errorf("%s is left impaired", linkName(l))
		}
	}
}

// loser is a driver that loses the last byte of every file.
type loser struct {
	broker.Driver
	*bed
	cutErr error
}

func (l loser) State(ctx context.Context) (broker.State, error) { return l.bed.State(ctx) }
func (l loser) PowerLoss(context.Context) (func(context.Context, broker.Disk) ([]string, error), error) {
	return func(ctx context.Context, d broker.Disk) ([]string, error) {
		files, _ := d.Files(ctx)
		for _, f := range files {
			if err := d.Change(ctx, broker.Edit{Path: f.Path, Truncate: true, Size: f.Size - 1}); err != nil {
				return nil, err
			}
		}
		return []string{fmt.Sprintf("%d files cut", len(files))}, l.cutErr
	}, nil
}

var grace = ending{By: byStop, Grace: 10 * sec}

// Every fault of a node: what it does, what shows it, and that nothing is left of it.
func TestNodeFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind string
		fault      Fault
		during     func(t *testing.T, b *bed) // 5 s after it began
		evidence   []string
	}{
		{"stop", "stop", &Stop{grace}, func(t *testing.T, b *bed) { down(t, b, "b1") }, []string{"b1: process gone 2s after the command, exit code 137"}},
		{"pause", "pause", &Pause{}, func(t *testing.T, b *bed) {
			if !b.nodes[0].paused {
				t.Error("it goes on")
			}
		}, []string{"b1: held 0s after the command", "b1: had 0s of a processor while it was held"}},
		{"restart", "restart", &Restart{grace}, func(t *testing.T, b *bed) {
			if n := b.nodes[0]; !n.up || n.starts != 1 {
				t.Errorf("up %v, started %d times", n.up, n.starts)
			}
		}, []string{"b1: process gone 2s after the command, exit code 137", "b1: runs again, 0s after its end"}},
		{"crash loop", "crash-loop", &CrashLoop{Every: 3 * sec}, func(t *testing.T, b *bed) {
			if n := b.nodes[0].starts; n != 2 {
				t.Errorf("started %d times", n)
			}
		}, []string{"b1: process gone 0s after the command, exit code 137", "crashed 7 times"}},
		{"power", "power-off", &PowerOff{Unflushed: unflushedKept}, func(t *testing.T, b *bed) {
			down(t, b, "b1")
			for _, l := range b.links {
				if l.whole() == (l.from == "b1" || l.to == "b1") {
					t.Errorf("%s: whole %v", linkName(l), l.whole())
				}
			}
		}, []string{"10 links impaired within 3ms", "b1: process gone 0s after the command, exit code 137"}},
		{"unflushed", "power-off", &PowerOff{Unflushed: unflushedLost}, func(t *testing.T, b *bed) {
			if got := string(b.nodes[0].files["a/1.log"]); got != "abcdefg" {
				t.Errorf("it has %q", got)
			}
		}, []string{"b1: 3 files cut"}},
		{"wipe", "wipe", &Wipe{grace}, func(t *testing.T, b *bed) {
			down(t, b, "b1")
			if len(b.nodes[0].files) > 0 {
				t.Errorf("it has %v", b.nodes[0].files)
			}
		}, []string{"b1: the disk is empty, it had 3 files with 18 B"}},
		{"cut", "damage-disk", &DamageDisk{Files: "a/*.log", Cut: 3, ending: grace}, func(t *testing.T, b *bed) {
			if f := b.nodes[0].files; string(f["a/1.log"]) != "abcde" || len(f["a/2.log"]) != 0 || len(f["b/meta"]) != 8 {
				t.Errorf("it has %q", f)
			}
		}, []string{"b1: a/1.log cut from 8 to 5 B", "b1: a/2.log cut from 2 to 0 B"}},
		{"remove", "damage-disk", &DamageDisk{Files: "*.log", Remove: true, ending: grace}, func(t *testing.T, b *bed) {
			if f := b.nodes[0].files; len(f) != 1 || len(f["b/meta"]) != 8 {
				t.Errorf("it has %q", f)
			}
		}, []string{"b1: a/1.log removed, 8 B", "b1: a/2.log removed, 2 B"}},
		{"zero", "damage-disk", &DamageDisk{Files: "meta", Zero: 3, ending: grace}, func(t *testing.T, b *bed) {
			if f := b.nodes[0].files; strings.Count(string(f["b/meta"]), "\x00\x00\x00") != 1 || strings.Count(string(f["b/meta"]), "\x00") != 3 {
				t.Errorf("it has %q", f)
			}
		}, []string{"3 B"}},
		{"flip", "damage-disk", &DamageDisk{Files: "*", Flip: 5, ending: grace}, func(t *testing.T, b *bed) {
			flipped := 0
			for p, old := range disk() {
				for i := range old {
					flipped += bits.OnesCount8(old[i] ^ b.nodes[0].files[p][i])
				}
			}
			if flipped != 5 {
				t.Errorf("%d bits flipped", flipped)
			}
		}, []string{" flipped: "}},
		{"memory", "limit-memory", &LimitMemory{To: 64 << 20}, func(t *testing.T, b *bed) {
			b.nodes[0].mu.Lock()
			defer b.nodes[0].mu.Unlock()
			if len(b.nodes[0].limits) != 1 {
				t.Error("it is not limited")
			}
			b.nodes[0].up, b.nodes[0].oom = false, true // and is started again
		}, []string{"b1: limited to 64MiB of memory", "b1: the kernel ended it for want of memory, exit code 137"}},
		{"processor", "throttle-cpu", &ThrottleCPU{To: 0.2}, func(_ *testing.T, b *bed) {
			b.nodes[0].mu.Lock()
			defer b.nodes[0].mu.Unlock()
			b.nodes[0].used, b.nodes[0].throttled = 4*sec, 9*sec
		}, []string{"b1: limited to 20% of a processor", "b1: had 4s of a processor, and was kept waiting for one for 9s (all threads together)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBed(on("f", c.kind, "b1", 0, 20*sec, c.fault))
				b.Driver = loser{bed: b}
				b.nodes[0].stopTakes, b.nodes[0].files = 2*sec, disk()
				if err := b.Preflight(must(b.state(t.Context()))); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(15*sec, func() {
					b.catchUp()
					c.during(t, b)
					b.catchUp()
				})
				faults, err := b.Run(t.Context())
				if err != nil || !faults[0].Took() || faults[0].Error != "" {
					t.Fatalf("%+v, %v", faults, err)
				}
				b.whole(t)
				all := strings.Join(faults[0].Evidence, "\n")
				for _, want := range c.evidence {
					if !strings.Contains(all, want) {
						t.Errorf("no %q in\n%s", want, all)
					}
				}
			})
		})
	}
}

// catchUp puts what was done to the nodes before the call in order with what comes after it.
func (b *bed) catchUp() {
	for _, n := range b.nodes {
		n.mu.Lock()
		_ = n.up
		n.mu.Unlock()
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func disk() map[string][]byte {
	return map[string][]byte{"a/1.log": []byte("abcdefgh"), "a/2.log": []byte("ij"), "b/meta": []byte("klmnopqr")}
}

func down(t *testing.T, b *bed, name string) {
	for _, n := range b.nodes {
		if up, _ := n.Running(t.Context()); up == (n.name == name) {
			t.Errorf("%s is up: %v", n.name, up)
		}
	}
}

// A fault that finds that it did nothing says so, and leaves nothing behind.
func TestNodeFaultsWithoutEffect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind string
		fault      Fault
		prepare    func(*fakeNode)
		want       string
		took       bool
	}{
		{"goes on", "pause", &Pause{}, func(n *fakeNode) { n.deaf = true }, "b1 was paused, and its process goes on", false},
		{"paused before", "pause", &Pause{}, func(n *fakeNode) { n.pauseErr = errors.New("no answer") }, "pause b1: no answer", false},
		{"not running", "stop", &Stop{grace}, func(n *fakeNode) { n.set(false); time.AfterFunc(12*sec, func() { n.set(true) }) }, "b1 was not running", false},
		{"does not stop", "stop", &Stop{grace}, func(n *fakeNode) { n.immortal = true }, "b1 was stopped, and its process still runs", false},
		{"stays whole", "wipe", &Wipe{grace}, func(n *fakeNode) { n.stubborn = true }, "wipe b1: 3 files are still there", false},
		{"not cut", "damage-disk", &DamageDisk{Files: "*.log", Cut: 1, ending: grace}, func(n *fakeNode) { n.stubborn = true }, "2 of 2 files are not as they should be", false},
		{"not flipped", "damage-disk", &DamageDisk{Files: "*.log", Flip: 1, ending: grace}, func(n *fakeNode) { n.stubborn = true }, "after the flip", false},
		{"no file", "damage-disk", &DamageDisk{Files: "*.index", Flip: 1, ending: grace}, func(*fakeNode) {}, "no file with anything in it matches *.index", false},
		{"idle", "throttle-cpu", &ThrottleCPU{To: 0.2}, func(*fakeNode) {}, "b1 never wanted more than its share", true},
		{"killed meanwhile", "pause", &Pause{}, func(n *fakeNode) {
			time.AfterFunc(15*sec, func() {
				_ = n.Kill(context.Background())
				time.AfterFunc(10*sec, func() { _ = n.Start(context.Background()) })
			})
		}, "b1 ended while it was held, exit code 137", true},
		{"let go meanwhile", "pause", &Pause{}, func(n *fakeNode) { time.AfterFunc(15*sec, func() { _ = n.Resume(context.Background()) }) },
			"b1 was let go before the fault was over", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBed(on("f", c.kind, "b1", 0, 8*sec, c.fault))
				b.nodes[0].files = disk()
				c.prepare(b.nodes[0])
				faults, err := b.Run(t.Context())
				if err != nil || !strings.Contains(faults[0].Error, c.want) || (faults[0].Effective >= 0) != c.took {
					t.Errorf("want %q in %q, effective %v (%v)", c.want, faults[0].Error, faults[0].Effective, err)
				}
				time.Sleep(10 * sec)
				b.whole(t)
			})
		})
	}
}

// A stop that a cancelled run cuts short has sent its signal: the node ends all the same, and is started.
func TestStopCutShort(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		kind  string
		fault Fault
	}{{"stop", &Stop{grace}}, {"restart", &Restart{grace}}, {"wipe", &Wipe{grace}}, {"rolling", &Rolling{ending: grace}}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(on("f", f.kind, "b1", 0, 8*sec, f.fault))
			b.nodes[0].stopTakes = 5 * sec
			b.nodes[0].files = disk()
			ctx, cancel := context.WithTimeout(t.Context(), 12*sec)
			defer cancel()
			if faults, err := b.Run(ctx); err != nil || faults[0].Took() {
				t.Errorf("%+v, %v", faults, err)
			}
			time.Sleep(20 * sec) // what was asked to end has ended
			b.whole(t)
		})
	}
}

// Nodes go one after another, the next when all are there and in sync again.
func TestRolling(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, r *Rolling, length time.Duration, cancelled time.Duration) (*bed, string, string) {
		b := newBed(on("f", "rolling", "all", 0, length, r))
		b.State = func(ctx context.Context) (broker.State, error) {
			s, err := b.state(ctx)
			for _, n := range b.nodes {
				n.mu.Lock()
				if !n.up || n.starts > 0 && time.Since(n.started) < 3*sec { // in sync three seconds after its start
					s.Nodes = without(s.Nodes, []string{n.name})
				}
				n.mu.Unlock()
			}
			return s, err
		}
		b.Driver = loser{bed: b}
		for _, n := range b.nodes {
			n.stopTakes = 2 * sec
		}
		ctx, cancel := context.WithTimeout(t.Context(), cancelled)
		defer cancel()
		faults, err := b.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.whole(t)
		return b, faults[0].Error, strings.Join(faults[0].Evidence, "\n")
	}
	starts := func(b *bed) (all []int) {
		for _, n := range b.nodes {
			all = append(all, n.starts)
		}
		return all
	}
	synctest.Test(t, func(t *testing.T) {
		b, wrong, evidence := run(t, &Rolling{ending: grace, Down: sec}, 40*sec, time.Hour)
		if wrong != "" || !slices.Equal(starts(b), []int{1, 1, 1}) || strings.Count(evidence, "in sync again 3") != 3 {
			t.Errorf("%v, %q\n%s", starts(b), wrong, evidence)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b, wrong, _ := run(t, &Rolling{ending: grace, Every: 5 * sec}, 8*sec, time.Hour)
		if wrong != "b3 not restarted when the fault was over; let it last longer" || !slices.Equal(starts(b), []int{1, 1, 0}) {
			t.Errorf("%v, %q", starts(b), wrong)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a run that ends in the middle of a stop leaves nobody down
		b, wrong, _ := run(t, &Rolling{ending: grace, Every: 5 * sec}, 40*sec, 18*sec)
		if wrong != "" || !slices.Equal(starts(b), []int{1, 1, 0}) {
			t.Errorf("%v, %q", starts(b), wrong)
		}
	})
}

// The same seed damages the same bits, another one does not.
func TestDamageIsSeeded(t *testing.T) {
	t.Parallel()
	files := []broker.File{{Path: "a", Size: 1000}, {Path: "b", Size: 20}}
	one := drawBits(chance(7, "x"), files, 20)
	if again := drawBits(chance(7, "x"), files, 20); !slices.Equal(one, again) || len(one) != 20 {
		t.Errorf("%v, and again %v", one, again)
	}
	if other := drawBits(chance(8, "x"), files, 20); slices.Equal(one, other) {
		t.Errorf("another seed gives %v too", other)
	}
	if all := drawBits(chance(7, "x"), files[1:], 1000); len(all) != 160 || all[159] != (place{"b", 19, 7}) {
		t.Errorf("there are 160 bits, and %d were drawn", len(all))
	}
}

// What is wrong with parameters is said before anything starts.
func TestNodeParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault Configurable
		want  string
	}{
		{&Stop{ending{Grace: time.Minute}}, "grace is 1m"},
		{&Rolling{ending: ending{Grace: 20 * sec}, Down: 11 * sec}, "grace and down are 31s together"},
		{&CrashLoop{Every: 100 * time.Millisecond}, "write every: 1s or more"},
		{&ThrottleCPU{}, "as in to: 20%"},
		{&LimitMemory{To: 1 << 20}, "8MiB or more"},
		{&DamageDisk{Flip: 1}, "files: orders-0/*.log"},
		{&DamageDisk{Files: "[", Flip: 1}, "is no pattern"},
		{&DamageDisk{Files: "*"}, "write one of"},
		{&DamageDisk{Files: "*", Flip: 1, Cut: 1}, "write one of"},
		{&DamageDisk{Files: "*", Flip: 10_000}, "at most 1000 bits"},
	} {
		if err := c.fault.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.fault, err, c.want)
		}
	}
}
