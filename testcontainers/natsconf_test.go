package testcontainers

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// A server knows the others by its links to them alone, and tells nobody another way.
func TestNATSConf(t *testing.T) {
	t.Parallel()
	s, err := natsSettings(3, map[string]string{"jetstream.sync_interval": "always", "max_payload": "2097152"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := natsConf(2, 3, "secret", s)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got["server_name"] != "b2" || got["listen"] != "0.0.0.0:9094" || got["system_account"] != "SYS" || got["max_payload"] != 2097152.0 {
		t.Errorf("%s", text)
	}
	js, _ := got["jetstream"].(map[string]any)
	if js["store_dir"] != "/data" || js["sync_interval"] != "always" || js["max_memory_store"] != float64(256<<20) {
		t.Errorf("jetstream %v", js)
	}
	cluster, _ := got["cluster"].(map[string]any)
	routes := []any{"nats-route://squall:secret@127.0.1.1:19091", "nats-route://squall:secret@127.0.1.3:19093"}
	if cluster["listen"] != "0.0.0.0:19092" || cluster["advertise"] != "127.0.0.1:1" || cluster["no_advertise"] != true || !reflect.DeepEqual(cluster["routes"], routes) {
		t.Errorf("cluster %v", cluster)
	}
	if text, _ := natsConf(1, 1, "secret", nil); strings.Contains(string(text), `"cluster"`) {
		t.Errorf("a server by itself has a cluster: %s", text)
	}
	if s, err := natsSettings(3, map[string]string{memoryStore: "1"}); err != nil || s[memoryStore] != "1" {
		t.Errorf("the scenario's does not count: %v, %v", s, err)
	}
	for _, wrong := range []string{"listen", "cluster.routes", "jetstream.store_dir", "server_name.x", "", "jetstream..x", "accounts"} {
		if _, err := natsSettings(3, map[string]string{wrong: "x"}); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// All of a node's links lead to where it or the other listens, and none collides with a port of its own.
func TestNATSProxies(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, p := range (nats{nodes: 3}).proxies(2) {
		got[p.spec.Listen] = p.spec.Upstream
		if p.to == 2 != (p.plane == "client") || p.shared == (p.plane == "client") {
			t.Errorf("%+v", p)
		}
	}
	want := map[string]string{"0.0.0.0:9092": "127.0.0.1:9094", "0.0.0.0:9093": "127.0.0.1:9094", "127.0.1.1:19091": "pod-1:19091", "127.0.1.3:19093": "pod-3:19093"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
