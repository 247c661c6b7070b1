package kafka

import (
	"fmt"
	"maps"
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
	var all problems
	for _, name := range slices.Sorted(maps.Keys(s.Config)) {
		field, value := brokerField(name), s.Config[name]
		switch {
		case slices.Contains(owned, name):
			all.tell(field, "%s belongs to the place where the broker runs: leave it out", name)
		case name == "" || strings.ContainsAny(name, "=: \t\r\n#!\\"):
			all.tell(field, "%q is no name of a broker's setting", name)
		case strings.ContainsAny(value, "\r\n"):
			all.tell(field, "the value of %s has more than one line", name)
		default:
			all.number(field, name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Topic.Config)) {
		all.number(topicField(name), name, s.Topic.Config[name])
	}
	all.retention(s)
	return all
}

func brokerField(name string) string { return "broker.config[" + name + "]" }
func topicField(name string) string  { return "topic.config[" + name + "]" }

// problems are what is wrong with settings.
type problems []broker.Problem

func (p *problems) tell(field, format string, args ...any) {
	*p = append(*p, broker.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

// number tells of a word where Kafka wants a whole number.
func (p *problems) number(field, name, value string) {
	if _, err := whole(value); err != nil && isNumber(name) {
		p.tell(field, "%s is %q: it is a whole number", name, value)
	}
}

// isNumber reports whether a setting of that name holds a whole number.
func isNumber(name string) bool {
	return strings.HasSuffix(name, ".ms") || strings.HasSuffix(name, ".bytes") || strings.HasSuffix(name, ".replication.factor") ||
		strings.HasPrefix(name, "num.") || strings.HasPrefix(name, "log.retention.")
}

func whole(value string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(value), 10, 64) }

// ages are the settings that say how long messages are kept, in the order in which Kafka looks for them.
var ages = []struct {
	name string
	unit time.Duration
}{{"log.retention.ms", time.Millisecond}, {"log.retention.minutes", time.Minute}, {"log.retention.hours", time.Hour}}

// retention refuses a topic that forgets messages before the final read has seen them, by its own settings or by the broker's where it has none.
func (p *problems) retention(s broker.Settings) {
	if value, own := s.Topic.Config["retention.ms"]; own {
		p.age(s, topicField("retention.ms"), value, time.Millisecond)
	} else {
		for _, a := range ages {
			if value, set := s.Config[a.name]; set {
				p.age(s, brokerField(a.name), value, a.unit)
				break
			}
		}
	}
	field, value := inForce(s, "retention.bytes", "log.retention.bytes")
	if n, err := whole(value); err == nil && n >= 0 {
		p.tell(field, "messages may be gone before the final read, which needs the whole log: leave it out")
	}
	if field, value = inForce(s, "cleanup.policy", "log.cleanup.policy"); strings.Contains(value, "compact") {
		p.tell(field, "compaction removes messages before the final read, which needs the whole log: leave it out")
	}
}

// age tells of messages that are not kept for as long as the run needs them.
func (p *problems) age(s broker.Settings, field, value string, unit time.Duration) {
	needs := s.Length + keepsFor
	least := int64((needs + unit - 1) / unit)
	if n, err := whole(value); err == nil && n >= 0 && n < least {
		p.tell(field, "messages would be gone before the final read; the run needs %s, so write %d or more, or leave it out", needs, least)
	}
}

// inForce returns the topic's own setting, or else the broker's, with the field that says it.
func inForce(s broker.Settings, topic, ofBroker string) (field, value string) {
	if value, own := s.Topic.Config[topic]; own {
		return topicField(topic), value
	}
	return brokerField(ofBroker), s.Config[ofBroker]
}
