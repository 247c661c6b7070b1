// Package kafka speaks the Kafka protocol, with franz-go. It knows topics, partitions, groups and what a broker's answers are worth; it doesn't know
// where the brokers run, what is done to them, or what the load is for.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
	"github.com/seed-228c25e4/squall/broker/observe"
)

type driver struct {
	cluster  broker.Cluster
	settings broker.Settings
	clock    broker.Clock
	run      uint64

	names map[int32]string  // node ids -> names
	addrs map[string]string // the endpoints' addresses -> names

	eyes, ears *kgo.Client // on the observer's endpoint
	questions  []*question // of every node
	hasQuorum  atomic.Bool // some broker has told who leads the quorum

	transactional atomic.Bool // there was a producer with transactions

	mu      sync.Mutex
	topics  []string // that State tells about, sorted
	made    map[string]broker.Topic
	owned   map[string]bool // topics that this driver made, or may have made
	groups  []string        // sorted
	behind  sync.WaitGroup
	closing context.CancelFunc
	life    context.Context // ends with Close
}

var (
	_ broker.Driver    = (*driver)(nil)
	_ broker.Ends      = (*driver)(nil)
	_ broker.Reader    = (*driver)(nil)
	_ broker.Committed = (*driver)(nil)
	_ broker.Versions  = (*driver)(nil)
)

// New returns a driver of the cluster. run is the id in every envelope of this run. Nothing is asked of the cluster yet.
func New(cluster broker.Cluster, s broker.Settings, clock broker.Clock, run uint64) (broker.Driver, error) {
	d := &driver{cluster: cluster, settings: s, clock: clock, run: run, names: map[int32]string{}, addrs: map[string]string{},
		made: map[string]broker.Topic{}, owned: map[string]bool{}}
	for _, n := range cluster.Nodes() {
		id, err := strconv.ParseInt(n.ID(), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("node %s: its id %q is no node id of Kafka's", n.Name(), n.ID())
		}
		d.names[int32(id)] = n.Name()
	}
	for _, client := range []string{broker.Producers, broker.Consumers, broker.Observer} {
		for i, addr := range cluster.Endpoint(client).Addrs {
			if i < len(cluster.Nodes()) {
				d.addrs[addr] = cluster.Nodes()[i].Name()
			}
		}
	}
	d.life, d.closing = context.WithCancel(context.Background())
	if s.Consumer.Group != "" {
		d.groups = []string{s.Consumer.Group}
	}
	if err := d.look(); err != nil {
		return nil, fmt.Errorf("observe the cluster: %w", err)
	}
	return d, nil
}

func (d *driver) look() (err error) {
	if d.eyes, err = d.client(broker.Observer, "squall", nil, nil, kgo.MetadataMinAge(observe.PollEvery), kgo.RetryTimeout(10*time.Second)); err != nil {
		return err
	}
	if d.ears, err = d.client(broker.Observer, "squall", nil, nil); err != nil {
		return err
	}
	eyes, ears := d.eyes.SeedBrokers(), d.ears.SeedBrokers()
	for i, n := range d.cluster.Nodes() {
		d.questions = append(d.questions, d.questionsTo(n.Name(), eyes[i], ears[i])...)
	}
	return nil
}

// Close waits until everything that was aborted is gone. Producers and consumers are closed by those who made them.
func (d *driver) Close() error {
	d.closing()
	d.eyes.Close()
	d.ears.Close()
	d.behind.Wait()
	return nil
}

// client makes a client of the named endpoint. The dialer and listener are nil where nobody needs them.
func (d *driver) client(endpoint, id string, dial *conns.Dialer, l *listener, opts ...kgo.Opt) (*kgo.Client, error) {
	e := d.cluster.Endpoint(endpoint)
	if dial == nil {
		dial = newDialer(e)
	}
	opts = append(opts, kgo.AlwaysRetryEOF()) // a broker that dies while a connection is begun ends it: the end of file is no sign of a wrong protocol
	if l != nil {
		opts = append(opts, kgo.WithHooks(l))
	}
	return newClient(e, id, dial, opts...)
}

// newClient makes a client of an endpoint.
func newClient(e broker.Endpoint, id string, dial *conns.Dialer, opts ...kgo.Opt) (*kgo.Client, error) {
	all := []kgo.Opt{kgo.SeedBrokers(e.Addrs...), kgo.ClientID(id), kgo.Dialer(dial.DialContext), kgo.DisableClientMetrics()}
	if e.User != "" {
		all = append(all, kgo.SASL(mechanism(e)))
	}
	return kgo.NewClient(append(all, opts...)...)
}

// mechanism is how the endpoint's user is shown to brokers.
func mechanism(e broker.Endpoint) sasl.Mechanism {
	switch secret := (scram.Auth{User: e.User, Pass: e.Password}); e.Mechanism {
	case broker.MechanismScramSHA256:
		return secret.AsSha256Mechanism()
	case broker.MechanismScramSHA512:
		return secret.AsSha512Mechanism()
	}
	return plain.Auth{User: e.User, Pass: e.Password}.AsMechanism()
}

func (d *driver) nodeOf(meta kgo.BrokerMetadata) string {
	if name, ok := d.names[meta.NodeID]; ok {
		return name
	}
	return d.addrs[net.JoinHostPort(meta.Host, strconv.Itoa(int(meta.Port)))]
}

func (d *driver) nodeName(id int32) string {
	if name, ok := d.names[id]; ok {
		return name
	}
	return strconv.Itoa(int(id))
}

// know makes State tell about the topic.
func (d *driver) know(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, found := slices.BinarySearch(d.topics, topic); !found {
		d.topics = slices.Insert(d.topics, i, topic)
	}
}

// forget makes State tell no more about a topic that is gone: one of its name is not this driver's own, until it makes it.
func (d *driver) forget(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.topics = slices.DeleteFunc(d.topics, func(name string) bool { return name == topic })
	delete(d.made, topic)
	delete(d.owned, topic)
}

func (d *driver) knowGroup(group string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, found := slices.BinarySearch(d.groups, group); !found {
		d.groups = slices.Insert(d.groups, i, group)
	}
}

func (d *driver) known() (topics, groups []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.topics), slices.Clone(d.groups)
}

// CreateTopic implements broker.Driver. It waits until every node is registered, for a cluster that is just starting cannot place the replicas yet.
func (d *driver) CreateTopic(ctx context.Context, t broker.Topic) error {
	if err := d.await(ctx, d.missingNodes); err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	var tried bool // an attempt whose answer was lost may have made the topic
	err := d.await(ctx, func(ctx context.Context) (string, error) {
		_, err := d.createOnce(ctx, t)
		switch {
		case err == nil, tried && errors.Is(err, kerr.TopicAlreadyExists):
			return "", nil
		case errors.Is(err, kerr.TopicAlreadyExists), isTold(err) && !kerr.IsRetriable(err) && !errors.Is(err, kerr.InvalidReplicationFactor):
			return "", err
		}
		if !isTold(err) || errors.Is(err, kerr.RequestTimedOut) {
			tried = true
			d.own(t.Name)
		}
		return err.Error(), nil
	})
	if err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	d.own(t.Name)
	d.know(t.Name)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made[t.Name] = t
	return nil
}

// createOnce returns the topic's id.
func (d *driver) createOnce(ctx context.Context, t broker.Topic) (id kadm.TopicID, _ error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 5000
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = t.Name, int32(t.Partitions), int16(t.Replicas)
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = name, kmsg.StringPtr(t.Config[name])
		rt.Configs = append(rt.Configs, c)
	}
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(ctx, d.eyes)
	if err != nil {
		return id, err
	}
	for _, told := range resp.Topics {
		if err := kerr.ErrorForCode(told.ErrorCode); err != nil {
			return id, tell(err, told.ErrorMessage)
		}
		id = told.TopicID
	}
	return id, nil
}

// isTold reports whether a broker said it, as opposed to the network.
func isTold(err error) bool {
	_, ok := errors.AsType[*kerr.Error](err)
	return ok
}

// tell adds what the broker said in its own words.
func tell(err error, message *string) error {
	if message == nil || *message == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, *message)
}

// await asks again and again until nothing is missing, or ctx or the driver ends.
func (d *driver) await(ctx context.Context, missing func(context.Context) (string, error)) error {
	return observe.Await(ctx, d.life, missing)
}
