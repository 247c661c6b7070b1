package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

// discoverWithin bounds all that is asked.
const discoverWithin = 30 * time.Second

// Discover finds out what cluster answers at the endpoint's addresses, and whether every broker of it can be reached as clients will: at the address that it
// tells them, under the same id of the cluster. It makes and changes nothing there, and its errors say what to do and hold no secret.
func Discover(ctx context.Context, e broker.Endpoint) (broker.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, discoverWithin)
	defer cancel()
	m, err := first(ctx, e)
	if err != nil {
		return broker.Found{}, err
	}
	found := broker.Found{ClusterID: clusterID(m)}
	slices.SortFunc(m.Brokers, func(a, b kmsg.MetadataResponseBroker) int { return cmp.Compare(a.NodeID, b.NodeID) })
	for _, b := range m.Brokers {
		found.Nodes = append(found.Nodes, broker.FoundNode{ID: strconv.Itoa(int(b.NodeID)), Addr: net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))})
	}
	if err := same(ctx, e, found); err != nil {
		return broker.Found{}, err
	}
	if found.Config, err = decisive(ctx, e, found.Nodes[0]); err != nil {
		found.Notes = append(found.Notes, fmt.Sprintf("The brokers' settings could not be read (%v): their timers, and what they promise, are told as by Kafka's defaults.", err))
	}
	return found, nil
}

// first asks one address after the other until one answers.
func first(ctx context.Context, e broker.Endpoint) (*kmsg.MetadataResponse, error) {
	var errs []error
	for _, addr := range e.Addrs {
		m, err := clusterAt(ctx, e, addr)
		if err == nil {
			return m, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// clusterAt asks one address for its story of the cluster.
func clusterAt(ctx context.Context, e broker.Endpoint, addr string) (m *kmsg.MetadataResponse, err error) {
	if err := reach(ctx, e, addr); err != nil {
		return nil, err
	}
	err = askAt(ctx, e, addr, func(ctx context.Context, node *kgo.Broker) (err error) {
		m, err = metadata(ctx, node, nil)
		return err
	})
	switch {
	case err != nil:
		return nil, signIn(e, addr, err)
	case clusterID(m) == "" || len(m.Brokers) == 0:
		return nil, fmt.Errorf("%s tells no id of its cluster, or no brokers of it: squall needs both to know where it is", addr)
	}
	return m, nil
}

// askAt asks one address, by a client that knows no other.
func askAt(ctx context.Context, e broker.Endpoint, addr string, ask func(context.Context, *kgo.Broker) error) error {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	e.Addrs = []string{addr}
	dial := newDialer(e)
	client, err := newClient(e, "squall", dial)
	if err != nil {
		return err
	}
	defer client.Close()
	return ask(ctx, client.SeedBrokers()[0])
}

// same asks every broker at the address that it tells clients: what answers there may be another cluster's, behind a tunnel or on a port that was taken over.
func same(ctx context.Context, e broker.Endpoint, found broker.Found) error {
	errs := make([]error, len(found.Nodes))
	var all sync.WaitGroup
	for i, n := range found.Nodes {
		all.Go(func() {
			m, err := clusterAt(ctx, e, n.Addr)
			switch {
			case err != nil:
				errs[i] = fmt.Errorf("broker %s tells clients to come to %s, and squall's cannot: %w", n.ID, n.Addr, err)
			case clusterID(m) != found.ClusterID:
				errs[i] = fmt.Errorf("broker %s of the cluster %s tells clients to come to %s, where the cluster %s answers: nothing was sent", n.ID, found.ClusterID, n.Addr, clusterID(m))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func clusterID(m *kmsg.MetadataResponse) string {
	if m.ClusterID == nil {
		return ""
	}
	return *m.ClusterID
}

// decisiveSettings are what timers and promises are told by.
var decisiveSettings = []string{sessionConfig, heartbeatConfig, lagConfig, quorumFetchConfig, quorumElectionConfig, minInSyncConfig, uncleanConfig,
	maxTimeoutConfig, minSessionConfig, maxSessionConfig}

// decisive asks a broker for the settings that decide.
func decisive(ctx context.Context, e broker.Endpoint, n broker.FoundNode) (map[string]string, error) {
	settings := map[string]string{}
	err := askAt(ctx, e, n.Addr, func(ctx context.Context, node *kgo.Broker) error {
		told, err := describe(ctx, node, kmsg.ConfigResourceTypeBroker, n.ID, decisiveSettings)
		for _, c := range told {
			if c.Value != nil && slices.Contains(decisiveSettings, c.Name) {
				settings[c.Name] = *c.Value
			}
		}
		return err
	})
	return settings, err
}
