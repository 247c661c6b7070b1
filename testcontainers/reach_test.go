package testcontainers

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

const someContainer = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// asEngine is an engine that a handler answers for.
func asEngine(t *testing.T, h http.HandlerFunc) *engine {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cli, err := client.New(client.WithHost(strings.Replace(server.URL, "http", "tcp", 1)), client.WithAPIVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cli.Close() })
	return &engine{Client: cli}
}

// A bridge of the engine's counts as one of this machine's when both its name and an address of its network are here.
func TestBridgesHere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, subnet string
		want         bool
	}{{loopback(t), "127.0.0.0/8", true}, {loopback(t), "10.222.0.0/16", false}, {"docker-none", "127.0.0.0/8", false}, {"", "127.0.0.0/8", false}} {
		e := asEngine(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `[{"Name": "bridge", "IPAM": {"Config": [{"Subnet": %q}]}, "Options": {%q: %q}}]`, c.subnet, bridgeName, c.name)
		})
		if got := e.bridgesHere(t.Context()); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if asEngine(t, http.NotFound).bridgesHere(t.Context()) {
		t.Error("of an engine that tells nothing")
	}
}

func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Skip("this machine has no loopback")
	return ""
}

func TestReached(t *testing.T) {
	e := asEngine(t, http.NotFound) // it knows no container
	for _, c := range []struct{ daemon, override, host, bind, why string }{
		{"unix:///var/run/docker.sock", "", "127.0.0.1", "127.0.0.1", ""},
		{"tcp://localhost:2375", "", "127.0.0.1", "127.0.0.1", "tcp://localhost:2375"},
		{"tcp://docker:2376", "", "docker", "0.0.0.0", "the engine's host in tcp://docker:2376"},
		{"ssh://me@far.example", "", "far.example", "0.0.0.0", "ssh://"},
		{"unix:///var/run/docker.sock", "172.17.0.1", "172.17.0.1", "0.0.0.0", hostOverride},
		{"unix:///var/run/docker.sock", "localhost", "127.0.0.1", "127.0.0.1", hostOverride},
		{"tcp://docker:2376", "elsewhere", "elsewhere", "0.0.0.0", hostOverride},
	} {
		t.Setenv(hostOverride, c.override)
		r, err := e.reached(t.Context(), c.daemon)
		if err != nil || r.host != c.host || r.bind != netip.MustParseAddr(c.bind) || !strings.Contains(r.why, c.why) || r.lacks != "" {
			t.Errorf("%s, override %q: %+v, %v", c.daemon, c.override, r, err)
		}
	}
}

// Inside a container of the engine's own the network that the container is in decides.
func TestReachedFromInside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ inspected, host, bind, why, lacks string }{
		{`{"HostConfig": {"NetworkMode": "bridge"}, "NetworkSettings": {"Networks": {"bridge": {"Gateway": "172.17.0.1"}}}}`, "172.17.0.1", "172.17.0.1", "the network bridge", ""},
		{`{"HostConfig": {"NetworkMode": "ci"}, "NetworkSettings": {"Networks": {"ci": {"Gateway": ""}, "out": {"Gateway": "172.20.0.1"}}}}`, "172.20.0.1", "172.20.0.1", "the network out", ""},
		{`{"HostConfig": {"NetworkMode": "host"}, "NetworkSettings": {"Networks": {"host": {"Gateway": ""}}}}`, "127.0.0.1", "127.0.0.1", "shares the engine's network", ""},
		{`{"HostConfig": {"NetworkMode": "none"}, "NetworkSettings": {"Networks": {"none": {"Gateway": ""}}}}`, "", "", "", "no network"},
	} {
		var own container.InspectResponse
		if err := json.Unmarshal([]byte(c.inspected), &own); err != nil {
			t.Fatal(err)
		}
		r := fromInside(&own)
		bind := ""
		if r.bind.IsValid() {
			bind = r.bind.String()
		}
		if r.host != c.host || bind != c.bind || !strings.Contains(r.why, c.why) || !strings.Contains(r.lacks, c.lacks) {
			t.Errorf("%s: %+v", c.inspected, r)
		}
		if err := r.isolated(); (err != nil) != (c.lacks != "") {
			t.Errorf("%s: %v", c.inspected, err)
		}
	}
}

func TestContainerOf(t *testing.T) {
	t.Parallel()
	root := "1090 1080 0:84 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n"
	for _, c := range []struct{ mounts, want string }{
		{root + "1101 1090 254:0 /var/lib/docker/containers/" + someContainer + "/hostname /etc/hostname rw - ext4 /dev/vda rw\n", someContainer},
		{root + "1101 1090 254:16 /docker/containers/" + someContainer + "/resolv.conf /etc/resolv.conf rw - ext4 /dev/vdb rw\n", someContainer},
		{root + "1101 1090 0:31 /containers/overlay-containers/" + someContainer + "/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n", someContainer},
		{root, ""},
		{"", ""},
		// On the engine's host its containers' mounts are seen as well.
		{root + "612 29 0:60 / /var/lib/docker/containers/" + someContainer + "/mounts/shm rw - tmpfs shm rw\n", ""},
		{root + "1101 1090 254:0 /srv/" + someContainer + "/hosts /etc/hosts rw - ext4 /dev/vda rw\n", ""},
	} {
		if got := containerOf([]byte(c.mounts)); got != c.want {
			t.Errorf("%q, want %q of\n%s", got, c.want, c.mounts)
		}
	}
}
