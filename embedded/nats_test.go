package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
)

// This test's own executable is the servers' too, as squall's is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "nats-server" {
		if err := embedded.ServeNATS(os.Args[2], os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "nats-parent" {
		lonelyParent(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}

// natsCluster starts a cluster, which the end of the test removes.
func natsCluster(t *testing.T, o embedded.NATSOptions) *embedded.NATSCluster {
	t.Helper()
	c, err := embedded.NATS(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("close the cluster: %v", err)
		}
	})
	return c
}

// connect makes a client of one node.
func connect(t *testing.T, c broker.Cluster, client string, node int) *nats.Conn {
	t.Helper()
	e := c.Endpoint(client)
	nc, err := nats.Connect("nats://"+e.Addrs[node], nats.UserInfo(e.User, e.Password), nats.RetryOnFailedConnect(true), nats.ReconnectWait(50*time.Millisecond),
		nats.MaxReconnects(-1), nats.SetCustomDialer(dialer{e}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

type dialer struct{ broker.Endpoint }

func (d dialer) Dial(network, addr string) (net.Conn, error) {
	return d.Endpoint.Dial(context.Background(), network, addr)
}

// within waits until what is so.
func within(t *testing.T, patience time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// stream makes a stream with three replicas, as soon as the cluster can.
func stream(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	within(t, 30*time.Second, "a stream can be made", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "orders", Subjects: []string{"orders.*"}, Replicas: 3})
		return err == nil
	})
}

type routez struct {
	Data struct {
		Routes int `json:"num_routes"`
	} `json:"data"`
}

// Whatever the nodes tell each other of themselves, they find no way past the links: each connection that they have is open in one.
func TestNATSClusterServesAndAllRoutesPassLinks(t *testing.T) {
	began := time.Now()
	c := natsCluster(t, embedded.NATSOptions{})
	nc := connect(t, c, broker.Observer, 0)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream(t, js)
	t.Logf("a stream was there after %v", time.Since(began))
	if _, err := js.Publish(t.Context(), "orders.0", []byte("x")); err != nil {
		t.Fatal(err)
	}

	routes := 0
	for i := range c.Nodes() {
		sys := connect(t, c, broker.Administrator, i)
		within(t, 5*time.Second, "connected", sys.IsConnected)
		m, err := sys.Request("$SYS.REQ.SERVER."+sys.ConnectedServerId()+".ROUTEZ", nil, 2*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var told routez
		if err := json.Unmarshal(m.Data, &told); err != nil {
			t.Fatal(err)
		}
		routes += told.Data.Routes
	}
	if routes == 0 {
		t.Fatal("the nodes have no routes")
	}
	within(t, 5*time.Second, fmt.Sprintf("%d ends of routes, and as many sides of connections in links", routes), func() bool { return open(t, c) == uint64(routes) })
}

// open counts the connections that are open in the links between nodes: each is in two of them, one for each way.
func open(t *testing.T, c broker.Cluster) (n uint64) {
	t.Helper()
	for _, l := range c.Links() {
		if l.Plane() != broker.PlaneData {
			continue
		}
		traffic, err := l.Traffic(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += traffic.Open
	}
	return n
}

// A node keeps its name, its addresses and its data over Kill, Stop and Start; a paused one says nothing, and goes on.
func TestNATSNodeComesBack(t *testing.T) {
	c := natsCluster(t, embedded.NATSOptions{Nodes: 1})
	n := c.Nodes()[0]
	nc := connect(t, c, broker.Producers, 0)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	within(t, 30*time.Second, "a stream can be made", func() bool {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "orders", Subjects: []string{"orders.*"}})
		return err == nil
	})
	vitals := func() broker.Vitals {
		t.Helper()
		v, err := n.(broker.Vital).Vitals(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	messages := uint64(0)
	publish := func() {
		t.Helper()
		within(t, 30*time.Second, "a message is acknowledged, behind those of before", func() bool {
			ack, err := js.Publish(ctx, "orders.0", []byte("x"))
			if err == nil && ack.Sequence != messages+1 {
				t.Fatalf("message %d is stored as %d", messages+1, ack.Sequence)
			}
			return err == nil
		})
		messages++
	}
	publish()
	for code, down := range map[int]func() error{
		137: func() error { return n.Kill(ctx) },
		0:   func() error { return n.Stop(ctx, 10*time.Second) },
	} {
		if err := down(); err != nil {
			t.Fatal(err)
		}
		if v := vitals(); v.Running || v.ExitCode != code {
			t.Errorf("after its end: %+v, want the exit code %d", v, code)
		}
		if e := c.Endpoint(broker.Producers); nc.IsConnected() {
			within(t, 5*time.Second, "the connection to "+e.Addrs[0]+" is gone", func() bool { return !nc.IsConnected() })
		}
		if err := n.Start(ctx); err != nil {
			t.Fatal(err)
		}
		publish()
	}
	if err := n.Pause(ctx); err != nil {
		t.Fatal(err)
	}
	if v := vitals(); !v.Running || !v.Paused {
		t.Errorf("paused: %+v", v)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := js.Publish(short, "orders.0", nil); err == nil {
		t.Error("a paused node acknowledged")
	}
	messages++ // it is in the node's socket
	if err := n.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	publish()
}
