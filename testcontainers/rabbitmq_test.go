package testcontainers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// A three-node cluster of RabbitMQ, and what can be done to it.
func TestRabbitMQ(t *testing.T) {
	began := time.Now()
	c := start(t, testcontainers.Options{Kind: "rabbitmq", Nodes: 3, RunID: "rabbits"})
	formed(t, c)
	t.Logf("a cluster after %.1f s", time.Since(began).Seconds())
	kept := time.Now().String()
	inNode(t, c.Nodes()[0], "true", `
		amqp_channel:call(Ch, {'queue.declare', 0, <<"q">>, false, true, false, false, false, [{<<"x-queue-type">>, longstr, <<"quorum">>}]}),
		amqp_channel:call(Ch, {'confirm.select', false}),
		Properties = erlang:make_tuple(15, undefined, [{1, 'P_basic'}]),
		amqp_channel:call(Ch, {'basic.publish', 0, <<>>, <<"q">>, true, false}, {amqp_msg, Properties, <<"`+kept+`">>}),
		amqp_channel:wait_for_confirms(Ch, 20).`)
	for _, sub := range []struct {
		name string
		test func(*testing.T, broker.Cluster)
	}{
		{"describe", describeRabbits},
		{"commands", commands},
		{"management", management},
		{"links", everyFlow},
		{"one way", oneWay},
		{"pause", pauseRabbit},
		{"stop", stopRabbit},
		{"kill", killRabbit},
		{"all killed", killAllRabbits},
	} {
		t.Run(sub.name, func(t *testing.T) { sub.test(t, c) })
	}
	inNode(t, c.Nodes()[1], `"`+kept+`"`, `binary_to_list(element(3, element(2, amqp_channel:call(Ch, {'basic.get', 0, <<"q">>, false})))).`)
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if containers, networks, volumes := left(t, "rabbits"); containers+networks+volumes > 0 {
		t.Errorf("left behind: %d containers, %d networks, %d volumes", containers, networks, volumes)
	}
}

// erl calls a function in a node and returns its answer.
func erl(ctx context.Context, n broker.Node, call string) (string, error) {
	out, err := n.(broker.Execer).Exec(ctx, "erl_call", "-sname", n.ID(), "-timeout", "5", "-a", call)
	return strings.TrimSpace(string(out)), err
}

// inNode evaluates Erlang in a node, with a channel Ch, and wants an answer.
func inNode(t *testing.T, n broker.Node, want, text string) {
	t.Helper()
	text = `{ok, C} = amqp_connection:start({amqp_params_direct, none, none, <<"/">>, node(), none, []}), {ok, Ch} = amqp_connection:open_channel(C), ` + text
	eventually(t, time.Minute, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		out, err := n.(broker.Execer).Exec(ctx, "/bin/sh", "-c", `printf '%s\n' "$1" | erl_call -sname "$2" -timeout 30 -e`, "sh", text, n.ID())
		if got := strings.TrimSpace(string(out)); err == nil && got != "{ok, "+want+"}" {
			err = fmt.Errorf("%s answers %s, not %s", n.Name(), got, want)
		}
		return err
	})
}

// formed waits until every node serves, and sees every other.
func formed(t *testing.T, c broker.Cluster) {
	t.Helper()
	for _, n := range c.Nodes() {
		eventually(t, 2*time.Minute, func(ctx context.Context) error {
			serves, err := erl(ctx, n, "rabbit is_serving []")
			if err == nil && serves != "true" {
				err = fmt.Errorf("%s does not serve", n.Name())
			}
			if err != nil {
				return err
			}
			seen, err := erl(ctx, n, "rabbit_nodes list_running []")
			if strings.Count(seen, "rabbit@node-") != len(c.Nodes()) {
				return errors.Join(fmt.Errorf("%s sees %s", n.Name(), seen), err)
			}
			return nil
		})
	}
	for _, n := range c.Nodes() {
		for _, r := range n.(broker.Restarter).Restarts() {
			t.Logf("%s was started again at %v: %s", n.Name(), r.At.Format(time.TimeOnly), r.Why)
		}
	}
}

func describeRabbits(t *testing.T, c broker.Cluster) {
	d := c.Describe()
	if d.Testbed != "containers" || d.Emulated != "" || !d.Proxied || d.Config["cluster_partition_handling"] != "pause_minority" {
		t.Errorf("description %+v", d)
	}
	for i, n := range c.Nodes() {
		if n.Name() != fmt.Sprintf("b%d", i+1) || n.ID() != fmt.Sprintf("rabbit@node-%d", i+1) {
			t.Errorf("node %d is %s, %s", i, n.Name(), n.ID())
		}
	}
}

func commands(t *testing.T, c broker.Cluster) {
	n := c.Nodes()[0].(broker.Execer)
	out, err := n.Exec(t.Context(), "rabbitmqctl", "eval", "1 + 1.") // which needs the cookie
	if err != nil || strings.TrimSpace(string(out)) != "2" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := n.Exec(t.Context(), "/bin/sh", "-c", "echo no such thing >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "exit code 3: no such thing") {
		t.Errorf("a command that fails: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := n.Exec(ctx, "sleep", "10"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
		t.Errorf("a command that lasts: %v after %v", err, time.Since(began))
	}
}

// management asks each node's own web interface, past all links.
func management(t *testing.T, c broker.Cluster) {
	e := c.Endpoint(broker.Administrator)
	for i, addr := range e.Addrs {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/api/overview", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(e.User, e.Password)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("b%d answers %s", i+1, resp.Status)
		}
	}
	for _, name := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		if got := c.Endpoint(name); len(got.Addrs) != 3 || got.Addrs[0] == e.Addrs[0] || got.User != e.User {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Every link is there once; whatever nodes say to one another passes the links.
func everyFlow(t *testing.T, c broker.Cluster) {
	var got, want []string
	for _, l := range c.Links() {
		got = append(got, l.From()+" "+l.To()+" "+l.Plane())
		if l.Plane() == broker.PlaneClient {
			continue
		}
		if !broker.OneWay(l) {
			t.Errorf("%s -> %s has replies", l.From(), l.To())
		}
		tr, err := l.Traffic(t.Context())
		if err != nil || tr.Requests < 1000 || tr.Open == 0 {
			t.Errorf("%s -> %s: %+v, %v", l.From(), l.To(), tr, err)
		}
	}
	for _, to := range []string{"b1", "b2", "b3"} {
		want = append(want, "producers "+to+" client", "consumers "+to+" client")
		for _, from := range []string{"b1", "b2", "b3"} {
			if from != to {
				want = append(want, from+" "+to+" data")
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("links %v\nwant  %v", got, want)
	}
	for i, n := range c.Nodes() { // each other node is known by the address of a link
		peers, err := erl(t.Context(), n, "net_kernel nodes_info []")
		if err != nil {
			t.Fatal(err)
		}
		for j := range c.Nodes() {
			dialed := fmt.Sprintf("{{127,0,1,%d},%d}", j+1, 25671+j)
			accepted := fmt.Sprintf("'rabbit@node-%d'", j+1)
			if i != j && (!strings.Contains(strings.ReplaceAll(peers, " ", ""), dialed) && !strings.Contains(peers, accepted)) {
				t.Errorf("%s has no connection to node %d: %s", n.Name(), j+1, peers)
			}
		}
	}
}

// While b1 cannot reach b2, b2 hears nothing of it, and b1 hears b2, whichever of the two dialled; and the other way round.
func oneWay(t *testing.T, c broker.Cluster) {
	tells := func(from, to broker.Node, what int) {
		t.Helper()
		if _, err := erl(t.Context(), from, fmt.Sprintf("rpc cast ['%s', persistent_term, put, [squall, %d]]", to.ID(), what)); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(n broker.Node, what int) bool {
		got, err := erl(t.Context(), n, "persistent_term get [squall, none]")
		return err == nil && got == fmt.Sprint(what)
	}
	for i, pair := range [][2]broker.Node{{c.Nodes()[0], c.Nodes()[1]}, {c.Nodes()[1], c.Nodes()[0]}} {
		from, to := pair[0], pair[1]
		heal := impair(t, c, broker.Both(broker.Half{Hold: true}), func(l broker.Link) bool { return l.From() == from.Name() && l.To() == to.Name() })
		tells(from, to, 10+i)
		tells(to, from, 20+i)
		eventually(t, 5*time.Second, func(context.Context) error {
			if !knows(from, 20+i) {
				return fmt.Errorf("%s does not hear of %s", from.Name(), to.Name())
			}
			return nil
		})
		if knows(to, 10+i) {
			t.Errorf("%s hears of %s", to.Name(), from.Name())
		}
		heal()
		eventually(t, 5*time.Second, func(context.Context) error {
			if !knows(to, 10+i) {
				return fmt.Errorf("healed, and %s does not hear of %s", to.Name(), from.Name())
			}
			return nil
		})
	}
}

// Commands are asked of a node all the time. An engine that starts one in a container that is just being frozen would answer nothing more about it.
func pauseRabbit(t *testing.T, c broker.Cluster) {
	n := c.Nodes()[2]
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	for range 3 {
		asking.Go(func() {
			for ctx.Err() == nil {
				_, _ = erl(ctx, n, "erlang node []")
			}
		})
	}
	for range kills(3) {
		time.Sleep(300 * time.Millisecond)
		if err := n.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := erl(t.Context(), n, "erlang node []"); err == nil || !strings.Contains(err.Error(), "it is paused") {
			t.Errorf("a paused node answers: %v", err)
		}
		if err := n.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if running, err := n.(broker.Process).Running(t.Context()); err != nil || !running {
		t.Errorf("paused, its process runs: %v, %v", running, err)
	}
	for range 2 {
		if err := n.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	formed(t, c)
}

func stopRabbit(t *testing.T, c broker.Cluster) {
	n, began := c.Nodes()[0], time.Now()
	if err := n.Stop(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %.1f s", time.Since(began).Seconds())
	gone(t, n)
	if lines, err := n.(broker.Logger).Log(t.Context(), 100); err != nil || !strings.Contains(strings.Join(lines, "\n"), "SIGTERM received") {
		t.Errorf("no orderly end in its log: %v\n%s", err, strings.Join(lines, "\n"))
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	formed(t, c)
	t.Logf("back after %.1f s", time.Since(began).Seconds())
}

func killRabbit(t *testing.T, c broker.Cluster) {
	before := c.Endpoint(broker.Producers).Addrs
	n, began := c.Nodes()[1], time.Now()
	for range 2 { // the second time it is dead already
		if err := n.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone(t, n)
	files, err := n.(broker.Disk).Files(t.Context())
	if err != nil || !slices.ContainsFunc(files, func(f broker.File) bool { return strings.HasPrefix(f.Path, "mnesia/"+n.ID()+"/quorum/") && f.Size > 0 }) {
		t.Errorf("of its data is left: %v, %v", files, err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	formed(t, c)
	t.Logf("killed and back after %.1f s", time.Since(began).Seconds())
	if after := c.Endpoint(broker.Producers).Addrs; !slices.Equal(before, after) {
		t.Errorf("addresses %v became %v", before, after)
	}
}

// All nodes at once: one may give up its start while the others wait, and is started again.
func killAllRabbits(t *testing.T, c broker.Cluster) {
	for range kills(1) {
		for _, deed := range []func(broker.Node) error{
			func(n broker.Node) error { return n.Kill(t.Context()) },
			func(n broker.Node) error { return n.Start(t.Context()) },
		} {
			var all sync.WaitGroup
			for _, n := range c.Nodes() {
				all.Go(func() {
					if err := deed(n); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		began := time.Now()
		formed(t, c)
		t.Logf("all killed, and a cluster again after %.1f s", time.Since(began).Seconds())
	}
}
