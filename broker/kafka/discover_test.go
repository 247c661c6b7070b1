package kafka_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

// guarded starts a cluster that lets in one user by each mechanism.
func guarded(t *testing.T) (*embedded.Cluster, broker.Endpoint) {
	t.Helper()
	var users []embedded.User
	for _, m := range []string{broker.MechanismPlain, broker.MechanismScramSHA256, broker.MechanismScramSHA512} {
		users = append(users, embedded.User{Mechanism: m, Name: "of-" + m, Password: "planted-" + m})
	}
	c, err := embedded.Kafka(t.Context(), embedded.Options{Users: users, Config: map[string]string{"min.insync.replicas": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c, broker.Endpoint{Addrs: c.Endpoint(broker.Observer).Addrs[:1]}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	c, e := guarded(t)
	for _, m := range []string{broker.MechanismPlain, broker.MechanismScramSHA256, broker.MechanismScramSHA512} {
		e.User, e.Password, e.Mechanism = "of-"+m, "planted-"+m, m
		found, err := kafka.Discover(t.Context(), e)
		if err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		if found.ClusterID != "kfake" || len(found.Nodes) != 3 || found.Nodes[2] != (broker.FoundNode{ID: "2", Addr: c.Endpoint(broker.Observer).Addrs[2]}) {
			t.Errorf("%s: %+v", m, found)
		}
		if found.Config["min.insync.replicas"] != "2" || len(found.Notes) > 0 {
			t.Errorf("%s: settings %v, %q", m, found.Config, found.Notes)
		}
		e.Password = "planted and wrong"
		_, err = kafka.Discover(t.Context(), e)
		if err == nil || !strings.Contains(err.Error(), "lets the user \"of-"+m+"\" not in by "+m) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", m, err)
		}
	}
}

// One address that answers is enough, and every one that does not is told where none does.
func TestDiscoverBySeveral(t *testing.T) {
	t.Parallel()
	_, e := guarded(t)
	m := broker.MechanismPlain
	e.User, e.Password, e.Mechanism = "of-"+m, "planted-"+m, m
	e.Addrs = append([]string{"127.0.0.1:1"}, e.Addrs...)
	if _, err := kafka.Discover(t.Context(), e); err != nil {
		t.Errorf("the second address answers: %v", err)
	}
	e.Addrs = []string{"127.0.0.1:1", "127.0.0.1:2"}
	if _, err := kafka.Discover(t.Context(), e); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "127.0.0.1:2") {
		t.Errorf("neither answers: %v", err)
	}
}

// Every broker has to be reached where it says it is, and nobody else.
func TestDiscoverLost(t *testing.T) {
	t.Parallel()
	c, e := guarded(t)
	m := broker.MechanismScramSHA256
	e.User, e.Password, e.Mechanism = "of-"+m, "planted-"+m, m
	if err := c.Nodes()[1].Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := kafka.Discover(t.Context(), e); err == nil || !strings.Contains(err.Error(), "broker 1 tells clients to come to ") || !strings.Contains(err.Error(), "says nothing") {
		t.Errorf("b2 stands still: %v", err)
	}
}

func TestDiscoverAnotherBehind(t *testing.T) {
	t.Parallel()
	var clusters [2]*embedded.Cluster
	for i, id := range []string{"mine", "other"} {
		var err error
		if clusters[i], err = embedded.Kafka(t.Context(), embedded.Options{ClusterID: id}); err != nil {
			t.Fatal(err)
		}
		defer clusters[i].Close(context.Background())
	}
	e := broker.Endpoint{Addrs: clusters[0].Endpoint(broker.Observer).Addrs[:1]}
	second, other := clusters[0].Endpoint(broker.Observer).Addrs[1], clusters[1]
	e.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == second { // a tunnel that ends elsewhere
			addr = other.Endpoint(broker.Observer).Addrs[0]
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	if _, err := kafka.Discover(t.Context(), e); err == nil || !strings.Contains(err.Error(), "where the cluster other answers") {
		t.Errorf("behind %s is another cluster: %v", second, err)
	}
}

// A listener of something else is told as such.
func TestDiscoverSomethingElse(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = nc.Write([]byte("220 mail.example ESMTP\r\n"))
			nc.Close()
		}
	}()
	if _, err := kafka.Discover(t.Context(), broker.Endpoint{Addrs: []string{ln.Addr().String()}}); err == nil || !strings.Contains(err.Error(), "is no listener of Kafka's") {
		t.Errorf("a mail server: %v", err)
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	c, e := guarded(t)
	n := c.Nodes()[0]
	look := func(want broker.Presence) {
		t.Helper()
		if got := kafka.Look(t.Context(), e, e.Addrs[0]); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	look(broker.Present)
	for _, step := range []struct {
		act  func(context.Context) error
		want broker.Presence
	}{{n.Pause, broker.Silent}, {n.Resume, broker.Present}, {n.Kill, broker.Absent}, {n.Start, broker.Present}} {
		if err := step.act(t.Context()); err != nil {
			t.Fatal(err)
		}
		look(step.want)
	}
}

// What a driver made is deleted, with whoever is still in its group; and what it did not make is somebody else's.
func TestTenant(t *testing.T) {
	t.Parallel()
	c, err := embedded.Kafka(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	drive := func() broker.Driver {
		d, err := kafka.New(c, broker.Settings{Nodes: 3, Consumer: broker.ConsumerSettings{Group: "g"}}, broker.NewClock(), run)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	owner, stranger := drive(), drive()
	tenant := owner.(broker.Tenant)
	topic := broker.Topic{Name: "t", Partitions: 2, Replicas: 1}
	if err := tenant.Vacant(t.Context(), "t", "g"); err != nil {
		t.Fatalf("nothing is there yet: %v", err)
	}
	if gone, err := tenant.Vacate(t.Context()); err != nil || len(gone) > 0 {
		t.Errorf("nothing was made: %q, %v", gone, err)
	}
	if err := owner.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	if err := owner.Ready(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	consumer, err := owner.NewConsumer(t.Context(), topic, broker.ConsumerOptions{Name: "c", ConsumerSettings: broker.ConsumerSettings{Group: "g"}})
	if err != nil {
		t.Fatal(err)
	}
	for got := 0; got < 2; { // both probes, so that it is a member with a place to go on from
		batch, err := consumer.Receive(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		got += len(batch)
	}
	for _, there := range [][2]string{{"t", ""}, {"t", "g"}, {"u", "g"}} {
		if err := stranger.(broker.Tenant).Vacant(t.Context(), there[0], there[1]); err == nil {
			t.Errorf("%q are nobody's", there)
		}
	}
	if gone, err := stranger.(broker.Tenant).Vacate(t.Context()); err != nil || len(gone) > 0 {
		t.Errorf("who made nothing deleted %q, %v", gone, err)
	}
	consumer.Abort() // as a crash: the group has to find out by itself, which takes its session
	gone, err := tenant.Vacate(t.Context())
	if err != nil || strings.Join(gone, ", ") != "group g, topic t" {
		t.Errorf("deleted %q, %v", gone, err)
	}
	if err := stranger.(broker.Tenant).Vacant(t.Context(), "t", "g"); err != nil {
		t.Errorf("something is left: %v", err)
	}
}
