// Package testcontainers runs clusters of brokers in containers: each node is a pod of a sidecar, which owns the network and carries the links, and the
// broker. It knows Docker; it doesn't know the load, the faults or any client library, and whether a cluster serves is for a driver to find out.
package testcontainers

import (
	"context"
	"crypto/rand"
	_ "embed" // the broker's start script
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/links"
)

//go:embed images/kafka/start.sh
var kafkaStart []byte

//go:embed images/kafka/log4j2.properties
var kafkaLog []byte

const (
	dataDir     = "/var/lib/kafka/data"
	maxNodes    = 9 // the ports inside the pods are counted in single digits
	defaultHeap = "512m"
)

// Options say what cluster to run.
type Options struct {
	RunID    string            // marks everything that is made; empty: a random one
	Nodes    int               // 1 to 9
	Config   map[string]string // the broker's own settings, on top of squall's
	Image    string            // empty: apache/kafka:4.3.1, or else the local build squall/kafka:4.3.1
	Pull     string            // PullMissing (also when empty), PullNever or PullAlways
	Heap     string            // of each broker, such as "512m" (also when empty)
	JVM      string            // flags that replace Kafka's own; empty: Kafka's own
	Disk     int64             // bytes of each broker's data, in memory; 0: as much as the engine's disk has
	Sidecar  string            // path of the static executable that the sidecar runs as `sidecar`; empty: this program
	Progress func(string)      // told in a few words what is going on; nil: nobody listens
}

var (
	validRun  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`)
	validHeap = regexp.MustCompile(`^([1-9][0-9]{0,5})([mMgG])$`)
)

// check fills in what was left out and returns what is wrong.
func (o *Options) check() error {
	if o.RunID == "" {
		o.RunID = hex.EncodeToString(random(6))
	}
	if o.Pull == "" {
		o.Pull = PullMissing
	}
	if o.Heap == "" {
		o.Heap = defaultHeap
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	switch {
	case o.Nodes < 1 || o.Nodes > maxNodes:
		return fmt.Errorf("a cluster has 1 to %d nodes, not %d", maxNodes, o.Nodes)
	case !validRun.MatchString(o.RunID):
		return fmt.Errorf("the run's id %q cannot be part of a container's name", o.RunID)
	case !validHeap.MatchString(o.Heap):
		return fmt.Errorf("the heap %q is not a size like 512m or 2g", o.Heap)
	case o.Pull != PullMissing && o.Pull != PullNever && o.Pull != PullAlways:
		return fmt.Errorf("pull is %s, %s or %s, not %q", PullMissing, PullNever, PullAlways, o.Pull)
	}
	return nil
}

// memory is how much a broker's container may use: twice the heap and half a gigabyte, for what a JVM keeps outside of it, and a
// disk that is memory.
func (o *Options) memory() int64 {
	m := validHeap.FindStringSubmatch(o.Heap)
	heap, _ := strconv.ParseInt(m[1], 10, 64) // check has seen it
	heap <<= 20
	if strings.EqualFold(m[2], "g") {
		heap <<= 10
	}
	return 2*heap + 512<<20 + o.Disk
}

// Kafka starts a cluster whose nodes are brokers and controllers at once, and returns when every broker answers. An error leaves nothing behind, and
// is or wraps an EnvironmentError where this machine lacks something.
func Kafka(ctx context.Context, o Options) (broker.Cluster, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	settings, err := kafkaSettings(o.Nodes, o.Config)
	if err != nil {
		return nil, err
	}
	e, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.isolated(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	c := newCluster(e, o.RunID)
	if err := c.startKafka(ctx, o, settings); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

func (c *cluster) startKafka(ctx context.Context, o Options, settings map[string]string) error {
	images, err := c.engine.images(ctx, o)
	if err != nil {
		return err
	}
	for _, i := range images {
		if i.Note != "" {
			o.Progress(fmt.Sprintf("image %s %s", i.Name, i.Note))
		}
	}
	c.description = broker.Description{Testbed: "containers", Images: images, Config: settings, Proxied: true}
	o.Progress(fmt.Sprintf("starting %d brokers, each with its sidecar", o.Nodes))
	if err := c.network(ctx); err != nil {
		return err
	}
	k := kafka{cluster: c, options: o, settings: settings, image: images[0].Name, sidecar: images[1].Name, id: clusterID()}
	pods, err := k.pods(ctx)
	if err != nil {
		return err
	}
	c.adopt(pods)
	o.Progress("waiting for the brokers to answer")
	return c.await(ctx)
}

// images finds what the cluster runs, the broker first and then the sidecar, side by side.
func (e *engine) images(ctx context.Context, o Options) ([]broker.Image, error) {
	images := make([]broker.Image, 2)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		images[0], err = e.resolve(ctx, o.wanted())
		return err
	})
	g.Go(func() (err error) {
		images[1], err = e.sidecarImage(ctx, o.Sidecar)
		return err
	})
	return images, g.Wait()
}

// wanted is the image that the brokers shall run.
func (o *Options) wanted() wanted {
	w := wanted{usual: mirrored(imagePrefix(), kafkaImage), local: kafkaLocalImage, pull: o.Pull}
	if o.Image != "" {
		w.name = mirrored(imagePrefix(), o.Image)
	}
	return w
}

// apiVersions is Kafka's request 18, which every broker answers and which needs no client library: length, key, version, correlation and no client's name.
var apiVersions = []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}

// kafka is one cluster that is being started.
type kafka struct {
	cluster        *cluster
	options        Options
	settings       map[string]string
	image, sidecar string
	id             string
}

func (k kafka) pods(ctx context.Context) ([]*pod, error) {
	pods := make([]*pod, k.options.Nodes)
	g, ctx := errgroup.WithContext(ctx)
	for i := range pods {
		g.Go(func() (err error) {
			pods[i], err = k.pod(ctx, i+1)
			if err != nil {
				err = fmt.Errorf("start b%d: %w", i+1, err)
			}
			return err
		})
	}
	return pods, g.Wait()
}

func (k kafka) pod(ctx context.Context, i int) (*pod, error) {
	p := &pod{cluster: k.cluster, index: i, name: fmt.Sprintf("b%d", i), greeting: apiVersions, disk: k.options.Disk}
	if err := p.startSidecar(ctx, k.sidecar, k.proxies(i), portProducers, portConsumers, portObserver); err != nil {
		return nil, err
	}
	at := addresses{p.published[portProducers], p.published[portConsumers], p.published[portObserver]}
	heap := fmt.Sprintf("-Xms%s -Xmx%[1]s", k.options.Heap)
	env := map[string]string{"CLUSTER_ID": k.id, "KAFKA_HEAP_OPTS": heap}
	if k.options.JVM != "" {
		env["KAFKA_JVM_OPTS"] = k.options.JVM
	}
	return p, p.startBroker(ctx, process{
		image:      k.image,
		entrypoint: []string{"/bin/sh", "/etc/squall/start.sh"},
		env:        env,
		memory:     k.options.memory(),
		data:       dataDir,
		files: map[string][]byte{
			"/etc/squall/start.sh":          kafkaStart,
			"/etc/squall/log4j2.properties": kafkaLog,
			"/etc/squall/server.properties": []byte(serverProperties(i, k.options.Nodes, at, k.settings)),
		},
	})
}

// proxies are the links that stand in pod i: those of the clients to node i, and those of node i to the others.
func (k kafka) proxies(i int) []proxied {
	all := []proxied{
		{broker.Producers, broker.PlaneClient, i, spec("producers", "0.0.0.0", portProducers, "127.0.0.1", ownProducers)},
		{broker.Consumers, broker.PlaneClient, i, spec("consumers", "0.0.0.0", portConsumers, "127.0.0.1", ownConsumers)},
	}
	from := fmt.Sprintf("b%d", i)
	for j := 1; j <= k.options.Nodes; j++ {
		if j == i {
			continue
		}
		here, there := fmt.Sprintf("127.0.1.%d", j), fmt.Sprintf("pod-%d", j)
		all = append(all,
			proxied{from, broker.PlaneData, j, spec(fmt.Sprintf("data-%d", j), here, portData+j, there, portData+j)},
			proxied{from, broker.PlaneControl, j, spec(fmt.Sprintf("raft-%d", j), here, portRaft+j, there, portRaft+j)})
	}
	return all
}

func spec(name, listen string, port int, upstream string, upstreamPort int) links.ProxySpec {
	return links.ProxySpec{Name: name, Listen: fmt.Sprintf("%s:%d", listen, port), Upstream: fmt.Sprintf("%s:%d", upstream, upstreamPort)}
}

// clusterID is what Kafka's storage tool would draw: 16 bytes as 22 characters, of which the first is no dash.
func clusterID() string {
	for {
		if id := base64.RawURLEncoding.EncodeToString(random(16)); id[0] != '-' {
			return id
		}
	}
}

// random draws names that must not repeat; what a run does never depends on them.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
