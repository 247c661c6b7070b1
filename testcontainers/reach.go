package testcontainers

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// hostOverride is testcontainers-go's variable for the host that publishes ports.
const hostOverride = "TESTCONTAINERS_HOST_OVERRIDE"

// A reach is where the ports that an engine publishes are reached from here.
type reach struct {
	host    string     // a name or an address
	bind    netip.Addr // what they are published on: on no more than it takes
	why     string     // how that is known
	lacks   string     // why nothing can be reached; empty: it can
	guessed bool       // nothing speaks for it, but that it is usual
}

// reached finds out where ports that the engine at daemon publishes are reached.
//
// testcontainers-go takes the gateway of the engine's usual network for the host wherever it finds /.dockerenv. That is wrong in sandboxes and CI jobs that
// share the engine's network, and for containers on another one. So the engine is asked for the container that squall runs in: where it knows that, ports
// are at the gateway of the container's network; else they are at the engine's host, or on loopback where it is not told.
func (e *engine) reached(ctx context.Context, daemon string) (reach, error) {
	if override := os.Getenv(hostOverride); override != "" {
		return at(override, "as "+hostOverride+" says"), nil
	}
	own, err := e.ownContainer(ctx)
	if err != nil {
		return reach{}, fmt.Errorf("look for squall's own container: %w", err)
	}
	if own != nil {
		return fromInside(own), nil
	}
	if u, err := url.Parse(daemon); err == nil && u.Hostname() != "" {
		return at(u.Hostname(), "the engine's host in "+daemon), nil
	}
	r := at("localhost", "the engine is on this machine")
	if _, err := os.Stat("/.dockerenv"); err == nil && !e.bridgesHere(ctx) {
		r.why, r.guessed = "squall runs in a container that the engine does not know", true
	}
	return r, nil
}

// at is a host that is reached by its name, and publishes on loopback alone where that is enough.
func at(host, why string) reach {
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return reach{host: host, bind: addr, why: why}
	}
	return reach{host: host, bind: netip.IPv4Unspecified(), why: why}
}

// fromInside is how a container of the engine's own reaches what that publishes: at the gateway of one of its networks, which is the engine's host.
func fromInside(own *container.InspectResponse) reach {
	if own.HostConfig.NetworkMode.IsHost() {
		return at("localhost", "squall's own container shares the engine's network")
	}
	for _, name := range slices.Sorted(maps.Keys(own.NetworkSettings.Networks)) {
		if gateway := own.NetworkSettings.Networks[name].Gateway; gateway.IsValid() {
			return reach{host: gateway.String(), bind: gateway, why: "the gateway of the network " + name + ", which squall's own container is in"}
		}
	}
	return reach{lacks: "squall's own container has no network with a gateway to the engine's host"}
}

// ownContainer is the container that squall runs in, where the engine knows it, or the one whose network that shares; nil: it knows none.
func (e *engine) ownContainer(ctx context.Context) (*container.InspectResponse, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, nil // it is no Linux, and no container of Linux
	}
	for id := containerOf(mounts); id != ""; {
		got, err := e.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if errdefs.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if id = got.Container.HostConfig.NetworkMode.ConnectedContainer(); id == "" {
			return &got.Container, nil
		}
	}
	return nil, nil
}

// ownFile is the root of a mount that an engine makes from its own folder for a container.
var ownFile = regexp.MustCompile(`containers/([0-9a-f]{64})/`)

// containerOf returns the id of the container that mounts these, as /proc/self/mountinfo tells them: its engine mounts the files that tell names. Empty:
// it is none. The process's control group would not tell it, for in version 2 a container sees none but its own.
func containerOf(mountinfo []byte) string {
	for line := range strings.Lines(string(mountinfo)) {
		f := strings.Fields(line) // number, parent, device, root, mount point, ...
		if len(f) < 5 || f[4] != "/etc/hostname" && f[4] != "/etc/hosts" && f[4] != "/etc/resolv.conf" {
			continue
		}
		if m := ownFile.FindStringSubmatch(f[3]); m != nil {
			return m[1]
		}
	}
	return ""
}

// bridgeName is the option by which an engine tells what its own bridge is called among the interfaces of its machine.
const bridgeName = "com.docker.network.bridge.name"

// bridgesHere reports whether the engine's bridge is an interface of this machine, with an address of the bridge's network: then its loopback is this one.
func (e *engine) bridgesHere(ctx context.Context) bool {
	networks, err := e.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return false
	}
	for _, n := range networks.Items {
		bridge, err := net.InterfaceByName(n.Options[bridgeName])
		if err != nil {
			continue
		}
		here, err := bridge.Addrs()
		for _, c := range n.IPAM.Config {
			if err == nil && slices.ContainsFunc(here, func(a net.Addr) bool {
				p, err := netip.ParsePrefix(a.String())
				return err == nil && c.Subnet.Contains(p.Addr())
			}) {
				return true
			}
		}
	}
	return false
}

// isolated is the error where nothing that the engine publishes can be reached, before anything is made.
func (r reach) isolated() error {
	if r.lacks == "" {
		return nil
	}
	return &EnvironmentError{Problem: r.lacks, Help: "start it with `docker run --network bridge`, or set " + hostOverride + " to the host that publishes ports"}
}

// unreachable is the error when the sidecars run, and their published ports do not answer.
func (r reach) unreachable(err error) error {
	return &EnvironmentError{
		Problem: fmt.Sprintf("ports that the Docker engine publishes do not answer at %s (%s)", r.host, r.why),
		Help:    "set " + hostOverride + " to the host that publishes them; where squall runs in a container of its own, --network host will do as well",
		Err:     err,
	}
}
