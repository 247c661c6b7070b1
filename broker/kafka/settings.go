package kafka

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// owned are the broker's settings that the place decides where it runs; a testbed refuses them too, but only when it is asked to start.
var owned = []string{
	"process.roles", "node.id", "broker.id", "controller.quorum.voters", "controller.quorum.bootstrap.servers", "controller.listener.names",
	"inter.broker.listener.name", "security.inter.broker.protocol", "listener.security.protocol.map", "listeners", "advertised.listeners",
	"log.dir", "log.dirs", "metadata.log.dir",
}

// keepsFor is how much longer than the load messages must be kept: the final read comes after heal, drain and every delivery time-out.
const keepsFor = 10 * time.Minute

// checkConfig returns what is wrong with the settings that the broker and the topic are to have, as far as it can be told without Kafka.
func checkConfig(s broker.Settings) []broker.Problem {
	var all []broker.Problem
	for _, name := range sortedNames(s.Config) {
		field := "broker.config[" + name + "]"
		switch {
		case slices.Contains(owned, name):
			all = append(all, broker.Problem{Field: field, Message: name + " belongs to the place where the broker runs: leave it out"})
		case isNumber(name) && !canParse(s.Config[name]):
			all = append(all, broker.Problem{Field: field, Message: fmt.Sprintf("%s is %q: it is a whole number", name, s.Config[name])})
		}
	}
	return append(all, checkRetention(s)...)
}

// checkRetention refuses a topic that forgets messages before the final read has seen them.
func checkRetention(s broker.Settings) []broker.Problem {
	var all []broker.Problem
	least := s.Length + keepsFor
	for _, name := range sortedNames(s.Topic.Config) {
		field, value := "topic.config["+name+"]", strings.TrimSpace(s.Topic.Config[name])
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case isNumber(name) && err != nil:
			all = append(all, broker.Problem{Field: field, Message: fmt.Sprintf("%s is %q: it is a whole number", name, value)})
		case name == "retention.ms" && n >= 0 && time.Duration(n)*time.Millisecond < least:
			all = append(all, broker.Problem{Field: field, Message: fmt.Sprintf("messages would be gone before the final read; the run needs %s, so write %d or more, or leave it out",
				least, least.Milliseconds())})
		case name == "retention.bytes" && n >= 0:
			all = append(all, broker.Problem{Field: field, Message: "messages may be gone before the final read, which needs the whole log: leave it out"})
		case name == "cleanup.policy" && strings.Contains(value, "compact"):
			all = append(all, broker.Problem{Field: field, Message: "compaction removes messages before the final read, which needs the whole log: leave it out"})
		}
	}
	return all
}

// isNumber reports whether a setting of that name holds a whole number.
func isNumber(name string) bool {
	return strings.HasSuffix(name, ".ms") || strings.HasSuffix(name, ".bytes") || strings.HasPrefix(name, "num.") || strings.HasSuffix(name, ".replication.factor")
}

func canParse(value string) bool {
	_, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	return err == nil
}

func sortedNames(config map[string]string) []string {
	names := make([]string, 0, len(config))
	for name := range config {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
