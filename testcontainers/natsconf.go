package testcontainers

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// memoryStore is how much a server keeps of streams that are in memory. Its own default is a share of the machine's, which would make a cluster another one
// on another machine, and is more than a container may have.
const memoryStore = "jetstream.max_memory_store"

// natsSettings are the settings of every server: ours, and the scenario's on top of them.
func natsSettings(nodes int, config map[string]string) (map[string]string, error) {
	s := map[string]string{memoryStore: strconv.Itoa(256 << 20)}
	maps.Copy(s, config)
	_, err := natsConf(1, nodes, "", s)
	return s, err
}

// natsConf is the configuration of server i of n, as JSON, which the server's own format contains. Names of settings are dotted where blocks hold them.
func natsConf(i, n int, password string, settings map[string]string) ([]byte, error) {
	account := func(user string) map[string]any {
		return map[string]any{"users": []map[string]string{{"user": user, "password": password}}}
	}
	ours := account(natsUser)
	ours["jetstream"] = "enabled"
	all := map[string]any{
		"server_name":    natsID(i),
		"listen":         fmt.Sprintf("0.0.0.0:%d", portObserver),
		"jetstream":      map[string]any{"store_dir": natsData},
		"accounts":       map[string]any{"SQUALL": ours, "SYS": account(natsSystem)},
		"system_account": "SYS",
	}
	if n > 1 {
		all["cluster"] = natsCluster(i, n, password)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := setNATS(all, name, settings[name]); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(all, "", "  ")
}

// natsCluster is how server i finds the others: by the addresses of its links to them, and by no other. A name would be asked for at whatever name server the
// engine has, and what it tells the others of itself leads nowhere, for they must not learn a way past the links.
func natsCluster(i, n int, password string) map[string]any {
	var routes []string
	for j := 1; j <= n; j++ {
		if j != i {
			routes = append(routes, fmt.Sprintf("nats-route://%s:%s@127.0.1.%d:%d", natsUser, password, j, portData+j))
		}
	}
	return map[string]any{
		"name": "squall", "listen": fmt.Sprintf("0.0.0.0:%d", portData+i), "routes": routes, "advertise": "127.0.0.1:1", "no_advertise": true,
		"authorization": map[string]string{"user": natsUser, "password": password},
	}
}

// setNATS sets a dotted name. What the testbed has set stays.
func setNATS(all map[string]any, name, value string) error {
	names := strings.Split(name, ".")
	block, last := all, len(names)-1
	for _, head := range names[:last] {
		if block[head] == nil {
			block[head] = map[string]any{}
		}
		inner, ok := block[head].(map[string]any)
		if !ok {
			return fmt.Errorf("the broker's setting %s: %s holds no settings", name, head)
		}
		block = inner
	}
	switch {
	case slices.Contains(names, ""):
		return fmt.Errorf("%q is no name of a broker's setting", name)
	case block[names[last]] != nil:
		return fmt.Errorf("the broker's setting %s belongs to the testbed: leave it out", name)
	}
	block[names[last]] = natsValue(value)
	return nil
}

// natsValue is a value as the server wants it: whole numbers and truths bare, all else as text.
func natsValue(value string) any {
	if i, err := strconv.ParseInt(value, 10, 64); err == nil {
		return i
	}
	if b, err := strconv.ParseBool(value); err == nil {
		return b
	}
	return value
}
