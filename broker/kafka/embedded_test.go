package kafka_test

import (
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/brokertest"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

const run = 0x5ca1ab1e

func TestEmbedded(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) (broker.Cluster, broker.Driver) {
		return start(t, map[string]string{"broker.session.timeout.ms": "1000", "group.min.session.timeout.ms": "500"})
	}, brokertest.Options{Run: run, Session: 1500 * time.Millisecond, Failover: 10 * time.Second, Idempotent: true, Transactions: true})
}

// start makes a driver of an embedded cluster. Who calls it closes both.
func start(t testing.TB, config map[string]string) (*embedded.Cluster, broker.Driver) {
	t.Helper()
	c, err := embedded.Kafka(t.Context(), embedded.Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	d, err := kafka.New(c, broker.Settings{Nodes: 3, Config: config}, broker.NewClock(), run)
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}
