package external_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/external"
)

// A fake cluster has one file for each node, which holds what there is at its address.
func options(t *testing.T, commands map[broker.Act][]string) (external.Options, func(string)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b1")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("present")
	for act, argv := range commands {
		for i := range argv {
			commands[act][i] = strings.ReplaceAll(argv[i], "FILE", file)
		}
	}
	return external.Options{
		Endpoint: broker.Endpoint{Addrs: []string{"seed:1"}}, ClusterID: "mine", Nodes: 2,
		Commands: map[string]map[broker.Act][]string{"b1": commands},
		Find: func(context.Context, broker.Endpoint) (broker.Found, error) {
			return broker.Found{ClusterID: "mine", Nodes: []broker.FoundNode{{ID: "4", Addr: "one:1"}, {ID: "7", Addr: "two:1"}}}, nil
		},
		Look: func(context.Context, broker.Endpoint, string) broker.Presence {
			text, _ := os.ReadFile(file)
			return map[string]broker.Presence{"present": broker.Present, "absent": broker.Absent}[strings.TrimSpace(string(text))]
		},
	}, put
}

// sh are commands of a shell's, each of which writes a word into the file.
func sh(words map[broker.Act]string) map[broker.Act][]string {
	all := map[broker.Act][]string{}
	for act, word := range words {
		all[act] = []string{"sh", "-c", "echo " + word + " > FILE"}
	}
	return all
}

func open(t *testing.T, o external.Options) (*external.Cluster, broker.Node) {
	t.Helper()
	c, err := external.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c, c.Nodes()[0]
}

func running(t *testing.T, n broker.Node) bool {
	t.Helper()
	r, err := n.(broker.Process).Running(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNodes(t *testing.T) {
	t.Parallel()
	o, _ := options(t, nil)
	c, n := open(t, o)
	if n.Name() != "b1" || n.ID() != "4" || c.Nodes()[1].Name() != "b2" || c.Nodes()[1].ID() != "7" {
		t.Errorf("nodes %s=%s and %s=%s", n.Name(), n.ID(), c.Nodes()[1].Name(), c.Nodes()[1].ID())
	}
	if e := c.Endpoint(broker.Producers); len(e.Addrs) != 2 || e.Addrs[0] != "one:1" {
		t.Errorf("clients go to %q", e.Addrs)
	}
	if _, _, err := c.Impair(t.Context(), broker.Impairment{}); err == nil || len(c.Links()) > 0 {
		t.Error("the network can be broken")
	}
	if c.ClusterWide() {
		t.Error("what others use may be touched, and nobody said so")
	}
}

func TestAnotherCluster(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*external.Options){
		`for the cluster "other", and "mine" answers at seed:1`: func(o *external.Options) { o.ClusterID = "other" },
		"for 3 nodes, and the cluster has 2 now (ids 4, 7)":     func(o *external.Options) { o.Nodes = 3 },
		"broker.external.commands.b1.kill": func(o *external.Options) {
			o.Commands["b1"] = map[broker.Act][]string{broker.ActKill: {"no-such-program"}}
		},
		"unreachable": func(o *external.Options) {
			o.Find = func(context.Context, broker.Endpoint) (broker.Found, error) {
				return broker.Found{}, errors.New("unreachable")
			}
		},
	} {
		o, _ := options(t, nil)
		change(&o)
		_, err := external.Open(t.Context(), o)
		var unusable *external.UnusableError
		if !errors.As(err, &unusable) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestKillAndStart(t *testing.T) {
	t.Parallel()
	o, put := options(t, sh(map[broker.Act]string{broker.ActKill: "absent", broker.ActStart: "absent"}))
	_, n := open(t, o)
	if !running(t, n) {
		t.Fatal("it does not run")
	}
	if err := n.Kill(t.Context()); err != nil || running(t, n) {
		t.Fatalf("killed, and it runs: %v", err)
	}
	if err := n.Start(t.Context()); err != nil || !running(t, n) {
		t.Fatalf("started, and taken for dead because it does not listen yet: %v", err)
	}
	put("present")
	if !running(t, n) {
		t.Error("it answers, and does not run")
	}
	put("absent")
	if running(t, n) {
		t.Error("it has died, and runs")
	}
}

// A machine that is gone sends nothing, not even that nobody listens.
func TestKillOfAMachine(t *testing.T) {
	t.Parallel()
	o, put := options(t, sh(map[broker.Act]string{broker.ActKill: "silent", broker.ActStart: "silent"}))
	_, n := open(t, o)
	if err := n.Kill(t.Context()); err != nil || running(t, n) {
		t.Fatalf("killed, and it runs: %v", err)
	}
	put("present")
	put("silent")
	if running(t, n) {
		t.Error("nobody has seen it answer")
	}
	if err := n.Start(t.Context()); err != nil || !running(t, n) {
		t.Errorf("started, and does not run: %v", err)
	}
}

// A command that does nothing, and says that all is well, ends nobody.
func TestKillThatDoesNothing(t *testing.T) {
	t.Parallel()
	o, _ := options(t, sh(map[broker.Act]string{broker.ActKill: "present", broker.ActPause: "present"}))
	_, n := open(t, o)
	for _, act := range []func(context.Context) error{n.Kill, n.Pause} {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		err := act(ctx)
		cancel()
		if err == nil || errors.Is(err, broker.ErrNotDone) || !strings.Contains(err.Error(), "at one:1 a broker answers as before") {
			t.Errorf("the node answers as before: %v", err)
		}
	}
	if !running(t, n) {
		t.Error("it runs")
	}
}

// A command that fails while the node answers on has done nothing, and its words are told.
func TestCommandThatFails(t *testing.T) {
	t.Parallel()
	o, put := options(t, map[broker.Act][]string{broker.ActKill: {"sh", "-c", "echo no such host >&2; exit 3"}})
	_, n := open(t, o)
	err := n.Kill(t.Context())
	if !errors.Is(err, broker.ErrNotDone) || !strings.Contains(err.Error(), "it wrote: no such host") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("refused: %v", err)
	}
	put("absent")
	if err := n.Kill(t.Context()); err == nil || errors.Is(err, broker.ErrNotDone) {
		t.Errorf("nobody knows whether anything was done: %v", err)
	}
	if err := n.Start(t.Context()); !errors.Is(err, broker.ErrNotDone) {
		t.Errorf("there is no command: %v", err)
	}
}

// Nothing outlasts its bound, and what was cut short is not known to be undone.
func TestCommandThatHangs(t *testing.T) {
	t.Parallel()
	o, _ := options(t, map[broker.Act][]string{broker.ActKill: {"sleep", "600"}})
	_, n := open(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := n.Kill(ctx); err == nil || errors.Is(err, broker.ErrNotDone) || !strings.Contains(err.Error(), "what became of it is not known") {
		t.Errorf("cut short: %v", err)
	}
}

func TestStopFallsBack(t *testing.T) {
	t.Parallel()
	commands := sh(map[broker.Act]string{broker.ActStop: "present", broker.ActKill: "absent"})
	o, _ := options(t, commands)
	_, n := open(t, o)
	if err := n.Stop(t.Context(), 300*time.Millisecond); err != nil || running(t, n) {
		t.Errorf("neither stopped nor killed: %v", err)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	o, _ := options(t, sh(map[broker.Act]string{broker.ActPause: "silent", broker.ActResume: "present"}))
	_, n := open(t, o)
	vitals := func() broker.Vitals {
		v, err := n.(broker.Vital).Vitals(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := vitals(); !v.Running || v.Paused {
		t.Errorf("before: %+v", v)
	}
	if err := n.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := vitals(); !v.Running || !v.Paused || v.ExitCode != -1 || v.Used != -1 {
		t.Errorf("held: %+v", v)
	}
	if err := n.Resume(t.Context()); err != nil || vitals().Paused {
		t.Errorf("let go: %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	if c, err := external.TLS(nil, nil, nil); err != nil || c.RootCAs != nil || len(c.Certificates) > 0 {
		t.Errorf("what the machine trusts: %+v, %v", c, err)
	}
	for _, bad := range [][3]string{{"nonsense"}, {"", "nonsense", "nonsense"}, {"", "", "planted"}} {
		if _, err := external.TLS([]byte(bad[0]), []byte(bad[1]), []byte(bad[2])); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
