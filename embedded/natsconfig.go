package embedded

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// systemUser is the user of the server's system account, which tells about the servers themselves.
const systemUser = "system"

// nowhere is what a node tells its peers to reach it at: they know their links to it, and must not learn another way.
const nowhere = "127.0.0.1:1"

// configure writes a node's configuration, and checks it as the server will.
func (c *NATSCluster) configure(n *natsNode) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	var routes []string
	for _, peer := range c.nodes {
		if peer != n {
			routes = append(routes, "nats-route://"+c.user+":"+c.secret+"@"+c.paths[n.name][peer.routes])
		}
	}
	account := func(user string, more map[string]any) map[string]any {
		more["users"] = []map[string]string{{"user": user, "password": c.secret}}
		return more
	}
	all := map[string]any{
		"server_name": n.name,
		"listen":      n.client,
		"jetstream":   map[string]any{"store_dir": filepath.Join(n.dir, "data")},
		"accounts": map[string]any{
			"SQUALL": account(c.user, map[string]any{"jetstream": "enabled"}),
			"SYS":    account(systemUser, map[string]any{}),
		},
		"system_account": "SYS",
	}
	if len(c.nodes) > 1 {
		all["cluster"] = map[string]any{
			"name": "squall", "listen": n.routes, "advertise": nowhere, "no_advertise": true, "routes": routes,
			"authorization": map[string]any{"user": c.user, "password": c.secret},
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.config)) {
		if err := put(all, name, c.config[name]); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(all, "", "  ") // which the server's own format contains
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.config(), data, 0o600); err != nil {
		return err
	}
	_, err = natsOptions(n.config())
	return err
}

// put sets a dotted name in nested blocks. What squall itself has set stays.
func put(all map[string]any, name, value string) error {
	block, rest := all, name
	for {
		head, tail, dotted := strings.Cut(rest, ".")
		if !dotted {
			break
		}
		inner, ok := block[head].(map[string]any)
		if !ok {
			if block[head] != nil {
				return fmt.Errorf("setting %s: %s is no block", name, head)
			}
			inner = map[string]any{}
			block[head] = inner
		}
		block, rest = inner, tail
	}
	if _, taken := block[rest]; taken {
		return fmt.Errorf("setting %s belongs to the place where the server runs: leave it out", name)
	}
	block[rest] = scalar(value)
	return nil
}

// scalar is a value as the server wants it: whole numbers and truths bare, all else as text.
func scalar(value string) any {
	if i, err := strconv.ParseInt(value, 10, 64); err == nil {
		return i
	}
	if b, err := strconv.ParseBool(value); err == nil {
		return b
	}
	return value
}
