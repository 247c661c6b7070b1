package testcontainers

import (
	"encoding/hex"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	natsData   = "/data"
	natsUser   = "squall"
	natsSystem = "system" // the user of the account that tells about the servers themselves
	natsFile   = "/etc/squall/nats.conf"

	natsMemory = 1 << 30 // bytes, of which Go's collector is told four fifths
)

// natsRecipe runs servers with JetStream that know one another by their links. They say the first word to whoever comes.
var natsRecipe = recipe{
	usual:    natsImage,
	local:    natsLocalImage,
	ports:    []int{portProducers, portConsumers, portObserver},
	least:    100 << 20, // 25 to 60 MiB were measured, and its sidecar
	room:     512 << 20,
	memory:   func(Options) int64 { return natsMemory },
	settings: func(o Options) (map[string]string, error) { return natsSettings(o.Nodes, o.Config) },
	id:       natsID,
	deploy: func(c *cluster, o Options, settings map[string]string) deployment {
		c.user, c.administrator, c.password = natsUser, natsSystem, hex.EncodeToString(random(12))
		return nats{nodes: o.Nodes, settings: settings, password: c.password}
	},
}

// nats is one cluster that is being started.
type nats struct {
	nodes    int
	settings map[string]string
	password string
}

// process implements deployment. The program is wherever the image's own entrypoint finds it: there are images with a shell and with none.
func (n nats) process(p *pod) process {
	conf, _ := natsConf(p.index, n.nodes, n.password, n.settings) // natsSettings has seen it
	return process{
		arguments: []string{"--config", natsFile},
		env:       map[string]string{"GOMEMLIMIT": fmt.Sprint(natsMemory * 4 / 5)},
		data:      natsData,
		files:     map[string][]byte{natsFile: conf},
	}
}

// proxies implements deployment: those of the clients to node i, and those of node i to the others. Two nodes have several connections, each dialled by either
// of them, and say everything on whichever there is.
func (n nats) proxies(i int) []proxied {
	all := clientProxies(i, portObserver, portObserver)
	for j := 1; j <= n.nodes; j++ {
		if j != i {
			all = append(all, proxied{from: natsID(i), plane: broker.PlaneData, to: j, shared: true, spec: peerSpec(fmt.Sprintf("routes-%d", j), j, portData+j)})
		}
	}
	return all
}

// natsID is what a server calls itself: the node's name.
func natsID(i int) string { return fmt.Sprintf("b%d", i) }
