package testcontainers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/host"
)

// well is a machine on which all is well.
func well() facts {
	return facts{goos: "linux", product: "Docker", version: "28.1.0", api: "1.49", arch: "linux/amd64", cgroup: "2", memoryLimits: true, cpuLimits: true, cpus: 8,
		memory: 16 << 30, disk: new(int64(100 << 30)), images: []imageFacts{{name: kafkaImage, digest: "sha256:1", local: kafkaLocalImage}}, reach: at("localhost", "the engine is on this machine")}
}

func TestExamineFindsNothing(t *testing.T) {
	t.Parallel()
	all := judge(well(), Options{Nodes: 3}, 1<<30)
	if len(all) != 9 {
		t.Errorf("%d checks", len(all))
	}
	for _, c := range all {
		if c.State != host.OK || c.Found == "" || c.Means != "" || c.Fix != "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestExamineFinds(t *testing.T) {
	t.Parallel()
	refused := &EnvironmentError{Problem: "no Docker engine answers", Help: "start it", Err: errors.New("dial unix /var/run/docker.sock: connect: connection refused")}
	denied := &EnvironmentError{Problem: "no Docker engine answers", Help: "start it", Err: errors.New("dial unix /var/run/docker.sock: connect: permission denied")}
	for name, c := range map[string]struct {
		spoil func(*facts, *Options)
		load  int64
		check string
		state host.State
		means string
		fix   string
	}{
		"no engine":           {func(f *facts, _ *Options) { f.err = refused }, 0, "container engine", host.Fail, "needs Docker", "systemctl start docker"},
		"no engine on a Mac":  {func(f *facts, _ *Options) { f.err, f.goos = refused, "darwin" }, 0, "container engine", host.Fail, "needs Docker", "open -a Docker"},
		"another engine":      {func(f *facts, _ *Options) { f.err, f.dockerHost = refused, "unix:///x" }, 0, "container engine", host.Fail, "DOCKER_HOST=unix:///x names", "unset DOCKER_HOST"},
		"not allowed":         {func(f *facts, _ *Options) { f.err = denied }, 0, "container engine", host.Fail, "may not use it", "usermod"},
		"old engine":          {func(f *facts, _ *Options) { f.api = "1.40" }, 0, "container engine", host.Fail, "older", "get.docker.com"},
		"Windows containers":  {func(f *facts, _ *Options) { f.arch = "windows/amd64" }, 0, "container engine", host.Fail, "no containers of Linux", "docker context"},
		"Podman":              {func(f *facts, _ *Options) { f.product = "Podman" }, 0, "container engine", host.Warn, "tried on Docker alone", ""},
		"no limits":           {func(f *facts, _ *Options) { f.memoryLimits = false }, 0, "control groups", host.Warn, "limit-memory", "cgroup_enable"},
		"no limits, rootless": {func(f *facts, _ *Options) { f.cpuLimits, f.rootless = false, true }, 0, "control groups", host.Warn, "throttle-cpu", "Delegate"},
		"no image":            {func(f *facts, _ *Options) { f.images[0].digest = "" }, 0, "broker image", host.Warn, "pulls it", "docker pull " + kafkaImage},
		"no image, and none may be fetched": {func(f *facts, o *Options) {
			f.images, o.Image, o.Pull = []imageFacts{{name: "a/b:1"}}, "a/b:1", PullNever
		}, 0, "broker image", host.Fail,
			"pull: never", "docker pull a/b:1"},
		"no name of an image": {func(f *facts, o *Options) {
			f.images, o.Image = []imageFacts{{name: "http://x/apache/kafka:4"}}, "http://x/apache/kafka:4"
		}, 0, "broker image", host.Fail,
			"this is no name of an image; write it as in registry.example", ""},
		"no static program": {func(f *facts, _ *Options) { f.sidecar = errors.New("it is linked dynamically") }, 0, "sidecar image", host.Fail, "static program", "make build"},
		"no memory":         {func(f *facts, _ *Options) { f.memory = 1 << 30 }, 0, "memory for brokers", host.Fail, "3 brokers take at least 1.2 GiB", "docker stop"},
		"little memory":     {func(f *facts, _ *Options) { f.memory = 2 << 30 }, 0, "memory for brokers", host.Warn, "3.0 GiB leave room", "docker stop"},
		"disks in memory":   {func(f *facts, o *Options) { f.memory, o.Disk = 4<<30, 1<<30 }, 0, "memory for brokers", host.Fail, "at least 4.2 GiB", ""},
		"one processor":     {func(f *facts, _ *Options) { f.cpus = 1 }, 0, "processors for brokers", host.Warn, "share one", ""},
		"no disk":           {func(f *facts, _ *Options) { *f.disk = 10 << 30 }, 7 << 30, "disk for brokers", host.Fail, "7.5 GiB are needed", "docker system prune"},
		"little disk":       {func(f *facts, _ *Options) { *f.disk = 10 << 30 }, 4 << 30, "disk for brokers", host.Warn, "8.0 GiB leave room", "docker system prune"},
		"in a container that nobody knows": {func(f *facts, _ *Options) { f.reach.guessed = true }, 0, "published ports", host.Warn, "shares the engine's network",
			"TESTCONTAINERS_HOST_OVERRIDE=localhost"},
		"in a container without a network": {func(f *facts, _ *Options) { f.reach.lacks = "no network" }, 0, "published ports", host.Fail, "the engine publishes", "--network bridge"},
		"dead runs":                        {func(f *facts, _ *Options) { f.leftovers = 2 }, 0, "dead runs", host.Warn, "memory and disk", "squall clean"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, o := well(), Options{Nodes: 3, Heap: defaultHeap}
			c.spoil(&f, &o)
			all := judge(f, o, c.load)
			i := slices.IndexFunc(all, func(got host.Check) bool { return got.Name == c.check })
			if i < 0 {
				t.Fatalf("no %s in %+v", c.check, all)
			}
			if got := all[i]; got.State != c.state || !strings.Contains(got.Means, c.means) || !strings.Contains(got.Fix, c.fix) {
				t.Errorf("%+v, want %s because %q, and %q", got, c.state, c.means, c.fix)
			}
			for j, other := range all {
				if j != i && other.State != host.OK {
					t.Errorf("%s as well: %+v", other.Name, other)
				}
			}
		})
	}
}

// What stands in for an image that is not here is no worry; what the caller says of ports is believed.
func TestExamineTakes(t *testing.T) {
	t.Parallel()
	f := well()
	f.images[0].digest, f.images[0].standIn, f.reach, f.disk = "", true, at("10.0.0.1", "as "+hostOverride+" says"), nil
	for _, c := range judge(f, Options{Nodes: 3}, 0) {
		if c.State != host.OK || c.Fix != "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestMirrored(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ prefix, image, want string }{
		{"", "apache/kafka:4.3.1", "apache/kafka:4.3.1"},
		{"registry.example/mirror/", "apache/kafka:4.3.1", "registry.example/mirror/apache/kafka:4.3.1"},
		{"registry.example/mirror", "rabbitmq:4", "registry.example/mirror/rabbitmq:4"},
		{"registry.example", "docker.io/apache/kafka:4.3.1", "registry.example/apache/kafka:4.3.1"},
		{"registry.example", "ghcr.io/a/b:1", "ghcr.io/a/b:1"},
		{"registry.example", "localhost/a:1", "localhost/a:1"},
		{"registry.example", "localhost:5000/a:1", "localhost:5000/a:1"},
		{"registry.example", kafkaLocalImage, kafkaLocalImage},
	} {
		if got := mirrored(c.prefix, c.image); got != c.want {
			t.Errorf("%s at %q: %s, want %s", c.image, c.prefix, got, c.want)
		}
	}
}

func TestMisnamed(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]bool{
		"rabbitmq": false, kafkaImage: false, kafkaLocalImage: false, "localhost:5000/a/b_c:1": false, "Registry.example/a--b/c__d:V1": false,
		"a@sha256:" + strings.Repeat("0f", 32): false, "[::1]:5000/a": false,
		"": true, "http://x/apache/kafka:4": true, "Kafka": true, "a/B:1": true, "a b": true, "a:": true, "/a": true, "a//b": true, "a:1:2": true, "a@sha256:12": true, "-a": true,
	} {
		if got := misnamed(name); (got != "") != wrong {
			t.Errorf("%q: %q", name, got)
		}
	}
}
