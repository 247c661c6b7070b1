package testcontainers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// rabbitOwned are settings that make the testbed what it is, or beginnings of them that end with a dot; a scenario cannot change them. The driver tells of
// them before anything starts; this is for those who start a testbed by themselves.
var rabbitOwned = []string{
	"listeners.", "management.tcp.", "management.ssl.", "cluster_formation.", "default_user", "default_pass", "loopback_users", "loopback_users.",
	"log.console", "log.file", "log.dir",
}

// watermark is at how much of its memory a node takes nothing more; what a scenario says of it in either way replaces ours.
const watermark = "vm_memory_high_watermark."

// pollInterval is how often a node looks whether the others answer, in ms. It is no key of rabbitmq.conf, so that it goes where such settings have to be.
const pollInterval = "aten.poll_interval"

// metadataStore is in what the nodes keep their metadata. It is no key of rabbitmq.conf either: a feature flag says it, before a node's first start.
const metadataStore = "metadata-store"

// khepriFlags are the flags of a cluster whose metadata are in Khepri. The list is whole, for a flag that is not in it is off; it is that of RabbitMQ 4.0.
const khepriFlags = "rabbitmq_4.0.0,quorum_queue_non_voters,rabbit_exchange_type_local_random,detailed_queues_endpoint,message_containers_deaths_v2,khepri_db"

// rabbitSettings are the settings of every node: ours, and the scenario's on top of them.
func rabbitSettings(nodes int, config map[string]string) (map[string]string, error) {
	s := map[string]string{
		// Shares of what the machine has would make a cluster another one on another machine.
		watermark + "absolute":     "512MiB",
		"disk_free_limit.absolute": "50MB",
		pollInterval:               "1000",
	}
	if nodes > 2 {
		s["cluster_partition_handling"] = "pause_minority" // what is ignored, the broker's own default, leaves its metadata parted for good
	}
	for key, value := range config {
		owns := func(own string) bool { return key == own || strings.HasSuffix(own, ".") && strings.HasPrefix(key, own) }
		switch {
		case slices.ContainsFunc(rabbitOwned, owns):
			return nil, fmt.Errorf("the broker's setting %s belongs to the testbed: leave it out", key)
		case key == "" || strings.ContainsAny(key, "=: \t\r\n#!\\"):
			return nil, fmt.Errorf("%q is no name of a broker's setting", key)
		case strings.ContainsAny(value, "\r\n"):
			return nil, fmt.Errorf("the value of the broker's setting %s has more than one line", key)
		case strings.HasPrefix(key, watermark):
			delete(s, watermark+"absolute")
		case strings.HasPrefix(key, "disk_free_limit."):
			delete(s, "disk_free_limit.absolute")
		}
	}
	if ms, set := config[pollInterval]; set {
		if n, err := strconv.Atoi(ms); err != nil || n < 1 {
			return nil, fmt.Errorf("the broker's setting %s is a number of milliseconds, not %q", pollInterval, ms)
		}
	}
	if store, set := config[metadataStore]; set && store != "khepri" && store != "mnesia" {
		return nil, fmt.Errorf("the broker's setting %s is khepri or mnesia, not %q", metadataStore, store)
	}
	maps.Copy(s, config)
	return s, nil
}

// rabbitConf is the file rabbitmq.conf that each of n nodes starts with.
func rabbitConf(n int, password string, settings map[string]string) string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, value) }
	line("listeners.tcp.producers", fmt.Sprintf("127.0.0.1:%d", ownProducers))
	line("listeners.tcp.consumers", fmt.Sprintf("127.0.0.1:%d", ownConsumers))
	line("listeners.tcp.observer", fmt.Sprintf("0.0.0.0:%d", portObserver))
	line("management.tcp.ip", "0.0.0.0")
	line("management.tcp.port", strconv.Itoa(portAdmin))
	line("loopback_users", "none")
	line("default_user", rabbitUser)
	line("default_pass", password)
	line("log.console", "true")
	line("log.file", "false")
	line("cluster_formation.peer_discovery_backend", "classic_config")
	for i := 1; i <= n; i++ {
		line(fmt.Sprintf("cluster_formation.classic_config.nodes.%d", i), rabbitID(i))
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if key != pollInterval && key != metadataStore {
			line(key, settings[key])
		}
	}
	return b.String()
}

// advancedConfig is what node i is told that rabbitmq.conf has no words for.
func advancedConfig(i int, settings map[string]string) string {
	first := portReplication + 100*i
	return fmt.Sprintf("[{aten, [{poll_interval, %s}]}, {osiris, [{port_range, {%d, %d}}]}].\n", settings[pollInterval], first, first+replicationPorts-1)
}

// inetrc sends whatever node i says to another through the links. The hosts file is not enough for that: streams ask for a node's address in their own way.
func inetrc(i, n int) string {
	var b strings.Builder
	b.WriteString("{lookup, [file]}.\n{hosts_file, \"\"}.\n{host, {127,0,0,1}, [\"localhost\"]}.\n")
	for j := 1; j <= n; j++ {
		at := fmt.Sprintf("{127,0,1,%d}", j)
		if j == i {
			at = "{127,0,0,1}"
		}
		fmt.Fprintf(&b, "{host, %s, [\"node-%d\"]}.\n", at, j)
	}
	return b.String()
}
