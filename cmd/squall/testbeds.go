package main

import (
	"context"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/broker/nats"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// kinds are the kinds of brokers that there are.
var kinds = map[string]broker.Kind{
	kafka.Kind.Name:    kafka.Kind,
	nats.Kind.Name:     nats.Kind,
	rabbitmq.Kind.Name: rabbitmq.Kind,
}

// drivers speak to them.
var drivers = map[string]func(broker.Cluster, broker.Settings, broker.Clock, uint64) (broker.Driver, error){
	kafka.Kind.Name:    kafka.New,
	nats.Kind.Name:     nats.New,
	rabbitmq.Kind.Name: rabbitmq.New,
}

// A starter starts a scenario's cluster.
type starter func(ctx context.Context, s *scenarios.Scenario, id string, p *plain) (broker.Cluster, error)

// testbeds are the places in which a kind of broker can run, by broker.kind and broker.run.
var testbeds = map[[2]string]starter{
	{kafka.Kind.Name, scenarios.Containers}:    inContainers,
	{kafka.Kind.Name, scenarios.Embedded}:      kafkaEmbedded,
	{kafka.Kind.Name, scenarios.Elsewhere}:     openExternal,
	{nats.Kind.Name, scenarios.Containers}:     inContainers,
	{nats.Kind.Name, scenarios.Embedded}:       natsEmbedded,
	{rabbitmq.Kind.Name, scenarios.Containers}: inContainers,
}

// forgetful start brokers that forget what they are told, for calibrating the generator.
var forgetful = map[string]func() (broker.Cluster, error){
	kafka.Kind.Name: embedded.Null,
}

// start starts the scenario's cluster. Which combinations there are was checked when the scenario was read.
func start(ctx context.Context, s *scenarios.Scenario, id string, p *plain) (broker.Cluster, error) {
	return testbeds[[2]string{s.Broker.Kind, s.Broker.Run}](ctx, s, id, p)
}

func inContainers(ctx context.Context, s *scenarios.Scenario, id string, p *plain) (broker.Cluster, error) {
	o := containerOptions(s)
	o.RunID, o.Progress = id, func(text string) { p.step("%s", text) }
	return testcontainers.Start(ctx, o)
}

// containerOptions are what a scenario wants of a cluster in containers.
func containerOptions(s *scenarios.Scenario) testcontainers.Options {
	b := s.Broker
	return testcontainers.Options{Kind: b.Kind, Nodes: b.Nodes, Config: b.Config, Image: b.Image, Pull: b.Pull, JVM: b.JVM, Disk: int64(b.Disk),
		CPU: b.Limits.CPU, Memory: int64(b.Limits.Memory)}
}

func kafkaEmbedded(ctx context.Context, s *scenarios.Scenario, _ string, _ *plain) (broker.Cluster, error) {
	return embedded.Kafka(ctx, embedded.Options{Nodes: s.Broker.Nodes, Config: s.Broker.Config})
}

func natsEmbedded(ctx context.Context, s *scenarios.Scenario, _ string, _ *plain) (broker.Cluster, error) {
	return embedded.NATS(ctx, embedded.NATSOptions{Nodes: s.Broker.Nodes, Config: s.Broker.Config})
}
