package scenarios

import "slices"

// A LibraryGroup is a part of the library that is run together.
type LibraryGroup struct {
	Name  string
	About string
	Names []string // the scenarios, in the order in which they are run
}

// Groups returns the groups of the library. Every scenario of the library is in one of them, and in one only.
func Groups() []LibraryGroup { return groups }

// Group returns the scenarios of a group of the library; none: there is no such group.
func Group(name string) []string {
	for _, g := range groups {
		if g.Name == name {
			return slices.Clone(g.Names)
		}
	}
	return nil
}

// GroupNames returns what the groups of the library are called.
func GroupNames() []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names
}

var groups = []LibraryGroup{
	{"smoke", "brokers in squall's own process, a minute or so in all", []string{
		"quickstart", "leader-kill-embedded", "rolling-restart-embedded", "slow-link-embedded", "flapping-link-embedded", "lose-ack",
	}},
	{"nightly", "real brokers in containers", []string{
		"kafka-leader-kill", "leader-kill-repeated", "leader-kill-acks1", "acks-all-leader-cut-then-killed", "acks-all-planned-moves",
		"rolling-restart", "paused-leader", "zombie-leader", "disk-full", "disks-lost-one-by-one", "all-powered-off-flushed",
		"clients-come-and-go", "transactions", "controller-kill", "coordinator-kill", "follower-kill", "all-killed", "rolling-kill", "min-isr", "pause-short",
		"follower-cut", "slow-link", "flapping-link", "swizzle", "ring", "bandwidth", "quota", "slow-broker", "connection-storm",
		"consumer-crash", "zombie-consumer", "rebalance-storm", "backlog-drain",
	}},
	{"controls", "must fail in the way that they state", []string{
		"lose-ack-not-idempotent", "acks1-leader-cut-then-killed", "acks1-planned-moves", "unclean-election", "topic-recreated", "all-powered-off", "all-disks-lost",
		"nats-memory-all-killed", "rabbitmq-transient-killed", "rabbitmq-delivery-limit", "rabbitmq-drop-head", "rabbitmq-missing-queue",
	}},
	{"nats", "NATS JetStream on real servers, in processes of squall's own: nothing has to be installed", []string{
		"nats-leader-kill", "nats-all-killed", "nats-paused-leader", "nats-isolated-leader", "nats-rolling-restart", "nats-step-down", "nats-slow-link", "nats-consumer-crash",
		"nats-leader-kill-repeated",
	}},
	{"rabbitmq", "RabbitMQ in containers", []string{
		"rabbitmq-leader-kill", "rabbitmq-stream-leader-kill", "rabbitmq-all-killed", "rabbitmq-paused-leader", "rabbitmq-isolated-leader",
		"rabbitmq-consumer-crash", "rabbitmq-consumer-cancel", "rabbitmq-no-delivery-limit", "rabbitmq-dead-letters", "rabbitmq-reject-publish", "rabbitmq-persistent-killed",
		"rabbitmq-transfer-leadership", "rabbitmq-memory-alarm", "rabbitmq-missing-queue-returned", "rabbitmq-slow-link", "rabbitmq-rolling-restart",
		"rabbitmq-leader-kill-repeated", "rabbitmq-parted-ignore", "rabbitmq-parted-pause-minority", "rabbitmq-parted-khepri",
	}},
	{"track-record", "defects of versions that are out of date, found again; make track-record builds their images and runs them", []string{
		"nats-old-stream-forgotten", "nats-damaged-disk",
	}},
	{"compare", "the same on every kind of broker, one after another: docs/examples/broker-compare.yaml is a suite of them", []string{"broker-compare"}},
	{"soak", "faults that the seed draws, for long", []string{"random-embedded", "nats-random", "rabbitmq-random", "random-soak"}},
}
