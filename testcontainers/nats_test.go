package testcontainers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// A three-node cluster of NATS servers, and what can be done to it.
func TestNATS(t *testing.T) {
	began := time.Now()
	c := start(t, testcontainers.Options{Kind: "nats", Nodes: 3, RunID: "gnats", Disk: diskSize})
	js := jetStream(t, c)
	eventually(t, time.Minute, func(ctx context.Context) error {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "orders", Subjects: []string{"orders.*"}, Replicas: 3})
		return err
	})
	t.Logf("a stream after %.1f s", time.Since(began).Seconds())
	store(t, js)
	for _, sub := range []struct {
		name string
		test func(*testing.T, broker.Cluster)
	}{
		{"describe", describeNATS},
		{"links", natsLinks},
		{"one way", natsOneWay},
		{"cut", natsCut},
		{"pause", natsPause},
		{"stop and kill", natsStopAndKill},
		{"disk", natsDisk},
		{"all killed", natsAllKilled},
	} {
		t.Run(sub.name, func(t *testing.T) { sub.test(t, c) })
	}
	store(t, js)
	if s, err := js.Stream(t.Context(), "orders"); err != nil || s.CachedInfo().State.Msgs < 2 {
		t.Errorf("of what was stored is left: %+v, %v", s.CachedInfo(), err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if containers, networks, volumes := left(t, "gnats"); containers+networks+volumes > 0 {
		t.Errorf("left behind: %d containers, %d networks, %d volumes", containers, networks, volumes)
	}
}

// natsAt makes a client of one node.
func natsAt(t *testing.T, c broker.Cluster, client string, node int) *nats.Conn {
	t.Helper()
	e := c.Endpoint(client)
	nc, err := nats.Connect("nats://"+e.Addrs[node], nats.UserInfo(e.User, e.Password), nats.RetryOnFailedConnect(true), nats.ReconnectWait(50*time.Millisecond),
		nats.MaxReconnects(-1), nats.IgnoreDiscoveredServers())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	eventually(t, 30*time.Second, func(context.Context) error {
		if !nc.IsConnected() {
			return fmt.Errorf("not connected: %w", nc.LastError())
		}
		return nil
	})
	return nc
}

func jetStream(t *testing.T, c broker.Cluster) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(natsAt(t, c, broker.Observer, 0))
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// store has a message acknowledged.
func store(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	eventually(t, time.Minute, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "orders.0", []byte("x"))
		return err
	})
}

// routesOf asks a server how many ends of routes it has.
func routesOf(ctx context.Context, sys *nats.Conn) (int, error) {
	m, err := sys.RequestWithContext(ctx, "$SYS.REQ.SERVER."+sys.ConnectedServerId()+".ROUTEZ", nil)
	if err != nil {
		return 0, err
	}
	var told struct {
		Data struct {
			Routes int `json:"num_routes"`
		} `json:"data"`
	}
	return told.Data.Routes, errors.Join(json.Unmarshal(m.Data, &told))
}

// formedNATS waits until every server has routes to the others, as many as the links carry. Who found a way past the links would have more.
func formedNATS(t *testing.T, c broker.Cluster) {
	t.Helper()
	var servers []*nats.Conn
	for i := range c.Nodes() {
		servers = append(servers, natsAt(t, c, broker.Administrator, i))
	}
	eventually(t, time.Minute, func(ctx context.Context) error {
		told, carried := 0, uint64(0)
		for i, sys := range servers {
			n, err := routesOf(ctx, sys)
			if err != nil {
				return err
			}
			if n < len(servers)-1 {
				return fmt.Errorf("b%d has %d routes", i+1, n)
			}
			told += n
		}
		for _, l := range c.Links() {
			if l.Plane() == broker.PlaneClient {
				continue
			}
			tr, err := l.Traffic(ctx)
			if err != nil {
				return err
			}
			carried += tr.Open // each connection is in two of them, one for each way, as it is a route of two servers
		}
		if uint64(told) != carried {
			return fmt.Errorf("the servers have %d ends of routes, and the links carry %d", told, carried)
		}
		return nil
	})
}

func describeNATS(t *testing.T, c broker.Cluster) {
	d := c.Describe()
	if d.Testbed != "containers" || d.Emulated != "" || !d.Proxied || d.Config["jetstream.max_memory_store"] == "" {
		t.Errorf("description %+v", d)
	}
	for i, n := range c.Nodes() {
		if name := fmt.Sprintf("b%d", i+1); n.Name() != name || n.ID() != name || natsAt(t, c, broker.Observer, i).ConnectedServerName() != name {
			t.Errorf("node %d is %s, %s", i, n.Name(), n.ID())
		}
	}
	admin := c.Endpoint(broker.Administrator)
	for _, name := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		if e := c.Endpoint(name); e.User == admin.User || len(e.Addrs) != 3 || (name == broker.Observer) != slices.Equal(e.Addrs, admin.Addrs) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Every link is there once, and whatever servers say to one another passes the links.
func natsLinks(t *testing.T, c broker.Cluster) {
	formedNATS(t, c)
	var got, want []string
	for _, l := range c.Links() {
		got = append(got, l.From()+" "+l.To()+" "+l.Plane())
		if broker.OneWay(l) != (l.Plane() == broker.PlaneData) {
			t.Errorf("%s -> %s: one way is %v", l.From(), l.To(), broker.OneWay(l))
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
}

// A listener counts what one node hears from another by plain messages, which are not stored and are passed on once.
type listener struct {
	speaker *nats.Conn
	subject string
	heard   atomic.Int64
}

func listen(t *testing.T, c broker.Cluster, from, to int) *listener {
	t.Helper()
	l := &listener{speaker: natsAt(t, c, broker.Observer, from-1), subject: fmt.Sprintf("from.%d.to.%d", from, to)}
	ear := natsAt(t, c, broker.Observer, to-1)
	sub, err := ear.Subscribe(l.subject, func(*nats.Msg) { l.heard.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	eventually(t, 20*time.Second, func(context.Context) error { return l.speakAndHear(t) })
	return l
}

func (l *listener) speak(t *testing.T) {
	t.Helper()
	if err := errors.Join(l.speaker.Publish(l.subject, nil), l.speaker.Flush()); err != nil {
		t.Fatal(err)
	}
}

func (l *listener) speakAndHear(t *testing.T) error {
	before := l.heard.Load()
	l.speak(t)
	for range 10 {
		if l.heard.Load() > before {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s is not heard", l.subject)
}

func (l *listener) hears(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, func(context.Context) error { return l.speakAndHear(t) })
}

// While b1 cannot reach b2, b2 hears nothing of it, and b1 hears b2, whichever of the two dialled; and the other way round.
func natsOneWay(t *testing.T, c broker.Cluster) {
	there, back := listen(t, c, 1, 2), listen(t, c, 2, 1)
	for _, pair := range []struct {
		from, to    string
		cut, stands *listener
	}{{"b1", "b2", there, back}, {"b2", "b1", back, there}} {
		heal := impair(t, c, broker.Both(broker.Half{Hold: true}), func(l broker.Link) bool { return l.From() == pair.from && l.To() == pair.to })
		before := pair.cut.heard.Load()
		pair.cut.speak(t)
		pair.stands.hears(t)
		if got := pair.cut.heard.Load(); got != before {
			t.Errorf("%s hears of %s", pair.to, pair.from)
		}
		heal()
		pair.cut.hears(t)
		pair.stands.hears(t)
	}
}

// A node that is cut off from its peers hears nothing of them, while they hear one another; healed, it does.
func natsCut(t *testing.T, c broker.Cluster) {
	others, alone := listen(t, c, 1, 2), listen(t, c, 1, 3)
	heal := impair(t, c, broker.Both(broker.Half{Hold: true}), func(l broker.Link) bool {
		return l.Plane() == broker.PlaneData && (l.From() == "b3" || l.To() == "b3")
	})
	before := alone.heard.Load()
	alone.speak(t)
	others.hears(t)
	if got := alone.heard.Load(); got != before {
		t.Error("b3 is cut off, and hears of b1")
	}
	heal()
	alone.hears(t)
	formedNATS(t, c)
}

func natsPause(t *testing.T, c broker.Cluster) {
	n, l := c.Nodes()[2], listen(t, c, 1, 3)
	if err := n.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := l.heard.Load()
	l.speak(t)
	if v := look(t, n); !v.Running || !v.Paused || l.heard.Load() != before {
		t.Errorf("paused: %+v", v)
	}
	for range 2 {
		if err := n.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	l.hears(t)
	formedNATS(t, c)
}

func natsStopAndKill(t *testing.T, c broker.Cluster) {
	before := c.Endpoint(broker.Producers).Addrs
	n := c.Nodes()[1]
	for what, down := range map[string]func() error{
		"Server Exiting": func() error { return n.Stop(t.Context(), 20*time.Second) },
		"":               func() error { return n.Kill(t.Context()) },
	} {
		if err := down(); err != nil {
			t.Fatal(err)
		}
		gone(t, n)
		if lines, err := n.(broker.Logger).Log(t.Context(), 100); err != nil || !strings.Contains(strings.Join(lines, "\n"), what) {
			t.Errorf("its log does not tell of %q: %v\n%s", what, err, strings.Join(lines, "\n"))
		}
		began := time.Now()
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		formedNATS(t, c)
		t.Logf("back after %.1f s", time.Since(began).Seconds())
	}
	if after := c.Endpoint(broker.Producers).Addrs; !slices.Equal(before, after) {
		t.Errorf("addresses %v became %v", before, after)
	}
}

// The data of a node can be looked at and changed though its image holds no other program than the server.
func natsDisk(t *testing.T, c broker.Cluster) {
	n := c.Nodes()[0]
	if err := n.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := n.(broker.Disk)
	blocks := func() (all []broker.File) {
		t.Helper()
		files, err := d.Files(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if ok, _ := path.Match("jetstream/SQUALL/streams/orders/msgs/*.blk", f.Path); ok {
				all = append(all, f)
			}
		}
		return all
	}
	before := blocks()
	if len(before) == 0 || before[0].Size == 0 {
		t.Fatalf("the stream has the files %v", before)
	}
	if err := d.Change(t.Context(), broker.Edit{Path: before[0].Path, Truncate: true, Size: before[0].Size - 1}); err != nil {
		t.Fatal(err)
	}
	if after := blocks(); len(after) != len(before) || after[0].Size != before[0].Size-1 {
		t.Errorf("cut by a byte: %v, and was %v", after, before)
	}
	if err := d.Change(t.Context(), broker.Edit{Path: ".", Remove: true}); err != nil || len(blocks()) > 0 {
		t.Errorf("wiped, and there is %v: %v", blocks(), err)
	}
	if f, ok := n.(broker.Filler); !ok || f.DiskSize() != diskSize {
		t.Error("its disk cannot be filled")
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	formedNATS(t, c)
}

func natsAllKilled(t *testing.T, c broker.Cluster) {
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
	formedNATS(t, c)
}

// Settings that are the testbed's are refused before anything starts.
func TestNATSOptions(t *testing.T) {
	_, err := testcontainers.Start(t.Context(), testcontainers.Options{Kind: "nats", Nodes: 3, Config: map[string]string{"jetstream.store_dir": "/x"}})
	if err == nil || !strings.Contains(err.Error(), "belongs to the testbed") {
		t.Errorf("%v", err)
	}
}
