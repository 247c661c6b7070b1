package testcontainers

import (
	"slices"
	"strings"
	"testing"
)

// RabbitOwned is for external tests.
var RabbitOwned = rabbitOwned

func TestRabbitSettings(t *testing.T) {
	t.Parallel()
	s, err := rabbitSettings(3, map[string]string{"vm_memory_high_watermark.relative": "0.4", "heartbeat": "5", "aten.poll_interval": "5000"})
	if err != nil {
		t.Fatal(err)
	}
	got := rabbitConf(3, "secret", s)
	for _, want := range []string{
		"listeners.tcp.producers = 127.0.0.1:29092",
		"listeners.tcp.consumers = 127.0.0.1:29093",
		"listeners.tcp.observer = 0.0.0.0:9094",
		"management.tcp.port = 9095",
		"default_pass = secret",
		"loopback_users = none",
		"cluster_formation.peer_discovery_backend = classic_config",
		"cluster_formation.classic_config.nodes.3 = rabbit@node-3",
		"disk_free_limit.absolute = 50MB",
		"cluster_partition_handling = pause_minority",
		"vm_memory_high_watermark.relative = 0.4", "heartbeat = 5", // the scenario's
	} {
		if !strings.Contains("\n"+got, "\n"+want+"\n") {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	for _, wrong := range []string{"watermark.absolute", "aten", "nodes.4"} {
		if strings.Contains(got, wrong) {
			t.Errorf("%s is in\n%s", wrong, got)
		}
	}
	if got := advancedConfig(2, s); got != "[{aten, [{poll_interval, 5000}]}, {osiris, [{port_range, {6201, 6204}}]}].\n" {
		t.Errorf("%s", got)
	}
	if s, _ := rabbitSettings(1, nil); s["vm_memory_high_watermark.absolute"] != "512MiB" || s["aten.poll_interval"] != "1000" || s["cluster_partition_handling"] != "" {
		t.Errorf("one node: %v", s)
	}
	for key, value := range map[string]string{"listeners.tcp.x": "1", "default_user": "x", "cluster_formation.node_type": "ram", "a b": "c", "": "x", "heartbeat": "1\nlog.file = x",
		"aten.poll_interval": "soon", "metadata-store": "etcd", "log.console.level": "debug"} {
		_, err := rabbitSettings(3, map[string]string{key: value})
		if taken := key == "log.console.level"; taken != (err == nil) {
			t.Errorf("%q: %q: %v", key, value, err)
		}
	}
}

// The metadata are where the scenario wants them, and rabbitmq.conf, which has no word for it, hears nothing of that.
func TestRabbitMetadataStore(t *testing.T) {
	t.Parallel()
	for store, want := range map[string]bool{"khepri": true, "mnesia": false} {
		s, err := rabbitSettings(3, map[string]string{"metadata-store": store})
		if err != nil {
			t.Fatal(err)
		}
		flags, set := (rabbit{nodes: 3, settings: s}).process(&pod{index: 1}).env["RABBITMQ_FEATURE_FLAGS"]
		if set != want || want && !strings.HasSuffix(flags, ",khepri_db") || strings.Contains(rabbitConf(3, "secret", s), "metadata") {
			t.Errorf("%s: %q", store, flags)
		}
	}
}

// What a node says to another goes through the links, in every way in which it asks for the other's address.
func TestInetrc(t *testing.T) {
	t.Parallel()
	const want = `{lookup, [file]}.
{hosts_file, ""}.
{host, {127,0,0,1}, ["localhost"]}.
{host, {127,0,1,1}, ["node-1"]}.
{host, {127,0,0,1}, ["node-2"]}.
{host, {127,0,1,3}, ["node-3"]}.
`
	if got := inetrc(2, 3); got != want {
		t.Errorf("%s", got)
	}
}

// Each node's own ports are none at which it has a proxy to another.
func TestRabbitPortsDoNotCollide(t *testing.T) {
	t.Parallel()
	if got := peerPorts(3); !slices.Equal(got, []int{4369, 25673, 6301, 6302, 6303, 6304}) {
		t.Errorf("%v", got)
	}
	taken := map[int]int{portProducers: 0, portConsumers: 0, portObserver: 0, portAdmin: 0, portSidecar: 0, ownProducers: 0, ownConsumers: 0, portNames: 0}
	for i := 1; i <= maxNodes; i++ {
		for _, port := range peerPorts(i)[1:] {
			if of, ok := taken[port]; ok {
				t.Errorf("port %d of node %d is node %d's", port, i, of)
			}
			taken[port] = i
		}
	}
	for _, p := range (rabbit{nodes: 3}).proxies(2) {
		if p.to == 2 != (p.plane == "client") || p.shared == (p.plane == "client") {
			t.Errorf("%+v", p)
		}
	}
}

func TestWhyRabbitGaveUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log  string
		want string
	}{
		"a race": {`2026-01-01 10:00:00.000000+00:00 [error] <0.254.0> BOOT FAILED
2026-01-01 10:00:00.000000+00:00 [error] <0.254.0> ===========
2026-01-01 10:00:00.000000+00:00 [error] <0.254.0> Error during startup: {error,
2026-01-01 10:00:00.000000+00:00 [error] <0.254.0>                           {schema_integrity_check_failed,
2026-01-01 10:00:00.000000+00:00 [error] <0.254.0>                               [{table_missing,rabbit_listener}]}}
BOOT FAILED
===========
Error during startup: {error,
`, "BOOT FAILED Error during startup: {error, {schema_integrity_check_failed, [{table_missing,rabbit_listener}]}}"},
		"it was killed":  {"2026-01-01 10:00:00.000000+00:00 [info] <0.254.0> Running boot step database", ""},
		"wrong settings": {"BOOT FAILED\n===========\nError during startup: {error,failed_to_prepare_configuration}", ""},
		"silence":        {"", ""},
	} {
		if got := rabbitGaveUp(strings.Split(c.log, "\n")); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
