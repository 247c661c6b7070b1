package scenarios_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/scenarios"
)

// What is wrong with a setting is told where it stands, also where it stands for this kind of broker alone.
func TestWhereSettingsStand(t *testing.T) {
	t.Parallel()
	const file = `broker:
  kind: rabbitmq
  run: containers
  config:
    net_ticktime: 8
    cluster_partition_handling: pause-minority
    aten.poll_interval: -5
topic:
  config:
    rabbitmq:
      x-max-length: 100
      queue-type: quroum
expect: [lost == 0]
`
	_, err := scenarios.Parse("x.yaml", []byte(file), scenarios.Options{Kinds: realKinds})
	for _, want := range []string{"x.yaml:6:33: broker.config[cluster_partition_handling]", "x.yaml:7:25: broker.config[aten.poll_interval]", "x.yaml:12:19: topic.config[queue-type]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}

// Faults that there are none of for RabbitMQ, or for Kafka, say why; so do roles, settings and values that there are not. The others are taken.
func TestFaultsOnRabbitMQ(t *testing.T) {
	t.Parallel()
	const phases = "phases: { warm-up: 0s, baseline: 10s }\nexpect: [lost == 0]\n"
	rabbitmq, kafka := "broker: { kind: rabbitmq, run: containers, nodes: 3 }\n"+phases, "broker: { kind: kafka, run: containers, nodes: 3 }\n"+phases
	for _, c := range []struct{ on, fault, want string }{
		{rabbitmq, "step-down: { of: leader }", ""},
		{rabbitmq, "step-down: { of: controller }", "rabbitmq has no controller"},
		{rabbitmq, "step-down: { of: coordinator }", "write of: leader"},
		{rabbitmq, "kill: controller", "rabbitmq has no controller; write leader"},
		{rabbitmq, "pause: any not coordinator", "rabbitmq has no coordinator"},
		{rabbitmq, "latency: { add: 50ms }, link: producers -> controller", "rabbitmq has no controller"},
		{rabbitmq, "random: { of: [ { for: 5s, kill: controller } ] }", "rabbitmq has no controller"},
		{rabbitmq, "lose-ack: {}", "these are real"},
		{kafka, "kill: controller", ""},
		{rabbitmq, "memory-alarm: leader", ""},
		{rabbitmq, "disk-alarm: any two", ""},
		{rabbitmq, "delete-queue: { partition: 1 }", ""},
		{rabbitmq, "cancel-consumer: { partition: 1 }", ""},
		{rabbitmq, "cancel-consumer: { partition: all }, repeat: 3", ""},
		{rabbitmq, "cancel-consumer: { partition: one }", "partition"},
		{rabbitmq, "recreate-topic: {}", ""},
		{rabbitmq, "alter-config: { setting: max-length, to: \"100\" }", ""},
		{rabbitmq, "alter-config: { setting: max-length, to: many }", "max-length is \"many\": it is a whole number"},
		{rabbitmq, "alter-config: { setting: x-max-length, to: \"100\" }", "there are consumer-timeout"},
		{rabbitmq, "alter-config: { of: brokers, setting: heartbeat, to: \"5\" }", "write of: topic"},
		{rabbitmq, "delete-records: {}", "no offsets"},
		{rabbitmq, "quota: { limit: 1MiB/s }", "no settings of RabbitMQ's nodes"},
		{kafka, "memory-alarm: leader", "raise no alarms"},
		{kafka, "disk-alarm: leader", "fill-disk"},
		{kafka, "delete-queue: {}", "recreate-topic deletes the topic"},
		{kafka, "cancel-consumer: {}", "no broker stops giving by itself"},
		{kafka, "alter-config: { setting: anything, to: \"1\" }", ""},
	} {
		_, err := scenarios.Parse("x.yaml", []byte(c.on+"faults: [{ at: 0s, for: 12s, "+c.fault+" }]\n"), scenarios.Options{Kinds: realKinds})
		if c.want == "" && err != nil {
			t.Errorf("%s is refused: %v", c.fault, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q in it", c.fault, err, c.want)
		}
	}
}
