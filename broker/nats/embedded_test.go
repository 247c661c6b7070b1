package nats_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/brokertest"
	"github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/embedded"
)

const run = 0x5ca1ab1e

// This test's own executable is the servers' too, as squall's is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "nats-server" {
		if err := embedded.ServeNATS(os.Args[2], os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestEmbedded(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) (broker.Cluster, broker.Driver) {
		c, err := embedded.NATS(t.Context(), embedded.NATSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := nats.New(c, broker.Settings{Nodes: 3}, broker.NewClock(), run)
		if err != nil {
			t.Fatal(err)
		}
		return c, d
	}, brokertest.Options{Run: run, Session: 1500 * time.Millisecond, Idempotent: true})
}

// stranger is a cluster of which somebody has another password.
type stranger struct{ broker.Cluster }

func (s stranger) Endpoint(client string) broker.Endpoint {
	e := s.Cluster.Endpoint(client)
	e.Password = "guess"
	return e
}

// Servers that refuse a password are not waited for.
func TestWrongPassword(t *testing.T) {
	c, err := embedded.NATS(t.Context(), embedded.NATSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	d, err := nats.New(stranger{c}, broker.Settings{Nodes: 3}, broker.NewClock(), run)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.CreateTopic(ctx, broker.Topic{Name: "orders", Partitions: 1, Replicas: 3}); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "refuse the user or its password") {
		t.Errorf("with a wrong password: %v", err)
	}
}
