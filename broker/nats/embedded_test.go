package nats_test

import (
	"fmt"
	"os"
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
