package testcontainers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The ports inside a pod. Node i's own listeners for the other nodes differ by node, so that they never collide with the proxies to the others.
const (
	portProducers = 9092  // a proxy, published
	portConsumers = 9093  // a proxy, published
	portObserver  = 9094  // the broker itself, published: no fault touches this path
	portAdmin     = 9095  // the same, where the broker tells of itself on another port
	portSidecar   = 8474  // the sidecar's own interface, published
	ownProducers  = 29092 // the broker, behind the proxy
	ownConsumers  = 29093 // the broker, behind the proxy
	portData      = 19090 // + i: the broker, and on 127.0.1.j the proxy to node j
	portRaft      = 19190 // + i: the same for the control plane
)

// addresses are what node i tells its clients, host:port.
type addresses struct{ producers, consumers, observer string }

// owned are settings that make the testbed what it is; a scenario cannot change them. The driver tells of them before anything starts; this is for
// those who start a testbed by themselves.
var owned = []string{
	"process.roles", "node.id", "broker.id", "controller.quorum.voters", "controller.quorum.bootstrap.servers", "controller.listener.names",
	"inter.broker.listener.name", "security.inter.broker.protocol", "listeners", "advertised.listeners", "listener.security.protocol.map",
	"log.dir", "log.dirs", "metadata.log.dir",
}

// kafkaSettings are the settings of every broker: ours, and the scenario's on top of them.
func kafkaSettings(nodes int, config map[string]string) (map[string]string, error) {
	replicas, inSync := strconv.Itoa(min(3, nodes)), strconv.Itoa(min(2, nodes))
	s := map[string]string{
		// Internal topics: as safe as the cluster allows, and few partitions, each of which costs every start and every failover.
		"offsets.topic.replication.factor":                 replicas,
		"offsets.topic.num.partitions":                     "3",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    inSync,
		"transaction.state.log.num.partitions":             "3",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            inSync,
		"share.coordinator.state.topic.num.partitions":     "3",
		// A new group waits three seconds for further members by default, which is a start's delay and no property of a failover.
		"group.initial.rebalance.delay.ms": "100",
	}
	for key, value := range config {
		switch {
		case slices.Contains(owned, key):
			return nil, fmt.Errorf("the broker's setting %s belongs to the testbed: leave it out", key)
		case key == "" || strings.ContainsAny(key, "=: \t\r\n#!\\"):
			return nil, fmt.Errorf("%q is no name of a broker's setting", key)
		case strings.ContainsAny(value, "\r\n"):
			return nil, fmt.Errorf("the value of the broker's setting %s has more than one line", key)
		}
		s[key] = value
	}
	return s, nil
}

// serverProperties is the file that node i of n starts with.
func serverProperties(i, n int, at addresses, settings map[string]string) string {
	voters := make([]string, n)
	for j := range n {
		voters[j] = fmt.Sprintf("%d@node-%[1]d:%d", j+1, portRaft+j+1)
	}
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s=%s\n", key, escape(value)) }
	line("process.roles", "broker,controller")
	line("node.id", strconv.Itoa(i))
	line("controller.quorum.voters", strings.Join(voters, ","))
	line("controller.listener.names", "RAFT")
	line("inter.broker.listener.name", "DATA")
	line("listener.security.protocol.map", "PRODUCERS:PLAINTEXT,CONSUMERS:PLAINTEXT,OBSERVER:PLAINTEXT,DATA:PLAINTEXT,RAFT:PLAINTEXT")
	line("listeners", fmt.Sprintf("PRODUCERS://127.0.0.1:%d,CONSUMERS://127.0.0.1:%d,OBSERVER://0.0.0.0:%d,DATA://0.0.0.0:%d,RAFT://0.0.0.0:%d",
		ownProducers, ownConsumers, portObserver, portData+i, portRaft+i))
	line("advertised.listeners", fmt.Sprintf("PRODUCERS://%s,CONSUMERS://%s,OBSERVER://%s,DATA://node-%d:%d",
		at.producers, at.consumers, at.observer, i, portData+i))
	line("log.dirs", kafkaData)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		line(key, settings[key])
	}
	return b.String()
}

// escape writes a value so that Java's Properties read it unchanged.
func escape(v string) string {
	v = strings.ReplaceAll(v, `\`, `\\`)
	if strings.HasPrefix(v, " ") || strings.HasPrefix(v, "\t") {
		v = `\` + v
	}
	return v
}
