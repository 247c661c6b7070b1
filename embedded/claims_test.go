package embedded_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
)

// The address of a node that is down is given to no link, also not to another squall's, or the node could not come back; afterwards it is free.
func TestAddressesAreKept(t *testing.T) {
	k, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	for kind, c := range map[string]broker.Cluster{"kafka": k, "nats": natsCluster(t, embedded.NATSOptions{Nodes: 1})} {
		addr := c.Endpoint(broker.Observer).Addrs[0]
		if err := c.Nodes()[0].Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l, err := net.ListenPacket("udp", addr); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: the address of a dead node can be claimed: %v, %v", kind, l, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		l, err := net.ListenPacket("udp", addr)
		if err != nil {
			t.Errorf("%s: it is not free afterwards: %v", kind, err)
			continue
		}
		l.Close()
	}
}
