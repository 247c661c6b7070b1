package kafka_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
)

func sound() broker.Settings {
	return broker.Settings{
		Nodes:    3,
		Topic:    broker.Topic{Name: "t", Partitions: 3, Replicas: 3, Config: map[string]string{"min.insync.replicas": "2"}},
		Producer: broker.ProducerSettings{Acks: "all", Idempotent: true, Compression: "none"},
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*broker.Settings)
		field  string // empty: nothing is wrong
	}{
		"sound":                         {func(*broker.Settings) {}, ""},
		"acks 1":                        {func(s *broker.Settings) { s.Producer.Acks, s.Producer.Idempotent = "1", false }, ""},
		"acks 1 and idempotent":         {func(s *broker.Settings) { s.Producer.Acks = "1" }, "load.producers.idempotent"},
		"acks 0 and idempotent":         {func(s *broker.Settings) { s.Producer.Acks = "0" }, "load.producers.idempotent"},
		"unknown acks":                  {func(s *broker.Settings) { s.Producer.Acks = "2" }, "load.producers.acks"},
		"unknown compression":           {func(s *broker.Settings) { s.Producer.Compression = "brotli" }, "load.producers.compression"},
		"negative linger":               {func(s *broker.Settings) { s.Producer.Linger = -1 }, "load.producers.linger"},
		"tiny batch":                    {func(s *broker.Settings) { s.Producer.BatchBytes = 100 }, "load.producers.batch"},
		"impatient":                     {func(s *broker.Settings) { s.Producer.DeliveryTimeout = time.Millisecond }, "load.producers.delivery-timeout"},
		"metadata every ms":             {func(s *broker.Settings) { s.Producer.MetadataMinAge = time.Millisecond }, "load.producers.metadata-min-age"},
		"more replicas than nodes":      {func(s *broker.Settings) { s.Topic.Replicas = 5 }, "topic.replicas"},
		"more in sync than there":       {func(s *broker.Settings) { s.Topic.Replicas = 1 }, "topic.config[min.insync.replicas]"},
		"in sync is no number":          {func(s *broker.Settings) { s.Topic.Config["min.insync.replicas"] = "two" }, "topic.config[min.insync.replicas]"},
		"no partitions":                 {func(s *broker.Settings) { s.Topic.Partitions = 0 }, "topic.partitions"},
		"a session of a nanosecond":     {func(s *broker.Settings) { s.Consumer.SessionTimeout = 1 }, "load.consumers.session-timeout"},
		"a session that brokers refuse": {func(s *broker.Settings) { s.Consumer.Group, s.Consumer.SessionTimeout = "g", time.Second }, "load.consumers.session-timeout"},
		"a session of an hour":          {func(s *broker.Settings) { s.Consumer.Group, s.Consumer.SessionTimeout = "g", time.Hour }, "load.consumers.session-timeout"},
		"the shortest session":          {func(s *broker.Settings) { s.Consumer.Group, s.Consumer.SessionTimeout = "g", 6*time.Second }, ""},
		"without a group":               {func(s *broker.Settings) { s.Consumer.SessionTimeout = time.Second }, ""},
		"a session that these brokers admit": {func(s *broker.Settings) {
			s.Consumer.Group, s.Consumer.SessionTimeout, s.Config = "g", time.Second, map[string]string{"group.min.session.timeout.ms": "1000"}
		}, ""},
		"a session that these brokers refuse": {func(s *broker.Settings) {
			s.Consumer.Group, s.Consumer.SessionTimeout, s.Config = "g", 6*time.Second, map[string]string{"group.min.session.timeout.ms": "10000"}
		}, "load.consumers.session-timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound()
			test.change(&s)
			problems := kafka.Kind.Check(s)
			switch {
			case test.field == "" && len(problems) > 0:
				t.Errorf("found %v", problems)
			case test.field != "" && (len(problems) != 1 || problems[0].Field != test.field || problems[0].Message == ""):
				t.Errorf("found %v, and not one problem of %s", problems, test.field)
			}
		})
	}
}

func TestContract(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*broker.Settings)
		durable  bool
		unique   bool
		survives string
	}{
		"safe":       {func(*broker.Settings) {}, true, true, "any one node"},
		"five nodes": {func(s *broker.Settings) { s.Topic.Replicas, s.Topic.Config["min.insync.replicas"] = 5, "3" }, true, true, "any 2 nodes"},
		"by the broker": {func(s *broker.Settings) {
			s.Topic.Config, s.Config = nil, map[string]string{"min.insync.replicas": "2"}
		}, true, true, "any one node"},
		"no minimum":     {func(s *broker.Settings) { s.Topic.Config = nil }, false, true, "no other replica is in sync"},
		"leader alone":   {func(s *broker.Settings) { s.Producer.Acks, s.Producer.Idempotent = "1", false }, false, false, "when the leader dies"},
		"no acks":        {func(s *broker.Settings) { s.Producer.Acks, s.Producer.Idempotent = "0", false }, false, false, "Nothing is promised"},
		"one copy":       {func(s *broker.Settings) { s.Topic.Replicas, s.Topic.Config = 1, nil }, false, true, "restart of the process"},
		"unclean":        {func(s *broker.Settings) { s.Config = map[string]string{"unclean.leader.election.enable": "true"} }, false, true, "unclean"},
		"not idempotent": {func(s *broker.Settings) { s.Producer.Idempotent = false }, true, false, "any one node"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound()
			test.change(&s)
			c := kafka.Kind.Contract(s)
			if c.Durable != test.durable || c.Unique != test.unique || !c.Ordered || !c.Redelivers || !strings.Contains(c.Survives, test.survives) {
				t.Errorf("the contract is %+v", c)
			}
		})
	}
}

func TestTimers(t *testing.T) {
	s := sound()
	s.Config = map[string]string{"broker.session.timeout.ms": "6000"}
	s.Consumer.Group = "g"
	s.Producer.MetadataMinAge = 250 * time.Millisecond
	got := map[string]time.Duration{}
	timers := kafka.Kind.Timers(s)
	for _, timer := range timers {
		got[timer.Name] = timer.Value
		if timer.Part == "" || timer.Note == "" {
			t.Errorf("%+v is not explained", timer)
		}
	}
	if timers[0].Name != "broker.session.timeout.ms" {
		t.Errorf("the first timer is %s", timers[0].Name)
	}
	for name, want := range map[string]time.Duration{
		"broker.session.timeout.ms": 6 * time.Second, "replica.lag.time.max.ms": 30 * time.Second, "broker.heartbeat.interval.ms": 2 * time.Second,
		"client metadata min age": 250 * time.Millisecond, "group session timeout": 45 * time.Second,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, not %v", name, got[name], want)
		}
	}
}
