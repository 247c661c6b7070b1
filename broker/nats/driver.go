// Package nats speaks to NATS JetStream, with nats.go. It knows streams, subjects, durable consumers and what a server's answers are worth; it doesn't know
// where the servers run, what is done to them, or what the load is for.
//
// A topic is one stream, and each partition a subject of it: orders.0, orders.1. Offsets are the stream's sequence numbers, which count through all
// partitions. A group is one durable pull consumer, which its members share.
package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
	"github.com/seed-228c25e4/squall/broker/observe"
)

const (
	// observerReconnects is how soon squall's own connections are made again.
	observerReconnects = 100 * time.Millisecond
	// askWithin bounds one question to the cluster that whoever leads has to answer.
	askWithin = 2 * time.Second
	// noPeers is the error_code of a cluster whose leader has not heard of enough nodes yet: in its first moments that passes.
	noPeers = 10005
	// createWithin bounds one attempt to make a stream or a consumer.
	createWithin = 10 * time.Second
)

type driver struct {
	cluster  broker.Cluster
	settings broker.Settings
	clock    broker.Clock
	run      uint64

	names     map[string]string // the endpoints' addresses -> names
	eyes      *nats.Conn        // on the observer's endpoint
	streams   jetstream.JetStream
	witnesses []*witness // every node
	questions []*observe.Question[answer]

	mu      sync.Mutex
	topics  []string // that State tells about where a node has them, sorted
	told    map[string]broker.Topic
	groups  []string                    // that State tells about
	made    map[string]bool             // which of them CreateTopic made: State tells of them always
	floors  map[string]map[int32]uint64 // by topic and partition: what was below was deleted
	behind  sync.WaitGroup
	life    context.Context // ends with Close
	closing context.CancelFunc
}

var (
	_ broker.Driver      = (*driver)(nil)
	_ broker.Ends        = (*driver)(nil)
	_ broker.Reader      = (*driver)(nil)
	_ broker.Outstanding = (*driver)(nil)
	_ broker.Versions    = (*driver)(nil)

	_ broker.TopicDeleter = (*driver)(nil)
)

// New returns a driver of the cluster. run is the id in every envelope of this run. Nothing is asked of the cluster yet.
func New(cluster broker.Cluster, s broker.Settings, clock broker.Clock, run uint64) (broker.Driver, error) {
	d := &driver{cluster: cluster, settings: s, clock: clock, run: run, names: map[string]string{}, told: map[string]broker.Topic{},
		made: map[string]bool{}, floors: map[string]map[int32]uint64{}}
	d.life, d.closing = context.WithCancel(context.Background())
	for _, client := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		for i, addr := range cluster.Endpoint(client).Addrs {
			if i < len(cluster.Nodes()) {
				d.names[addr] = cluster.Nodes()[i].Name()
			}
		}
	}
	if err := d.look(); err != nil {
		return nil, errors.Join(fmt.Errorf("observe the cluster: %w", err), d.Close())
	}
	return d, nil
}

func (d *driver) look() (err error) {
	e := d.cluster.Endpoint(broker.Observer)
	if d.eyes, err = connect(e, newDialer(e), e.Addrs, "squall", nats.ReconnectWait(observerReconnects)); err != nil {
		return err
	}
	if d.streams, err = jetstream.New(d.eyes); err != nil {
		return err
	}
	e = d.cluster.Endpoint(broker.Administrator)
	for i, n := range d.cluster.Nodes() {
		nc, err := connect(e, newDialer(e), e.Addrs[i:i+1], "squall", nats.ReconnectWait(observerReconnects))
		if err != nil {
			return err
		}
		w := &witness{node: n.Name(), conn: nc}
		d.witnesses = append(d.witnesses, w)
		d.questions = append(d.questions, &observe.Question[answer]{Node: n.Name(), Ask: w.ask})
	}
	return nil
}

// Close waits until everything that was aborted is gone. Producers and consumers are closed by those who made them.
func (d *driver) Close() error {
	d.closing()
	d.behind.Wait()
	if d.eyes != nil {
		d.eyes.Close()
	}
	for _, w := range d.witnesses {
		w.conn.Close()
	}
	return nil
}

// connect makes a client of those addresses, which goes on trying for ever. Gossip teaches it nothing: it knows all nodes, and its dialer knows the way.
func connect(e broker.Endpoint, d *conns.Dialer, addrs []string, name string, opts ...nats.Option) (*nats.Conn, error) {
	urls := make([]string, len(addrs))
	for i, addr := range addrs {
		urls[i] = "nats://" + addr
	}
	all := []nats.Option{
		nats.Name(name), nats.SetCustomDialer(dialer{d}), nats.DontRandomize(), nats.IgnoreDiscoveredServers(),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.NoCallbacksAfterClientClose(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // else the library prints; what matters comes back otherwise
	}
	if e.User != "" {
		all = append(all, nats.UserInfo(e.User, e.Password))
	}
	if e.TLS != nil {
		all = append(all, nats.Secure(e.TLS))
	}
	return nats.Connect(strings.Join(urls, ","), append(all, opts...)...)
}

// dialTimeout is the client library's own.
const dialTimeout = 2 * time.Second

func newDialer(e broker.Endpoint) *conns.Dialer { return conns.NewDialer(e, dialTimeout) }

type dialer struct{ *conns.Dialer }

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, addr string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, addr)
}

// nodeOf returns the name of the node that a client is connected to; empty: none.
func (d *driver) nodeOf(nc *nats.Conn) string {
	return d.names[strings.TrimPrefix(nc.ConnectedUrl(), "nats://")]
}

// spread returns the addresses beginning with another one for each client, so that clients are spread over the nodes and the same one always begins at the
// same: the number at the end of its name decides.
func spread(addrs []string, client string) []string {
	digits := client[len(strings.TrimRight(client, "0123456789")):]
	n, _ := strconv.Atoi(digits) // 0 without a number
	n %= max(len(addrs), 1)
	return slices.Concat(addrs[n:], addrs[:n])
}

func subject(topic string, partition int32) string { return topic + "." + strconv.Itoa(int(partition)) }

// partition returns the partition that a subject is; -1: none.
func partition(subject string) int32 {
	n, err := strconv.ParseInt(subject[strings.LastIndexByte(subject, '.')+1:], 10, 32)
	if err != nil {
		return -1
	}
	return int32(n)
}

// know makes State tell about the topic.
func (d *driver) know(t broker.Topic) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, found := slices.BinarySearch(d.topics, t.Name); !found {
		d.topics = slices.Insert(d.topics, i, t.Name)
	}
	d.told[t.Name] = t
}

// forget makes State tell no more about a topic that is gone.
func (d *driver) forget(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.topics = slices.DeleteFunc(d.topics, func(name string) bool { return name == topic })
	delete(d.told, topic)
	delete(d.made, topic)
	delete(d.floors, topic)
}

func (d *driver) knowGroup(group string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.groups, group) {
		d.groups = append(d.groups, group)
	}
}

func (d *driver) isGroup(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.groups, name)
}

// known are the topics that State tells about.
func (d *driver) known() []broker.Topic {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]broker.Topic, len(d.topics))
	for i, name := range d.topics {
		all[i] = d.told[name]
	}
	return all
}

// streamConfig is the stream that a topic is.
func streamConfig(t broker.Topic) (jetstream.StreamConfig, error) {
	c := jetstream.StreamConfig{Name: t.Name, Replicas: t.Replicas, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew}
	for p := range int32(t.Partitions) {
		c.Subjects = append(c.Subjects, subject(t.Name, p))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		switch v := t.Config[name]; {
		case name == storageConfig && v == inMemory:
			c.Storage = jetstream.MemoryStorage
		case name == storageConfig && v == onFile:
		case name == compressionConfig && v == "none":
		case name == compressionConfig && v == "s2":
			c.Compression = jetstream.S2Compression
		case name == duplicatesConfig:
			window, err := time.ParseDuration(v)
			if err != nil {
				return c, fmt.Errorf("%s is %q: it is a time", name, v)
			}
			c.Duplicates = window
		default:
			return c, fmt.Errorf("%s: %q is no setting of a stream that is known here", name, v)
		}
	}
	return c, nil
}

// CreateTopic implements broker.Driver. It waits until every node is known to who leads the cluster, for one that is just starting cannot place the
// replicas yet.
func (d *driver) CreateTopic(ctx context.Context, t broker.Topic) error {
	config, err := streamConfig(t)
	if err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	if err := d.await(ctx, d.missingNodes); err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	tried := false // an attempt whose answer was lost may have made the stream
	err = d.await(ctx, func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, createWithin)
		defer cancel()
		if _, err := d.streams.Stream(ctx, t.Name); err == nil && !tried {
			return "", jetstream.ErrStreamNameAlreadyInUse // else making one of the same configuration would be no error
		} else if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return unanswered(err), nil
		}
		tried = true
		_, err := d.streams.CreateStream(ctx, config)
		if isRefusal(err) {
			return "", err
		}
		return unanswered(err), nil
	})
	if err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	d.know(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made[t.Name] = true
	return nil
}

// DeleteTopic implements broker.TopicDeleter. While nobody leads the cluster it answers nothing, not even later, so it is asked
// again; an attempt that was only slow has then deleted the stream.
func (d *driver) DeleteTopic(ctx context.Context, t broker.Topic) error {
	err := d.await(ctx, func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		err := d.streams.DeleteStream(ctx, t.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return "", nil
		}
		if isRefusal(err) {
			return "", err
		}
		return text(err), nil
	})
	if err != nil {
		return fmt.Errorf("delete topic %s: %w", t.Name, err)
	}
	d.forget(t.Name)
	return nil
}

// isRefusal reports whether the cluster said no to what was asked of it, which asking again does not change.
func isRefusal(err error) bool {
	told, ok := errors.AsType[*jetstream.APIError](err)
	return ok && told.Code == 400 && told.ErrorCode != noPeers
}

func (d *driver) hasMade(topic string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.made[topic]
}

// unanswered is text, and says who did not answer where nobody did.
func unanswered(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "JetStream does not answer"
	}
	return text(err)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return cmp.Or(err.Error(), "an error that says nothing")
}

// await asks again and again until nothing is missing, or ctx or the driver ends.
func (d *driver) await(ctx context.Context, missing func(context.Context) (string, error)) error {
	return observe.Await(ctx, d.life, missing)
}
