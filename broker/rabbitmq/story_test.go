package rabbitmq

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

func TestUnquote(t *testing.T) {
	if got, err := unquote("{ok, \"4.0.5 ready \"}\n"); err != nil || got != "4.0.5 ready " {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := unquote(`{ok, "{absolute,"512MiB"}"}`); err != nil || got != `{absolute,"512MiB"}` {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "{error, {undef, []}}", "{ok, [1, 2]}", "erl_call: failed to connect to node rabbit@node-1", "{ok, \"half"} {
		if got, err := unquote(bad); err == nil {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}

const threeNodes = "rabbit@node-1,rabbit@node-2,rabbit@node-3"

// stories reads what nodes tell, one of each; empty: the node does not answer.
func stories(t *testing.T, lines ...string) (*driver, look) {
	t.Helper()
	d := &driver{topics: []broker.Topic{{Name: "orders", Partitions: 1, Replicas: 3}}}
	seen := look{agreed: map[string]int64{}}
	for i, line := range lines {
		name := string(rune('1' + i))
		d.witnesses = append(d.witnesses, &witness{node: "b" + name, id: "rabbit@node-" + name})
		if line == "" {
			continue
		}
		peers := slices.DeleteFunc(strings.Split(threeNodes, ","), func(id string) bool { return id == "rabbit@node-"+name })
		s, err := read("b"+name, []string{"orders.0"}, "4.0.5 ready false "+strings.Join(peers, ",")+" ;"+line)
		if err != nil {
			t.Fatal(err)
		}
		seen.stories = append(seen.stories, s)
	}
	return d, seen
}

func TestState(t *testing.T) {
	row := func(state, leader, term, commit, written string) string {
		return strings.Join([]string{"quorum", state, leader, term, commit, written, threeNodes}, " ")
	}
	log := func(state, leader, epoch, commit, written string) string {
		return strings.Join([]string{"stream", state, leader, epoch, commit, written, threeNodes, "0"}, " ")
	}
	for name, c := range map[string]struct {
		rows   []string
		agreed int64
		leader string
		epoch  int32
		inSync string
	}{
		"all is well": {[]string{row("follower", "rabbit@node-2", "3", "90", "90"), row("leader", "rabbit@node-2", "3", "100", "100"), row("follower", "rabbit@node-2", "3", "95", "96")},
			90, "b2", 3, "b1 b2 b3"},
		"one lags": {[]string{row("follower", "rabbit@node-2", "3", "80", "89"), row("leader", "rabbit@node-2", "3", "100", "100"), row("follower", "rabbit@node-2", "3", "95", "96")},
			90, "b2", 3, "b2 b3"},
		"the leader does not answer": {[]string{row("follower", "rabbit@node-2", "3", "90", "90"), "", row("follower", "rabbit@node-2", "3", "90", "90")},
			90, "b2", 3, "b1 b3"},
		"a leader that was cut off": {[]string{row("leader", "rabbit@node-1", "3", "90", "120"), row("leader", "rabbit@node-2", "4", "100", "100"), row("follower", "rabbit@node-2", "4", "100", "100")},
			90, "b2", 4, "b2 b3"},
		"an election": {[]string{row("candidate", "none", "4", "90", "90"), "", row("follower", "none", "4", "90", "90")},
			90, "", 4, ""},
		"a replica that is not there yet": {[]string{row("none", "rabbit@node-2", "none", "none", "none"), row("leader", "rabbit@node-2", "1", "1", "1"), row("follower", "rabbit@node-2", "1", "1", "1")},
			0, "b2", 1, "b2 b3"},
		"one that recovers": {[]string{row("recover", "rabbit@node-2", "3", "100", "100"), row("leader", "rabbit@node-2", "3", "100", "100"), row("follower", "rabbit@node-2", "3", "100", "100")},
			90, "b2", 3, "b2 b3"},
		"classic": {[]string{"classic false rabbit@node-2 - - - rabbit@node-2", "classic true rabbit@node-2 - - - rabbit@node-2", "classic false rabbit@node-2 - - - rabbit@node-2"},
			0, "b2", -1, "b2"},
		"an empty stream": {[]string{log("follower", "rabbit@node-2", "1", "-1", "-1"), log("leader", "rabbit@node-2", "1", "-1", "-1"), log("follower", "rabbit@node-2", "1", "-1", "-1")},
			0, "b2", 1, "b1 b2 b3"},
		"stream": {[]string{log("follower", "rabbit@node-2", "3", "none", "100"), log("leader", "rabbit@node-2", "3", "90", "100"), log("follower", "rabbit@node-2", "3", "none", "88")},
			90, "b2", 3, "b1 b2"},
		"a stream whose old leader is frozen": {[]string{log("leader", "rabbit@node-1", "4", "100", "100"), log("leader", "rabbit@node-2", "3", "90", "120"), log("follower", "rabbit@node-1", "4", "none", "100")},
			90, "b1", 4, "b1 b3"},
		"a stream whose leader died": {[]string{log("none", "rabbit@node-2", "none", "none", "none"), "", log("none", "rabbit@node-2", "none", "none", "none")},
			90, "b2", -1, ""},
		"classic, and its node is dead": {[]string{"classic false rabbit@node-2 - - - rabbit@node-2", "", "classic false rabbit@node-2 - - - rabbit@node-2"},
			0, "", -1, ""},
	} {
		d, seen := stories(t, c.rows...)
		seen.agreed["orders.0"] = c.agreed
		s := d.merge(seen)
		p, known := s.Partition("orders", 0)
		replicas := 3
		if strings.HasPrefix(name, "classic") {
			replicas = 1
		}
		if !known || p.Leader != c.leader || p.Epoch != c.epoch || strings.Join(p.InSync, " ") != c.inSync || len(p.Replicas) != replicas {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// A stream ends where the leader of the newest epoch says; one that was cut off, and a follower, say nothing of it.
func TestExtent(t *testing.T) {
	ids := []string{"rabbit@node-1", "rabbit@node-2"}
	for name, c := range map[string]struct {
		rows []row
		want broker.Range
		led  bool
	}{
		"empty":                   {[]row{{state: "leader", leader: ids[0], term: 1, first: -1}, {state: "follower", leader: ids[0], term: 1}}, broker.Range{}, true},
		"the old leader is ahead": {[]row{{state: "leader", leader: ids[1], term: 2, written: 120}, {state: "leader", leader: ids[1], term: 3, written: 100, first: 7}}, broker.Range{Start: 7, End: 100}, true},
		"the leader is silent":    {[]row{{state: "follower", leader: "rabbit@node-3", term: 3, written: 99}, {state: "follower", leader: "rabbit@node-3", term: 3, written: 99}}, broker.Range{}, false},
		"an election":             {[]row{{state: "none", leader: "none", term: -1, written: -1}, {state: "none", leader: "none", term: -1, written: -1}}, broker.Range{}, false},
	} {
		if got, led := extent(c.rows, ids); got != c.want || led != c.led {
			t.Errorf("%s: %v, %v", name, got, led)
		}
	}
}

func TestAbsentees(t *testing.T) {
	const none = "none"
	d, seen := stories(t, none, none, none)
	if absent := d.absentees(seen); absent != "" {
		t.Error(absent)
	}
	if s := d.merge(seen); len(s.Partitions) != 0 || len(s.Nodes) != 3 {
		t.Errorf("of a topic that there is not: %+v", s)
	}
	if seen.stories[0].parted = []string{"rabbit@node-2"}; !slices.Equal(d.merge(seen).Parted, []string{"b1"}) {
		t.Errorf("%+v", d.merge(seen))
	}
	seen.stories[1].peers = seen.stories[1].peers[:1]
	if absent := d.absentees(seen); absent != "b2 is not connected to b3 (b1 sees b2 and b3, b2 sees b1, b3 sees b1 and b2)" {
		t.Error(absent)
	}
	d, seen = stories(t, none, "", none)
	seen.stories[1].ready = false
	if absent := d.absentees(seen); absent != "b2, b3 does not serve yet (b1 sees b2 and b3, b3 runs and does not serve)" {
		t.Error(absent)
	}
}

// A node that runs and stopped serving by itself is told apart from one that is only booting, and what it told of queues before is nothing any more.
func TestPaused(t *testing.T) {
	var seen look
	for i, told := range []string{"4.0.5 stopped true  ;none", "4.0.5 booting false rabbit@node-3 ;none", "4.0.5 ready false rabbit@node-2 ;none"} {
		s, err := read(fmt.Sprintf("b%d", i+1), []string{"orders.0"}, told)
		if err != nil {
			t.Fatal(err)
		}
		seen.stories = append(seen.stories, s)
	}
	s := (&driver{}).merge(seen)
	if !slices.Equal(s.Paused, []string{"b1"}) || !slices.Equal(s.Nodes, []string{"b3"}) || len(s.Parted) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestStoryOfAnotherForm(t *testing.T) {
	for _, bad := range []string{"", "4.0.5 ready false x", "4.0.5 ready false x;none", "4.0.5 ready x ;none", "4.0.5 ready false x ;none;none", "4.0.5 ready false x ;quorum leader", "4.0.5;none"} {
		if s, err := read("b1", []string{"orders.0"}, bad); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}

func TestSum(t *testing.T) {
	queues := []string{"orders.0", "orders.1"}
	if n, err := sum(queues, "3;4"); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"3;-", "3;gone", "3", "3;4;5", ""} {
		if n, err := sum(queues, bad); err == nil {
			t.Errorf("%q comes to %d", bad, n)
		}
	}
}
