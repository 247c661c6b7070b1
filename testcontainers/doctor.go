package testcontainers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/host"
)

// Examine looks at what a cluster with these options needs of the container engine: that it answers, images, memory and disk, of which the load takes so
// many bytes. It starts nothing, and fetches nothing.
//
// Where the options name no kind of broker, the images of all are looked for, and what is needed is what Kafka needs.
func Examine(ctx context.Context, o Options, load int64) ([]host.Check, error) {
	of := []string{o.Kind}
	if o.Kind == "" {
		of = slices.Sorted(maps.Keys(recipes))
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return judge(probe(ctx, o, of), o, load), nil
}

// facts are what there is of an engine.
type facts struct {
	err        error  // why it does not answer
	dockerHost string // what DOCKER_HOST says
	goos       string // of this program

	product, version, api, arch string
	rootless                    bool
	cgroup                      string // "1" or "2"
	memoryLimits, cpuLimits     bool
	cpus                        int
	memory                      int64  // bytes that containers could have now, or all where only that is known
	disk                        *int64 // bytes free where the engine keeps its data; nil: not known
	reach                       reach

	images    []imageFacts // of the brokers
	sidecar   error        // why this program cannot be the sidecar
	leftovers int          // runs that are dead
}

// imageFacts are what there is of a broker's image.
type imageFacts struct {
	name, digest string // no digest: it is not here
	local        string // what may stand in for it
	standIn      bool   // that is here
}

// probe asks the engine and this machine.
func probe(ctx context.Context, o Options, of []string) facts {
	f := facts{dockerHost: os.Getenv(client.EnvOverrideHost), goos: runtime.GOOS}
	e, err := connect(ctx)
	if err != nil {
		f.err = err
		return f
	}
	defer e.Close()
	f.reach = e.reach
	ctx, cancel := context.WithTimeout(ctx, 4*answering)
	defer cancel()
	f.err = errors.Join(e.probeEngine(ctx, &f), e.probeImages(ctx, o, of, &f), e.probeRuns(ctx, &f))
	return f
}

func (e *engine) probeEngine(ctx context.Context, f *facts) error {
	v, err := e.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return err
	}
	got, err := e.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	info := got.Info
	f.product, f.version, f.api, f.arch = "Docker", v.Version, v.APIVersion, v.Os+"/"+v.Arch
	for _, c := range v.Components {
		if strings.Contains(c.Name, "Podman") {
			f.product = "Podman"
		}
	}
	f.rootless = slices.ContainsFunc(info.SecurityOptions, func(s string) bool { return strings.Contains(s, "rootless") })
	f.cgroup, f.memoryLimits, f.cpuLimits = info.CgroupVersion, info.MemoryLimit, info.CPUCfsQuota
	f.cpus, f.memory = info.NCPU, info.MemTotal
	if name, err := os.Hostname(); err == nil && name == info.Name { // the engine's machine is this one
		if free := host.Local().Memory(); free != nil {
			f.memory = *free
		}
		f.disk = host.FreeDisk(info.DockerRootDir)
	}
	return nil
}

func (e *engine) probeImages(ctx context.Context, o Options, of []string, f *facts) error {
	for _, kind := range of {
		o.Kind = kind
		w := o.wanted()
		i := imageFacts{name: cmp.Or(w.name, w.usual), local: w.local}
		if misnamed(i.name) == "" { // else that is told, and no engine has to be asked
			digest, err := e.digest(ctx, i.name)
			if err != nil {
				return err
			}
			i.digest = digest
		}
		standIn, err := e.digest(ctx, w.local)
		if err != nil {
			return err
		}
		i.standIn = standIn != "" && w.name == ""
		f.images = append(f.images, i)
	}
	program, sidecar := readExecutable(o.Sidecar)
	if sidecar == nil {
		sidecar = runsAlone(program, e.arch)
	}
	f.sidecar = sidecar
	return nil
}

func (e *engine) probeRuns(ctx context.Context, f *facts) error {
	runs, err := e.runs(ctx, "")
	for _, r := range runs {
		if e.alive(ctx, r) == "" {
			f.leftovers++
		}
	}
	return err
}

// What containers want.
const (
	leastAPI    = 41        // of version 1: Docker 20.10, the oldest that squall is tried on
	leastEngine = 512 << 20 // of disk, for the logs that brokers begin with
	roomEngine  = 4 << 30
	mostOfDisk  = 0.7 // of what is free may be filled
)

// Needs are what a cluster needs.
type Needs struct {
	LeastMemory, MostMemory int64 // bytes, of all brokers
	Image                   string
}

// Needs returns what a cluster with these options needs; the zero values stand for what Start fills in.
func (o Options) Needs() Needs {
	o.Heap = cmp.Or(o.Heap, defaultHeap)
	w, nodes := o.wanted(), int64(o.Nodes)
	return Needs{LeastMemory: nodes * (o.recipe().least + o.Disk), MostMemory: nodes * o.memory(), Image: cmp.Or(w.name, w.usual)}
}

// judge says what facts mean for a cluster.
func judge(f facts, o Options, load int64) []host.Check {
	if f.err != nil {
		return []host.Check{silentEngine(f)}
	}
	all := []host.Check{engineCheck(f), limitsCheck(f)}
	for _, i := range f.images {
		all = append(all, imageCheck(i, o))
	}
	all = append(all, sidecarCheck(f), memoryCheck(f, o), cpuCheck(f, o))
	if f.disk != nil {
		all = append(all, diskCheck(*f.disk, load))
	}
	return append(all, portsCheck(f), leftoversCheck(f))
}

func silentEngine(f facts) host.Check {
	c := host.Check{Name: "container engine", State: host.Fail, Found: f.err.Error(), Means: "run: containers needs Docker; run: embedded runs without"}
	var lacks *EnvironmentError
	if errors.As(f.err, &lacks) && lacks.Err != nil {
		c.Found = lacks.Problem + ": " + lacks.Err.Error()
	}
	switch {
	case strings.Contains(f.err.Error(), "permission denied"):
		c.Means, c.Fix = "the engine is there, and this user may not use it", "sudo usermod -aG docker $USER && newgrp docker"
	case f.dockerHost != "":
		c.Means, c.Fix = "DOCKER_HOST="+f.dockerHost+" names an engine that does not answer; "+c.Means, "unset DOCKER_HOST"
	case f.goos == "darwin":
		c.Fix = "open -a Docker"
	default:
		c.Fix = "sudo systemctl start docker"
	}
	return c
}

func engineCheck(f facts) host.Check {
	c := host.Check{Name: "container engine", State: host.OK, Found: fmt.Sprintf("%s %s, API %s, %s", f.product, f.version, f.api, f.arch)}
	if f.rootless {
		c.Found += ", rootless"
	}
	major, minor, _ := strings.Cut(f.api, ".")
	n, err := strconv.Atoi(minor)
	switch {
	case !strings.HasPrefix(f.arch, "linux/"):
		c.State, c.Means, c.Fix = host.Fail, "it runs no containers of Linux, which brokers and sidecars are", "docker context use default"
	case major == "1" && err == nil && n < leastAPI:
		c.State, c.Means, c.Fix = host.Fail, fmt.Sprintf("it is older than what squall is tried on: Docker 20.10, API 1.%d", leastAPI), "curl -fsSL https://get.docker.com | sh"
	case f.product != "Docker":
		c.State, c.Means = host.Warn, "squall is tried on Docker alone; containers that share a network's namespace are where others differ first"
	}
	return c
}

func limitsCheck(f facts) host.Check {
	c := host.Check{Name: "control groups", State: host.OK, Found: "version " + f.cgroup}
	if f.cgroup == "" {
		c.Found = "version not told"
	}
	var lacks []string
	if !f.memoryLimits {
		lacks = append(lacks, "memory")
	}
	if !f.cpuLimits {
		lacks = append(lacks, "processors")
	}
	if len(lacks) == 0 {
		return c
	}
	c.State, c.Found = host.Warn, c.Found+", without limits on "+strings.Join(lacks, " and ")
	c.Means = "throttle-cpu and limit-memory cannot be done, and a broker may take what the others need"
	c.Fix = `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&cgroup_enable=memory swapaccount=1 /' /etc/default/grub && sudo update-grub && sudo reboot`
	if f.rootless {
		c.Fix = `sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\nDelegate=cpu cpuset io memory pids\n' | ` +
			`sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload`
	}
	return c
}

func imageCheck(i imageFacts, o Options) host.Check {
	c := host.Check{Name: "broker image", State: host.OK, Found: i.name + " is here"}
	if i.digest != "" {
		return c
	}
	if why := misnamed(i.name); why != "" {
		c.State, c.Found, c.Means = host.Fail, fmt.Sprintf("there can be no image %q", i.name), why
		return c
	}
	c.Found, c.Fix = i.name+" is not here", "docker pull "+i.name
	switch {
	case i.standIn:
		c.Found, c.Fix = c.Found+"; "+i.local+" is", ""
		c.Means = i.local + " runs in its place where the usual one cannot be pulled, and the report says so"
		return c
	case o.Pull == PullNever:
		c.State, c.Means = host.Fail, "the scenario says pull: never"
	default:
		c.State, c.Means = host.Warn, "the first run pulls it, which takes a while"
	}
	if o.Image == "" {
		c.Means += "; where no registry answers, `make images` builds " + i.local + ", which stands in for it"
	}
	return c
}

func sidecarCheck(f facts) host.Check {
	if f.sidecar == nil {
		return host.Check{Name: "sidecar image", State: host.OK, Found: "is made of this program"}
	}
	c := host.Check{Name: "sidecar image", State: host.Fail, Found: "cannot be made of this program: " + f.sidecar.Error(), Fix: "make build",
		Means: "each broker's links run in a container that holds nothing but squall: that takes a static program for Linux on the engine's architecture"}
	if f.goos != "linux" {
		c.Means, c.Fix = c.Means+"; run squall on Linux for real brokers, and here for embedded ones", ""
	}
	return c
}

func memoryCheck(f facts, o Options) host.Check {
	n, room := o.Needs(), int64(o.Nodes)*(o.recipe().room+o.Disk)
	least := n.LeastMemory
	c := host.Check{Name: "memory for brokers", State: host.OK, Found: fmt.Sprintf("%s for %d", Amount(f.memory), o.Nodes)}
	switch {
	case f.memory < least:
		c.State, c.Means = host.Fail, fmt.Sprintf("%d brokers take at least %s: run fewer, or stop something else", o.Nodes, Amount(least))
	case f.memory < room:
		c.State, c.Means = host.Warn, fmt.Sprintf("%s leave room for large loads: each broker may take up to %s", Amount(room), Amount(o.memory()))
	}
	if c.State != host.OK {
		c.Fix = "squall clean"
		if f.leftovers == 0 {
			c.Fix = "docker ps -q | xargs -r docker stop"
		}
	}
	return c
}

func cpuCheck(f facts, o Options) host.Check {
	c := host.Check{Name: "processors for brokers", State: host.OK, Found: strconv.Itoa(f.cpus)}
	if f.cpus < 2 {
		c.State, c.Means = host.Warn, fmt.Sprintf("%d brokers and the load share one: runs are slow, and often inconclusive about speed", o.Nodes)
	}
	return c
}

func diskCheck(free, load int64) host.Check {
	c := host.Check{Name: "disk for brokers", State: host.OK, Found: Amount(free) + " free, and the load writes " + Amount(load)}
	if load == 0 {
		c.Found = Amount(free) + " free"
	}
	switch may := int64(mostOfDisk * float64(free)); {
	case may < load+leastEngine:
		c.State, c.Means = host.Fail, fmt.Sprintf("%s are needed, and only 70 %% of what is free may be filled", Amount(load+leastEngine))
	case may < load+roomEngine:
		c.State, c.Means = host.Warn, fmt.Sprintf("%s leave room, of 70 %% of what is free", Amount(load+roomEngine))
	}
	if c.State != host.OK {
		c.Fix = "docker system prune"
	}
	return c
}

// portsCheck tells where squall will look for the brokers, and by which variable it can be told another place.
func portsCheck(f facts) host.Check {
	r := f.reach
	c := host.Check{Name: "published ports", State: host.OK, Found: fmt.Sprintf("are reached at %s: %s; %s names another host", r.host, r.why, hostOverride)}
	switch {
	case r.lacks != "":
		c.State, c.Found, c.Fix = host.Fail, "cannot be reached: "+r.lacks, "docker run --network bridge ..."
		c.Means = "load and links go through ports that the engine publishes on its host"
	case r.guessed:
		c.State, c.Found = host.Warn, fmt.Sprintf("are tried at %s: %s", r.host, r.why)
		c.Means, c.Fix = "that is right where this container shares the engine's network; else say where they are", "export "+hostOverride+"=localhost"
	case strings.Contains(r.why, hostOverride):
		c.Found = fmt.Sprintf("are reached at %s, %s", r.host, r.why)
	}
	return c
}

func leftoversCheck(f facts) host.Check {
	if f.leftovers == 0 {
		return host.Check{Name: "dead runs", State: host.OK, Found: "left nothing"}
	}
	return host.Check{Name: "dead runs", State: host.Warn, Found: fmt.Sprintf("left containers, networks or volumes: %d", f.leftovers),
		Means: "they take memory and disk from the next run", Fix: "squall clean"}
}

// Amount prints bytes as people read them.
func Amount(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
}
