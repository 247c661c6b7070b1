package testcontainers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/seed-228c25e4/squall/links"
)

const (
	sidecarMemory = 1 << 30 // what a delay keeps under way waits here
	sidecarPids   = 256
	brokerPids    = 4096
)

// A pod is one node: the sidecar, which owns the network namespace, the names and the published ports, and the broker that lives in it. So the broker
// can be killed and started again at the same addresses.
type pod struct {
	cluster *cluster
	index   int
	name    string // "b1"
	id      string // what the broker itself calls it

	sidecar, broker string         // the containers' ids
	published       map[int]string // port inside -> host:port
	address         string         // on the run's network
	proxies         []proxied
	remote          *links.Remote
	greeting        []byte // as in recipe

	program string  // the image of this program: the sidecar's, and that of containers made to look at the data
	data    string  // the directory that survives a kill
	memory  int64   // what the broker may use, when no fault limits it further
	cpu     float64 // the same of processors; 0: all
	disk    int64   // the size of its data's own disk; 0: it has none
	limits  limits
	helpers atomic.Int64 // containers made to look at the data
	meters  meters
	gaveUp  func([]string) string // as in recipe
	keeper  keeper
	door    door // into the broker's container

	starting sync.Mutex
	starts   []string // when the broker's processes after the first were started, in the engine's time; guarded by starting
}

// A proxied link stands in the pod of the one that dials, or, for clients, of the one that is dialled.
type proxied struct {
	from, plane string
	to          int
	spec        links.ProxySpec
	shared      bool // the two nodes share their connections, whoever dialled: each says half of what passes
}

// A process is what a broker's container runs.
type process struct {
	image      string
	user       string   // empty: the image's own
	entrypoint []string // nil: the image's own
	arguments  []string // of the entrypoint
	env        map[string]string
	files      map[string][]byte
	memory     int64
	cpu        float64 // processors; 0: all
	data       string  // the directory that survives a kill
}

func (p *pod) labels(role string) map[string]string {
	l := p.cluster.labels()
	l[labelRole], l[labelNode] = role, p.name
	return l
}

func (p *pod) containerName(role string) string {
	return fmt.Sprintf("squall-%s-%s-%s", p.cluster.run, p.name, role)
}

// startSidecar starts the pod's first container and learns where its ports were published.
func (p *pod) startSidecar(ctx context.Context, image string, proxies []proxied, ports ...int) error {
	p.proxies, p.program = proxies, image
	ports = append(ports, portSidecar)
	config := links.SidecarConfig{Listen: fmt.Sprintf("0.0.0.0:%d", portSidecar), Token: p.cluster.token}
	for _, x := range proxies {
		config.Proxies = append(config.Proxies, x.spec)
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	p.sidecar, err = run(ctx, image, func(req *tc.GenericContainerRequest) {
		req.Name = p.containerName("sidecar")
		req.Labels = p.labels("sidecar")
		req.Env = map[string]string{links.SidecarEnv: string(text), "GOMEMLIMIT": fmt.Sprint(sidecarMemory * 4 / 5)}
		req.Networks = []string{p.cluster.networkName()}
		req.NetworkAliases = map[string][]string{p.cluster.networkName(): {fmt.Sprintf("pod-%d", p.index)}}
		bindings := network.PortMap{}
		for _, port := range ports {
			name := fmt.Sprintf("%d/tcp", port)
			req.ExposedPorts = append(req.ExposedPorts, name)
			bindings[network.MustParsePort(name)] = []network.PortBinding{{HostIP: p.cluster.engine.bind}}
		}
		req.HostConfigModifier = func(h *container.HostConfig) {
			confine(h, sidecarMemory, sidecarPids)
			h.NetworkMode = container.NetworkMode(p.cluster.networkName())
			h.PortBindings = bindings
			h.ExtraHosts = p.hosts()
			h.ReadonlyRootfs = true
			if p.disk > 0 {
				h.Mounts = append(h.Mounts, p.dataMount("/data"))
			}
		}
	})
	if err != nil {
		return fmt.Errorf("sidecar: %w", err)
	}
	if err := p.learnPorts(ctx, ports); err != nil {
		return fmt.Errorf("sidecar: %w", err)
	}
	p.remote = links.NewRemote(p.published[portSidecar], p.cluster.token)
	return nil
}

// hosts sends what the broker says to other nodes through the proxies. A container that joins a network namespace shares its hosts file.
func (p *pod) hosts() []string {
	hosts := []string{fmt.Sprintf("node-%d:127.0.0.1", p.index)}
	for _, x := range p.proxies {
		if h := fmt.Sprintf("node-%d:127.0.1.%[1]d", x.to); x.to != p.index && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func (p *pod) learnPorts(ctx context.Context, ports []int) error {
	got, err := p.cluster.engine.ContainerInspect(ctx, p.sidecar, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if own := got.Container.NetworkSettings.Networks[p.cluster.networkName()]; own != nil {
		p.address = own.IPAddress.String()
	}
	p.published = map[int]string{}
	for _, port := range ports {
		bound := got.Container.NetworkSettings.Ports[network.MustParsePort(fmt.Sprintf("%d/tcp", port))]
		i := slices.IndexFunc(bound, func(b network.PortBinding) bool { return b.HostPort != "" && b.HostIP.Is4() })
		if i < 0 {
			return fmt.Errorf("port %d was not published: the sidecar ended at once\n%s", port, p.cluster.tail(ctx, p.sidecar))
		}
		p.published[port] = net.JoinHostPort(p.cluster.engine.host, bound[i].HostPort)
	}
	return nil
}

// startBroker starts the pod's second container in the network of the first.
func (p *pod) startBroker(ctx context.Context, what process) (err error) {
	p.data, p.memory, p.cpu = what.data, what.memory, what.cpu
	p.broker, err = run(ctx, what.image, func(req *tc.GenericContainerRequest) {
		req.Name = p.containerName("broker")
		req.Labels = p.labels("broker")
		req.Env = what.env
		req.Entrypoint, req.Cmd = what.entrypoint, what.arguments
		req.ConfigModifier = as(what.user)
		for _, path := range slices.Sorted(maps.Keys(what.files)) {
			req.Files = append(req.Files, tc.ContainerFile{Reader: bytes.NewReader(what.files[path]), ContainerFilePath: path, FileMode: 0o644})
		}
		req.HostConfigModifier = func(h *container.HostConfig) {
			confine(h, what.memory, brokerPids)
			if what.cpu > 0 {
				h.CPUPeriod, h.CPUQuota = quota(what.cpu, ownPeriod)
			}
			h.NetworkMode = container.NetworkMode("container:" + p.sidecar)
			h.Mounts = append(h.Mounts, p.dataMount(what.data))
		}
	})
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// as makes a container's process one of a user's; of nobody's, it is the image's own.
func as(user string) func(*container.Config) {
	return func(c *container.Config) {
		if user != "" {
			c.User = user
		}
	}
}

// confine takes from a container what no broker needs.
func confine(h *container.HostConfig, memory, pids int64) {
	h.CapDrop = []string{"ALL"}
	h.SecurityOpt = []string{"no-new-privileges"}
	h.Memory, h.PidsLimit = memory, &pids
	h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "2"}}
}

// run creates and starts a container, and returns its id.
func run(ctx context.Context, image string, customize func(*tc.GenericContainerRequest)) (string, error) {
	ctx, cancel, err := making(ctx)
	if err != nil {
		return "", err
	}
	defer cancel()
	c, err := tc.Run(ctx, image, tc.CustomizeRequestOption(func(req *tc.GenericContainerRequest) error {
		customize(req)
		return nil
	}))
	if err != nil {
		return "", explain(err)
	}
	return c.GetContainerID(), nil
}

// explain adds to an engine's error what can be done about it.
func explain(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "port is already allocated"), strings.Contains(text, "address already in use"):
		return &EnvironmentError{"a port that the Docker engine chose is taken by another program", "start again: the engine will choose others", err}
	case strings.Contains(text, "non-overlapping IPv4 address pool"), strings.Contains(text, "all predefined address pools have been fully subnetted"):
		return &EnvironmentError{"the Docker engine has no network left", "`squall clean` removes those of dead runs, `docker network prune` all that are not in use", err}
	case strings.Contains(text, "no space left on device"):
		return &EnvironmentError{"the Docker engine's disk is full", "`squall clean` removes what dead runs left", err}
	}
	return err
}
