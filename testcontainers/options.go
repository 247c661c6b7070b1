package testcontainers

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	maxNodes    = 9 // the ports inside the pods are counted in single digits
	defaultHeap = "512m"
	besideHeap  = 512 << 20 // what a broker has of memory beside twice its heap
)

// Options say what cluster to run.
type Options struct {
	Kind     string            // of the brokers: "kafka" (also when empty), "nats" or "rabbitmq"
	RunID    string            // marks everything that is made; empty: a random one
	Nodes    int               // 1 to 9
	Config   map[string]string // the broker's own settings, on top of squall's
	Image    string            // empty: the kind's usual one, or else what is built locally in its place
	Pull     string            // PullMissing (also when empty), PullNever or PullAlways
	Heap     string            // of each Kafka broker, such as "512m" (also when empty)
	JVM      string            // flags that replace Kafka's own; empty: Kafka's own
	Disk     int64             // bytes of each broker's data, in memory; 0: as much as the engine's disk has
	CPU      float64           // processors that each broker may use at most; 0: all
	Memory   int64             // bytes that each broker may use at most, beside a disk in memory; 0: what its kind takes
	Sidecar  string            // path of the static executable that the sidecar runs as `sidecar`; empty: this program
	Progress func(string)      // told in a few words what is going on; nil: nobody listens
}

// A recipe is how brokers of one kind run in pods.
type recipe struct {
	usual    string // the image where the scenario names none
	local    string // what stands in for that one, built by images/ where no registry is reachable
	ports    []int  // what is published of a pod, beside the sidecar's own
	greeting []byte // a request that a broker answers as soon as it serves; nil: it speaks first
	least    int64  // bytes that a broker with its sidecar takes under a small load
	room     int64  // bytes that leave it room for a large one
	memory   func(Options) int64
	settings func(Options) (map[string]string, error)
	id       func(i int) string // what the broker itself calls node i
	// gaveUp tells, from the end of its log, that a broker ended because of something that passes, so that it is started again; nil: none does.
	gaveUp func(log []string) (why string)
	// deploy prepares one cluster.
	deploy func(*cluster, Options, map[string]string) deployment
}

// recipes are the kinds of brokers that run in pods.
var recipes = map[string]recipe{
	"kafka":    kafkaRecipe,
	"nats":     natsRecipe,
	"rabbitmq": rabbitRecipe,
}

// A deployment is one cluster that is being started.
type deployment interface {
	// proxies are the links that stand in pod i.
	proxies(i int) []proxied
	// process is what runs beside a sidecar that was started.
	process(*pod) process
}

var (
	validRun  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`)
	validHeap = regexp.MustCompile(`^([1-9][0-9]{0,5})([mMgG])$`)
)

// check fills in what was left out and returns what is wrong.
func (o *Options) check() error {
	o.Kind = cmp.Or(o.Kind, "kafka")
	if o.RunID == "" {
		o.RunID = hex.EncodeToString(random(6))
	}
	if o.Memory > 0 && o.Heap == "" {
		o.Heap = fmt.Sprintf("%dm", max(o.Memory-besideHeap, besideHeap/2)/2>>20)
	}
	o.Pull, o.Heap = cmp.Or(o.Pull, PullMissing), cmp.Or(o.Heap, defaultHeap)
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	_, known := recipes[o.Kind]
	switch {
	case !known:
		return fmt.Errorf("no brokers of kind %q run in containers; %s do", o.Kind, strings.Join(slices.Sorted(maps.Keys(recipes)), " and "))
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

// heap is the heap of a broker's JVM in bytes.
func (o Options) heap() int64 {
	m := validHeap.FindStringSubmatch(o.Heap)
	heap, _ := strconv.ParseInt(m[1], 10, 64) // check has seen it
	heap <<= 20
	if strings.EqualFold(m[2], "g") {
		heap <<= 10
	}
	return heap
}

// recipe is how the kind of brokers runs.
func (o Options) recipe() recipe { return recipes[cmp.Or(o.Kind, "kafka")] }

// memory is how much a broker's container may use: what its kind does, and a disk that is memory.
func (o Options) memory() int64 { return cmp.Or(o.Memory, o.recipe().memory(o)) + o.Disk }

// Start starts a cluster, and returns when every broker answers. An error leaves nothing behind, and is or wraps an EnvironmentError where this machine
// lacks something.
func Start(ctx context.Context, o Options) (broker.Cluster, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	settings, err := o.recipe().settings(o)
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
	if err := c.start(ctx, o, settings); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context, o Options, settings map[string]string) error {
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
	if err := c.startPods(ctx, o, o.recipe().deploy(c, o, settings)); err != nil {
		return err
	}
	o.Progress("waiting for the brokers to answer")
	return c.await(ctx)
}

// startPods starts all pods at once. The cluster has them when every one is there.
func (c *cluster) startPods(ctx context.Context, o Options, d deployment) error {
	r, images := o.recipe(), c.description.Images
	pods := make([]*pod, o.Nodes)
	g, ctx := errgroup.WithContext(ctx)
	for i := range pods {
		p := &pod{cluster: c, index: i + 1, name: fmt.Sprintf("b%d", i+1), id: r.id(i + 1), greeting: r.greeting, gaveUp: r.gaveUp, disk: o.Disk}
		pods[i] = p
		g.Go(func() error {
			err := p.startSidecar(ctx, images[1].Name, d.proxies(p.index), r.ports...)
			if err == nil {
				what := d.process(p)
				what.image, what.memory, what.cpu = images[0].Name, o.memory(), o.CPU
				err = p.startBroker(ctx, what)
			}
			if err != nil {
				return fmt.Errorf("start %s: %w", p.name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	c.adopt(pods)
	return nil
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
	r := o.recipe()
	w := wanted{usual: mirrored(imagePrefix(), r.usual), local: r.local, pull: o.Pull}
	if o.Image != "" {
		w.name = mirrored(imagePrefix(), o.Image)
	}
	return w
}
