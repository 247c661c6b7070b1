package testcontainers

import (
	_ "embed" // the broker's start script
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

//go:embed images/rabbitmq/start.sh
var rabbitStart []byte

const (
	// rabbitHome is where a node's data is, and the cookie that its tools read.
	rabbitHome = "/var/lib/rabbitmq"
	rabbitUser = "squall"

	// The ports of a node for other nodes. They differ by node, so that they never collide with the proxies to the others; all nodes have to find one another's
	// names at the same port, so that each node's name server listens at its pod's address, and on 127.0.1.j the proxies do.
	portNames        = 4369
	portDistribution = 25670 // + i
	portReplication  = 6001  // + 100 i, and the next ones: replication of streams
	replicationPorts = 4
)

// amqpHeader is what a client of AMQP 0-9-1 says first. A node that serves answers with a frame.
var amqpHeader = []byte("AMQP\x00\x00\x09\x01")

// rabbitRecipe runs nodes that find one another by a list of all.
var rabbitRecipe = recipe{
	usual:    rabbitImage,
	local:    rabbitLocalImage,
	ports:    []int{portProducers, portConsumers, portObserver, portAdmin},
	greeting: amqpHeader,
	least:    200 << 20, // 93 to 122 MiB were measured, and its sidecar
	room:     768 << 20,
	memory:   func(Options) int64 { return 1 << 30 }, // twice the watermark at which it takes nothing more
	settings: func(o Options) (map[string]string, error) { return rabbitSettings(o.Nodes, o.Config) },
	id:       rabbitID,
	gaveUp:   rabbitGaveUp,
	deploy: func(c *cluster, o Options, settings map[string]string) deployment {
		c.user, c.password = rabbitUser, hex.EncodeToString(random(12))
		return rabbit{nodes: o.Nodes, settings: settings, password: c.password, cookie: hex.EncodeToString(random(16))}
	},
}

// rabbit is one cluster that is being started.
type rabbit struct {
	nodes            int
	settings         map[string]string
	password, cookie string
}

// process implements deployment.
func (r rabbit) process(p *pod) process {
	etc := func(name string) string { return "/etc/squall/" + name }
	all := process{
		entrypoint: []string{"/bin/sh", etc("start.sh")},
		user:       "rabbitmq",
		data:       rabbitHome,
		env: map[string]string{
			"HOME":                                rabbitHome,
			"SQUALL_ERLANG_COOKIE":                r.cookie,
			"RABBITMQ_NODENAME":                   p.id,
			"RABBITMQ_DIST_PORT":                  strconv.Itoa(portDistribution + p.index),
			"RABBITMQ_CONFIG_FILE":                etc("rabbitmq.conf"),
			"RABBITMQ_CONFIG_FILES":               etc("conf.d"), // there is none, and no image's own counts
			"RABBITMQ_ADVANCED_CONFIG_FILE":       etc("advanced.config"),
			"RABBITMQ_ENABLED_PLUGINS_FILE":       etc("enabled_plugins"),
			"RABBITMQ_LOGS":                       "-",
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2", // schedulers that would only wait for each other where nodes share processors
			"ERL_EPMD_ADDRESS":                    p.address,
			"ERL_INETRC":                          etc("inetrc"),
		},
		files: map[string][]byte{
			etc("start.sh"):        rabbitStart,
			etc("rabbitmq.conf"):   []byte(rabbitConf(r.nodes, r.password, r.settings)),
			etc("advanced.config"): []byte(advancedConfig(p.index, r.settings)),
			etc("enabled_plugins"): []byte("[rabbitmq_management].\n"),
			etc("inetrc"):          []byte(inetrc(p.index, r.nodes)),
		},
	}
	if r.settings[metadataStore] == "khepri" {
		all.env["RABBITMQ_FEATURE_FLAGS"] = khepriFlags
	}
	return all
}

// proxies implements deployment: those of the clients to node i, and those of node i to the others. Two nodes have one connection for all that they say to
// each other, which either may have dialled.
func (r rabbit) proxies(i int) []proxied {
	all := clientProxies(i, ownProducers, ownConsumers)
	for j := 1; j <= r.nodes; j++ {
		if j == i {
			continue
		}
		for _, port := range peerPorts(j) {
			all = append(all, proxied{from: fmt.Sprintf("b%d", i), plane: broker.PlaneData, to: j, shared: true, spec: peerSpec(fmt.Sprintf("%d-%d", j, port), j, port)})
		}
	}
	return all
}

// peerPorts are the ports at which other nodes reach node j.
func peerPorts(j int) []int {
	ports := []int{portNames, portDistribution + j}
	for k := range replicationPorts {
		ports = append(ports, portReplication+100*j+k)
	}
	return ports
}

// rabbitGaveUp tells why a node's boot failed, where that passes: of several that start at once, one may find another's metadata half there, or wait for
// those that have none yet. Settings that are wrong stay wrong.
func rabbitGaveUp(log []string) string {
	i := slices.IndexFunc(log, func(l string) bool { return strings.Contains(l, "BOOT FAILED") })
	if i < 0 || slices.ContainsFunc(log, func(l string) bool { return strings.Contains(l, "failed_to_prepare_configuration") }) {
		return ""
	}
	why := []string{"BOOT FAILED"}
	for _, l := range log[i+1:] {
		_, text, _ := strings.Cut(l, "> ") // behind the time, the level and the process
		if text = strings.TrimSpace(text); strings.Trim(text, "=") != "" && len(why) < 4 {
			why = append(why, text)
		}
	}
	return strings.Join(why, " ")
}

// rabbitID is what a node is called among its peers.
func rabbitID(i int) string { return fmt.Sprintf("rabbit@node-%d", i) }
