// Package testcontainers runs clusters of brokers in containers: each node is a pod of a sidecar, which owns the network and carries the links, and the
// broker. It knows Docker; it doesn't know the load, the faults or any client library, and whether a cluster serves is for a driver to find out.
package testcontainers

import (
	"crypto/rand"
	_ "embed" // the broker's start script
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/links"
)

//go:embed images/kafka/start.sh
var kafkaStart []byte

//go:embed images/kafka/log4j2.properties
var kafkaLog []byte

// kafkaData is where a Kafka broker's data is.
const kafkaData = "/var/lib/kafka/data"

// kafkaRecipe runs nodes that are brokers and controllers at once.
var kafkaRecipe = recipe{
	usual:    kafkaImage,
	local:    kafkaLocalImage,
	ports:    []int{portProducers, portConsumers, portObserver},
	greeting: apiVersions,
	least:    400 << 20, // 290 to 350 MiB were measured
	room:     1 << 30,
	memory:   func(o Options) int64 { return 2*o.heap() + besideHeap }, // for what a JVM keeps outside of its heap
	settings: func(o Options) (map[string]string, error) { return kafkaSettings(o.Nodes, o.Config) },
	id:       strconv.Itoa,
	deploy: func(_ *cluster, o Options, settings map[string]string) deployment {
		return kafka{options: o, settings: settings, id: clusterID()}
	},
}

// apiVersions is Kafka's request 18, which every broker answers and which needs no client library: length, key, version, correlation and no client's name.
var apiVersions = []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}

// kafka is one cluster that is being started.
type kafka struct {
	options  Options
	settings map[string]string
	id       string
}

// process implements deployment.
func (k kafka) process(p *pod) process {
	at := addresses{p.published[portProducers], p.published[portConsumers], p.published[portObserver]}
	env := map[string]string{"CLUSTER_ID": k.id, "KAFKA_HEAP_OPTS": fmt.Sprintf("-Xms%s -Xmx%[1]s", k.options.Heap)}
	if k.options.JVM != "" {
		env["KAFKA_JVM_OPTS"] = k.options.JVM
	}
	return process{
		entrypoint: []string{"/bin/sh", "/etc/squall/start.sh"},
		env:        env,
		data:       kafkaData,
		files: map[string][]byte{
			"/etc/squall/start.sh":          kafkaStart,
			"/etc/squall/log4j2.properties": kafkaLog,
			"/etc/squall/server.properties": []byte(serverProperties(p.index, k.options.Nodes, at, k.settings)),
		},
	}
}

// proxies implements deployment: those of the clients to node i, and those of node i to the others.
func (k kafka) proxies(i int) []proxied {
	all := clientProxies(i, ownProducers, ownConsumers)
	from := fmt.Sprintf("b%d", i)
	for j := 1; j <= k.options.Nodes; j++ {
		if j == i {
			continue
		}
		all = append(all,
			proxied{from: from, plane: broker.PlaneData, to: j, spec: peerSpec(fmt.Sprintf("data-%d", j), j, portData+j)},
			proxied{from: from, plane: broker.PlaneControl, to: j, spec: peerSpec(fmt.Sprintf("raft-%d", j), j, portRaft+j)})
	}
	return all
}

// clientProxies are the links of the clients to node i, which listens for each of them at a port of its own pod.
func clientProxies(i, producers, consumers int) []proxied {
	return []proxied{
		{from: broker.Producers, plane: broker.PlaneClient, to: i, spec: spec("producers", "0.0.0.0", portProducers, "127.0.0.1", producers)},
		{from: broker.Consumers, plane: broker.PlaneClient, to: i, spec: spec("consumers", "0.0.0.0", portConsumers, "127.0.0.1", consumers)},
	}
}

// peerSpec is a proxy to a port of node j.
func peerSpec(name string, j, port int) links.ProxySpec {
	return spec(name, fmt.Sprintf("127.0.1.%d", j), port, fmt.Sprintf("pod-%d", j), port)
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
