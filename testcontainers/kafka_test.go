package testcontainers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// A three-node cluster, and what can be done to it. One cluster serves all of it: a start takes seconds.
func TestThreeNodes(t *testing.T) {
	c := start(t, testcontainers.Options{Nodes: 3, RunID: "three", Config: map[string]string{
		"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500", // a node that was killed is let in again only when its session is over
	}})
	topic(t, c, "orders")
	for _, sub := range []struct {
		name string
		test func(*testing.T, broker.Cluster)
	}{
		{"describe", describe},
		{"links", everyLink},
		{"paths", pathsOfTheirOwn},
		{"replication", replicationPassesTheLinks},
		{"pause", pauseAndResume},
		{"stop", stopAndStart},
		{"kill", killAndStart},
	} {
		t.Run(sub.name, func(t *testing.T) { sub.test(t, c) })
	}
	began := time.Now()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("closed in %.1f s", time.Since(began).Seconds())
	if containers, networks, volumes := left(t, "three"); containers+networks+volumes > 0 {
		t.Errorf("left behind: %d containers, %d networks, %d volumes", containers, networks, volumes)
	}
}

func describe(t *testing.T, c broker.Cluster) {
	d := c.Describe()
	if d.Testbed != "containers" || d.Emulated != "" || !d.Proxied || d.Config["offsets.topic.replication.factor"] != "3" {
		t.Errorf("description %+v", d)
	}
	for _, i := range d.Images {
		if !strings.HasPrefix(i.Digest, "sha256:") || i.Name == "" {
			t.Errorf("image %+v", i)
		}
	}
	for i, n := range c.Nodes() {
		if n.Name() != fmt.Sprintf("b%d", i+1) || n.ID() != strconv.Itoa(i+1) {
			t.Errorf("node %d is %s, %s", i, n.Name(), n.ID())
		}
	}
	lines, err := c.Nodes()[0].(broker.Logger).Log(t.Context(), 5)
	if err != nil || len(lines) == 0 || len(lines) > 5 {
		t.Errorf("log: %q, %v", lines, err)
	}
}

// Every link is there once; the cluster's own traffic passes the links between its nodes.
func everyLink(t *testing.T, c broker.Cluster) {
	if err := produce(t.Context(), connect(t, c, broker.Producers), "orders"); err != nil { // acknowledged by every follower
		t.Fatal(err)
	}
	var got []string
	moved := map[string]bool{}
	for _, l := range c.Links() {
		got = append(got, l.From()+" "+l.To()+" "+l.Plane())
		tr, err := l.Traffic(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if tr.Requests > 0 && tr.Replies > 0 && tr.Made > 0 {
			moved[l.From()+" "+l.Plane()] = true
		}
	}
	var want []string
	for _, to := range []string{"b1", "b2", "b3"} {
		want = append(want, "producers "+to+" client", "consumers "+to+" client")
		for _, from := range []string{"b1", "b2", "b3"} {
			if from != to {
				want = append(want, from+" "+to+" data", from+" "+to+" control")
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("links %v\nwant  %v", got, want)
	}
	followers := 0
	for _, from := range []string{"b1", "b2", "b3"} {
		if !moved[from+" control"] {
			t.Errorf("nothing passed from %s on the control plane", from)
		}
		if moved[from+" data"] {
			followers++
		}
	}
	if followers < 2 {
		t.Errorf("%d nodes fetch from another, and the topic has two followers", followers)
	}
}

// Each kind of client has a path of its own, and an impairment touches that one only.
func pathsOfTheirOwn(t *testing.T, c broker.Cluster) {
	for _, name := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		if _, err := metadata(t.Context(), connect(t, c, name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	heal := impair(t, c, broker.Impairment{Refuse: true}, func(l broker.Link) bool { return l.From() == broker.Producers })
	for name, reached := range map[string]bool{broker.Producers: false, broker.Consumers: true, broker.Observer: true} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if _, err := metadata(ctx, connect(t, c, name)); (err == nil) != reached {
			t.Errorf("%s reached the cluster: %v, want %v (%v)", name, err == nil, reached, err)
		}
		cancel()
	}
	heal()
	if _, err := metadata(t.Context(), connect(t, c, broker.Producers)); err != nil {
		t.Error(err)
	}
}

// Without the links of both followers to the leader, nothing is acknowledged, though every client reaches every node.
func replicationPassesTheLinks(t *testing.T, c broker.Cluster) {
	for name, imp := range map[string]broker.Impairment{
		"hold":   broker.Both(broker.Half{Hold: true}),
		"refuse": {Refuse: true},
	} {
		cl := connect(t, c, broker.Producers)
		if err := produce(t.Context(), cl, "orders"); err != nil {
			t.Fatal(err)
		}
		leader := leaderOf(t, c, "orders")
		heal := impair(t, c, imp, func(l broker.Link) bool { return l.To() == leader.Name() && l.Plane() == broker.PlaneData })
		acked := make(chan error, 1)
		go func() { acked <- produce(t.Context(), cl, "orders") }()
		select {
		case err := <-acked:
			t.Errorf("%s: acknowledged without a follower (%v)", name, err)
			acked <- err
		case <-time.After(3 * time.Second):
		}
		if _, err := metadata(t.Context(), connect(t, c, broker.Producers)); err != nil {
			t.Errorf("%s: a client lost its way: %v", name, err)
		}
		began := time.Now()
		heal()
		select {
		case err := <-acked:
			if err != nil {
				t.Errorf("%s: after the heal: %v", name, err)
			}
			t.Logf("%s: acknowledged %v after the heal", name, time.Since(began).Round(time.Millisecond))
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: nothing was acknowledged after the heal", name)
		}
	}
	inSync(t, c, "orders")
}

func pauseAndResume(t *testing.T, c broker.Cluster) {
	n := leaderOf(t, c, "orders")
	if err := n.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if running, err := n.(broker.Process).Running(t.Context()); err != nil || !running {
		t.Errorf("paused, its process runs: %v, %v", running, err)
	}
	acked := make(chan error, 1)
	go func() { acked <- produce(t.Context(), connect(t, c, broker.Producers), "orders") }()
	select {
	case err := <-acked:
		t.Errorf("a paused leader acknowledged (%v)", err)
	case <-time.After(time.Second):
	}
	for range 2 { // a heal that comes twice is no error
		if err := n.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-acked:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("nothing was acknowledged after the pause")
	}
	inSync(t, c, "orders")
}

// everyLog wants what each process of a node wrote that was just stopped in good order and started again.
func everyLog(t *testing.T, n broker.Node) {
	var all []*written
	err := n.(broker.LogKeeper).Logs(t.Context(), func(process int) (io.WriteCloser, error) {
		if process != len(all)+1 {
			t.Errorf("process %d comes after %d others", process, len(all))
		}
		all = append(all, &written{})
		return all[process-1], nil
	})
	if err != nil || len(all) < 2 {
		t.Fatalf("%d logs, %v", len(all), err)
	}
	const ended, began = "shut down completed", "from SHUTDOWN to STARTING"
	last := len(all) - 1
	if text := all[last-1].String(); !strings.Contains(text, ended) || !strings.Contains(text, began) {
		t.Errorf("the process that was stopped does not tell of its beginning and its end: %d bytes", len(text))
	}
	if text := all[last].String(); strings.Contains(text, ended) || !strings.Contains(text, began) {
		t.Errorf("the process that was started tells of another's end, or not of its beginning: %d bytes", len(text))
	}
	for i, w := range all {
		if !w.closed {
			t.Errorf("the log of process %d was not closed", i+1)
		}
	}
}

// written keeps what is written to it.
type written struct {
	strings.Builder
	closed bool
}

func (w *written) Close() error {
	w.closed = true
	return nil
}

func stopAndStart(t *testing.T, c broker.Cluster) {
	n := leaderOf(t, c, "orders")
	began := time.Now()
	if err := n.Stop(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %.1f s", time.Since(began).Seconds())
	gone(t, n)
	if lines, err := n.(broker.Logger).Log(t.Context(), 100); err != nil || !strings.Contains(strings.Join(lines, "\n"), "shut down completed") {
		t.Errorf("no orderly end in its log: %v\n%s", err, strings.Join(lines, "\n"))
	}
	back(t, c, n)
	everyLog(t, n)
	began = time.Now()
	if err := n.Stop(t.Context(), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("a stop with 50 ms of grace took %v", d)
	}
	gone(t, n)
	back(t, c, n)
}

// A killed node comes back with its addresses and its data, again and again.
func killAndStart(t *testing.T, c broker.Cluster) {
	before := c.Endpoint(broker.Producers).Addrs
	cl := connect(t, c, broker.Producers)
	sent := 0
	for i := range kills(2) {
		if err := produce(t.Context(), cl, "orders"); err != nil {
			t.Fatal(err)
		}
		sent++
		n := leaderOf(t, c, "orders")
		if i%2 == 1 { // a paused process dies as well
			if err := n.Pause(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		for range 2 { // the second time it is dead already
			if err := n.Kill(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		killed := time.Since(began)
		gone(t, n)
		if err := n.Resume(t.Context()); err != nil {
			t.Errorf("a heal after the kill: %v", err)
		}
		back(t, c, n)
		t.Logf("%s killed in %v, in sync again after %.1f s", n.Name(), killed.Round(time.Millisecond), time.Since(began).Seconds())
	}
	if after := c.Endpoint(broker.Producers).Addrs; !slices.Equal(before, after) {
		t.Errorf("addresses %v became %v", before, after)
	}
	if got := count(t, c, "orders"); got < sent {
		t.Errorf("%d messages of at least %d are there", got, sent)
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	needDocker(t)
	var all sync.WaitGroup
	clusters := make([]broker.Cluster, 2)
	for i := range clusters {
		all.Go(func() {
			c, err := testcontainers.Start(t.Context(), testcontainers.Options{RunID: fmt.Sprintf("twin-%d", i), Nodes: 1, Sidecar: executable})
			if err != nil {
				t.Error(err)
				return
			}
			clusters[i] = c
			t.Cleanup(func() { _ = c.Close(context.Background()) })
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	topic(t, clusters[0], "here")
	topic(t, clusters[1], "there")
	_, err := testcontainers.Start(t.Context(), testcontainers.Options{RunID: "twin-1", Nodes: 1, Sidecar: executable})
	if err == nil || !strings.Contains(err.Error(), "there is a run twin-1 already") {
		t.Errorf("a run's id was used twice: %v", err)
	}
	for range 2 {
		if err := clusters[0].Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n, _, _ := left(t, "twin-0"); n != 0 {
		t.Errorf("%d containers are left", n)
	}
	if err := produce(t.Context(), connect(t, clusters[1], broker.Producers), "there"); err != nil {
		t.Errorf("the end of one run hurt the other: %v", err)
	}
}

func TestFiveNodes(t *testing.T) {
	if os.Getenv("SQUALL_SOAK") != "1" {
		t.Skip("five nodes start with SQUALL_SOAK=1")
	}
	c := start(t, testcontainers.Options{Nodes: 5})
	topic(t, c, "orders")
	if n := len(c.Links()); n != 5*2+5*4*2 {
		t.Errorf("%d links", n)
	}
	if err := produce(t.Context(), connect(t, c, broker.Producers), "orders"); err != nil {
		t.Error(err)
	}
}

func TestMissingImage(t *testing.T) {
	needDocker(t)
	for _, pull := range []string{testcontainers.PullMissing, testcontainers.PullNever, testcontainers.PullAlways} {
		began := time.Now()
		_, err := testcontainers.Start(t.Context(), testcontainers.Options{
			RunID: "nothing", Nodes: 1, Image: "registry.invalid/no/such:image", Pull: pull, Sidecar: executable,
		})
		var lacking *testcontainers.EnvironmentError
		if !errors.As(err, &lacking) || !strings.Contains(err.Error(), "registry.invalid/no/such:image") || !strings.Contains(lacking.Help, "make images") {
			t.Errorf("pull %s: %v", pull, err)
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("pull %s: it took %v to find out", pull, d)
		}
	}
	if containers, networks, _ := left(t, "nothing"); containers+networks > 0 {
		t.Error("something is left")
	}
}

// The error of a broker that refuses its settings shows why.
func TestBrokerDiesAtStart(t *testing.T) {
	needDocker(t)
	_, err := testcontainers.Start(t.Context(), testcontainers.Options{
		RunID: "dies", Nodes: 1, Config: map[string]string{"log.retention.ms": "soon"}, Sidecar: executable,
	})
	if err == nil || !strings.Contains(err.Error(), "start b1: the broker ended") || !strings.Contains(err.Error(), "log.retention.ms") {
		t.Errorf("the error does not tell: %v", err)
	}
	if containers, networks, volumes := left(t, "dies"); containers+networks+volumes > 0 {
		t.Errorf("left behind: %d containers, %d networks, %d volumes", containers, networks, volumes)
	}
}

// Whenever a start is given up, nothing is left.
func TestCancelledStart(t *testing.T) {
	needDocker(t)
	for _, after := range []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		_, err := testcontainers.Start(ctx, testcontainers.Options{RunID: "given-up", Nodes: 2, Sidecar: executable})
		cancel()
		if err == nil {
			t.Errorf("started within %v", after)
		}
		if containers, networks, volumes := left(t, "given-up"); containers+networks+volumes > 0 {
			t.Errorf("after %v, left behind: %d containers, %d networks, %d volumes", after, containers, networks, volumes)
		}
	}
}

// impair acts on the links that match, and returns the heal.
func impair(t *testing.T, c broker.Cluster, imp broker.Impairment, match func(broker.Link) bool) func() {
	t.Helper()
	var on []broker.Link
	for _, l := range c.Links() {
		if match(l) {
			on = append(on, l)
		}
	}
	effect, undo, err := c.Impair(t.Context(), imp, on...)
	t.Logf("%d links impaired within %v", len(on), effect.Last.Sub(effect.First))
	heal := func() {
		if err := undo(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if err != nil {
		heal()
		t.Fatal(err)
	}
	return heal
}

func leaderOf(t *testing.T, c broker.Cluster, topic string) broker.Node {
	t.Helper()
	var leader int32
	cl := connect(t, c, broker.Observer)
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		m, err := metadata(ctx, cl, topic)
		if err != nil {
			return err
		}
		if len(m.Topics[0].Partitions) == 0 || m.Topics[0].Partitions[0].Leader < 0 {
			return errors.New("no leader")
		}
		leader = m.Topics[0].Partitions[0].Leader
		return nil
	})
	return node(t, c, leader)
}

func gone(t *testing.T, n broker.Node) {
	t.Helper()
	if running, err := n.(broker.Process).Running(t.Context()); err != nil || running {
		t.Fatalf("%s runs: %v, %v", n.Name(), running, err)
	}
}

// back starts a node, and waits until it answers at its old address and has caught up.
func back(t *testing.T, c broker.Cluster, n broker.Node) {
	t.Helper()
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	i, err := strconv.Atoi(n.ID())
	if err != nil {
		t.Fatal(err)
	}
	cl := connect(t, c, broker.Producers, kgo.SeedBrokers(c.Endpoint(broker.Producers).Addrs[i-1]))
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		_, err := metadata(ctx, cl)
		return err
	})
	inSync(t, c, "orders")
}

// count reads a topic to its end.
func count(t *testing.T, c broker.Cluster, topic string) int {
	t.Helper()
	cl := connect(t, c, broker.Consumers, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	n := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		f := cl.PollFetches(ctx)
		cancel()
		if f.NumRecords() == 0 {
			return n
		}
		n += f.NumRecords()
	}
}
